# SPDX-License-Identifier: MIT
"""Routing, mounting and the ways of the web server."""

import json
import os
import re

import pytest
import stack as stacks

from client import PASSWORD, detail, new_email
from served import WEB, servers


def test_an_unknown_path_is_not_found(client):
    for path in ("/", "/nowhere", "/user", "/users//me", "/Users/me",
                 "/auth/jwt", "/auth/nobody/login"):
        answer = client.get(path)
        assert (answer.status_code, detail(answer)) == (404, "Not Found"), path


@pytest.mark.better(16)
def test_a_wrong_method_is_told_the_right_ones(client):
    answer = client.request("PUT", "/users/me")

    assert answer.status_code == 405
    assert detail(answer) == "Method Not Allowed"
    allowed = {m.strip() for m in answer.headers["Allow"].split(",")}
    assert {"GET", "PATCH"} <= allowed


@pytest.mark.better(6)
def test_head_works_wherever_get_does(client):
    _, token = client.newcomer()

    got = client.get("/users/me", token=token)
    head = client.request("HEAD", "/users/me", token=token)

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(got.content))


def test_a_trailing_slash_is_sent_on(client):
    answer = client.get("/users/me/?a=b")

    assert answer.status_code == 307
    assert answer.headers["Location"] == f"{client.url}/users/me?a=b"


def test_malformed_json_comes_before_authentication(client):
    answer = client.patch("/users/me", data="{", headers={
        "Content-Type": "application/json"})

    assert answer.status_code == 422
    assert detail(answer)[0]["type"] == "json_invalid"


def test_authentication_comes_before_the_schema(client):
    assert client.patch("/users/me", json={"email": 1}).status_code == 401


def test_permission_comes_before_existence(client):
    _, token = client.newcomer()
    path = "/users/00000000-0000-4000-8000-000000000000"

    assert client.get(path).status_code == 401
    assert client.get(path, token=token).status_code == 403
    assert client.get(path, token=client.admin()).status_code == 404
    assert client.get("/users/x", token=client.admin()).status_code == 404
    assert client.patch(path, token=client.admin(),
                        json={"email": 1}).status_code == 404


def test_an_id_is_understood_in_every_spelling(client):
    user = client.register()
    number = user["id"]

    for spelling in (number.upper(), number.replace("-", ""),
                     f"%7B{number}%7D", f"urn:uuid:{number}"):
        answer = client.get(f"/users/{spelling}", token=client.admin())
        assert answer.json() == user


def test_a_request_id_reaches_the_log(house, db):
    stack = house.get(db, settings=("server.trust_request_id=true",))

    assert stack.client.get("/users/me").status_code == 401

    # nginx makes the id; a client's own is not taken.
    assert stack.client.get("/users/me", headers={
        "X-Request-Id": "of-the-clients-choice"}).status_code == 401
    assert "of-the-clients-choice" not in stack.program_log()


@pytest.mark.parametrize("server", servers("nginx", "apache-cgi"))
def test_everything_works_under_a_prefix(house, db, server):
    client = house.get(db, server, mount="/account").client
    assert client.url.endswith("/account")

    user, token = client.newcomer()
    cookie = client.login_cookie(user["email"])

    assert client.get("/users/me", token=token).json() == user
    assert client.get("/users/me", cookie=cookie).json() == user
    assert client.patch("/users/me", token=token,
                        json={}).json() == user
    assert client.get(f"/users/{user['id']}",
                      token=client.admin()).json() == user
    answer = client.get("/users/me/")
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"{client.url}/users/me"


def test_pools_listen_on_addresses_as_well_as_on_paths(new_stack, db):
    stack = new_stack(db, settings=[
        f"pool.{pool}.socket=127.0.0.1:{stacks.free_port()}"
        for pool in ("api", "password")])

    user, token = stack.client.newcomer()

    assert stack.client.get("/users/me", token=token).json() == user


def test_nothing_answers_beside_the_prefix(house, db):
    client = house.get(db, mount="/account").client

    status, _, _ = client.raw_request(path=b"/healthz")

    assert status == 404


def test_the_web_server_buffers_chunked_bodies(client):
    email = new_email()

    def chunks():
        yield b'{"email":"%s",' % email.encode()
        yield b'"password":"%s"}' % PASSWORD.encode()

    answer = client.post("/auth/register", data=chunks(), headers={
        "Content-Type": "application/json"})

    assert answer.status_code == 201
    assert answer.json()["email"] == email


def test_a_body_over_the_web_servers_limit_is_413(client):
    answer = client.post("/auth/register", data=b"x" * (2 << 20), headers={
        "Content-Type": "application/json"})

    assert (answer.status_code, detail(answer)) == (413, "Content Too Large")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.better(11)
