# SPDX-License-Identifier: MIT
"""What ends sessions, at the worst moments."""

import time

import pytest

from client import PASSWORD, access_claims, parallel

# Hashes of some tenths of a second, several at once: what is in flight stays
# there for a while.
SLOW = ["password.memory_kib=65536", "password.passes=8", "password.lanes=1",
        "password.max_parallel=4", "password.wait_limit=30",
        "server.request_limit=120"]
NEW = "another horse 9"


@pytest.fixture
def slow(house, db):
    return house.get(db, settings=SLOW).client


def later(seconds, call):
    def run():
        time.sleep(seconds)
        return call()
    return run


def change(client, token, password, path="/users/me", **more):
    return client.patch(path, token=token, json={"password": password, **more})


def status(client, token):
    return client.get("/users/me", token=token).status_code


def test_a_login_in_flight_with_the_old_password_opens_nothing(slow):
    user, token = slow.newcomer()

    changed, *logins = parallel(
        [lambda: change(slow, token, NEW)]
        + [later(n / 10, lambda: slow.try_login(user["email"]))
           for n in (0, 1, 2)])

    assert changed.status_code == 200
    for login in logins:
        assert login.status_code == 400 or status(
            slow, login.json()["access_token"]) == 401
    assert status(slow, token) == 200
    assert slow.login(user["email"], NEW)


def test_a_change_in_flight_by_an_ended_session_is_refused(slow):
    user, owner = slow.newcomer()
    thief = slow.login(user["email"])

    answers = parallel([
        lambda: change(slow, owner, NEW),
        later(0.1, lambda: change(slow, thief, "stolen horse 10"))])

    # Whoever came first has ended the other's session.
    assert sorted(a.status_code for a in answers) == [200, 401]
    winner, loser = ((owner, thief) if answers[0].status_code == 200
                     else (thief, owner))
    assert status(slow, winner) == 200
    assert status(slow, loser) == 401


def test_a_superuser_demoted_meanwhile_changes_nobody(slow):
    admin, token = slow.newcomer()
    path = f"/users/{admin['id']}"
    assert slow.patch(path, token=slow.admin(),
                      json={"is_superuser": True}).status_code == 200

    restored, demoted = parallel([
        lambda: change(slow, token, NEW, path, is_superuser=True),
        later(0.05, lambda: slow.patch(path, token=slow.admin(),
                                       json={"is_superuser": False}))])

    assert demoted.status_code == 200
    assert restored.status_code in (200, 403)
    if restored.status_code == 403:
        assert slow.get("/users/me", token=token).json()[
            "is_superuser"] is False


def test_each_of_several_changes_in_a_second_ends_what_was_before(client):
    user, token = client.newcomer()

    for n in range(5):
        assert change(client, token, f"first horse {n}").status_code == 200
        between = client.login(user["email"], f"first horse {n}")
        assert change(client, token, f"second horse {n}").status_code == 200

        assert status(client, between) == 401
        assert status(client, client.login(user["email"],
                                           f"second horse {n}")) == 200
    assert status(client, token) == 200


def test_a_leeway_does_not_bring_logged_out_tokens_back(new_stack, db):
    client = new_stack(db, settings=[
        "jwt.leeway=60", "backend.bearer.transport=bearer",
        "backend.bearer.lifetime=1"]).client
    user, token = client.newcomer()
    other = client.login(user["email"])
    assert client.post("/auth/bearer/logout",
                       token=token).status_code == 204
    time.sleep(2.1)

    assert client.post("/auth/bearer/logout",
                       token=other).status_code == 204

    assert status(client, token) == 401


def test_a_token_that_does_not_say_when_it_began_ends_with_the_others(
        new_stack, db):
    client = new_stack(db, settings=[
        "backend.jwt.transport=cookie", "backend.jwt.lifetime=86400",
        "backend.bearer.transport=bearer",
        "backend.bearer.lifetime=3600"]).client
    user, token = client.newcomer()
    foreign = client.sign(access_claims(user, exp=int(time.time()) + 86390))
    assert status(client, foreign) == 200

    assert change(client, token, NEW).status_code == 200

    assert status(client, foreign) == 401
    assert client.get("/users/me", cookie=foreign).status_code == 401


def test_the_session_of_the_reference_that_changed_the_password_goes_on(
        client):
    user, token = client.newcomer()
    foreign = client.sign(access_claims(user))

    assert change(client, foreign, NEW).status_code == 200

    assert status(client, foreign) == 200
    assert status(client, token) == 401


def test_logins_at_once_with_an_old_hash_all_succeed(new_stack, db):
    stack = new_stack(db, workers=4, settings=SLOW)
    user = stack.client.register()
    stack.settings["password", None]["passes"] = "4"
    stack.reload()

    logins = parallel([lambda: stack.client.try_login(user["email"])] * 4)

    assert [a.status_code for a in logins] == [200] * 4
    for login in logins:
        assert status(stack.client, login.json()["access_token"]) == 200


@pytest.mark.parametrize("password,status", [(PASSWORD, 200), (NEW, 400)])
def test_a_login_whose_hash_is_replaced_meanwhile_needs_the_same_password(
        new_stack, db, password, status):
    stack = new_stack(db, workers=1, settings=[*SLOW, "password.passes=32"])
    user = stack.client.register()
    other = stack.stored_hash(stack.client.register(password=password))

    _, login = parallel([
        later(0.1, lambda: stack.store_hash(user, other)),
        lambda: stack.client.try_login(user["email"])])

    assert login.status_code == status
    assert stack.stored_hash(user) == other
