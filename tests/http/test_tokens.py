# SPDX-License-Identifier: MIT
"""Tokens: what is accepted, what never is, and when sessions end."""

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import time

import pytest

from client import PASSWORD, access_claims, detail, encode, segment


def test_a_token_of_the_reference_with_the_same_secret_is_accepted(client):
    user = client.register()

    token = client.sign(access_claims(user))

    assert client.get("/users/me", token=token).json() == user


@pytest.mark.better(13)
def test_a_token_says_whose_it_is_and_until_when(client):
    user, token = client.newcomer()

    header, payload, _ = token.split(".")

    def part(text):
        return json.loads(base64.urlsafe_b64decode(text + "=" * 3))

    assert part(header) == {"alg": "HS256", "typ": "JWT"}
    claims = part(payload)
    assert list(claims)[:3] == ["sub", "aud", "exp"]
    assert claims["sub"] == user["id"]
    assert claims["aud"] == ["fastapi-users:auth"]
    assert abs(claims["exp"] - time.time() - 3600) < 60
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["jti"]


def forged(client, user):
    """(name, token) of everything that must be refused."""
    good = access_claims(user)
    now = int(time.time())
    token = client.sign(good)
    head, body, mark = token.split(".")
    none = [{"alg": a, "typ": "JWT"} for a in ("none", "None", "nOnE", "")]
    for header in none:
        yield f"alg {header['alg']!r}", f"{encode(header)}.{body}."
        yield f"alg {header['alg']!r} signed", client.sign(good, header)
    yield "no alg", client.sign(good, {"typ": "JWT"})
    yield "HS384", client.sign(good, {"alg": "HS384"}, hash=hashlib.sha384)
    yield "HS512", client.sign(good, {"alg": "HS512"}, hash=hashlib.sha512)
    yield "RS256 by name", client.sign(good, {"alg": "RS256"})
    yield "hs256", client.sign(good, {"alg": "hs256"})
    for key in ("", "secret", client.stack.secrets["reset"],
                client.stack.secrets["verify"], client.stack.secrets["state"],
                client.stack.secrets["jwt"] + "\n"):
        yield f"key {key[:8]!r}", client.sign(good, key=key)
    for name in ("crit", "b64"):
        yield name, client.sign(good, {"alg": "HS256", name: ["x"]})
    yield "expired", client.sign({**good, "exp": now - 1})
    yield "not yet", client.sign({**good, "nbf": now + 3600})
    yield "no exp", client.sign({k: good[k] for k in ("sub", "aud")})
    for value in ("1e999", "-1e999", "null", "true", '"x"', "[]", "{}",
                  "9" * 400, "1.5e3", "-1"):
        yield f"exp {value[:9]}", client.sign(
            '{"sub":"%s","aud":["fastapi-users:auth"],"exp":%s}'
            % (user["id"], value))
    for aud in ("fastapi-users:reset", "fastapi-users:aut", "", [], [1], None,
                "fastapi-users:auth ", "FASTAPI-USERS:AUTH", {},
                ["fastapi-users:verify"], ["fastapi-users:auth", 1]):
        yield f"aud {aud!r}", client.sign({**good, "aud": aud})
    yield "no aud", client.sign({k: good[k] for k in ("sub", "exp")})
    for sub in ("", "x", None, 1, [user["id"]],
                "00000000-0000-4000-8000-000000000000", user["id"] + "\0"):
        yield f"sub {sub!r}", client.sign({**good, "sub": sub})
    yield "members twice", client.sign(
        '{"sub":"%s","aud":["fastapi-users:auth"],"exp":1,"exp":%d}'
        % (user["id"], now + 60))
    yield "payload is no object", client.sign("[]")
    yield "payload is no JSON", client.sign("{")
    yield "payload is no UTF-8", client.sign(b'{"sub":"\xff"}')
    yield "padded", token + "="
    yield "one part more", token + ".x"
    yield "one part less", f"{head}.{body}"
    yield "empty parts", ".."
    yield "a blank inside", f"{head}. {body}.{mark}"
    yield "a stray letter", f"{head}.{body}!.{mark}"
    yield "signature cut", token[:-1]
    yield "signature of none", f"{head}.{body}."
    letters = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
               "0123456789-_")
    last = letters[letters.index(mark[-1]) ^ 1]
    yield "another spelling", f"{head}.{body}.{mark[:-1]}{last}"
    yield "long", "a" * 8000
    yield "long payload", client.sign({**good, "x": "y" * 5000})
    yield "deep", client.sign('{"a":' + "[" * 2000)
    for kid in ("../../etc/passwd", "' OR 1=1 --", "http://127.0.0.1/", "\0"):
        yield f"kid {kid!r} with its own key", client.sign(
            good, {"alg": "HS256", "kid": kid}, key="x" * 32)


