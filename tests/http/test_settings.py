# SPDX-License-Identifier: MIT
"""Settings that do nothing else than their sentence says, each given another
value than its default: somebody misses what one of them no longer does."""

import calendar
import re
import time

import stack as stacks
from client import PASSWORD, detail, new_email
from mail_server import MailServer
from networks import Network

WINDOW = 3
KINDS = {"forgot": "/auth/forgot-password",
         "verify": "/auth/request-verify-token"}
COOKIE = {"cookie_domain": "example.org", "cookie_path": "/x",
          "cookie_secure": "false", "cookie_httponly": "false",
          "cookie_samesite": "strict"}
SHOWN = "; Domain=example.org; Max-Age={age}; Path=/x; SameSite=strict"
GITHUB = ("provider.g.preset=github", "provider.g.client_id=us",
          "provider.g.client_secret=theirs")


def section(name, values):
    return [f"{name}.{key}={value}" for key, value in values.items()]


def test_a_cookie_is_as_configured(house, db):
    client = house.get(db, settings=(
        "backend.jwt.transport=cookie", "backend.jwt.cookie_max_age=777",
        "tokens.state_lifetime=55", "oauth.cookie_name=tied", *GITHUB,
        *section("backend.jwt", COOKIE), *section("oauth", COOKIE))).client
    user = client.register()

    given = client.try_login(user["email"], backend="jwt").headers[
        "Set-Cookie"]
    tied = client.get("/auth/g/authorize").headers["Set-Cookie"]

    assert given.partition(";")[1:] == tuple(
        SHOWN.format(age=777).partition(";")[1:])
    assert re.fullmatch(r"tied=[\w-]+" + re.escape(SHOWN.format(age=55)), tied)


def test_pages_and_description_bear_the_names_of_the_site(house, db):
    client = house.get(db, settings=(
        "pages.logo=/logo.png", "pages.stylesheet=/own.css",
        "pages.language=de", "openapi.version=9.8.7", "openapi.tags=false",
        "openapi.description=What it is for", "openapi.user_read=Reader",
        "openapi.user_create=Maker", "openapi.user_update=Changer",
        "keys.jwks=false", "openapi.docs=false", "openapi.redoc=false")).client

    page = client.get("/sign-in", headers={"Accept-Language": "xx"}).text
    told = client.get("/openapi.json").json()

    assert 'lang="de"' in page and "/logo.png" in page and "/own.css" in page
    assert (told["info"]["version"], told["info"]["description"]) == (
        "9.8.7", "What it is for")
    assert {"Reader", "Maker", "Changer"} < set(told["components"]["schemas"])
    assert not any("tags" in route for path in told["paths"].values()
                   for route in path.values())
    for path in ("/.well-known/jwks.json", "/docs", "/redoc"):
        assert client.get(path).status_code == 404


def test_what_is_let_in_is_as_configured(house, db):
    client = house.get(db, settings=(
        "password.min_length=12", "sessions.check_origin=false",
        "api_keys.enabled=true", "api_keys.max_lifetime=86400")).client
    short = client.post("/auth/register", json={
        "email": new_email(), "password": PASSWORD[:11]})
    user, token = client.newcomer()
    cookie = client.login_cookie(user["email"])
    key = client.post("/users/me/keys", token=token, json={
        "name": "k", "scope": "me:read"}).json()
    begun, ends = (time.strptime(key[name], "%Y-%m-%dT%H:%M:%SZ")
                   for name in ("created_at", "expires_at"))

    assert detail(short)["code"] == "REGISTER_INVALID_PASSWORD"
    assert client.patch("/users/me", cookie=cookie, json={}, headers={
        "Origin": "https://evil.example"}).status_code == 200
    assert calendar.timegm(ends) - calendar.timegm(begun) == 86400
    assert client.post("/users/me/keys", token=token, json={
        "name": "k", "scope": "me:read",
        "expires_in": 86401}).status_code == 400


