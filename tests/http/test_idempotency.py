# SPDX-License-Identifier: MIT
"""Idempotency-Key: what was done once is not done twice."""

import secrets

import pytest

from client import PASSWORD, detail, new_email, parallel
from commands import execute

SHORT = ("idempotency.lifetime=60",)


def key():
    return {"Idempotency-Key": secrets.token_hex(16)}


def body(**more):
    return {"email": new_email(), "password": PASSWORD, **more}


def test_a_request_that_is_sent_again_is_answered_as_the_first(stack):
    client = stack.client
    headers, new = key(), body()

    first = client.post("/users", token=client.admin(), headers=headers,
                        json=new)
    again = client.post("/users", token=client.admin(), headers=headers,
                        json=new)

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    for name in ("Location", "ETag", "Content-Type"):
        assert first.headers[name] == again.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    without = client.post("/users", token=client.admin(), json=new)
    assert detail(without) == "REGISTER_USER_ALREADY_EXISTS"


@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_batch_and_a_registration_are_done_once_too(stack, method):
    client = stack.client
    headers, new = key(), body()

    answers = [client.post("/auth/register", headers=headers, json=new)
               for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    users = [body()] if method == "post" else [
        {"id": answers[0].json()["id"], "email": new_email()}]
    answers = [getattr(client, method)(
        "/users/batch", token=client.admin(), headers=key() if i == 2
        else headers, json={"users": users}) for i in range(3)]
    assert answers[0].content == answers[1].content
    assert answers[0].json()["succeeded"] == 1
    assert ("Idempotency-Replayed" in answers[2].headers) is False


def test_a_key_belongs_to_one_request_of_one_user(stack):
    client = stack.client
    headers, new = key(), body()
    client.post("/auth/register", headers=headers, json=new)
    second = client.post("/users", token=client.admin(), json=body(
        is_superuser=True)).json()

    for other in (body(), {**new, "password": PASSWORD + "!"}):
        answer = client.post("/auth/register", headers=headers, json=other)
        assert (answer.status_code, detail(answer)) == (
            422, "IDEMPOTENCY_KEY_REUSED")
    for token in (client.admin(), client.login(second["email"])):
        answer = client.post("/users", token=token, headers=headers,
                             json=body())
        assert answer.status_code == 201, answer.text
        assert "Idempotency-Replayed" not in answer.headers
    answer = client.post("/users", headers=headers, json=new)
    assert answer.status_code == 401


def test_of_many_at_once_one_is_done_and_the_others_hear_of_it(stack):
    client = stack.client
    headers, new = key(), body()

    answers = parallel([lambda: client.post(
        "/auth/register", headers=headers, json=new)] * 6)

    made = [a for a in answers if a.status_code == 201]
    others = [a for a in answers if a.status_code != 201]
    assert made and len({a.content for a in made}) == 1
    assert sum("Idempotency-Replayed" not in a.headers for a in made) == 1
    for answer in others:
        assert (answer.status_code, detail(answer)) == (
            409, "IDEMPOTENCY_KEY_IN_USE")
        assert answer.headers["Retry-After"]


def test_what_failed_may_be_sent_again(stack):
    client = stack.client
    headers = key()

    for bad in ({"email": "x"}, body(password="short")):
        answer = client.post("/auth/register", headers=headers, json=bad)
        assert answer.status_code in (400, 422)
    assert client.post("/auth/register", headers=headers,
                       json=body()).status_code == 201


@pytest.mark.parametrize("strange", [
    "a b", "k" * 256, "k\xe9", pytest.param("", marks=pytest.mark.about(
        "empty headers", "the web server drops it"))])
def test_strange_keys_are_refused(client, strange):
    answer = client.post("/auth/register", json=body(), headers={
        "Idempotency-Key": strange.encode("latin-1")})

    assert (answer.status_code, detail(answer)) == (
        400, "IDEMPOTENCY_KEY_INVALID")


def test_a_key_may_be_long(client):
    assert client.post("/auth/register", json=body(), headers={
        "Idempotency-Key": "k" * 255}).status_code == 201


def dump(stack):
    """All that the table holds."""
    if stack.db == "sqlite":
        return stack.run("/usr/bin/python3", "-c", "import sqlite3, sys; "
                         "print(list(sqlite3.connect(sys.argv[1]).execute("
                         "'SELECT * FROM fcu_idempotency')))",
                         stack.path("users.db")).stdout
    return stack.run("psql", "-h", stack.path("postgres"), "-U",
                     "fastcgi_users", "-Atc", "SELECT * FROM fcu_idempotency",
                     "fastcgi_users").stdout


def test_the_table_tells_nothing_and_what_expired_is_forgotten(house, db):
    stack = house.get(db, settings=SHORT)
    client = stack.client
    headers, new = key(), body()
    made = client.post("/auth/register", headers=headers, json=new).json()

    kept = dump(stack)
    assert kept.strip() not in ("", "[]")
    for secret in (headers["Idempotency-Key"], new["email"], PASSWORD,
                   made["id"], "is_active"):
        assert secret not in kept
    execute(stack, "UPDATE fcu_idempotency SET expires_at = 5;")
    client.post("/auth/register", headers=key(), json={})
    kept = dump(stack)
    assert kept.strip() in ("", "[]")
    answer = client.post("/auth/register", headers=headers, json=new)
    assert detail(answer) == "REGISTER_USER_ALREADY_EXISTS"


def test_who_died_over_a_request_does_not_hold_its_key_for_ever(house, db):
    stack = house.get(db, settings=SHORT)
    client = stack.client
    headers, new = key(), body()
    client.post("/auth/register", headers=headers, json=new)
    set_to = "UPDATE fcu_idempotency SET answer = NULL, claimed_until = %s;"

    execute(stack, set_to % "9999999999")
    answer = client.post("/auth/register", headers=headers, json=new)
    assert detail(answer) == "IDEMPOTENCY_KEY_IN_USE"
    execute(stack, set_to % "5")
    answer = client.post("/auth/register", headers=headers, json=new)
    assert detail(answer) == "REGISTER_USER_ALREADY_EXISTS"


def test_it_can_be_switched_off(house, db):
    client = house.get(db, settings=("idempotency.enabled=false",)).client
    headers, new = key(), body()

    assert client.post("/auth/register", headers=headers,
                       json=new).status_code == 201
    answer = client.post("/auth/register", headers=headers, json=new)
    assert detail(answer) == "REGISTER_USER_ALREADY_EXISTS"
