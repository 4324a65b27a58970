# SPDX-License-Identifier: MIT
"""FastCGI's role Authorizer, spoken to the sockets as web servers speak it:
whatever it is asked about, it says who that is, and nothing else."""

import socket

import pytest

from client import access_claims
from test_batches import Crowd, long_pair, statuses
from test_fairness import read_whole, record

pytestmark = pytest.mark.about(
    "pool", "the role is asked for at the pool's socket")

LOGIN = "https://login.example.org/in?a=1&b=2"
SETTINGS = ("field.nickname.type=text", f"guard.login_url={LOGIN}",
            'guard.variables={"REMOTE_USER=id", "REMOTE_EMAIL=email", '
            '"AUTH_VERIFIED=is_verified", "X_NICKNAME=nickname"}',
            "pool.api.workers=1", "pool.password.workers=1",
            *(f"pool.{name}.{setting}" for name in ("asked", "admins")
              for setting in ("workers=1", "role=authorizer")),
            "pool.admins.require=superuser",
            "pool.answering.workers=1", "pool.answering.role=responder")
# Of Apache, of lighttpd, and what neither would send.
PATHS = (b"/members/page.html", b"/", b"/users/me", b"/auth/register",
         b"/healthz", b"/a%00b", b"/%ff%", b"*", b"")


def question(*pairs, token=None, cookie=None, role=2, method=b"GET",
             path=b"/members/", keep=b"\0", body=b""):
    """What a web server asks, with whatever it sends of a body."""
    said = [(b"REQUEST_METHOD", method), (b"REQUEST_URI", path), *pairs]
    if token is not None:
        said.append((b"HTTP_AUTHORIZATION", b"Bearer " + token.encode()))
    if cookie is not None:
        said.append((b"HTTP_COOKIE", b"fastapiusersauth=" + cookie.encode()))
    return (record(1, bytes((0, role)) + keep + b"\0" * 5)
            + b"".join(record(4, long_pair(*one)) for one in said)
            + record(4) + body)


class Asker:
    """Asks the pools of one stack."""

    def __init__(self, one):
        self.stack = one
        self.client = one.client

    def connect(self, pool):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(self.stack.settings["pool", pool]["socket"]
                           if "socket" in self.stack.settings["pool", pool]
                           else self.stack.path(f"{pool}.sock"))
        return connection

    def raw(self, request, pool="api"):
        with self.connect(pool) as connection:
            connection.sendall(request)
            return read_whole(connection)

    def ask(self, *pairs, pool="api", **more):
        """(status, [(name, value)], body) of the answer."""
        head, _, body = self.raw(question(*pairs, **more),
                                 pool).partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        return (int(status.split()[1]),
                [tuple(line.split(": ", 1)) for line in lines], body.decode())

    def status(self, *pairs, **more):
        return self.ask(*pairs, **more)[0]


@pytest.fixture(scope="module")
def asker(house, db):
    made = house.make(db, settings=SETTINGS)
    yield Asker(made)
    house.end(made)


@pytest.fixture(scope="module", params=["nginx", "nginx-fd0"])
def either(request, house):
    """The pools, and what spawn-fcgi starts."""
    settings = [s for s in SETTINGS if ".asked." not in s
                and ".admins." not in s and ".answering." not in s]
    made = house.make("sqlite", settings=settings, server=request.param)
    yield Asker(made)
    house.end(made)


def test_who_is_let_in_is_told_by_variables_and_nothing_else(asker):
    user, token = asker.client.newcomer()
    asker.client.patch(f"/users/{user['id']}", token=asker.client.admin(),
                       json={"nickname": "Müller", "is_verified": True})

    answer = asker.ask(token=token)

    assert answer == (200, [("Variable-REMOTE_USER", user["id"]),
                            ("Variable-REMOTE_EMAIL", user["email"]),
                            ("Variable-AUTH_VERIFIED", "true"),
                            ("Variable-X_NICKNAME", "Müller")], "")


def test_a_stranger_is_told_where_to_sign_in(either):
    status, headers, body = either.ask()

    assert status == 401
    assert dict(headers)["Location"] == LOGIN
    assert dict(headers)["Content-Type"] == "text/html; charset=utf-8"
    escaped = LOGIN.replace("&", "&amp;")
    assert f'<a href="{escaped}">' in body
    assert not [name for name, _ in headers if name.startswith("Variable-")]


