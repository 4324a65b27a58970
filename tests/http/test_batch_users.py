# SPDX-License-Identifier: MIT
"""Many users made or changed by one request."""

import pytest

from client import PASSWORD, detail, new_email
from custom import CUSTOM


def fresh(**more):
    return {"email": new_email(), "password": PASSWORD, **more}


def create(client, users, **more):
    return client.post("/users/batch", token=client.admin(),
                       json={"users": users, **more})


def change(client, users, **more):
    return client.patch("/users/batch", token=client.admin(),
                        json={"users": users, **more})


def statuses(body):
    return [r["status"] for r in body["results"]]


def has(client, email):
    return client.get("/users", token=client.admin(), params={
        "email": email}).json()["items"]


def test_each_user_of_a_batch_is_made_or_told_why_not(stack):
    client = stack.client
    taken = client.register()
    users = [fresh(is_superuser=True, is_verified=True),
             fresh(email=taken["email"].upper()), fresh(password="short"),
             {"email": "nobody"}, 7, fresh(is_active=False)]

    answer = create(client, users)

    assert answer.status_code == 200
    body = answer.json()
    assert statuses(body) == [201, 400, 400, 422, 422, 201]
    assert (body["succeeded"], body["failed"]) == (2, 4)
    first, second, third, fourth, fifth, sixth = body["results"]
    assert first["user"]["is_superuser"] and first["user"]["is_verified"]
    assert has(client, users[0]["email"]) == [first["user"]]
    assert second["detail"] == "REGISTER_USER_ALREADY_EXISTS"
    assert third["detail"]["code"] == "REGISTER_INVALID_PASSWORD"
    assert [f["loc"] for f in fourth["detail"]] == [
        ["body", "email"], ["body", "password"]]
    assert fifth["detail"][0]["type"] == "model_attributes_type"
    assert sixth["user"]["is_active"] is False
    assert client.login(users[0]["email"])


def test_all_or_none_leaves_nothing_of_a_batch_that_fails(stack):
    client = stack.client
    taken = client.register()
    twice = fresh()
    for bad in (fresh(email=taken["email"]), fresh(password="short"),
                {"email": "nobody"}, dict(twice)):
        users = [twice, bad, fresh()]
        answer = create(client, users, all_or_none=True)
        assert answer.status_code == 400, answer.text
        body = detail(answer)
        assert body["code"] == "BATCH_NOT_APPLIED"
        assert statuses(body)[0] == statuses(body)[2] == 424
        assert (body["succeeded"], body["failed"]) == (0, 3)
        assert not has(client, twice["email"])
        assert not has(client, users[2]["email"])
    answer = create(client, [twice, fresh()], all_or_none=True)
    assert statuses(answer.json()) == [201, 201]


def test_each_user_of_a_batch_is_changed_by_the_rules_of_one(stack):
    client = stack.client
    one, two, three = (client.register() for _ in range(3))
    tag = client.get(f"/users/{two['id']}",
                     token=client.admin()).headers["ETag"]
    moved = new_email("moved")

    body = change(client, [
        {"id": one["id"].upper(), "is_verified": True, "email": moved},
        {"id": two["id"], "is_active": False, "if_match": tag},
        {"id": two["id"], "is_active": True, "if_match": tag},
        {"id": three["id"], "password": "short"},
        {"id": three["id"], "email": moved},
        {"id": "nobody", "is_active": False}, {"is_active": False},
        {"id": three["id"], "is_active": "maybe"}]).json()

    assert statuses(body) == [200, 200, 412, 400, 400, 404, 404, 422]
    assert body["results"][0]["user"] == {**one, "is_verified": True,
                                          "email": moved}
    assert body["results"][2]["detail"] == "PRECONDITION_FAILED"
    shown = client.get(f"/users/{two['id']}", token=client.admin()).json()
    assert shown["is_active"] is False
    assert body["results"][4]["detail"] == "UPDATE_USER_EMAIL_ALREADY_EXISTS"


def test_all_or_none_changes_everybody_or_nobody(stack):
    client = stack.client
    one, two = client.register(), client.register()
    password = "another horse 9"

    answer = change(client, [
        {"id": one["id"], "password": password},
        {"id": two["id"], "email": one["email"]}], all_or_none=True)
    assert statuses(detail(answer)) == [424, 400]
    assert client.login(one["email"])
    answer = change(client, [
        {"id": one["id"], "password": password},
        {"id": two["id"], "is_verified": True}], all_or_none=True)
    assert statuses(answer.json()) == [200, 200]
    assert client.login(one["email"], password)


def test_a_batch_is_bounded_and_its_form_is_judged(house, db):
    client = house.get(db, settings=("admin.batch_limit=3",)).client

    assert create(client, [fresh() for _ in range(3)]).status_code == 200
    answer = create(client, [fresh() for _ in range(4)])
    assert (answer.status_code, detail(answer)) == (413, "Content Too Large")
    for body, fault in (({}, "missing"), ({"users": 1}, "list_type"),
                        ({"users": []}, "too_short"),
                        ({"users": [{}] * 1001}, "too_long"),
                        ({"users": [{}], "all_or_none": "?"},
                         "bool_parsing")):
        for method in (client.post, client.patch):
            answer = method("/users/batch", token=client.admin(), json=body)
            assert answer.status_code == 422
            assert [f["type"] for f in detail(answer)] == [fault]


def test_nobody_but_a_superuser_sends_a_batch(stack):
    client = stack.client
    user, token = client.newcomer()
    body = {"users": [fresh(), {"id": user["id"], "is_superuser": True}]}

    for method in (client.post, client.patch):
        assert method("/users/batch", json=body).status_code == 401
        assert method("/users/batch", token=token,
                      json=body).status_code == 403
    assert client.get("/users/me", token=token).json() == user


def test_a_batch_takes_configured_fields_and_numbers_for_ids(house, db):
    client = house.get(db, settings=CUSTOM).client

    made = create(client, [fresh(first_name="Ada", note="x"), fresh()]).json()
    assert statuses(made) == [201, 422]
    ada = made["results"][0]["user"]
    assert (ada["first_name"], ada["note"]) == ("Ada", "x")
    body = change(client, [{"id": ada["id"], "age": 5},
                           {"id": str(ada["id"]), "note": "y"},
                           {"id": 10 ** 30}, {"id": 1.5}]).json()
    assert statuses(body) == [200, 200, 404, 404]
    assert body["results"][1]["user"] == {**ada, "age": 5, "note": "y"}


@pytest.mark.parametrize("schema", ["UserBatchCreate", "UserBatchUpdate",
                                    "UserBatchUpdateItem", "UserBatch",
                                    "UserBatchResult"])
def test_a_batch_is_described(stack, schema):
    document = stack.client.get("/openapi.json").json()

    assert document["components"]["schemas"][schema]["title"] == schema
    described = document["paths"]["/users/batch"]
    assert set(described) == {"post", "patch"}
    assert "412" not in described["patch"]["responses"]
