# SPDX-License-Identifier: MIT
"""What superusers do to all users: lists, searches, creation."""

import base64
import json
import secrets

import pytest

from client import PASSWORD, detail, new_email
from custom import CUSTOM
from served import CONTROL

OFF = ("admin.routes=false",)


def faults(answer):
    assert answer.status_code == 422, answer.text
    return [(f["loc"], f["type"]) for f in detail(answer)]


def listed(client, **query):
    answer = client.get("/users", token=client.admin(), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def walk(client, **query):
    """All pages, by the Link header as curl users go."""
    users, url, pages = [], None, 0
    answer = client.get("/users", token=client.admin(), params=query)
    while True:
        assert answer.status_code == 200, answer.text
        users += answer.json()["items"]
        pages += 1
        link = answer.links.get("next")
        assert (link is None) == (answer.json()["next"] is None)
        if link is None:
            return users, pages
        url = link["url"]
        assert url.startswith(client.url + "/users?")
        answer = client.get(url[len(client.url):], token=client.admin())


@pytest.fixture(scope="module")
def crowd(house, db):
    """(client, tag, users): a dozen whose addresses hold the tag."""
    client = house.get(db).client
    tag = f"Crowd{secrets.token_hex(4)}"
    users = []
    for i in range(12):
        answer = client.post("/users", token=client.admin(), json={
            "email": f"{'zyxwvutsrqpo'[i]}.{tag}@example.org",
            "password": PASSWORD, "is_active": i % 2 == 0,
            "is_verified": i % 3 == 0})
        assert answer.status_code == 201, answer.text
        users.append(answer.json())
    return client, tag, users


def test_a_page_shows_users_as_their_own_route_does(crowd):
    client, tag, users = crowd

    page = listed(client, search=tag, limit=1)

    assert list(page) == ["items", "next"]
    shown = page["items"][0]
    assert shown in users
    assert shown == client.get(f"/users/{shown['id']}",
                               token=client.admin()).json()


@pytest.mark.parametrize("sort, key, down", [
    ("id", "id", False), ("-id", "id", True),
    ("email", "email", False), ("-email", "email", True)])
def test_pages_follow_each_other_without_gap_or_repeat(crowd, sort, key, down):
    client, tag, users = crowd

    found, pages = walk(client, search=tag.upper(), sort=sort, limit=5)

    assert pages == 3
    assert found == sorted(users, key=lambda u: u[key], reverse=down)


def test_a_page_that_is_just_full_is_the_last(crowd):
    client, tag, users = crowd

    assert listed(client, search=tag, limit=12)["next"] is None
    assert len(listed(client, search=tag, limit=11)["items"]) == 11


def test_users_who_come_and_go_between_pages_shift_nobody(house, db):
    client = house.get(db).client
    tag = secrets.token_hex(5)
    made = {letter: client.register(f"{letter}.{tag}@example.org")
            for letter in "bdfh"}
    first = listed(client, search=tag, sort="email", limit=2)

    client.register(f"a.{tag}@example.org")
    client.register(f"e.{tag}@example.org")
    client.delete(f"/users/{made['d']['id']}", token=client.admin())
    second = listed(client, search=tag, sort="email", limit=9,
                    cursor=first["next"])

    assert [u["email"][0] for u in first["items"]] == ["b", "d"]
    assert [u["email"][0] for u in second["items"]] == ["e", "f", "h"]


def test_filters_hold_together(crowd):
    client, tag, users = crowd

    for query in ({"is_active": True}, {"is_active": False},
                  {"is_verified": True, "is_active": False},
                  {"is_superuser": True}):
        found = listed(client, search=tag, limit=100, **query)["items"]
        assert sorted(u["id"] for u in found) == sorted(
            u["id"] for u in users
            if all(u[name] == wanted for name, wanted in query.items()))


def test_an_address_finds_its_user_in_any_case_and_nobody_else(crowd):
    client, tag, users = crowd

    for email in (users[3]["email"], users[3]["email"].upper()):
        page = listed(client, email=email, count=True)
        assert page == {"items": [users[3]], "next": None, "count": 1,
                        "count_is_exact": True}
    assert listed(client, email=tag)["items"] == []
    assert listed(client, email=users[3]["email"],
                  is_active=True)["items"] == []


def test_a_search_means_its_characters_as_they_are(house, db):
    client = house.get(db).client
    tag = secrets.token_hex(5)
    for name in ("a_b", "axb", "a%b", "a!b", "a'b"):
        client.register(f"{name}.{tag}@example.org")

    for name in ("a_b", "a%b", "a!b", "a'b"):
        found = listed(client, search=f"{name}.{tag}")["items"]
        assert [u["email"] for u in found] == [f"{name}.{tag}@example.org"]
    assert listed(client, search=f"{tag}' OR '1'='1")["items"] == []
    assert listed(client, search=f"{tag}\\")["items"] == []


def test_counting_is_asked_for_and_has_an_end(house, db, crowd):
    client, tag, _ = crowd
    bounded = house.get(db, settings=("admin.count_limit=3",
                                      "admin.page_limit=2")).client

    assert "count" not in listed(client, search=tag)
    page = listed(client, search=tag, limit=1, count=True)
    assert (page["count"], page["count_is_exact"]) == (12, True)
    for i in range(3):
        bounded.register(f"{i}.bounded{secrets.token_hex(4)}@example.org")
    page = listed(bounded, count=True, limit=1000)
    assert (page["count"], page["count_is_exact"]) == (3, False)
    assert len(page["items"]) == 2


def forge(text):
    data = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_a_cursor_that_was_made_up_is_refused_or_only_begins_elsewhere(crowd):
    client, tag, users = crowd
    by_email = listed(client, search=tag, sort="email", limit=2)["next"]

    for cursor in ("x", "!", "a" * 4097, by_email + "=", by_email + "A",
                   forge("id"), forge("id "), forge("id nobody"),
                   forge("id 1 OR 1=1"), forge("email"), forge("-id x"),
                   forge(b"id \xff"), forge(b"id \0"), forge("")):
        answer = client.get("/users", token=client.admin(),
                            params={"cursor": cursor})
        assert faults(answer)[0][0] == ["query", "cursor"], cursor
    assert faults(client.get("/users", token=client.admin(), params={
        "cursor": by_email}))[0][0] == ["query", "cursor"]
    page = listed(client, search=tag, sort="email",
                  cursor=forge("email ' OR 1=1 --"), limit=100)
    assert {u["id"] for u in page["items"]} == {u["id"] for u in users}


def test_what_a_list_does_not_know_is_refused_and_all_faults_are_told(stack):
    client = stack.client

    answer = client.get("/users", token=client.admin(), params={
        "is_activ": "true", "limit": "0", "sort": "hashed_password",
        "is_verified": "maybe", "count": ""})

    assert sorted(faults(answer)) == sorted([
        (["query", "limit"], "greater_than_equal"),
        (["query", "sort"], "literal_error"),
        (["query", "count"], "bool_parsing"),
        (["query", "is_verified"], "bool_parsing"),
        (["query", "is_activ"], "extra_forbidden")])
    for name in ("hashed_password", "id", "password", "u.email"):
        answer = client.get("/users", token=client.admin(),
                            params={name: "x"})
        assert faults(answer) == [(["query", name], "extra_forbidden")]


@pytest.mark.parametrize("query", [
    "search=%ff", *(pytest.param(query, marks=CONTROL)
                    for query in ("search=%00", "email=a%00b"))])
def test_what_no_text_holds_is_not_searched_for(client, query):
    assert client.get("/users?" + query,
                      token=client.admin()).status_code == 422


def test_nobody_but_a_superuser_sees_or_makes_users(crowd):
    client, tag, users = crowd
    plain, token = client.newcomer()

    for method, path, more in (
            ("GET", "/users", {"params": {"search": tag}}),
            ("GET", "/users", {"params": {"cursor": "junk"}}),
            ("POST", "/users", {"json": {"email": new_email(),
                                         "password": PASSWORD}}),
            ("POST", "/users", {"json": {}})):
        answer = client.request(method, path, **more)
        assert (answer.status_code, detail(answer)) == (401, "Unauthorized")
        answer = client.request(method, path, token=token, **more)
        assert (answer.status_code, detail(answer)) == (403, "Forbidden")
        assert "Link" not in answer.headers
    for user in users:
        assert user["email"] not in client.get("/users", token=token).text


def test_a_created_user_is_what_the_flags_say(stack):
    client = stack.client
    email = new_email("Made")

    answer = client.post("/users", token=client.admin(), json={
        "email": email, "password": PASSWORD, "is_superuser": True,
        "is_verified": True, "id": 5, "hashed_password": "x"})

    assert answer.status_code == 201
    user = answer.json()
    assert (user["is_active"], user["is_superuser"], user["is_verified"]) == (
        True, True, True)
    assert answer.headers["Location"] == f"/users/{user['id']}"
    assert client.get("/users", token=client.login(email)).status_code == 200
    answer = client.post("/users", token=client.admin(), json={
        "email": email.upper(), "password": PASSWORD})
    assert (answer.status_code, detail(answer)) == (
        400, "REGISTER_USER_ALREADY_EXISTS")
    answer = client.post("/users", token=client.admin(), json={
        "email": new_email(), "password": "short"})
    assert detail(answer)["code"] == "REGISTER_INVALID_PASSWORD"
    answer = client.post("/users", token=client.admin(), json={
        "email": "nobody", "is_active": "maybe"})
    assert [f["loc"] for f in detail(answer)] == [
        ["body", "email"], ["body", "password"], ["body", "is_active"]]


def test_somebody_inactive_can_be_created_and_cannot_sign_in(stack):
    client = stack.client
    email = new_email()

    client.post("/users", token=client.admin(), json={
        "email": email, "password": PASSWORD, "is_active": False})

    assert detail(client.try_login(email)) == "LOGIN_BAD_CREDENTIALS"


def test_configured_fields_are_filters_and_superusers_set_theirs(house, db):
    client = house.get(db, settings=CUSTOM).client
    tag = secrets.token_hex(4)
    device = "0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a"
    full = {"first_name": "Ada", "age": 36, "height": 1.5, "newsletter": True,
            "born": "1815-12-10", "seen": "2020-01-01T10:20:30+02:00",
            "device": device, "color": "green", "note": "owes"}
    made = {}
    for name, fields in (("full", full), ("bare", {"first_name": "Bob"})):
        answer = client.post("/users", token=client.admin(), json={
            "email": f"{name}.{tag}@example.org", "password": PASSWORD,
            **fields})
        assert answer.status_code == 201, answer.text
        made[name] = answer.json()
    assert made["full"]["note"] == "owes"

    for name, value in full.items():
        value = json.dumps(value).strip('"')
        found = listed(client, search=tag, **{name: value})["items"]
        assert [u["id"] for u in found] == [made["full"]["id"]], name
    for name in ("age", "height", "born", "seen", "device"):
        found = listed(client, search=tag, **{name: ""})["items"]
        assert [u["id"] for u in found] == [made["bare"]["id"]], name
    answer = client.get("/users", token=client.admin(), params={
        "age": "old", "color": "violet", "newsletter": ""})
    assert sorted(f["loc"][1] for f in detail(answer)) == [
        "age", "color", "newsletter"]
    assert listed(client, search=tag, sort="-id", limit=1)["items"] == [
        made["bare"]]


def test_it_can_be_switched_off(house, db):
    client = house.get(db, settings=OFF).client

    for method in ("GET", "POST"):
        answer = client.request(method, "/users", token=client.admin())
        assert (answer.status_code, detail(answer)) == (404, "Not Found")
    assert "/users" not in client.get("/openapi.json").json()["paths"]


def test_the_list_is_described(stack):
    document = stack.client.get("/openapi.json").json()

    described = document["paths"]["/users"]
    names = [p["name"] for p in described["get"]["parameters"]]
    assert names[:4] == ["limit", "cursor", "sort", "count"]
    page = document["components"]["schemas"]["UserPage"]["properties"]
    assert page["items"]["items"] == {"$ref": "#/components/schemas/UserRead"}
    assert set(described["post"]["responses"]) == {
        "201", "400", "401", "403", "409", "422"}


def test_a_list_works_below_a_mount(house, db):
    client = house.get(db, mount="/account").client
    for _ in range(2):
        client.register()

    users, pages = walk(client, limit=1)
    assert pages == len(users) >= 3


def test_an_api_key_reads_and_makes_users_and_never_a_superuser(house, db):
    client = house.get(db, settings=("api_keys.enabled=true",
                                     "users.delete_me=true")).client
    me = client.get("/users/me", token=client.admin()).json()
    keys = {scope: client.post(
        "/users/me/keys", token=client.admin(),
        json={"name": "x", "scope": scope}).json()["key"]
        for scope in ("users:read", "users:write", "me:read me:write")}
    reads, writes, own = keys.values()

    def made(**flags):
        return {"email": new_email(), "password": PASSWORD, **flags}

    assert client.get("/users", token=reads).status_code == 200
    assert client.get("/users", token=writes).status_code == 403
    assert client.post("/users", token=reads, json=made()).status_code == 403
    assert client.get("/users", token=own).status_code == 403
    assert client.delete("/users/me", token=own).status_code == 403
    answer = client.post("/users", token=writes, json=made(is_verified=True))
    assert answer.status_code == 201
    answer = client.post("/users", token=writes, json=made(is_superuser=True))
    assert (answer.status_code, detail(answer)) == (403, "Forbidden")
    answer = client.post("/users/batch", token=writes, json={"users": [
        made(is_superuser=True), made()]})
    assert [r["status"] for r in answer.json()["results"]] == [403, 201]
    answer = client.patch("/users/batch", token=writes, json={"users": [
        {"id": me["id"], "is_active": False},
        {"id": answer.json()["results"][1]["user"]["id"],
         "is_superuser": True}]})
    assert [r["status"] for r in answer.json()["results"]] == [403, 403]
