# SPDX-License-Identifier: MIT
"""Backends: each strategy by each transport, and several side by side."""

import hashlib
import re
import time

import pytest

from client import PASSWORD, detail, parallel
from renamed import RENAMED

NEW = "another horse 9"
FORM = re.compile(r"[A-Za-z0-9_-]{43}")
STRATEGIES = ("database", "redis")
# Two of each: their order is that of the file, after jwt and bearer.
SIX = ["backend.db.strategy=database", "backend.dbc.strategy=database",
       "backend.dbc.transport=cookie", "backend.dbc.cookie_name=kept",
       "backend.rd.strategy=redis", "backend.rdc.strategy=redis",
       "backend.rdc.transport=cookie", "backend.rdc.cookie_name=quick"]
COOKIES = {"jwt": "fastapiusersauth", "dbc": "kept", "rdc": "quick"}
BEARERS = ("bearer", "db", "rd")


@pytest.fixture(scope="session")
def six(house, db):
    key = db, "six"
    if key not in house.shared:
        house.shared[key] = house.make(db, SIX, redis=True, workers=2)
        house.shared[key].workers_at_first = set(
            house.shared[key].worker_pids())
    return house.shared[key].client


class Session:
    """Somebody signed in by a backend."""

    def __init__(self, client, email, backend, password=PASSWORD):
        self.client = client
        self.backend = backend
        answer = client.try_login(email, password, backend)
        if backend in BEARERS:
            assert answer.status_code == 200, answer.text
            self.token = answer.json()["access_token"]
            self.headers = {"Authorization": f"Bearer {self.token}"}
        else:
            assert answer.status_code == 204, answer.text
            name, _, rest = answer.headers["Set-Cookie"].partition("=")
            assert name == COOKIES[backend]
            self.token = rest.split(";")[0]
            self.headers = {"Cookie": f"{name}={self.token}"}

    def ask(self, method="GET", path="/users/me", **more):
        return self.client.request(method, path, headers=self.headers, **more)

    @property
    def status(self):
        return self.ask().status_code

    def logout(self, backend=None):
        return self.ask("POST", f"/auth/{backend or self.backend}/logout")


def status(client, token):
    return client.get("/users/me", token=token).status_code


def everywhere(client, email, password=PASSWORD):
    return {name: Session(client, email, name, password)
            for name in (*BEARERS, *COOKIES)}


def statuses(sessions):
    return {name: one.status for name, one in sessions.items()}


def test_each_backend_signs_in_and_out(six):
    user = six.register()

    for name in (*BEARERS, *COOKIES):
        one = Session(six, user["email"], name)
        other = Session(six, user["email"], name)

        assert one.ask().json() == user, name
        answer = one.logout()
        assert answer.status_code == 204, name
        assert ("Max-Age=0" in answer.headers.get("Set-Cookie", "")) == (
            name in COOKIES)
        assert one.status == 401, name
        assert one.logout().status_code == 401, name
        assert other.status == 200, name


def test_a_logout_ends_the_session_whichever_backends_route_it_takes(six):
    user = six.register()

    for name, route in (("db", "rdc"), ("rd", "bearer"), ("dbc", "jwt"),
                        ("rdc", "db"), ("bearer", "rd")):
        one = Session(six, user["email"], name)

        assert one.logout(route).status_code == 204
        assert one.status == 401, name


def test_kept_tokens_look_as_the_reference_makes_them(six):
    user = six.register()

    tokens = [Session(six, user["email"], name).token
              for name in ("db", "dbc", "rd", "rdc") for _ in range(2)]

    assert all(FORM.fullmatch(token) for token in tokens)
    assert len(set(tokens)) == len(tokens)


def test_a_database_token_is_a_row_as_the_reference_writes_it(six):
    user = six.register()
    token = Session(six, user["email"], "db").token
    stack = six.stack

    def column(name):
        return stack.ask(f"SELECT {name} FROM accesstoken "
                         f"WHERE token = '{token}'")

    assert str(column("user_id")) == user["id"]
    if stack.db == "sqlite":
        written = column("created_at")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", written)
        assert written[:13] in (
            time.strftime("%Y-%m-%d %H", time.gmtime(time.time() - 60)),
            time.strftime("%Y-%m-%d %H", time.gmtime()))
    else:
        assert column("created_at BETWEEN now() - interval '1 minute' "
                      "AND now()") == "t"


