# SPDX-License-Identifier: MIT
"""Personal API keys: what they may do, what ends them, and what is kept of
them."""

import calendar
import hashlib
import itertools
import json
import re
import secrets
import time

import pytest

from client import PASSWORD, detail, new_email, parallel

SETTINGS = ["api_keys.enabled=true", "api_keys.max_per_user=5",
            "guard.headers={\"Remote-Email=email\"}"]
SCOPES = ("me:read", "me:write", "users:read", "users:write", "check")
FORM = re.compile(r"fcu_[0-9a-f]{16}_[0-9a-f]{72}")


@pytest.fixture(scope="session")
def keyed(house, db):
    return house.get(db, settings=SETTINGS)


@pytest.fixture
def client(keyed):
    return keyed.client


def make(client, token, scope="me:read", name="cron", **more):
    answer = client.post("/users/me/keys", token=token,
                         json={"name": name, "scope": scope, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def status(client, key, path="/users/me", method="GET", **more):
    return client.request(method, path, token=key, **more).status_code


def root(keyed):
    """Somebody who is a superuser, and whom a test may change."""
    email = new_email("root")
    keyed.program_command("user", "add", email, "--superuser", "--verified",
                          "--password-stdin", given=PASSWORD + "\n")
    token = keyed.client.login(email)
    return keyed.client.get("/users/me", token=token).json(), token


def test_a_key_is_shown_once_and_stands_for_its_user(client):
    user, token = client.newcomer()
    before = int(time.time())

    made = make(client, token, "me:read check", expires_in=3600)
    key = made.pop("key")

    assert FORM.fullmatch(key)
    assert key[4:20] == made["id"]
    assert key[-8:] == hashlib.sha256(key[:-8].encode()).hexdigest()[:8]
    assert made == {"id": made["id"], "name": "cron",
                    "scope": "me:read check",
                    "created_at": made["created_at"],
                    "expires_at": made["expires_at"], "last_used_at": None}
    assert abs(time.mktime(time.strptime(
        made["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        - before - 3600) < 60
    assert client.get("/users/me", token=key).json() == user
    listed = client.get("/users/me/keys", token=token).json()
    assert [k["id"] for k in listed] == [made["id"]]
    assert listed[0]["last_used_at"] >= made["created_at"]
    assert key not in json.dumps(listed)


def test_only_a_hash_is_kept_and_no_log_has_the_key(keyed):
    client = keyed.client
    _, token = client.newcomer()
    key = make(client, token)["key"]
    assert status(client, key) == 200
    assert status(client, key[:-9] + ("0" if key[-9] != "0" else "1")
                  + key[-8:]) == 401

    kept = keyed.ask("SELECT key_hash FROM fcu_api_key WHERE id = "
                     f"'{key[4:20]}'")
    assert kept == hashlib.sha256(key.encode()).hexdigest()
    secret = key[21:]
    for name in keyed.handles:
        assert secret not in keyed.read(f"{name}.log")
    if keyed.db == "sqlite":
        with open(keyed.path("users.db"), "rb") as f:
            assert secret.encode() not in f.read()


def routes(user):
    """What is asked of which scope, and what it answers then."""
    email = new_email("other")
    return {
        ("GET", "/users/me"): ("me:read", 200, {}),
        ("PATCH", "/users/me"): ("me:write", 200, {"json": {}}),
        ("GET", "/users/{id}"): ("users:read", 200, {}),
        ("PATCH", "/users/{id}"): ("users:write", 200,
                                   {"json": {"email": email}}),
        ("GET", "/auth/check"): ("check", 204, {}),
        ("POST", "/auth/bearer/logout"): (None, None, {}),
        ("GET", "/users/me/keys"): (None, None, {}),
        ("POST", "/users/me/keys"): (None, None, {"json": {
            "name": "x", "scope": "me:read"}}),
        ("DELETE", f"/users/me/keys/{'0' * 16}"): (None, None, {}),
        ("GET", "/users/{id}/keys"): (None, None, {}),
        ("DELETE", f"/users/{{id}}/keys/{'0' * 16}"): (None, None, {}),
        ("DELETE", "/users/{id}"): ("users:write", 204, {}),
    }


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_may_do_what_its_scope_says_and_its_user_may(keyed, scope):
    client = keyed.client
    other = client.register()
    admin, admin_token = root(keyed)
    _, user_token = client.newcomer()
    of_admin = make(client, admin_token, scope)["key"]
    of_user = make(client, user_token, scope)["key"]

    for (method, path), (needed, good, more) in routes(other).items():
        path = path.replace("{id}", other["id"])
        is_users = needed is None or needed.startswith("users:")
        assert status(client, of_user, path, method, **more) == (
            good if scope == needed and not is_users else 403), (method, path)
        assert status(client, of_admin, path, method, **more) == (
            good if scope == needed else 403), (method, path)
    keyed.program_command("user", "set", admin["id"], "--active=no")
    for method, path in routes(other):
        assert status(client, of_admin, path.replace("{id}", other["id"]),
                      method) in (401, 422), (method, path)


@pytest.mark.parametrize("lost", ["--superuser=no", "--active=no"])
def test_rights_that_its_user_loses_are_lost_at_once(keyed, lost):
    client = keyed.client
    other = client.register()
    admin, token = root(keyed)
    key = make(client, token, "users:read me:read")["key"]
    assert status(client, key, f"/users/{other['id']}") == 200

    keyed.program_command("user", "set", admin["id"], lost)

    assert status(client, key, f"/users/{other['id']}") == (
        403 if lost == "--superuser=no" else 401)
    assert status(client, key) == (200 if lost == "--superuser=no" else 401)


def test_a_key_takes_no_account_over(keyed):
    client = keyed.client
    admin, token = root(keyed)
    boss, _ = root(keyed)
    other = client.register()
    key = make(client, token, "me:write users:write")["key"]

    for change in ({"password": "another good one"},
                   {"email": new_email("taken")}):
        for path in ("/users/me", f"/users/{admin['id']}",
                     f"/users/{boss['id']}"):
            assert status(client, key, path, "PATCH", json=change) == 403
    for path in (f"/users/{other['id']}", f"/users/{boss['id']}",
                 f"/users/{admin['id']}"):
        assert status(client, key, path, "PATCH",
                      json={"is_superuser": True}) == 403
    for user in (boss, admin):
        assert status(client, key, f"/users/{user['id']}", "DELETE") == 403
        assert client.try_login(user["email"]).status_code == 200
    changed = client.patch(f"/users/{other['id']}", token=key,
                           json={"is_verified": True})
    assert changed.json() == {**other, "is_verified": True}


def test_what_ends_sessions_ends_keys(client):
    user, token = client.newcomer()
    key = make(client, token)["key"]
    assert status(client, key) == 200

    assert status(client, token, method="PATCH",
                  json={"password": "another good one"}) == 200

    assert status(client, token) == 200
    assert status(client, key) == 401
    assert client.get("/users/me/keys", token=token).json() == []


def test_a_key_goes_with_its_user(keyed):
    client = keyed.client
    user, token = client.newcomer()
    key = make(client, token)["key"]
    assert status(client, client.admin(), f"/users/{user['id']}",
                  "DELETE") == 204
    assert status(client, key) == 401
    assert status(client, client.admin(), f"/users/{user['id']}/keys") == 404


def test_a_revoked_key_opens_nothing(client):
    user, token = client.newcomer()
    first, second = (make(client, token) for _ in range(2))
    stranger, other_token = client.newcomer()

    def revoke(token, key, path="/users/me/keys/"):
        return status(client, token, path + key["id"], "DELETE")

    assert revoke(other_token, first) == 404
    assert status(client, first["key"]) == 200
    assert revoke(token, first) == 204
    assert revoke(token, first) == 404
    assert [status(client, k["key"]) for k in (first, second)] == [401, 200]

    # A superuser sees and ends those of others.
    path = f"/users/{user['id']}/keys"
    admin = client.admin()
    assert [k["id"] for k in client.get(path, token=admin).json()] == [
        second["id"]]
    assert status(client, other_token, path) == 403
    assert revoke(admin, second, f"/users/{stranger['id']}/keys/") == 404
    assert revoke(admin, second, path + "/") == 204
    assert status(client, second["key"]) == 401


def test_an_expired_key_opens_nothing(keyed):
    client = keyed.client
    _, token = client.newcomer()
    made = make(client, token, expires_in=3600)
    assert status(client, made["key"]) == 200
    keyed.run_script("UPDATE fcu_api_key SET expires_at = "
                     f"{int(time.time()) - 1} WHERE id = '{made['id']}';")
    assert status(client, made["key"]) == 401
    assert client.get("/users/me/keys", token=token).json() == []


def test_forged_keys_open_nothing(client):
    _, token = client.newcomer()
    key = make(client, token)["key"]

    def summed(body):
        return body + hashlib.sha256(body.encode()).hexdigest()[:8]

    body = key[:-8]
    other = "0" * 64 if body[21:] != "0" * 64 else "1" * 64
    forged = [
        body, body + "00000000", key[:-1], key + "0", key.upper(),
        "fcu_", "fcu_" + "0" * 89, key.replace("fcu_", "fcu-"), "x" + key,
        summed(body[:21] + other),
        summed(body[:4] + "0" * 16 + body[20:]),
        summed("fcu_' OR '1'='1'--_" + secrets.token_hex(32)),
        key.replace("_", "%5f"), key[:20] + "_" + key[20:],
    ]
    assert {status(client, k) for k in forged} == {401}
    # A cookie is no place for it.
    assert client.get("/users/me", cookie=key).status_code == 401
    assert status(client, key) == 200


def test_a_bad_key_is_not_made_good_by_a_cookie(client):
    user, token = client.newcomer()
    key = make(client, token, "check")["key"]
    cookie = client.login_cookie(user["email"])
    assert client.get("/users/me", token=key, cookie=cookie
                      ).status_code == 403


@pytest.mark.parametrize("wish,reason", [
    ({"scope": ""}, "The scope must be"), ({"scope": "all"}, "The scope"),
    ({"scope": "me:read  check"}, "The scope"),
    ({"scope": "me:read me:read"}, "The scope"),
    ({"scope": " check"}, "The scope"), ({"name": ""}, "The name must"),
    ({"name": "x" * 101}, "The name must"),
    ({"expires_in": 31536001}, "must not be good for so long")])
def test_a_wish_that_cannot_be_met_is_told(client, wish, reason):
    _, token = client.newcomer()
    answer = client.post("/users/me/keys", token=token, json={
        "name": "n", "scope": "check", **wish})
    assert answer.status_code == 400
    assert detail(answer)["code"] == "API_KEY_INVALID"
    assert reason in detail(answer)["reason"]


def test_what_is_no_wish_is_422(client):
    _, token = client.newcomer()
    for body in ({}, {"name": "n"}, {"name": 1, "scope": "check"},
                 {"name": "n", "scope": ["check"]},
                 {"name": "n", "scope": "check", "expires_in": 0},
                 {"name": "n", "scope": "check", "expires_in": "x"}):
        assert status(client, token, "/users/me/keys", "POST",
                      json=body) == 422, body


def test_nobody_has_more_keys_than_are_allowed(client):
    _, token = client.newcomer()

    answers = parallel(
        lambda: client.post("/users/me/keys", token=token, json={
            "name": "n", "scope": "check"}) for _ in range(8))

    assert sorted(a.status_code for a in answers) == [201] * 5 + [400] * 3
    assert {detail(a) for a in answers if a.status_code == 400} == {
        "API_KEY_TOO_MANY"}


def test_a_web_server_may_ask_by_a_key(client):
    user, token = client.newcomer()
    key = make(client, token, "check")["key"]
    answer = client.get("/auth/check", token=key)
    assert (answer.status_code, answer.headers["Remote-Email"]) == (
        204, user["email"])
    assert status(client, make(client, token)["key"], "/auth/check") == 403


def test_its_last_use_is_noted_once_a_minute(keyed):
    client = keyed.client
    _, token = client.newcomer()
    made = make(client, token)
    query = ("SELECT last_used_at FROM fcu_api_key "
             f"WHERE id = '{made['id']}'")
    assert status(client, made["key"]) == 200
    now = int(time.time())
    assert abs(int(keyed.ask(query)) - now) < 60
    for age, noted in ((30, now - 30), (120, None)):
        keyed.run_script("UPDATE fcu_api_key SET last_used_at = "
                         f"{now - age} WHERE id = '{made['id']}';")
        assert status(client, made["key"]) == 200
        found = int(keyed.ask(query))
        assert found == noted if noted else found >= now


def test_users_are_exported_without_keys(keyed):
    client = keyed.client
    user, token = client.newcomer()
    key = make(client, token)
    text = keyed.program_command("user", "export").stdout
    line = next(json.loads(l) for l in text.splitlines()
                if user["email"] in l)
    assert set(line) == {"id", "email", "hashed_password", "is_active",
                         "is_superuser", "is_verified"}
    assert key["id"] not in text


def test_without_the_setting_there_is_nothing(house, db):
    stack = house.get(db)
    client = stack.client
    _, token = client.newcomer()
    for method, path in itertools.product(
            ("GET", "POST", "DELETE"), ("/users/me/keys",
                                        f"/users/me/keys/{'0' * 16}")):
        answer = client.request(method, path, token=token)
        assert (answer.status_code, detail(answer)) == (404, "Not Found")
    body = "fcu_" + "0" * 16 + "_" + "0" * 64
    key = body + hashlib.sha256(body.encode()).hexdigest()[:8]
    assert status(client, key) == 401
    assert not [p for p in client.get("/openapi.json").json()["paths"]
                if "keys" in p]


def test_the_description_knows_the_routes(client):
    document = client.get("/openapi.json").json()
    assert set(document["paths"]["/users/me/keys"]) == {"get", "post"}
    one = document["paths"]["/users/{id}/keys/{key}"]["delete"]
    assert [p["name"] for p in one["parameters"]] == ["id", "key"]
    for name in ("ApiKeyCreate", "ApiKeyCreated", "ApiKeyList"):
        assert name in document["components"]["schemas"]


# The commands.

def test_an_administrator_makes_lists_and_revokes_keys(keyed):
    client = keyed.client
    user, token = client.newcomer()
    made = json.loads(keyed.program_command(
        "apikey", "create", user["email"], "--name", "cron", "--scope",
        "me:read check", "--days", "7", "--json").stdout)
    plain = keyed.program_command("apikey", "create", user["id"], "--name",
                                  "n", "--scope", "me:read").stdout.strip()
    assert FORM.fullmatch(plain)
    assert [status(client, k) for k in (made["key"], plain)] == [200, 200]

    listed = keyed.program_command("apikey", "list", user["id"], "--json")
    assert {json.loads(l)["id"] for l in listed.stdout.splitlines()} == {
        made["id"], plain[4:20]}
    assert plain not in listed.stdout
    table = keyed.program_command("apikey", "list", user["id"]).stdout
    assert made["id"] in table and plain not in table

    keyed.program_command("apikey", "revoke", user["email"], made["id"])
    assert [status(client, k) for k in (made["key"], plain)] == [401, 200]
    for code, arguments in (
            (67, ("revoke", user["email"], made["id"])),
            (67, ("list", "nobody@example.org")),
            (64, ("create", user["email"], "--name", "n")),
            (64, ("create", user["email"], "--name", "n", "--scope",
                  "check", "--days", "x")),
            (65, ("create", user["email"], "--name", "n", "--scope", "all"))):
        told = keyed.program_command("apikey", *arguments, check=False)
        assert told.returncode == code, arguments
        assert told.stderr


@pytest.mark.parametrize("lifetime", ["50", "none"])
def test_a_token_of_the_table_is_told_from_when_until_when(new_stack, db,
                                                           lifetime):
    one = new_stack(db, settings=["backend.rows.strategy=database",
                                  f"backend.rows.lifetime={lifetime}"])
    user = one.client.register()
    before = int(time.time())
    token = one.program_command("token", "create", user["id"], "--backend",
                                "rows").stdout

    said = json.loads(one.program_command("token", "inspect",
                                          given=token).stdout)

    issued = calendar.timegm(time.strptime(said["issued_at"],
                                           "%Y-%m-%dT%H:%M:%SZ"))
    assert before <= issued <= time.time()
    assert said["expires_at"] == (None if lifetime == "none" else
                                  time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                                time.gmtime(issued + 50)))


def test_an_administrator_makes_inspects_and_ends_tokens(keyed):
    client = keyed.client
    user, own = client.newcomer()
    key = make(client, own)["key"]
    token = keyed.program_command("token", "create",
                                  user["email"]).stdout.strip()
    cookie = keyed.program_command("token", "create", user["id"],
                                   "--backend", "jwt").stdout.strip()
    assert client.get("/users/me", token=token).json() == user
    assert client.get("/users/me", cookie=cookie).json() == user

    for text, backend in ((token, "jwt"), (key, "api_key")):
        said = json.loads(keyed.program_command(
            "token", "inspect", given=text + "\n").stdout)
        assert (said["user"], said["email"], said["backend"]) == (
            user["id"], user["email"], backend)
        assert said["issued_at"] < said["expires_at"]
    assert json.loads(keyed.program_command(
        "token", "inspect", "--backend", "bearer",
        given=token).stdout)["backend"] == "bearer"
    for text in ("x", token + "x", token[:-9]):
        told = keyed.program_command("token", "inspect", given=text,
                                     check=False)
        assert (told.returncode, told.stdout) == (65, "")
        assert text not in told.stderr or text == "x"

    keyed.program_command("token", "end", user["email"])
    assert [status(client, t) for t in (token, own, key)] == [401] * 3
    assert client.get("/users/me", cookie=cookie).status_code == 401
    assert client.try_login(user["email"]).status_code == 200
    keyed.program_command("user", "set", user["id"], "--active=no")
    for code, arguments in (
            (65, ("create", user["id"])), (64, ("create",)),
            (64, ("create", user["id"], "--backend", "none")),
            (67, ("end", "nobody@example.org")), (64, ("inspect", token))):
        told = keyed.program_command("token", *arguments, check=False,
                                     given="")
        assert told.returncode == code, arguments
