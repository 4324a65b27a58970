# SPDX-License-Identifier: MIT
"""etc/compat.conf, appended to a configuration."""

import base64
import json

import pytest
from client import detail, new_email
from mailed import reset_token


@pytest.fixture(scope="module")
def compat(house, db):
    made = house.make(db, appended=["etc/compat.conf"])
    yield made.client
    house.end(made)


def test_it_is_a_valid_configuration(compat):
    said = compat.stack.program_command("check", "--dump").stdout

    for line in ('policy = "none"', "allow_short = true",
                 "reference_claims = true", "reset_names_email = false", "logout_ends_jwt = false",
                 "password_change_ends_others = false"):
        assert line in said


def test_a_token_says_what_the_reference_writes_and_no_more(compat):
    user, token = compat.newcomer()

    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    assert list(claims) == ["sub", "aud", "exp"]
    assert claims["sub"] == user["id"]
    assert claims["aud"] == ["fastapi-users:auth"]


def test_a_token_without_exp_is_taken(compat):
    user = compat.register()

    answer = compat.get("/users/me", token=compat.sign(
        {"sub": user["id"], "aud": ["fastapi-users:auth"]}))

    assert answer.status_code == 200


def test_a_mailed_token_outlives_a_change_of_the_address(compat):
    user, token = compat.newcomer()
    mailed = reset_token(compat, user, email=user["email"])

    assert compat.patch("/users/me", token=token, json={
        "email": new_email()}).status_code == 200

    assert compat.post("/auth/reset-password", json={
        "token": mailed, "password": "1"}).status_code == 200


def test_any_password_will_do(compat):
    email = new_email()

    compat.register(email, "1")

    assert compat.login(email, "1")


def test_logging_out_leaves_the_token_valid(compat):
    _, token = compat.newcomer()

    assert compat.post("/auth/bearer/logout", token=token).status_code == 204
    assert compat.get("/users/me", token=token).status_code == 200


def test_a_new_password_leaves_the_other_sessions_open(compat):
    user, other = compat.newcomer()
    token = compat.login(user["email"])

    assert compat.patch("/users/me", token=token, json={
        "password": "another horse 9"}).status_code == 200

    assert compat.get("/users/me", token=other).status_code == 200
    assert detail(compat.try_login(user["email"])) == "LOGIN_BAD_CREDENTIALS"