def test_a_row_that_the_reference_wrote_is_a_token(six):
    user = six.register()
    token = "R" * 43
    now = ("strftime('%Y-%m-%d %H:%M:%f000', 'now')"
           if six.stack.db == "sqlite" else "now()")
    six.stack.ask(
        "INSERT INTO accesstoken (token, user_id, created_at) "
        f"VALUES ('{token}', '{user['id']}', {now})")

    try:
        assert six.get("/users/me", token=token).json() == user
        assert six.post("/auth/db/logout", token=token).status_code == 204
        assert six.get("/users/me", token=token).status_code == 401
    finally:
        six.stack.ask(f"DELETE FROM accesstoken WHERE token = '{token}'")


def test_a_redis_token_is_a_key_as_the_reference_writes_it(six):
    user = six.register()
    token = Session(six, user["email"], "rd").token
    key = f"fastapi_users_token:{token}"

    assert six.stack.ask_redis("GET", key) == user["id"]
    assert 3500 < int(six.stack.ask_redis("TTL", key)) <= 3600


def test_a_key_that_the_reference_wrote_is_a_token(six):
    user = six.register()
    token = "k" * 43
    six.stack.ask_redis("SET", f"fastapi_users_token:{token}", user["id"],
                        "EX", "3600")

    assert six.get("/users/me", token=token).json() == user
    assert six.post("/auth/rd/logout", token=token).status_code == 204
    assert six.get("/users/me", token=token).status_code == 401
    assert six.stack.ask_redis(
        "EXISTS", f"fastapi_users_token:{token}") == "0"


@pytest.mark.parametrize("name", [*BEARERS, *COOKIES])
def test_a_new_password_ends_all_other_sessions_of_every_strategy(six, name):
    user = six.register()
    one = Session(six, user["email"], name)
    others = everywhere(six, user["email"])

    answer = one.ask("PATCH", json={"password": NEW})

    assert answer.status_code == 200, answer.text
    assert one.status == 200
    assert set(statuses(others).values()) == {401}, statuses(others)
    again = everywhere(six, user["email"], NEW)
    assert set(statuses(again).values()) == {200}, statuses(again)


@pytest.fixture(scope="session")
def slow(house, db):
    """Hashes of some tenths of a second, several at once."""
    key = db, "slow six"
    if key not in house.shared:
        house.shared[key] = house.make(db, SIX + [
            "password.memory_kib=65536", "password.passes=8",
            "password.lanes=1", "password.max_parallel=4",
            "password.wait_limit=30", "server.request_limit=120"],
            redis=True, cheap=False)
        house.shared[key].workers_at_first = set(
            house.shared[key].worker_pids())
    return house.shared[key].client


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_login_in_flight_with_the_old_password_keeps_no_token(slow, name):
    backend = {"database": "db", "redis": "rd"}[name]
    user = slow.register()
    owner = Session(slow, user["email"], backend)

    def login(wait):
        time.sleep(wait)
        return slow.try_login(user["email"], backend=backend)

    changed, *logins = parallel(
        [lambda: owner.ask("PATCH", json={"password": NEW})]
        + [lambda n=n: login(n / 20) for n in range(5)])

    assert changed.status_code == 200
    for answer in logins:
        assert answer.status_code == 400 or slow.get(
            "/users/me",
            token=answer.json()["access_token"]).status_code == 401
    assert owner.status == 200
    if name == "database":
        assert str(slow.stack.ask("SELECT count(*) FROM accesstoken "
                                  f"WHERE user_id = '{user['id']}'")) == "1"


def test_a_key_of_the_reference_ends_with_a_new_password_too(six):
    user = six.register()
    token = "o" * 42 + "0"
    six.stack.ask_redis("SET", f"fastapi_users_token:{token}", user["id"],
                        "EX", "3500")
    assert six.get("/users/me", token=token).status_code == 200

    Session(six, user["email"], "bearer").ask("PATCH", json={"password": NEW})

    assert six.get("/users/me", token=token).status_code == 401


def test_a_superuser_ends_all_sessions_by_a_new_password(six):
    user = six.register()
    sessions = everywhere(six, user["email"])

    answer = six.patch(f"/users/{user['id']}", token=six.admin(),
                       json={"password": NEW})

    assert answer.status_code == 200
    assert set(statuses(sessions).values()) == {401}, statuses(sessions)
    assert six.get("/users/me", token=six.admin()).status_code == 200


def test_deactivated_and_deleted_users_have_no_session(six):
    user = six.register()
    sessions = everywhere(six, user["email"])
    path = f"/users/{user['id']}"

    six.patch(path, token=six.admin(), json={"is_active": False})
    assert set(statuses(sessions).values()) == {401}
    six.patch(path, token=six.admin(), json={"is_active": True})
    assert set(statuses(sessions).values()) == {200}
    assert six.delete(path, token=six.admin()).status_code == 204

    assert set(statuses(sessions).values()) == {401}
    assert six.stack.ask("SELECT count(*) FROM accesstoken "
                         f"WHERE user_id = '{user['id']}'") in (0, "0")