def test_whatever_is_asked_about_no_other_route_answers(either):
    user, token = either.client.newcomer()
    admin = either.client.admin()
    me = ("Variable-REMOTE_USER", user["id"])

    for path in PATHS:
        for method in (b"GET", b"HEAD", b"POST", b"DELETE", b"PATCH", b"X"):
            others = ((b"PATH_INFO", b"/users/" + user["id"].encode()),
                      (b"SCRIPT_NAME", b"/users/me"))
            status, headers, body = either.ask(*others, path=path,
                                               method=method, token=token)
            assert (status, headers[0], body) == (200, me, ""), (path, method)
            assert either.status(*others, path=path, method=method) == 401
            assert either.status(*others, path=path, method=method,
                                 token=admin) == 200
    assert either.client.get("/users/me", token=token).json() == user


def test_a_body_is_neither_needed_nor_read(either):
    user = either.client.register()
    cookie = either.client.login_cookie(user["email"])

    for length in (b"", b"5", b"999999999999", b"-1", b"x"):
        for body in (b"", record(5), record(5, b"hello"),
                     record(5, b"hello") + record(5)):
            status = either.status(
                (b"CONTENT_LENGTH", length), body=body, method=b"POST",
                cookie=cookie)
            assert status == 200, (length, body)
    assert either.status((b"HTTP_TRANSFER_ENCODING", b"chunked"),
                         cookie=cookie) == 200


def test_only_the_guard_does_without_a_body_that_was_announced(either):
    """As Caddy asks; anywhere else it was cut off."""
    token = either.client.newcomer()[1]
    length = (b"CONTENT_LENGTH", b"5")

    def status(path, body):
        return either.status((b"PATH_INFO", path), length, role=1,
                             token=token, body=body + record(5))

    for body in (b"", record(5, b"hell")):
        assert status(b"/auth/check", body) == 204
        for path in (b"/users/me", b"/healthz", b"/auth/register", b"/x"):
            assert status(path, body) == 400, path
    assert status(b"/auth/check", record(5, b"hello!")) == 400


def test_questions_follow_each_other_on_a_kept_connection(asker):
    token = asker.client.newcomer()[1]

    with asker.connect("api") as connection:
        for body in (b"", record(5), record(5, b"x") + record(5)) * 3:
            connection.sendall(question(token=token, keep=b"\1", body=body))
            assert read_whole(connection).startswith(b"Status: 200 ")
            connection.sendall(question(keep=b"\1", body=body))
            assert read_whole(connection).startswith(b"Status: 401 ")


def test_questions_that_wait_together_are_read_together(new_stack):
    made = new_stack("postgres", workers=1, settings=["log.level=debug"])
    some = [made.client.newcomer() for _ in range(4)]
    crowd = Crowd(made, 10)
    # The server knows the statement by its name from here on.
    assert Asker(made).status(token=some[0][1]) == 200

    answers = crowd.together([
        question(token=token, keep=b"\1", path=path)
        for _, token in some for path in (b"/members/", b"/users/me")]
        + [question(keep=b"\1"), question(token="x", keep=b"\1")])

    for i, answer in enumerate(answers[:8]):
        expected = f"Variable-REMOTE_USER: {some[i // 2][0]['id']}\r\n"
        assert answer == f"Status: 200 OK\r\n{expected}\r\n".encode()
    assert statuses(answers[8:]) == [401, 401]
    assert crowd.read_together() >= 4
    crowd.close()


def test_what_is_demanded_is_looked_at(either):
    user, token = either.client.newcomer()
    admin = either.client.admin()
    verified, superuser = ((b"FCU_REQUIRE", word)
                           for word in (b"verified", b"superuser"))

    assert either.status(verified, token=token) == 403
    assert either.status(superuser, token=token) == 403
    assert either.status((b"REDIRECT_FCU_REQUIRE", b"superuser"),
                         token=token) == 403
    assert either.status(superuser, verified, token=admin) == 400
    assert either.status((b"FCU_REQUIRE", b"odd"), token=admin) == 403
    assert either.status(superuser, token=admin) == 200
    assert either.status(superuser) == 401
    either.client.patch(f"/users/{user['id']}", token=admin,
                        json={"is_verified": True})
    assert either.status(verified, token=token) == 200


def test_a_pool_keeps_to_its_role_and_demand(asker):
    token = asker.client.newcomer()[1]
    admin = asker.client.admin()
    health = ((b"PATH_INFO", b"/healthz"),)

    assert asker.status(token=token, pool="asked") == 200
    assert asker.status(token=token, pool="admins") == 403
    assert asker.status(token=admin, pool="admins") == 200
    assert asker.status((b"FCU_REQUIRE", b""), token=token,
                        pool="admins") == 403
    assert asker.status((b"FCU_REQUIRE", b"odd"), token=admin,
                        pool="admins") == 403
    assert asker.status(pool="admins") == 401
    for pool, role in (("asked", 1), ("admins", 1), ("answering", 2),
                       ("api", 3)):
        assert refusal(asker, pool, role) == 3, pool
    answer = asker.raw(question(*health, role=1, body=record(5)), "answering")
    assert answer.startswith(b"Status: 200 ")


