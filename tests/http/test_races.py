# SPDX-License-Identifier: MIT
"""Requests at the same moment, and limits on what is computed at once."""

import collections

import pytest

from client import PASSWORD, detail, new_email, parallel


@pytest.mark.better(1)
def test_of_many_registrations_of_one_address_one_wins(client):
    """V47."""
    for _ in range(5):
        email = new_email("race")

        answers = parallel([lambda: client.post("/auth/register", json={
            "email": email, "password": PASSWORD})] * 20)

        statuses = collections.Counter(a.status_code for a in answers)
        assert statuses == {201: 1, 400: 19}
        assert {detail(a) for a in answers if a.status_code == 400} == {
            "REGISTER_USER_ALREADY_EXISTS"}


@pytest.mark.better(1)
def test_of_many_changes_to_one_address_one_wins(client):
    tokens = [client.newcomer()[1] for _ in range(10)]
    email = new_email("race")

    answers = parallel([lambda t=t: client.patch(
        "/users/me", token=t, json={"email": email}) for t in tokens])

    statuses = collections.Counter(a.status_code for a in answers)
    assert statuses == {200: 1, 400: 9}
    assert {detail(a) for a in answers if a.status_code == 400} == {
        "UPDATE_USER_EMAIL_ALREADY_EXISTS"}


def test_many_users_at_once_never_see_each_other(client):
    """V17."""
    people = [client.newcomer() for _ in range(20)]

    def look(user, token):
        return all(client.get("/users/me", token=token).json() == user
                   for _ in range(10))

    assert all(parallel([lambda p=p: look(*p) for p in people]))


def test_a_user_deleted_meanwhile_is_gone_for_all(client):
    user, token = client.newcomer()
    path = f"/users/{user['id']}"

    answers = parallel(
        [lambda: client.delete(path, token=client.admin())] * 5
        + [lambda: client.patch("/users/me", token=token, json={
            "password": "another horse 9"})] * 5)

    deleted = [a.status_code for a in answers[:5]]
    assert sorted(deleted) == [204, 404, 404, 404, 404]
    assert {a.status_code for a in answers[5:]} <= {200, 401, 404}
    assert client.get("/users/me", token=token).status_code == 401


@pytest.mark.better(11)
def test_past_the_cap_on_hashes_the_answer_is_503(new_stack, db):
    # A hash of some seconds, one at a time, and no patience.
    client = new_stack(db, cheap=False, workers=6, settings=[
        "password.memory_kib=65536", "password.passes=40",
        "password.lanes=1", "password.max_parallel=1",
        "password.wait_limit=1", "server.request_limit=60"]).client
    token = client.admin()

    answers = parallel(
        [lambda: client.try_login(new_email())] * 6
        + [lambda: client.get("/users/me", token=token)] * 6)

    logins = collections.Counter(a.status_code for a in answers[:6])
    # Processes that are started one by one come when others are done.
    least = 3 if client.stack.web.pooled else 1
    assert logins[400] >= 1 and logins[503] >= least, logins
    assert set(logins) == {400, 503}
    for answer in answers[:6]:
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            assert detail(answer) == "Service Unavailable"
    assert {a.status_code for a in answers[6:]} == {200}
    assert client.login(**client.stack.superuser)
