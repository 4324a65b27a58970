# SPDX-License-Identifier: MIT
"""Bad input: every byte string gets its 4xx, and the worker lives on.

That no worker died is checked for each test here, and for every shared stack
at the end of the run.
"""

import json
import random

import pytest

from client import PASSWORD, Client, new_email
from served import WEB

JSON_TYPE = (b"Content-Type", b"application/json")
FORM_TYPE = (b"Content-Type", b"application/x-www-form-urlencoded")


@pytest.fixture(autouse=True)
def workers_survive(stack):
    before = stack.worker_pids()
    assert before or not stack.web.pooled
    yield
    assert stack.worker_pids() == before
    assert Client(stack).get("/healthz").status_code == 200


def is_refusal(status, headers, body):
    """A 4xx of ours, or of the web server where it does not pass it on."""
    if not 400 <= status <= 499:
        return False
    if not WEB.speaks_json and headers["Content-Type"].startswith("text/html"):
        return True
    return (headers["Content-Type"] == "application/json"
            and list(json.loads(body)) == ["detail"])


BAD_BYTES = [b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff\xfe", b"\xc0\xaf",
             b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"%00", b"%ff",
             b"'; DROP TABLE \"user\"; --", b"%n%n%n%s", b"${jndi:x}",
             b"A" * 12000]


@pytest.mark.parametrize("value", BAD_BYTES, ids=lambda v: repr(v[:12]))
def test_strange_bytes_in_headers_are_refused(client, value):
    """V11, V70."""
    for name in (b"Authorization", b"Cookie", b"Origin", b"Content-Type",
                 b"X-Forwarded-For", b"X-Anything"):
        for prefix in (b"", b"Bearer ", b"fastapiusersauth="):
            got = client.raw_request(b"PATCH", headers=[(name,
                                                         prefix + value)])
            assert is_refusal(*got), (name, prefix, got)


@pytest.mark.parametrize("value", BAD_BYTES, ids=lambda v: repr(v[:12]))
def test_strange_bytes_in_paths_are_refused(client, value):
    """V74."""
    token = client.admin().encode()
    for path in (b"/users/", b"/", b"/auth/", b"/auth/jwt/"):
        got = client.raw_request(path=path + value.replace(b" ", b"%20"),
                                 headers=[(b"Authorization",
                                           b"Bearer " + token)])
        assert is_refusal(*got), (path, got)


@pytest.mark.parametrize("value", BAD_BYTES, ids=lambda v: repr(v[:12]))
def test_strange_bytes_in_queries_change_nothing(client, value):
    status, _, _ = client.raw_request(
        path=b"/healthz?" + value.replace(b" ", b"%20"))

    # 414: Apache takes lines of 8190 bytes.
    assert status in (200, 400) or (status == 414 and len(value) > 8000)


def test_login_with_strange_bytes_finds_nobody(client):
    """V32, V33."""
    for value in BAD_BYTES:
        for name in (b"username", b"password"):
            body = b"username=a&password=b&" + name + b"=" + value
            got = client.raw_request(b"POST", b"/auth/bearer/login",
                                     [FORM_TYPE], body)
            assert is_refusal(*got), (value[:12], got)


BAD_JSON = [
    b"", b" ", b"{", b"}", b"[", b"nul", b"null", b"[]", b"1", b'"x"', b"true",
    b"{}", b"{}{}", b'{"email"', b'{"email":}', b"{'email':1}", b"\xff",
    b"\xef\xbb\xbf{", b'{"a":"\\ud800"', b"[" * 100000, b'{"a":' * 50000,
    b"9" * 5000, b"-", b"1e999", b"NaN", b"\x00", b'{"email":"a\x00b"}',
    b'{"email":"\\u0000"', b"//", b'{"a":1,}', b'{"a":01}', b"\x0c{}",
    b'{"\\u0065mail": 1}', b'"' + b"a" * 100000 + b'"',
]


def test_bodies_that_are_no_registration_are_refused(client):
    for body in BAD_JSON:
        # Without any length lighttpd answers 411.
        told = [] if body else [(b"Content-Length", b"0")]
        got = client.raw_request(b"POST", b"/auth/register",
                                 [JSON_TYPE, *told], body)
        assert got[0] in (400, 422) and is_refusal(*got), (body[:20], got)


BAD_VALUES = [None, 1, 1.5, True, [], {}, [[]], "", "x", "a@", "@b.co",
              "a@b", "a@b..co", "a@localhost", "a\0b@example.com",
              "a\ud800@example.com", "a\r\nBcc: x@y.zz\r\n@example.com",
              "x" * 255 + "@example.com", "a@" + "b" * 300 + ".com",
              "a@b.co\n", "a@b.co\0", "\u202ea@b.co", "'--@b c.co"]


@pytest.mark.better(5)
def test_what_is_no_address_is_422_and_not_stored(client):
    """V38, V39, V43."""
    for value in BAD_VALUES:
        body = json.dumps({"email": value, "password": PASSWORD}).encode()
        got = client.raw_request(b"POST", b"/auth/register", [JSON_TYPE],
                                 body)
        assert got[0] == 422 and is_refusal(*got), (value, got)
        entry, = json.loads(got[2])["detail"]
        assert entry["loc"] == ["body", "email"]