@pytest.mark.better(10)
def test_no_forged_or_malformed_token_opens_anything(client):
    """V1, V5 to V10."""
    user = client.register()

    for name, token in forged(client, user):
        for how in ({"token": token}, {"cookie": token}):
            answer = client.get("/users/me", **how)
            assert (answer.status_code,
                    detail(answer)) == (401, "Unauthorized"), name


def test_a_key_pairs_public_half_signs_nothing(client, tmp_path):
    """V1, V2."""
    user = client.register()
    pem = tmp_path / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", pem, "2048"], check=True,
                   capture_output=True)
    public = subprocess.run(["openssl", "rsa", "-in", pem, "-pubout"],
                            check=True, capture_output=True).stdout

    token = client.sign(access_claims(user), {"alg": "HS256"}, key=public)

    assert client.get("/users/me", token=token).status_code == 401


def test_the_authorization_header_is_read_as_in_the_reference(client):
    """V11."""
    user, token = client.newcomer()

    def me(value):
        return client.get("/users/me", headers={"Authorization": value})

    for good in (f"Bearer {token}", f"bearer {token}", f"BEARER {token}"):
        assert me(good).json() == user
    for bad in ("Bearer", "Bearer ", token, f"Basic {token}",
                f"Bearer{token}", f"Bearer\t{token}", f"Bearer {token} x",
                f"Bearer {token},{token}", f"Token {token}"):
        assert me(bad).status_code == 401, bad


def test_the_last_cookie_of_the_name_counts(client):
    """V71."""
    user = client.register()
    cookie = client.login_cookie(user["email"])

    def me(text):
        return client.get("/users/me", headers={"Cookie": text}).status_code

    assert me(f"a=b; fastapiusersauth={cookie}; c=d") == 200
    assert me(f"fastapiusersauth=x;fastapiusersauth={cookie}") == 200
    assert me(f"fastapiusersauth={cookie};fastapiusersauth=x") == 401
    assert me(f'fastapiusersauth="{cookie}"') == 200
    assert me(f"FASTAPIUSERSAUTH={cookie}") == 401
    assert me(f"fastapiusersauth{cookie}") == 401


@pytest.mark.better(4)
def test_logging_out_ends_the_token_itself_and_no_other(client):
    user, token = client.newcomer()
    other = client.login(user["email"])

    assert client.post("/auth/bearer/logout", token=token).status_code == 204

    assert client.get("/users/me", token=token).status_code == 401
    assert client.get("/users/me", cookie=token).status_code == 401
    assert client.post("/auth/bearer/logout", token=token).status_code == 401
    assert client.get("/users/me", token=other).status_code == 200


@pytest.mark.better(4)
def test_a_new_password_ends_the_other_sessions(client):
    user, token = client.newcomer()
    other = client.login(user["email"])
    cookie = client.login_cookie(user["email"])

    answer = client.patch("/users/me", token=token,
                          json={"password": "another horse 9"})

    assert answer.status_code == 200
    assert client.get("/users/me", token=token).status_code == 200
    assert client.get("/users/me", token=other).status_code == 401
    assert client.get("/users/me", cookie=cookie).status_code == 401
    fresh = client.login(user["email"], "another horse 9")
    assert client.get("/users/me", token=fresh).status_code == 200


def test_a_superuser_setting_a_password_ends_all_sessions(client):
    user, token = client.newcomer()

    answer = client.patch(f"/users/{user['id']}", token=client.admin(),
                          json={"password": "another horse 9"})

    assert answer.status_code == 200
    assert client.get("/users/me", token=token).status_code == 401
    assert client.get("/users/me", token=client.admin()).status_code == 200


def test_a_change_without_a_password_ends_nothing(client):
    user, token = client.newcomer()
    other = client.login(user["email"])

    client.patch("/users/me", token=token, json={"password": None})
    client.patch("/users/me", token=token, json={})

    assert client.get("/users/me", token=other).status_code == 200


def test_sessions_can_last_as_in_the_reference(house, db):
    client = house.get(db, settings=(
        "sessions.password_change_ends_others=false",
        "sessions.logout_ends_jwt=false")).client
    user, token = client.newcomer()

    client.patch("/users/me", token=token,
                 json={"password": "another horse 9"})
    assert client.post("/auth/bearer/logout", token=token).status_code == 204

    assert client.get("/users/me", token=token).json() == user