def refusal(asker, pool, role):
    """The protocol's status of a request that is not served."""
    with asker.connect(pool) as connection:
        connection.sendall(question(role=role))
        answer = connection.recv(16)
    assert answer[1] == 3, answer
    return answer[12]


def test_a_process_demands_what_it_was_started_with(new_stack):
    made = new_stack("sqlite", server="nginx-fd0")
    asker = Asker(made)
    token = asker.client.newcomer()[1]
    assert asker.status(token=token) == 200
    assert asker.client.get("/auth/check", token=token).status_code == 204
    path = made.path("demanding.sock")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen(8)
        made.own(path)
        made.launch("demanding", ["env", "FCU_REQUIRE=superuser",
                                  made.program, "-c", made.config], stdin=s)
    made.settings["pool", "demanding"] = {"socket": path}

    assert asker.status(token=token, pool="demanding") == 403
    assert asker.status(token=asker.client.admin(), pool="demanding") == 200


def test_who_is_inactive_deleted_or_signed_out_is_nobody_at_once(asker):
    client = asker.client
    admin = client.admin()
    user, token = client.newcomer()
    other, other_token = client.newcomer()
    third = client.newcomer()[1]
    for one in (token, other_token, third):
        assert asker.status(token=one) == 200

    client.patch(f"/users/{user['id']}", token=admin, json={"is_active": False})
    client.delete(f"/users/{other['id']}", token=admin)
    client.post("/auth/bearer/logout", token=third)

    for one in (token, other_token, third):
        assert asker.status(token=one) == 401


def test_the_web_server_s_own_user_must_be_the_same(either):
    user, token = either.client.newcomer()

    for name in (user["id"], user["email"], ""):
        assert either.status((b"REMOTE_USER", name.encode()),
                             token=token) == 200, name
    for name in ("alice", "admin@example.com", user["id"] + "x"):
        assert either.status((b"REMOTE_USER", name.encode()),
                             token=token) == 403, name
    # Of Basic authentication: the name is not proved by a token.
    for password in (b"x", b""):
        assert either.status((b"REMOTE_USER", user["id"].encode()),
                             (b"REMOTE_PASSWD", password), token=token) == 403


def test_a_value_that_no_header_carries_is_empty(asker):
    user, token = asker.client.newcomer()

    for nickname in ("a\r\nVariable-REMOTE_USER: root", "a\nStatus: 200 OK",
                     "\ttab", " blank ", "x" * 1025):
        asker.client.patch(f"/users/{user['id']}", token=asker.client.admin(),
                           json={"nickname": nickname})
        status, headers, _ = asker.ask(token=token)
        assert status == 200
        assert dict(headers)["Variable-X_NICKNAME"] == ""
        assert [value for name, value in headers
                if name == "Variable-REMOTE_USER"] == [user["id"]]


def test_tokens_of_another_purpose_let_nobody_in(asker):
    user = asker.client.register()
    claims = access_claims(user)

    for name in ("reset", "verify", "state"):
        for token in (asker.client.sign({**claims, "aud": "fastapi-users:"
                                         + name}),
                      asker.client.sign(claims,
                                        key=asker.stack.secrets[name])):
            assert asker.status(token=token) == 401


def test_a_trusted_signature_asks_no_database(new_stack, db):
    made = new_stack(db, settings=("guard.trust_signature=true",))
    asker = Asker(made)
    user, token = asker.client.newcomer()
    asker.client.post("/auth/bearer/logout", token=token)

    assert asker.status(token=token) == 200
    assert asker.status((b"FCU_REQUIRE", b"verified"), token=token) == 401
    made.settings["guard", None]["variables"] = '{"REMOTE_USER=email"}'
    made.reload()
    assert asker.status(token=token) == 401


def test_a_guard_that_is_switched_off_lets_nobody_in(new_stack, db):
    made = new_stack(db, settings=("guard.enabled=false",))
    asker = Asker(made)

    assert asker.status(token=asker.client.admin()) == 403
    assert asker.status() == 403


def test_a_database_that_is_down_lets_nobody_in(new_stack):
    made = new_stack("postgres")
    asker = Asker(made)
    token = asker.client.newcomer()[1]
    made.postgres_stop()

    status, headers, body = asker.ask(token=token)

    assert (status, body) == (503, "")
    assert dict(headers)["Retry-After"] == "2"