@pytest.mark.better(5)
def test_what_is_no_password_is_refused_and_not_cut(client):
    for value in (None, 1, [], {}, "correct\0horse 8", "\ud800 surrogate"):
        body = json.dumps({"email": new_email(), "password": value}).encode()
        got = client.raw_request(b"POST", b"/auth/register", [JSON_TYPE],
                                 body)
        assert got[0] == 422 and is_refusal(*got), (value, got)


def test_a_password_is_taken_whole(client):
    long = "p\u00e4ssw\u00f6rd \U0001f40e " * 40
    email = client.register(password=long)["email"]

    assert client.login(email, long)
    assert client.try_login(email, long[:-1]).status_code == 400
    assert client.try_login(email, long[:72]).status_code == 400
    assert client.try_login(email, long + "\0").status_code == 422


@pytest.mark.better(11)
def test_a_password_beyond_measure_is_refused(client):
    """V28."""
    for size in (5000, 500000):
        answer = client.post("/auth/register", json={
            "email": new_email(), "password": "x" * size})
        assert answer.status_code == 400
        assert answer.json()["detail"]["code"] == "REGISTER_INVALID_PASSWORD"
        assert client.try_login(new_email(), "x" * size).status_code == 400


def test_an_update_with_bad_values_changes_nothing(client):
    user, token = client.newcomer()

    for name in ("email", "password"):
        for value in (1, [], {}, "a\0b@example.com", True):
            answer = client.patch("/users/me", token=token,
                                  json={name: value})
            assert answer.status_code == 422, (name, value)
    for name in ("is_active", "is_superuser", "is_verified"):
        for value in ("maybe", 2, [], {}, 1.5):
            answer = client.patch(f"/users/{user['id']}", json={name: value},
                                  token=client.admin())
            assert answer.status_code == 422, (name, value)
    assert client.get("/users/me", token=token).json() == user
    assert client.try_login(user["email"]).status_code == 200


def test_content_lengths_that_lie_are_refused(client):
    for value in (b"-1", b"x", b"1e3", b"99999999999999999999", b"0x10",
                  b"+5", b"5 5"):
        got = client.raw(b"POST /auth/register HTTP/1.1\r\nHost: x\r\n"
                         b"Connection: close\r\nContent-Length: " + value
                         + b"\r\n\r\n{}")
        assert 400 <= got[0] <= 499, (value, got)


def test_a_multipart_form_that_is_none_is_refused(client):
    email = client.register()["email"].encode()
    part = (b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\n'
            + email + b"\r\n")
    for kind, body in (
            (b"multipart/form-data", part), (b"multipart/form-data; boundary=",
                                             part),
            (b"multipart/form-data; boundary=b", part),
            (b"multipart/form-data; boundary=b", part[:30]),
            (b"multipart/form-data; boundary=b", b"--b\r\n" * 5000),
            (b"multipart/form-data; boundary=b", b"\x00" * 1000),
            (b"multipart/form-data; boundary=" + b"b" * 5000, part),
            (b"multipart/form-data; boundary=b", part * 2000)):
        got = client.raw_request(b"POST", b"/auth/bearer/login",
                                 [(b"Content-Type", kind)], body)
        assert got[0] in (400, 422) and is_refusal(*got), (kind, got)


def shuffled(random_, good):
    """A mutation of good bytes."""
    data = bytearray(good)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(data) + 1)
        kind = random_.randrange(4)
        if kind == 0:
            data[at:at] = random_.randbytes(random_.randint(1, 20))
        elif kind == 1:
            del data[at:at + random_.randint(1, 10)]
        elif kind == 2 and at < len(data):
            data[at] = random_.randrange(256)
        else:
            data[at:at] = data[:random_.randint(1, 40)]
    return bytes(data)


@pytest.mark.parametrize("seed", range(8))
def test_mutations_of_good_requests_never_shake_it(client, seed):
    random_ = random.Random(seed)
    token = client.newcomer()[1].encode()
    email = new_email().encode()
    good = [
        (b"POST", b"/auth/register", [JSON_TYPE],
         b'{"email":"%s","password":"%s"}' % (email, PASSWORD.encode())),
        (b"POST", b"/auth/jwt/login", [FORM_TYPE],
         b"username=%s&password=%s&scope=a" % (email, b"correct+horse+8")),
        (b"PATCH", b"/users/me", [JSON_TYPE, (b"Authorization",
                                              b"Bearer " + token)],
         b'{"email":"%s","is_active":false}' % email),
        (b"GET", b"/users/me?x=y", [(b"Cookie",
                                     b"a=b; fastapiusersauth=" + token)],
         b""),
    ]
    for _ in range(60):
        method, path, headers, body = random_.choice(good)
        what = random_.randrange(3)
        if what == 0 and body:
            body = shuffled(random_, body)
        elif what == 1:
            path = b"/" + shuffled(random_, path[1:]).replace(
                b" ", b"").replace(b"\r", b"").replace(b"\n", b"")
        else:
            headers = [(n, shuffled(random_, v).replace(b"\r", b"").replace(
                b"\n", b"")) for n, v in headers]

        status, _, answer = client.raw_request(method, path, headers, body)

        assert status < 500, (seed, method, path, headers, body, answer)
