# SPDX-License-Identifier: MIT
"""The main job, by every way into the program and on every database."""

import uuid

import pytest

from client import PASSWORD, detail, new_email


def test_a_stranger_registers_and_is_told_who_he_is(any_way):
    email = new_email()

    answer = any_way.post("/auth/register",
                          json={"email": email, "password": PASSWORD})

    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    user = answer.json()
    assert list(user) == ["id", "email", "is_active", "is_superuser",
                          "is_verified"]
    if any_way.stack.settings.get(("users", None)):
        assert isinstance(user["id"], int)
    else:
        assert str(uuid.UUID(user["id"])) == user["id"]
    assert user["email"] == email
    assert (user["is_active"], user["is_superuser"],
            user["is_verified"]) == (True, False, False)


def test_nobody_registers_himself_as_superuser(any_way):
    """V49."""
    answer = any_way.post("/auth/register", json={
        "email": new_email(), "password": PASSWORD, "is_superuser": True,
        "is_verified": True, "is_active": False})

    assert answer.status_code == 201
    assert answer.json()["is_superuser"] is False
    assert answer.json()["is_verified"] is False
    assert answer.json()["is_active"] is True


def test_an_address_is_registered_once_whatever_its_case(any_way):
    email = any_way.register()["email"]

    for spelling in (email, email.upper(), email.capitalize()):
        answer = any_way.post("/auth/register", json={
            "email": spelling, "password": PASSWORD})
        assert answer.status_code == 400
        assert detail(answer) == "REGISTER_USER_ALREADY_EXISTS"


@pytest.mark.better(9)
def test_a_short_or_common_password_is_refused_with_a_reason(any_way):
    for password in ("short", "password123"):
        answer = any_way.post("/auth/register", json={
            "email": new_email(), "password": password})
        assert answer.status_code == 400
        assert detail(answer)["code"] == "REGISTER_INVALID_PASSWORD"
        assert detail(answer)["reason"]


def test_a_cookie_signs_in_and_out(any_way):
    user = any_way.register()

    answer = any_way.try_login(user["email"], backend="jwt")

    assert answer.status_code == 204
    assert answer.content == b""
    parts = [p.strip() for p in answer.headers["Set-Cookie"].split(";")]
    assert set(parts[1:]) == {"HttpOnly", "Path=/", "SameSite=lax", "Secure"}
    cookie = parts[0].partition("=")[2]
    assert any_way.get("/users/me", cookie=cookie).json() == user

    answer = any_way.post("/auth/jwt/logout", cookie=cookie)

    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert any_way.get("/users/me", cookie=cookie).status_code == 401


def test_a_bearer_token_signs_in_and_out(any_way):
    user, token = any_way.newcomer()

    assert any_way.get("/users/me", token=token).json() == user
    answer = any_way.post("/auth/bearer/logout", token=token)

    assert answer.status_code == 204
    assert "Set-Cookie" not in answer.headers
    assert any_way.get("/users/me", token=token).status_code == 401


def test_login_takes_a_multipart_form(any_way):
    email = any_way.register()["email"]

    answer = any_way.post("/auth/bearer/login", files={
        "username": (None, email), "password": (None, PASSWORD)})

    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"


def test_wrong_password_and_unknown_user_read_alike(any_way):
    email = any_way.register()["email"]

    answers = [any_way.try_login(email, "wrong password"),
               any_way.try_login(new_email(), PASSWORD)]

    for answer in answers:
        assert answer.status_code == 400
        assert detail(answer) == "LOGIN_BAD_CREDENTIALS"
    assert answers[0].content == answers[1].content


def test_a_user_changes_his_address_and_his_password(any_way):
    user, token = any_way.newcomer()
    email = new_email("renamed")

    answer = any_way.patch("/users/me", token=token, json={
        "email": email, "password": "another horse 9"})

    assert answer.status_code == 200
    assert answer.json() == {**user, "email": email}
    assert any_way.try_login(user["email"]).status_code == 400
    assert any_way.try_login(email).status_code == 400
    assert any_way.login(email, "another horse 9")


def test_a_user_cannot_raise_himself(any_way):
    """V49."""
    user, token = any_way.newcomer()

    answer = any_way.patch("/users/me", token=token, json={
        "is_superuser": True, "is_verified": True, "is_active": False,
        "id": "00000000-0000-0000-0000-000000000000"})

    assert answer.status_code == 200
    assert answer.json() == user


def test_an_address_that_another_has_is_refused(any_way):
    taken = any_way.register()["email"]
    _, token = any_way.newcomer()

    answer = any_way.patch("/users/me", token=token,
                           json={"email": taken.upper()})

    assert answer.status_code == 400
    assert detail(answer) == "UPDATE_USER_EMAIL_ALREADY_EXISTS"


def test_only_a_superuser_sees_others(any_way):
    other = any_way.register()
    user, token = any_way.newcomer()
    path = f"/users/{other['id']}"

    assert any_way.get(path).status_code == 401
    assert any_way.get(path, token=token).status_code == 403
    assert any_way.get(f"/users/{user['id']}", token=token).status_code == 403
    assert any_way.get(path, token=any_way.admin()).json() == other


def test_a_superuser_changes_and_deletes_a_user(any_way):
    user, token = any_way.newcomer()
    path = f"/users/{user['id']}"

    answer = any_way.patch(path, token=any_way.admin(), json={
        "is_verified": True, "is_superuser": True})
    assert answer.status_code == 200
    assert answer.json() == {**user, "is_verified": True,
                             "is_superuser": True}
    assert any_way.get(path, token=token).status_code == 200

    answer = any_way.delete(path, token=any_way.admin())
    assert answer.status_code == 204
    assert answer.content == b""
    assert any_way.get(path, token=any_way.admin()).status_code == 404
    assert any_way.get("/users/me", token=token).status_code == 401
    assert any_way.try_login(user["email"]).status_code == 400


def test_an_inactive_user_is_nobody(any_way):
    user, token = any_way.newcomer()

    answer = any_way.patch(f"/users/{user['id']}", token=any_way.admin(),
                           json={"is_active": False})

    assert answer.json()["is_active"] is False
    assert any_way.get("/users/me", token=token).status_code == 401
    answer = any_way.try_login(user["email"])
    assert (answer.status_code, detail(answer)) == (400,
                                                    "LOGIN_BAD_CREDENTIALS")


def test_missing_members_are_told_all_at_once(any_way):
    answer = any_way.post("/auth/register", json={})

    assert answer.status_code == 422
    assert [(e["type"], e["loc"]) for e in detail(answer)] == [
        ("missing", ["body", "email"]), ("missing", ["body", "password"])]


def test_health_is_told_to_anybody(any_way):
    for path in ("/healthz", "/readyz"):
        assert any_way.get(path).status_code == 200
        head = any_way.request("HEAD", path)
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.better(6)
def test_answers_are_neither_cached_nor_framed(any_way):
    for answer in (any_way.get("/users/me"), any_way.get("/nowhere"),
                   any_way.get("/users/me", token=any_way.admin())):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers[
            "Content-Security-Policy"]
