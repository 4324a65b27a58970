# SPDX-License-Identifier: MIT
"""A web server that asks whom it may let in: nginx with auth_request, as the
example shows, in front of a file and of an application."""

import http.server
import json
import threading
import time

import pytest

from client import PASSWORD, access_claims, detail, new_email
from commands import run, run_with
from renamed import RENAMED
from test_tokens import forged

LOGIN = "https://login.example.org/in"
SECRET_PAGE = "<h1>for members</h1>"
# What is told: all members, and two fields, one of which users write.
TOLD = {"Remote-User": "id", "Remote-Email": "email",
        "X-Auth-Request-Active": "is_active",
        "X-Auth-Request-Superuser": "is_superuser",
        "X-Auth-Request-Verified": "is_verified",
        "X-Nickname": "nickname", "X-Born": "born"}


def in_braces(items):
    return "{" + ", ".join(f'"{item}"' for item in items) + "}"


READING = ("field.nickname.type=text", "field.born.type=date",
           f"guard.login_url={LOGIN}",
           "guard.headers=" + in_braces(f"{name}={member}"
                                        for name, member in TOLD.items()))
TRUSTING = ("guard.trust_signature=true", "guard.headers="
            + in_braces(["Remote-User=id"]), f"guard.login_url={LOGIN}")
# Any method, once it is known to be of somebody.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
           "PROPFIND", "get")


class Application(http.server.BaseHTTPRequestHandler):
    """Answers with what reached it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        body = json.dumps({
            "method": self.command,
            # A client's bytes are no characters to http.server.
            "headers": [[name, value.encode("latin-1").decode()]
                        for name, value in self.headers.items()],
            "body": self.rfile.read(length).decode()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PATCH = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def guarded():
    """Locations of every demand, in front of a file and an application."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    proxy = f"proxy_pass http://127.0.0.1:{server.server_port};"
    yield (("/file/", "", "alias @FOLDER@/members/;"),
           ("/app/", "", proxy), ("/verified/", "verified", proxy),
           ("/super/", "superuser", proxy),
           ("/both/", "superuser,verified", proxy),
           ("/odd/", "verified,superusr", proxy))
    server.shutdown()
    server.server_close()


def prepare(one):
    one.make_subfolder("members", 0o755)
    one.write("members/page.html", SECRET_PAGE, 0o644)
    return one.client


@pytest.fixture
def client(house, db, guarded):
    return prepare(house.get(db, settings=READING, guarded=guarded))


@pytest.fixture
def trusting(house, db, guarded):
    return prepare(house.get(db, settings=TRUSTING, guarded=guarded))


@pytest.fixture(params=["reading", "trusting"])
def either(request, house, db, guarded):
    return prepare(house.get(db, guarded=guarded, settings={
        "reading": READING, "trusting": TRUSTING}[request.param]))


def is_sent_to_login(answer):
    return answer.status_code == 302 and answer.headers["Location"] == LOGIN


def change(client, user, **members):
    answer = client.patch(f"/users/{user['id']}", token=client.admin(),
                          json=members)
    assert answer.status_code == 200, answer.text


def told(answer, *names):
    """What reached the application under names that are spelled so."""
    wanted = {name.lower().replace("_", "-") for name in names}
    return {name: value for name, value in answer.json()["headers"]
            if name.lower().replace("_", "-") in wanted}


def test_a_stranger_is_sent_to_the_login(either):
    for path in ("/file/page.html", "/app/", "/verified/", "/super/"):
        assert is_sent_to_login(either.get(path)), path
        assert SECRET_PAGE not in either.get(path).text


def test_a_stranger_is_told_the_login_address(either):
    answer = either.get("/auth/check")

    assert answer.status_code == 401
    assert detail(answer) == "Unauthorized"
    assert answer.headers["Location"] == LOGIN


def test_a_user_sees_the_file_and_the_application(either):
    user = either.register()
    token = either.login(user["email"])
    cookie = either.login_cookie(user["email"])

    for way in ({"token": token}, {"cookie": cookie}):
        assert either.get("/file/page.html", **way).text == SECRET_PAGE
        answer = either.get("/app/", **way)
        assert told(answer, "Remote-User") == {"Remote-User": user["id"]}