def test_tokens_in_redis_stand_behind_the_prefix(new_stack):
    stack = new_stack("sqlite", redis=True, settings=(
        "backend.bearer.strategy=redis", "backend.bearer.key_prefix=own:"))

    _, token = stack.client.newcomer()

    assert stack.ask_redis("exists", f"own:{token}") == "1"
    assert stack.client.get("/users/me", token=token).status_code == 200


# Limits, on other numbers than those that are shipped.

def test_each_limit_has_a_number_and_a_window(house, db):
    stack = house.get(db, settings=(
        "limits.enabled=true", "limits.sign_in=2", "limits.sign_up=2",
        "limits.forgot=1", "limits.verify=3", "limits.oauth=2", *GITHUB,
        *(f"limits.{kind}_window={WINDOW}"
          for kind in ("sign_in", "sign_up", "forgot", "verify", "oauth"))))
    email = Network(stack).register()["email"]
    network = Network(stack)
    tries = {
        "sign_in": (2, lambda: network.try_login(email, "wrong")),
        "sign_up": (2, lambda: network.post("/auth/register", json={})),
        "forgot": (1, lambda: network.post(KINDS["forgot"],
                                           json={"email": email})),
        "verify": (3, lambda: network.post(KINDS["verify"],
                                           json={"email": email})),
        "oauth": (2, lambda: network.get("/auth/g/authorize")),
    }

    for kind, (most, attempt) in tries.items():
        assert [attempt().status_code == 429 for _ in range(most + 1)] == [
            False] * most + [True], kind
        assert 1 <= int(attempt().headers["Retry-After"]) <= WINDOW, kind
    time.sleep(WINDOW + 1)
    for kind, (_, attempt) in tries.items():
        assert attempt().status_code != 429, kind


def test_an_account_under_attack_leaves_strangers_few_tries(house, db):
    stack = house.get(db, settings=(
        "limits.enabled=true", "limits.account=4", "limits.account_tries=2",
        "limits.sign_in=5"))
    home = Network(stack)
    email = home.register()["email"]
    assert home.try_login(email).status_code == 200
    for _ in range(5):
        assert Network(stack).try_login(email, "wrong").status_code == 400

    def tries(network):
        return [network.try_login(email, "wrong").status_code
                for _ in range(6)]

    assert tries(Network(stack)) == [400] * 2 + [429] * 4
    assert tries(home) == [400] * 5 + [429]


def test_no_network_is_known_for_no_time(house, db):
    stack = house.get(db, settings=(
        "limits.enabled=true", "limits.network=3", "limits.known_age=0"))
    network = Network(stack)
    email = network.register()["email"]
    assert network.try_login(email).status_code == 200

    for _ in range(4):
        network.try_login(new_email(), "wrong")

    assert network.try_login(email).status_code == 429


# Mail.

def test_only_mails_that_are_wanted_are_sent(new_stack, db):
    server = MailServer()
    try:
        stack = new_stack(db, settings=(
            f"mail.url=smtp://127.0.0.1:{server.port}", "mail.tls=none",
            "mail.from=a@example.org", "mail.base_url=https://a.example.org",
            "mail.welcome=true", "mail.verify=false", "mail.reset=false",
            "mail.password_changed=false", "mail.email_changed=false",
            "mail.api_key_created=false", "mail.site=Ours",
            "mail.language=de", "api_keys.enabled=true"))
        client = stack.client
        user, token = client.newcomer()
        for path in KINDS.values():
            assert client.post(path, json={
                "email": user["email"]}).status_code == 202
        assert client.post("/users/me/keys", token=token, json={
            "name": "k", "scope": "me:read"}).status_code == 201
        client.patch("/users/me", token=token, json={
            "email": new_email(), "password": "quite another 9"})
        last = client.register()

        assert stacks.wait_until(lambda: server.to(last["email"]))
        assert stacks.wait_until(lambda: stack.ask(
            "SELECT count(*) FROM fcu_outbox") in ("0", 0))

        assert [mail.subject for mail in server.to(user["email"])] == [
            mail.subject for mail in server.to(last["email"])]
        assert "Ours" in server.to(user["email"])[0].subject
        assert "Konto" in server.to(user["email"])[0].text
    finally:
        server.end()
