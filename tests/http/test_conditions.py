# SPDX-License-Identifier: MIT
"""Conditional requests, users who delete themselves, the last superuser."""

import pytest

from client import PASSWORD, detail, new_email, parallel
from custom import CUSTOM

LEAVING = ("users.delete_me=true",)


def path_of(user):
    return f"/users/{user['id']}"


def test_a_user_has_a_tag_that_changes_with_him(stack):
    client = stack.client
    user, token = client.newcomer()

    first = client.get("/users/me", token=token)
    again = client.get("/users/me", token=token)
    changed = client.patch("/users/me", token=token,
                           json={"email": new_email()})

    tag = first.headers["ETag"]
    assert tag.startswith('"') and tag.endswith('"')
    assert again.headers["ETag"] == tag
    assert changed.headers["ETag"] != tag
    assert client.get("/users/me", token=token).headers[
        "ETag"] == changed.headers["ETag"]
    assert client.get(path_of(user), token=client.admin()).headers[
        "ETag"] == changed.headers["ETag"]


def test_who_has_the_answer_already_is_sent_none(stack):
    client = stack.client
    user, token = client.newcomer()
    tag = client.get("/users/me", token=token).headers["ETag"]

    for known in (tag, f'"x", W/{tag}', "*"):
        answer = client.get("/users/me", token=token,
                            headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == tag
    for unknown in ('"x"', tag.strip('"'), tag[:-1], ""):
        answer = client.get("/users/me", token=token,
                            headers={"If-None-Match": unknown})
        assert answer.json() == user, unknown
    answer = client.get("/users/me", headers={"If-None-Match": "*"})
    assert answer.status_code == 401


def test_a_change_is_made_only_to_what_the_client_has_seen(stack):
    client = stack.client
    user, token = client.newcomer()
    tag = client.get(path_of(user), token=client.admin()).headers["ETag"]
    mine = {"If-Match": tag}

    moved = client.patch(path_of(user), token=client.admin(), headers=mine,
                         json={"is_verified": True})
    late = client.patch(path_of(user), token=client.admin(), headers=mine,
                        json={"is_active": False})
    read = client.get(path_of(user), token=client.admin(), headers=mine)
    gone = client.delete(path_of(user), token=client.admin(), headers=mine)
    own = client.patch("/users/me", token=token, headers=mine,
                       json={"password": "another horse 9"})

    assert moved.status_code == 200
    for answer in (late, read, gone, own):
        assert (answer.status_code, detail(answer)) == (
            412, "PRECONDITION_FAILED")
    assert client.login(user["email"])
    fresh = {"If-Match": f'"x", {moved.headers["ETag"]}'}
    assert client.patch("/users/me", token=token, headers=fresh, json={
        "password": "another horse 9"}).status_code == 200
    assert client.delete(path_of(user), token=client.admin(), headers={
        "If-Match": "*"}).status_code == 204


def test_a_weak_tag_is_no_proof_for_a_change(stack):
    client = stack.client
    _, token = client.newcomer()
    tag = client.get("/users/me", token=token).headers["ETag"]

    for given in ("W/" + tag, "junk", '"'):
        answer = client.patch("/users/me", token=token, json={},
                              headers={"If-Match": given})
        assert answer.status_code == 412, given
    answer = client.patch("/users/me", token=token, json={},
                          headers={"If-None-Match": tag})
    assert answer.status_code == 412


@pytest.mark.about("empty headers", "the web server drops it")
def test_an_empty_tag_is_no_proof_either(client):
    _, token = client.newcomer()

    answer = client.patch("/users/me", token=token, json={},
                          headers={"If-Match": ""})

    assert answer.status_code == 412


def test_faults_come_before_conditions(stack):
    client = stack.client
    user, token = client.newcomer()
    never = {"If-Match": '"x"'}

    assert client.patch("/users/me", headers=never,
                        json={}).status_code == 401
    assert client.patch(path_of(user), token=token, headers=never,
                        json={}).status_code == 403
    assert client.patch(path_of(user), token=client.admin(), headers=never,
                        json={"email": 1}).status_code == 422
    assert client.delete("/users/nobody", token=client.admin(),
                         headers=never).status_code == 404


def test_of_many_changes_at_once_to_one_state_one_is_made(stack):
    client = stack.client
    user = client.register()
    client.admin()
    tag = client.get(path_of(user), token=client.admin()).headers["ETag"]

    def change():
        return client.patch(path_of(user), token=client.admin(),
                            headers={"If-Match": tag},
                            json={"email": new_email()})

    answers = parallel([change] * 6)

    assert sorted(a.status_code for a in answers) == [200] + [412] * 5
    made = next(a for a in answers if a.status_code == 200)
    assert client.get(path_of(user), token=client.admin()).json() == \
        made.json()


def test_each_view_of_a_user_has_its_own_tag(house, db):
    client = house.get(db, settings=CUSTOM).client
    email = new_email()
    user = client.post("/users", token=client.admin(), json={
        "email": email, "password": PASSWORD, "first_name": "Ada",
        "note": "secret"})
    token = client.login(email)
    path = path_of(user.json())
    mine = client.get("/users/me", token=token).headers["ETag"]

    assert mine != user.headers["ETag"]
    client.patch(path, token=client.admin(), json={"note": "more"})
    assert client.get("/users/me", token=token, headers={
        "If-None-Match": mine}).status_code == 304
    assert client.get(path, token=client.admin(), headers={
        "If-None-Match": user.headers["ETag"]}).status_code == 200


def test_tags_can_be_switched_off(house, db):
    client = house.get(db, settings=("users.etag=false",)).client
    _, token = client.newcomer()

    answer = client.get("/users/me", token=token, headers={
        "If-None-Match": "*", "If-Match": '"x"'})
    assert answer.status_code == 200
    assert "ETag" not in answer.headers
    assert client.patch("/users/me", token=token, json={}, headers={
        "If-Match": '"x"'}).status_code == 200


def test_nobody_deletes_himself_unless_that_is_on(stack):
    client = stack.client
    _, token = client.newcomer()

    assert client.delete("/users/me", token=token).status_code == 403
    assert client.delete("/users/me",
                         token=client.admin()).status_code == 404
    assert client.get("/users/me", token=token).status_code == 200


def test_who_has_just_signed_in_or_knows_the_password_deletes_himself(house,
                                                                      db):
    client = house.get(db, settings=LEAVING).client
    stale = house.get(db, settings=(*LEAVING, "users.delete_me_fresh=0")
                      ).client
    user, token = client.newcomer()
    other, _ = stale.newcomer()
    old = stale.sign({"sub": other["id"], "aud": ["fastapi-users:auth"],
                      "exp": 4102444800, "iat": 1})

    assert client.delete("/users/me").status_code == 401
    answer = client.delete("/users/me", token=token, json={"password": 1})
    assert answer.status_code == 422
    answer = client.delete("/users/me", token=token, json={"password": "x"})
    assert (answer.status_code, detail(answer)) == (
        400, "LOGIN_BAD_CREDENTIALS")
    answer = client.delete("/users/me", token=token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get("/users/me", token=token).status_code == 401
    assert client.get(path_of(user),
                      token=client.admin()).status_code == 404
    answer = stale.delete("/users/me", token=old)
    assert (answer.status_code, detail(answer)) == (
        403, "DELETE_ME_NEEDS_PASSWORD")
    assert stale.delete("/users/me", token=old, json={
        "password": PASSWORD}).status_code == 204


@pytest.fixture
def alone(house, db):
    """A client of a stack with two superusers: (client, path, other)."""
    made = house.make(db, settings=LEAVING)
    client = made.client
    me = client.get("/users/me", token=client.admin()).json()
    other = client.post("/users", token=client.admin(), json={
        "email": new_email("second"), "password": PASSWORD,
        "is_superuser": True}).json()
    yield client, path_of(me), other
    house.end(made)


def test_the_last_superuser_does_not_lock_himself_out(alone):
    client, mine, other = alone
    admin = client.admin()
    client.patch(path_of(other), token=admin, json={"is_active": False})

    for answer in (
            client.patch(mine, token=admin, json={"is_superuser": False}),
            client.patch(mine, token=admin, json={"is_active": False}),
            client.delete(mine, token=admin),
            client.delete("/users/me", token=admin)):
        assert (answer.status_code, detail(answer)) == (400, "LAST_SUPERUSER")
    assert client.patch(mine, token=admin, json={
        "is_superuser": True, "is_verified": True}).status_code == 200
    client.patch(path_of(other), token=admin, json={"is_active": True})
    assert client.patch(mine, token=admin, json={
        "is_superuser": False}).status_code == 200


def test_two_superusers_who_go_at_once_do_not_both_go(alone):
    client, mine, other = alone
    tokens = {mine: client.admin(),
              path_of(other): client.login(other["email"])}

    answers = parallel([
        lambda path=path, token=token: client.patch(
            path, token=token, json={"is_superuser": False})
        for path, token in tokens.items()])

    assert sorted(a.status_code for a in answers) == [200, 400], [
        a.text for a in answers]


def test_that_a_password_is_tried_there_is_described(house, db):
    client = house.get(db, settings=(*LEAVING, "limits.enabled=true")).client

    described = client.get("/openapi.json").json()["paths"]["/users/me"][
        "delete"]["responses"]
    assert "429" in described
    assert "DELETE_ME_NEEDS_PASSWORD" in str(described)