@pytest.mark.parametrize("server", servers("nginx", "nginx-fd0", "apache-cgi"))
def test_a_body_over_the_programs_limit_arrives_as_413(house, db, server):
    client = house.get(db, server,
                       settings=("server.body_limit=2048",)).client

    for size in (2049, 4096, 8000):
        answer = client.post("/auth/register", data=b"x" * size, headers={
            "Content-Type": "application/json"})
        assert answer.status_code == 413
        assert detail(answer) == "Content Too Large"
    assert client.register()


@pytest.mark.parametrize("server", servers("nginx", "apache-cgi"))
def test_a_body_far_over_the_limit_gets_its_413_whole(house, db, server):
    client = house.get(db, server).client

    for size in (1536 << 10, 3 << 20, 30 << 20):
        answer = client.post("/auth/register", data=b"x" * size, headers={
            "Content-Type": "application/json"})
        assert answer.status_code == 413, size
    assert client.register()


def test_robots_are_kept_away(client):
    with open(os.path.join(stacks.TOP, "www", "robots.txt"), "rb") as f:
        wanted = f.read()

    answer = client.get("/robots.txt")

    assert (answer.status_code, answer.content) == (200, wanted)
    assert answer.headers["Content-Type"] == "text/plain"


def test_the_least_memory_allowed_answers_the_worst_body(house, db):
    stack = house.get(db, settings=("server.body_limit=16384",
                                    "server.memory_per_request=1048576"))
    before = stack.worker_pids()

    for body, kind in ((b"\x01" * 16384, "text/plain"),
                       (b"username=" + b"\x01" * 16375,
                        "application/x-www-form-urlencoded"),
                       (b'{"email":["' + b"\x7f" * 16370 + b'"]}',
                        "application/json"),
                       (b"[1" + b",1" * 8190 + b"]", "application/json")):
        answer = stack.client.post("/auth/register", data=body,
                                   headers={"Content-Type": kind})
        assert answer.status_code == 422, answer.text[:80]
    assert stack.worker_pids() == before


@pytest.mark.about("pool", "its log")
@pytest.mark.parametrize("format", ["text", "json"])
def test_an_answer_beyond_the_memory_is_told_like_all_events(
        new_stack, db, format):
    stack = new_stack(db, workers=1, settings=(
        "server.body_limit=16384", "server.memory_per_request=1048576",
        "field.notes.type=text", f"log.format={format}"))
    token = stack.client.admin()
    stack.program_command("user", "import", given="".join(json.dumps(
        {"email": f"user{i}@example.com", "hashed_password": None,
         "notes": "x" * 15000}) + "\n" for i in range(150)))

    assert stack.client.get("/users?limit=200", token=token).status_code \
        in stack.web.worker_gone

    told = [line for line in stack.read("pool.log").splitlines()
            if "out_of_memory" in line]
    assert told
    if format == "json":
        event = json.loads(told[0])
        assert event["event"] == "out_of_memory"
        assert event["bytes"] > 0 and event["request"]
    else:
        assert re.fullmatch(r"ts=\S+ level=error event=out_of_memory "
                            r"bytes=\d+ request=\S+", told[0])
    assert stacks.wait_until(lambda: stack.client.get(
        "/users/me", token=token).status_code == 200)


def test_headers_beyond_measure_are_refused(client):
    status, headers, body = client.raw_request(
        headers=[(b"Cookie", b"a" * 100000)])

    assert status == WEB.headers_too_large
    if WEB.speaks_json:
        assert headers["Content-Type"] == "application/json"
        assert (b"Request Header Fields Too Large" in body) == (status == 431)


def test_a_users_own_backend_order_decides(client):
    user, token = client.newcomer()
    other = client.register()
    cookie = client.login_cookie(other["email"])

    assert client.get("/users/me", token=token,
                      cookie=cookie).json() == other
    assert client.get("/users/me", token=token,
                      cookie="rubbish").json() == user


def test_other_prefixes_can_be_configured(house, db):
    client = house.get(db, settings=(
        "routes.auth=/identity", "routes.users=/people",
        "backend.jwt.prefix=/session")).client
    email = new_email()

    answer = client.post("/identity/register", json={
        "email": email, "password": PASSWORD})
    assert answer.status_code == 201
    answer = client.post("/session/login", data={
        "username": email, "password": PASSWORD})
    assert answer.status_code == 204
    cookie = answer.headers["Set-Cookie"].split(";")[0].partition("=")[2]
    assert client.get("/people/me", cookie=cookie).json()["email"] == email
    assert client.get("/users/me", cookie=cookie).status_code == 404


def test_only_the_verified_may_in_where_that_is_demanded(house, db):
    client = house.get(db, settings=(
        "backend.bearer.requires_verification=true",)).client
    user = client.register()

    answer = client.try_login(user["email"])
    assert (answer.status_code,
            detail(answer)) == (400, "LOGIN_USER_NOT_VERIFIED")
    client.patch(f"/users/{user['id']}", token=client.admin(),
                 json={"is_verified": True})
    assert client.login(user["email"])