def test_rights_count_as_they_are_now_not_as_they_were(client):
    """V13."""
    user, token = client.newcomer()
    path = f"/users/{user['id']}"

    client.patch(path, token=client.admin(), json={"is_superuser": True})
    assert client.get(path, token=token).status_code == 200
    client.patch(path, token=client.admin(), json={"is_superuser": False})
    assert client.get(path, token=token).status_code == 403
    client.patch(path, token=client.admin(), json={"is_active": False})
    assert client.get("/users/me", token=token).status_code == 401
    client.patch(path, token=client.admin(), json={"is_active": True})
    assert client.get("/users/me", token=token).status_code == 200


def test_secrets_rotate_the_first_signs_and_all_verify(new_stack, db):
    old, new, strange = (secrets.token_urlsafe(32) for _ in range(3))
    client = new_stack(db, settings=[
        "secrets.jwt_file=", 'secrets.jwt={"%s", "%s"}' % (new, old)]).client
    user = client.register()
    claims = access_claims(user)

    for key, status in ((old, 200), (new, 200), (strange, 401)):
        token = client.sign(claims, key=key)
        assert client.get("/users/me", token=token).status_code == status
    head, body, mark = client.login(user["email"]).split(".")
    assert segment(hmac.new(
        new.encode(), f"{head}.{body}".encode(),
        hashlib.sha256).digest()) == mark


EVIL = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://127.0.0.1.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "rubbish"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.better(8)
@pytest.mark.parametrize("headers", EVIL, ids=str)
def test_another_site_does_nothing_with_our_cookie(client, headers):
    """V72."""
    user = client.register()
    cookie = client.login_cookie(user["email"])

    for method, path in (("PATCH", "/users/me"), ("POST", "/auth/jwt/logout"),
                         ("DELETE", f"/users/{user['id']}"),
                         ("PATCH", f"/users/{user['id']}")):
        answer = client.request(method, path, cookie=cookie, headers=headers,
                                json={"password": "stolen horse 10"})
        assert (answer.status_code, detail(answer)) == (403, "Forbidden")
    assert client.get("/users/me", cookie=cookie,
                      headers=headers).json() == user
    assert client.try_login(user["email"]).status_code == 200


def test_our_own_site_and_programs_may_use_the_cookie(client):
    user = client.register()
    cookie = client.login_cookie(user["email"])

    for headers in ({}, {"Origin": client.url},
                    {"Sec-Fetch-Site": "same-origin"},
                    {"Sec-Fetch-Site": "none"}):
        answer = client.patch("/users/me", cookie=cookie, headers=headers,
                              json={})
        assert answer.status_code == 200, headers


def test_a_bearer_token_is_no_concern_of_other_sites(client):
    user, token = client.newcomer()

    answer = client.patch("/users/me", token=token, json={},
                          headers={"Origin": "https://evil.example"})

    assert answer.json() == user


def test_named_origins_are_allowed(house, db):
    client = house.get(db, settings=(
        'sessions.allowed_origins={"https://app.example.org"}',)).client
    user = client.register()
    cookie = client.login_cookie(user["email"])

    for origin, status in (("https://app.example.org", 200),
                           ("https://evil.example", 403)):
        answer = client.patch("/users/me", cookie=cookie, json={}, headers={
            "Origin": origin, "Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == status


def test_an_old_hash_works_and_is_replaced_at_login(new_stack, db):
    stack = new_stack(db)
    user = stack.client.register()
    before = stack.stored_hash(user)
    assert before.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    stack.settings["password", None]["passes"] = "2"
    stack.reload()

    stack.client.login(user["email"])

    assert "t=2" in stack.stored_hash(user)
    assert stack.client.login(user["email"])
    assert stack.client.try_login(user["email"], "x" + PASSWORD
                                  ).status_code == 400


@pytest.mark.better(7)
def test_a_damaged_hash_is_bad_credentials(client, stack):
    user = client.register()

    for damaged in ("", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$$",
                    "$argon2id$v=19$m=4294967295,t=1,p=1$YWFhYWFhYWE$YWFh",
                    "$2b$31$" + "a" * 53, "$2b$04$" + "!" * 53,
                    "$argon2id$v=19$m=8,t=999999999,p=1$YWFhYWFhYWE$YWFh",
                    "pbkdf2:sha256:1$a$b", "$" * 900):
        stack.ask("UPDATE \"user\" SET hashed_password = '%s' "
                     "WHERE id = '%s'" % (damaged, user["id"]))
        answer = client.try_login(user["email"])
        assert (answer.status_code, detail(answer)) == (
            400, "LOGIN_BAD_CREDENTIALS"), damaged
