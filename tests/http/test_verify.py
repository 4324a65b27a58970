# SPDX-License-Identifier: MIT
"""Verified addresses: the token, and what becomes of it."""

import collections

from client import detail, new_email, parallel
from mailed import verify_claims, verify_token

BAD = "VERIFY_USER_BAD_TOKEN"
ALREADY = "VERIFY_USER_ALREADY_VERIFIED"


def verify(client, token):
    return client.post("/auth/verify", json={"token": token})


def assert_refused(client, token, why=BAD):
    answer = verify(client, token)
    assert (answer.status_code, detail(answer)) == (400, why)


def me(client, user):
    return client.get(f"/users/{user['id']}", token=client.admin()).json()


def test_a_token_of_the_reference_verifies_the_user(any_way):
    user = any_way.register()

    answer = verify(any_way, verify_token(any_way, user))

    assert answer.status_code == 200
    assert answer.json() == {**user, "is_verified": True}
    assert list(answer.json()) == list(user)
    assert_refused(any_way, verify_token(any_way, user), ALREADY)


def test_of_fifty_uses_at_once_one_succeeds(client):
    """V15."""
    user = client.register()
    token = verify_token(client, user)

    answers = parallel([lambda: verify(client, token)] * 50)

    assert collections.Counter(a.status_code for a in answers) == {
        200: 1, 400: 49}
    assert {detail(a) for a in answers if a.status_code == 400} == {ALREADY}


def test_only_a_token_made_for_this_is_taken(client):
    user = client.register()
    other = client.register()
    claims = verify_claims(user)
    key = client.stack.secrets["verify"]

    for changes in ({"exp": claims["exp"] - 7200}, {"exp": None},
                    {"aud": "fastapi-users:reset"}, {"aud": None},
                    {"sub": other["id"]}, {"sub": 1}, {"email": None},
                    {"email": other["email"]}, {"email": new_email()}):
        assert_refused(client, client.sign({**claims, **changes}, key=key))
    assert_refused(client, client.sign(claims))
    assert_refused(client, client.sign(
        claims, key=client.stack.secrets["reset"]))
    assert me(client, user)["is_verified"] is False


def test_a_token_of_the_old_address_verifies_neither(client):
    user, bearer = client.newcomer()
    token = verify_token(client, user)

    assert client.patch("/users/me", token=bearer, json={
        "email": new_email()}).status_code == 200

    assert_refused(client, token)
    assert me(client, user)["is_verified"] is False


def test_an_address_changed_at_the_same_moment_is_never_verified(client):
    """V40: only what the token was mailed to can become verified."""
    for _ in range(20):
        user, bearer = client.newcomer()
        token = verify_token(client, user)

        parallel([
            lambda: verify(client, token),
            lambda: client.patch("/users/me", token=bearer,
                                 json={"email": new_email()}),
            lambda: verify(client, token)])

        after = me(client, user)
        assert after["email"] == user["email"] or not after["is_verified"]


def test_a_deleted_users_token_is_bad(client):
    user = client.register()
    token = verify_token(client, user)

    assert client.delete(f"/users/{user['id']}",
                         token=client.admin()).status_code == 204

    assert_refused(client, token)
