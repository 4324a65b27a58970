# SPDX-License-Identifier: MIT
"""Forgotten passwords: the token, and what becomes of it."""

import collections

import pytest
from client import PASSWORD, detail, new_email, parallel
from mailed import fingerprint, reset_claims, reset_token

NEW = "another horse 9"
BAD = "RESET_PASSWORD_BAD_TOKEN"


def reset(client, token, password=NEW):
    return client.post("/auth/reset-password",
                       json={"token": token, "password": password})


def assert_void(client, token):
    answer = reset(client, token)
    assert (answer.status_code, detail(answer)) == (400, BAD)


def test_anybody_may_ask_for_a_token_and_learns_nothing(any_way):
    known = any_way.register()["email"]

    for path in ("/auth/forgot-password", "/auth/request-verify-token"):
        answers = [any_way.post(path, json={"email": email})
                   for email in (known, known.upper(), new_email())]
        assert {(a.status_code, a.text) for a in answers} == {(202, "null")}
        assert len({tuple(a.headers) for a in answers}) == 1


def test_a_token_of_the_reference_sets_a_new_password(any_way):
    user = any_way.register()
    token = reset_token(any_way, user)

    answer = reset(any_way, token)

    assert (answer.status_code, answer.text) == (200, "null")
    assert any_way.login(user["email"], NEW)
    assert detail(any_way.try_login(user["email"])) == "LOGIN_BAD_CREDENTIALS"


def test_a_token_works_once_and_takes_the_others_along(client):
    """V44."""
    user = client.register()
    tokens = [reset_token(client, user) for _ in range(10)]

    assert reset(client, tokens[3]).status_code == 200

    for token in tokens:
        assert_void(client, token)


def test_of_fifty_uses_at_once_one_succeeds(client):
    """V15."""
    user = client.register()
    token = reset_token(client, user)

    answers = parallel([lambda n=n: reset(client, token, f"{NEW} {n}")
                        for n in range(50)])

    won = [n for n, a in enumerate(answers) if a.status_code == 200]
    assert len(won) == 1
    assert collections.Counter(a.status_code for a in answers) == {
        200: 1, 400: 49}
    assert client.login(user["email"], f"{NEW} {won[0]}")


@pytest.mark.better(4)
def test_a_reset_ends_every_session(client):
    user, bearer = client.newcomer()
    cookie = client.login_cookie(user["email"])

    assert reset(client, reset_token(client, user)).status_code == 200

    assert client.get("/users/me", token=bearer).status_code == 401
    assert client.get("/users/me", cookie=cookie).status_code == 401


def test_a_reset_verifies_nobody(client):
    user = client.register()

    assert reset(client, reset_token(client, user)).status_code == 200

    me = client.get("/users/me", token=client.login(user["email"], NEW))
    assert me.json()["is_verified"] is False


def test_a_token_is_void_once_the_password_was_changed(client):
    """V44."""
    user, bearer = client.newcomer()
    token = reset_token(client, user)

    assert client.patch("/users/me", token=bearer, json={
        "password": "a third horse 10"}).status_code == 200

    assert_void(client, token)


@pytest.mark.better(4)
def test_a_token_that_names_the_address_is_void_once_it_was_changed(client):
    """V44."""
    user, bearer = client.newcomer()
    named = reset_token(client, user, email=user["email"])
    unnamed = reset_token(client, user)

    assert client.patch("/users/me", token=bearer, json={
        "email": new_email()}).status_code == 200

    assert_void(client, named)
    assert reset(client, unnamed).status_code == 200


def test_a_token_is_void_for_who_was_deactivated_or_deleted(client):
    """V44."""
    user = client.register()
    token = reset_token(client, user)
    path = f"/users/{user['id']}"

    assert client.patch(path, token=client.admin(),
                        json={"is_active": False}).status_code == 200
    assert_void(client, token)
    assert client.patch(path, token=client.admin(),
                        json={"is_active": True}).status_code == 200
    assert client.delete(path, token=client.admin()).status_code == 204
    assert_void(client, token)


def test_a_refused_password_leaves_the_token_good(client):
    user = client.register()
    token = reset_token(client, user)

    answer = reset(client, token, "short")

    assert answer.status_code == 400
    assert detail(answer)["code"] == "RESET_PASSWORD_INVALID_PASSWORD"
    assert detail(answer)["reason"]
    assert detail(reset(client, "x", "short")) == BAD
    assert reset(client, token).status_code == 200


def test_only_a_token_made_for_this_is_taken(client):
    user = client.register()
    claims = reset_claims(client, user)
    key = client.stack.secrets["reset"]

    for changes in ({"exp": claims["exp"] - 7200}, {"exp": None},
                    {"aud": "fastapi-users:verify"},
                    {"aud": ["fastapi-users:auth"]}, {"sub": "king"},
                    {"sub": None}, {"password_fgpt": None},
                    {"password_fgpt": 1}, {"password_fgpt": ""},
                    {"password_fgpt": fingerprint("another")}):
        assert_void(client, client.sign({**claims, **changes}, key=key))
    assert_void(client, client.sign(claims))
    assert_void(client, client.sign(claims, {"alg": "none"}, key=key))
    assert_void(client, client.login(user["email"]))
    assert client.login(user["email"], PASSWORD)


@pytest.mark.parametrize("print_of", [
    "$argon2id$v=19$m=262145,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc4OTAxMjM0NQ",
    "$argon2id$v=19$m=4294967295,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc4OTAxMjM0NQ",
    "$argon2id$v=19$m=8,t=11,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc4OTAxMjM0NQ",
    "$argon2id$v=19$m=136,t=1,p=17$MDEyMzQ1Njc$MDEyMzQ1Njc4OTAxMjM0NQ",
    "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
])
def test_a_fingerprint_past_the_bounds_is_not_computed(client, print_of):
    user = client.register()

    assert_void(client, reset_token(client, user, password_fgpt=print_of))


def test_a_fingerprint_as_dear_as_the_references_is_taken(client):
    user = client.register()
    dear = fingerprint(client.stack.stored_hash(user), 3, 65536, 4)

    assert reset(client, reset_token(
        client, user, password_fgpt=dear)).status_code == 200


def test_without_a_secret_or_switched_off_the_routes_are_not_there(
        new_stack, db):
    client = new_stack(db, settings=("secrets.reset_file=",
                                     "routes.verify=false")).client

    for path in ("forgot-password", "reset-password", "request-verify-token",
                 "verify"):
        answer = client.post(f"/auth/{path}", json={})
        assert (answer.status_code, detail(answer)) == (404, "Not Found")