def test_rights_that_are_taken_away_are_gone_at_once(six):
    user = six.register()
    path = f"/users/{user['id']}"
    six.patch(path, token=six.admin(), json={"is_superuser": True})
    sessions = everywhere(six, user["email"])

    assert {one.ask(path=path).status_code for one in sessions.values()} == {
        200}
    six.patch(path, token=six.admin(), json={"is_superuser": False})
    assert {one.ask(path=path).status_code for one in sessions.values()} == {
        403}


def test_tokens_that_are_none_open_nothing(six):
    user = six.register()
    good = {name: Session(six, user["email"], name).token
            for name in ("db", "rd")}

    for token in good.values():
        for bad in (token[:-1], token + "A", token + "=", token.swapcase(),
                    "'" + token[1:], "*" * 43, "%" * 43, "\\" * 43,
                    token[:42] + " ", "A" * 43, "_" * 43):
            for headers in ({"Authorization": f"Bearer {bad}"},
                            {"Cookie": f"kept={bad}; quick={bad}"}):
                answer = six.get("/users/me", headers=headers)
                assert (answer.status_code, detail(answer)) == (
                    401, "Unauthorized"), bad


def test_the_first_backend_whose_token_yields_a_user_decides(six):
    first, second = six.register(), six.register()
    one = Session(six, first["email"], "dbc")
    two = Session(six, second["email"], "rdc")

    both = {"Cookie": f"{one.headers['Cookie']}; {two.headers['Cookie']}"}

    # dbc comes before rdc in the configuration.
    assert six.get("/users/me", headers=both).json()["id"] == first["id"]
    one.logout()
    assert six.get("/users/me", headers=both).json()["id"] == second["id"]


# The first comes before the bearer backend, the other behind it.
@pytest.mark.parametrize("cookie,found", [("jwt", "cookie"),
                                          ("late", "token")])
def test_a_logout_ends_the_session_of_the_backend_that_it_names(
        new_stack, db, cookie, found):
    """Whichever of those that the request carries recognised the user."""
    name = "fastapiusersauth"
    client = new_stack(db, workers=1, settings=[] if cookie == "jwt" else [
        "backend.jwt.cookie_name=unused", "backend.late.transport=cookie",
        f"backend.late.cookie_name={name}"]).client
    user, other = client.register(), client.register()

    def login_cookie(email):
        answer = client.try_login(email, backend=cookie)
        assert answer.status_code == 204
        return answer.headers["Set-Cookie"].split(";")[0].removeprefix(
            f"{name}=")

    def carry(bearer_of, cookie_of):
        return {"token": client.login(bearer_of["email"]),
                "cookie": login_cookie(cookie_of["email"])}

    def alive(both):
        return {name: client.get("/users/me", **{name: value}).status_code
                == 200 for name, value in both.items()}

    for route, named in (("bearer", "token"), (cookie, "cookie")):
        both = carry(user, user)
        bystander = carry(user, user)
        assert alive(both) == {"token": True, "cookie": True}
        assert client.post(f"/auth/{route}/logout",
                           **both).status_code == 204
        assert alive(both) == {"token": named != "token" != found,
                               "cookie": named != "cookie" != found}
        assert alive(bystander) == {"token": True, "cookie": True}

        # Somebody else's is left alone.
        for both in (carry(user, other), carry(other, user)):
            assert client.post(f"/auth/{route}/logout",
                               **both).status_code == 204
            assert alive(both) == {"token": found != "token",
                                   "cookie": found != "cookie"}

        # One that is none does not matter.
        both = {**carry(user, user), named: "junk"}
        good = {k: v for k, v in both.items() if k != named}
        assert client.post(f"/auth/{route}/logout",
                           **both).status_code == 204
        assert not any(alive(good).values())


def test_an_inactive_user_of_the_first_backend_is_the_answer(six):
    first, second = six.register(), six.register()
    one = Session(six, first["email"], "dbc")
    two = Session(six, second["email"], "rdc")
    six.patch(f"/users/{first['id']}", token=six.admin(),
              json={"is_active": False})

    both = {"Cookie": f"{one.headers['Cookie']}; {two.headers['Cookie']}"}

    assert six.get("/users/me", headers=both).status_code == 401