def test_an_answer_is_empty_and_never_cached(either):
    user, token = either.newcomer()

    answer = either.get("/auth/check", token=token)

    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["Remote-User"] == user["id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert either.get("/auth/check").headers["Cache-Control"] == "no-store"


def test_every_method_is_answered_alike(either):
    user, token = either.newcomer()
    cookie = either.login_cookie(user["email"])
    elsewhere = {"Origin": "https://evil.example",
                 "Sec-Fetch-Site": "cross-site"}

    for method in METHODS:
        assert either.request(method, "/auth/check",
                              token=token).status_code == 204, method
        assert either.request(method, "/auth/check", cookie=cookie,
                              headers=elsewhere).status_code == 204, method
        assert either.request(method, "/auth/check").status_code == 401, method


def test_a_guarded_request_keeps_its_method_and_body(either):
    token = either.newcomer()[1]

    for method in ("POST", "PATCH"):
        answer = either.request(method, "/app/", token=token, data="a" * 5000)
        assert answer.json()["method"] == method
        assert answer.json()["body"] == "a" * 5000
        assert is_sent_to_login(either.request(method, "/app/", data="a"))
    chunked = either.post("/app/", token=token, data=iter([b"b" * 10]))
    assert chunked.json()["body"] == "b" * 10


def test_what_is_demanded_is_looked_at(either):
    user, token = either.newcomer()
    may = {"/verified/": [(True, False), (True, True)],
           "/super/": [(False, True), (True, True)],
           "/both/": [(True, True)]}

    for flags in [(False, False), (True, False), (False, True), (True, True)]:
        change(either, user, is_verified=flags[0], is_superuser=flags[1])
        for path, those in may.items():
            status = either.get(path, token=token).status_code
            assert status == (200 if flags in those else 403), (path, flags)


def test_a_demand_that_nobody_knows_lets_nobody_in(either):
    admin = either.admin()

    assert either.get("/odd/", token=admin).status_code == 403
    assert either.get("/odd/").status_code == 403
    assert "event=unknown_demand" in either.stack.program_log()


def test_a_client_has_no_say_in_what_is_demanded(either):
    token = either.newcomer()[1]

    for name in ("FCU_REQUIRE", "FCU-REQUIRE", "Fcu-Require", "Require",
                 "HTTP_FCU_REQUIRE", "HTTP-FCU-REQUIRE", "X-FCU-Require"):
        for value in ("", "verified", "nonsense"):
            headers = {name: value}
            assert either.get("/auth/check", token=token,
                              headers=headers).status_code == 204
            assert either.get("/app/", token=token,
                              headers=headers).status_code == 200
            assert either.get("/super/", token=token,
                              headers=headers).status_code == 403


def test_all_members_that_are_named_are_told(client):
    user, token = client.newcomer()
    change(client, user, nickname="Müller 日本", born="2001-02-03")
    expected = {"Remote-User": user["id"], "Remote-Email": user["email"],
                "X-Auth-Request-Active": "true",
                "X-Auth-Request-Superuser": "false",
                "X-Auth-Request-Verified": "false",
                "X-Nickname": "Müller 日本", "X-Born": "2001-02-03"}

    answer = client.get("/auth/check", token=token)

    assert {name: answer.headers[name].encode("latin-1").decode()
            for name in TOLD} == expected


def test_an_address_in_another_script_reaches_the_application(client):
    email = new_email("müller.日本")
    client.register(email)

    answer = client.get("/app/", token=client.login(email))

    assert told(answer, "Remote-Email") == {"Remote-Email": email}


@pytest.mark.parametrize("nickname", [
    "a\r\nRemote-User: root", "a\nb", "\n", "a\x7f", "\ttab", " blank",
    "blank ", "x" * 1025, "ü" * 513, "", None])
def test_what_a_header_cannot_carry_is_sent_empty(client, nickname):
    user, token = client.newcomer()
    change(client, user, nickname=nickname)

    answer = client.get("/auth/check", token=token)

    assert answer.status_code == 204
    assert answer.headers["X-Nickname"] == ""
    assert answer.headers["Remote-User"] == user["id"]


def test_the_longest_value_is_sent(client):
    user, token = client.newcomer()
    change(client, user, nickname="ü" * 512)

    sent = client.get("/auth/check", token=token).headers["X-Nickname"]

    assert sent.encode("latin-1").decode() == "ü" * 512


def test_what_a_client_says_of_itself_is_lost(client):
    user, token = client.newcomer()
    spellings = [spell(name) for name in TOLD for spell in (
        str, str.lower, str.upper, lambda n: n.replace("-", "_"),
        lambda n: "HTTP_" + n.upper().replace("-", "_"))]
    right = {"Remote-User": user["id"], "Remote-Email": user["email"]}

    for name in spellings:
        answer = client.get("/app/", token=token, headers={name: "root"})
        assert told(answer, *right) == right, name
        direct = client.get("/auth/check", token=token, headers={name: "root"})
        assert [v for v in direct.headers.values() if "root" in v] == [], name
        assert is_sent_to_login(client.get("/app/", headers={name: "root"}))


def test_a_header_said_twice_is_lost_twice(client):
    user, token = client.newcomer()

    status, _, body = client.raw_request(path=b"/app/", headers=[
        (b"Remote-User", b"root"), (b"Remote-User", b"admin"),
        (b"Authorization", b"Bearer " + token.encode())])

    assert status == 200
    assert [value for name, value in json.loads(body)["headers"]
            if name.lower() == "remote-user"] == [user["id"]]


def test_forged_tokens_let_nobody_in(either):
    user = either.register()
    settings = either.stack.settings["guard", None]
    # Signed by us, for a user who may have been deleted since.
    gone = "sub '00000000-0000-4000-8000-000000000000'"

    for name, token in forged(either, user):
        trusted = name == gone and "trust_signature" in settings
        assert either.get("/auth/check", token=token).status_code == (
            204 if trusted else 401), name
    for name, token in list(forged(either, user))[:3]:
        assert is_sent_to_login(either.get("/file/page.html", token=token))


TARGETS = (
    b"/file/page.html", b"/file//page.html", b"//file/page.html",
    b"/file/./page.html", b"/file/../file/page.html", b"/./file/page.html",
    b"/file/%70age.html", b"/%66ile/page.html", b"/file%2fpage.html",
    b"/file%2Fpage.html", b"/x/..%2ffile/page.html", b"/file/page.html%00",
    b"/file/page.html%", b"/file/page.html%zz", b"/file/page.html#top",
    b"/file/page.html?#", b"/file/page.html;x", b"/file/%c0%af/page.html",
    b"/file/page.html?a=%ff%fe", b"/file/\xff/../page.html",
    b"/FILE/page.html", b"http://127.0.0.1/file/page.html",
    b"http://elsewhere.example/file/page.html", b"file/page.html", b"*",
    b"/file/page.html?" + b"a" * 7000)
# What other gates believed: CVE-2026-40575, GHSA-5hvv-m4w4-gf6v.
CLAIMS = ((b"X-Forwarded-Uri", b"/healthz"), (b"X-Original-URI", b"/healthz"),
          (b"X-Original-URL", b"/healthz"), (b"X-Rewrite-URL", b"/healthz"),
          (b"X-Forwarded-Method", b"OPTIONS"), (b"X-Auth-Request-User", b"a"),
          (b"User-Agent", b"GoogleHC/1.0"), (b"User-Agent", b"kube-probe/1"),
          (b"Host", b"127.0.0.1:1"), (b"Host", b"LOCALHOST"))


def test_no_way_to_spell_a_request_lets_a_stranger_in(either):
    """V76: Authelia CVE-2021-32637 and CVE-2026-48794; oauth2-proxy
    GHSA-pxq7-h93f-9jrg, GHSA-5hvv-m4w4-gf6v and CVE-2026-40575."""
    def is_refused(target, *headers):
        for method in (b"GET", b"OPTIONS"):
            status, _, body = either.raw_request(method, target, headers)
            assert status >= 300, (method, target, headers, status)
            assert SECRET_PAGE.encode() not in body, (target, headers)

    for target in TARGETS:
        is_refused(target)
    for claim in CLAIMS:
        is_refused(b"/file/page.html", claim)
        is_refused(b"/auth/check", claim)


def test_tokens_of_another_purpose_let_nobody_in(either):
    user = either.register()
    claims = access_claims(user)

    for name in ("reset", "verify", "state"):
        secret = either.stack.secrets[name]
        purpose = {**claims, "aud": f"fastapi-users:{name}"}
        for token in (either.sign(purpose), either.sign(purpose, key=secret),
                      either.sign(claims, key=secret)):
            assert either.get("/auth/check", token=token).status_code == 401


def test_who_is_inactive_deleted_or_signed_out_is_nobody(client):
    def ended_by_logout(user, token):
        client.post("/auth/bearer/logout", token=token)

    def ended_by_password(user, token):
        other = client.login(user["email"])
        client.patch("/users/me", token=other, json={"password": "another 8x"})

    def inactive(user, token):
        change(client, user, is_active=False)

    def deleted(user, token):
        client.delete(f"/users/{user['id']}", token=client.admin())

    for end in (ended_by_logout, ended_by_password, inactive, deleted):
        user, token = client.newcomer()
        assert client.get("/app/", token=token).status_code == 200
        end(user, token)
        assert is_sent_to_login(client.get("/app/", token=token)), end
        assert client.get("/auth/check", token=token).status_code == 401, end


def test_a_trusted_signature_is_good_until_it_expires(trusting):
    user = trusting.register()
    now = int(time.time())
    token = trusting.sign(access_claims(user, exp=now + 4, iat=now))
    trusting.post("/auth/bearer/logout", token=token)
    change(trusting, user, is_active=False)

    assert trusting.get("/users/me", token=token).status_code == 401
    assert trusting.get("/app/", token=token).status_code == 200
    while time.time() < now + 5:
        time.sleep(0.1)
    assert is_sent_to_login(trusting.get("/app/", token=token))


def test_a_demand_reads_the_user_although_signatures_are_trusted(trusting):
    user, token = trusting.newcomer()
    change(trusting, user, is_verified=True)
    assert trusting.get("/verified/", token=token).status_code == 200

    trusting.post("/auth/bearer/logout", token=token)

    assert trusting.get("/app/", token=token).status_code == 200
    assert is_sent_to_login(trusting.get("/verified/", token=token))


def test_a_header_reads_the_user_although_signatures_are_trusted(new_stack,
                                                                 db):
    client = new_stack(db, settings=(
        *TRUSTING[:1], "guard.headers=" + in_braces(["A=id", "B=email"]),
        "backend.slow.strategy=database", "backend.slow.transport=bearer",
        "backend.forever.lifetime=none")).client
    user, token = client.newcomer()
    answer = client.get("/auth/check", token=token)
    assert (answer.headers["A"], answer.headers["B"]) == (user["id"],
                                                          user["email"])
    client.post("/auth/bearer/logout", token=token)
    assert client.get("/auth/check", token=token).status_code == 401
    assert "Location" not in client.get("/auth/check").headers

    # From here on only the id is told.
    client.stack.settings["guard", None]["headers"] = in_braces(["A=id"])
    client.stack.reload()
    assert client.get("/auth/check", token=token).headers["A"] == user["id"]
    for backend in ("slow", "forever"):
        other = client.login(user["email"], backend=backend)
        assert client.get("/auth/check", token=other).status_code == 204
        client.post(f"/auth/{backend}/logout", token=other)
        assert client.get("/auth/check", token=other).status_code == 401


@pytest.mark.parametrize("more", [(), RENAMED], ids=["usual", "renamed"])
def test_a_trusted_signature_asks_no_database(new_stack, db, more):
    client = new_stack(db, settings=(*TRUSTING, *more)).client
    user, token = client.newcomer()
    name = client.stack.name("user")
    client.stack.ask(f'ALTER TABLE {name} RENAME TO "away"')

    answer = client.get("/auth/check", token=token)
    without = client.get("/users/me", token=token)

    client.stack.ask(f'ALTER TABLE "away" RENAME TO {name}')
    assert answer.status_code == 204
    assert answer.headers["Remote-User"] == str(user["id"])
    assert without.status_code >= 500


def test_it_can_be_switched_off_and_is_no_part_of_the_description(new_stack,
                                                                  db):
    one = new_stack(db, settings=("routes.auth=/door",))
    token = one.client.login(one.superuser["email"], one.superuser["password"])
    assert one.client.get("/door/check", token=token).status_code == 204
    assert "/door/check" not in one.client.get("/openapi.json").json()["paths"]

    one.settings["guard", None] = {"enabled": "false"}
    one.reload()

    assert one.client.get("/door/check", token=token).status_code == 404


def test_the_check_tells_what_trust_costs_and_where_it_is_of_no_use(trusting):
    good = run(trusting.stack, "check")
    vain = run_with(trusting.stack,
                    'guard { headers += {"Remote-Email=email"} }\n', "check")

    assert good.returncode == vain.returncode == 0
    assert ("ok: /auth/check believes signed tokens until they expire, even "
            "those that were ended") in good.stdout
    assert "trust_signature" not in good.stderr
    assert ("warning: guard.trust_signature is of no use, since the header "
            "Remote-Email=email makes every request read the user"
            ) in vain.stderr


def test_a_status_that_envoy_takes(new_stack, db):
    client = new_stack(db, settings=(
        "guard.status=200", "guard.headers=" + in_braces(["A=id"]))).client
    user, token = client.newcomer()

    answer = client.get("/auth/check", token=token)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["A"] == user["id"]
    assert client.get("/auth/check").status_code == 401


def test_a_password_lets_nobody_in(client):
    user = client.register()

    answer = client.get("/app/", auth=(user["email"], PASSWORD))

    assert is_sent_to_login(answer)