def test_tokens_end_with_their_lifetime(new_stack, db):
    stack = new_stack(db, redis=True, settings=[
        f"backend.{name}.{key}={value}"
        for name in STRATEGIES
        for key, value in (("strategy", name), ("lifetime", 2))])
    client = stack.client
    user = client.register()
    tokens = [client.login(user["email"], backend=name)
              for name in STRATEGIES]

    assert [client.get("/users/me", token=t).status_code
            for t in tokens] == [200, 200]
    time.sleep(3.1)
    assert [client.get("/users/me", token=t).status_code
            for t in tokens] == [401, 401]

    # Those that are over are taken out of the table by the next login.
    client.login(user["email"], backend="database")
    assert stack.ask("SELECT count(*) FROM accesstoken") in (1, "1")


def test_tokens_without_a_lifetime_stay(new_stack, db):
    stack = new_stack(db, redis=True, settings=[
        f"backend.{name}.{key}={value}"
        for name in STRATEGIES
        for key, value in (("strategy", name), ("lifetime", "none"))])
    client = stack.client
    user = client.register()
    kept, quick = (client.login(user["email"], backend=name)
                   for name in STRATEGIES)
    past = ("'2001-01-01 00:00:00.000000'" if db == "sqlite"
            else "'2001-01-01 00:00:00+00'")
    stack.ask(f"UPDATE accesstoken SET created_at = {past}")

    client.login(user["email"], backend="database")

    assert client.get("/users/me", token=kept).status_code == 200
    assert client.get("/users/me", token=quick).status_code == 200
    assert stack.ask_redis("TTL", f"fastapi_users_token:{quick}") == "-1"
    assert client.patch("/users/me", token=kept,
                        json={"password": NEW}).status_code == 200
    assert client.get("/users/me", token=quick).status_code == 401


def test_numbered_users_in_renamed_tables_have_kept_tokens_too(new_stack, db):
    client = new_stack(db, redis=True, settings=[
        *RENAMED, "backend.db.strategy=database",
        "backend.rd.strategy=redis"]).client
    user = client.register()
    assert isinstance(user["id"], int)

    for name in ("db", "rd"):
        one = Session(client, user["email"], name)
        other = Session(client, user["email"], name)
        assert one.ask().json() == user
        assert one.logout().status_code == 204
        assert [one.status, other.status] == [401, 200]
    token = Session(client, user["email"], "rd").token
    assert client.stack.ask_redis(
        "GET", f"fastapi_users_token:{token}") == str(user["id"])

    client.patch(f"/users/{user['id']}", token=client.admin(),
                 json={"password": NEW})
    assert [other.status, status(client, token)] == [401, 401]


def test_each_router_may_ask_for_verified_users(new_stack, db):
    client = new_stack(db, settings=[
        "backend.db.strategy=database",
        "backend.db.requires_verification=true"]).client
    user = client.register()

    answer = client.try_login(user["email"], backend="db")
    assert (answer.status_code, detail(answer)) == (
        400, "LOGIN_USER_NOT_VERIFIED")
    token = client.login(user["email"])
    assert client.get("/users/me", token=token).status_code == 200
    assert client.post("/auth/db/logout", token=token).status_code == 403
    client.patch(f"/users/{user['id']}", token=client.admin(),
                 json={"is_verified": True})

    kept = client.login(user["email"], backend="db")
    assert client.get("/users/me", token=kept).status_code == 200
    assert client.post("/auth/db/logout", token=kept).status_code == 204


def test_backends_have_secrets_audiences_and_algorithms_of_their_own(
        new_stack, db):
    client = new_stack(db, settings=[
        'backend.one.secret={"' + "first secret of the backend one" * 2
        + '", "' + "an older secret of the backend one" + '"}',
        'backend.two.secret={"' + "a secret of the backend named two" + '"}',
        "backend.two.algorithm=HS512",
        'backend.two.audience={"here", "there"}']).client
    user = client.register()

    for name in ("bearer", "one", "two"):
        token = client.login(user["email"], backend=name)
        assert client.get("/users/me", token=token).json() == user, name
    good = {"sub": user["id"], "exp": int(time.time()) + 60}
    auth = {**good, "aud": ["fastapi-users:auth"]}
    older = client.sign(auth, key="an older secret of the backend one")
    assert client.get("/users/me", token=older).json() == user

    two = "a secret of the backend named two"
    for claims, header, digest, status in (
            ({**good, "aud": "there"}, "HS512", hashlib.sha512, 200),
            ({**good, "aud": ["x", "here"]}, "HS512", hashlib.sha512, 200),
            (auth, "HS512", hashlib.sha512, 401),
            ({**good, "aud": "there"}, "HS256", hashlib.sha256, 401),
            ({**good, "aud": "there"}, "HS384", hashlib.sha384, 401),
            ({**good, "aud": "ther"}, "HS512", hashlib.sha512, 401)):
        token = client.sign(claims, {"alg": header, "typ": "JWT"}, key=two,
                            hash=digest)
        assert client.get("/users/me", token=token).status_code == status
