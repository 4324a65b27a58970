# SPDX-License-Identifier: MIT
"""Signed tokens of key pairs: what is taken, and what befell others (V1 to V7
of the attacks on tokens)."""

import base64
import hashlib
import json
import time

import pytest

from client import access_claims, detail, encode, segment
from keys import Pair

KINDS = ("RS256", "ES256", "EdDSA")


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {name: Pair(kind, folder) for name, kind in (
        *((kind, kind) for kind in KINDS),
        *((f"old {kind}", kind) for kind in KINDS),
        *((f"public {kind}", kind) for kind in KINDS),
        *((f"other {kind}", kind) for kind in KINDS),
        ("P-384", "P-384"), ("weak", "weak"))}


def settings_of(kind):
    name = kind.lower()
    return [f"backend.{name}.algorithm={kind}",
            f"backend.{name}.key_file="
            '{"@FOLDER@/%s.pem", "@FOLDER@/%s.old"}' % (kind, kind),
            f"backend.{name}.public_key_file=" '{"@FOLDER@/%s.pub"}' % kind]


def files_of(pairs, kind):
    return {f"{kind}.pem": pairs[kind].private.decode(),
            f"{kind}.old": pairs[f"old {kind}"].private.decode(),
            f"{kind}.pub": pairs[f"public {kind}"].public.decode()}


@pytest.fixture(scope="session")
def keyed(house, db, pairs):
    """A backend for each kind of key, beside those with secrets."""
    key = db, "keyed"
    if key not in house.shared:
        house.shared[key] = house.make(
            db, [s for kind in KINDS for s in settings_of(kind)], workers=2,
            files={name: text for kind in KINDS
                   for name, text in files_of(pairs, kind).items()})
        house.shared[key].workers_at_first = set(
            house.shared[key].worker_pids())
    return house.shared[key].client


def status(client, token):
    return client.get("/users/me", token=token).status_code


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_of_each_algorithm_signs_in_and_out(keyed, kind):
    user = keyed.register()
    token = keyed.login(user["email"], backend=kind.lower())

    header = json.loads(base64.urlsafe_b64decode(
        token.split(".")[0] + "=="))
    kids = [k["kid"] for k in keyed.get("/.well-known/jwks.json").json()[
        "keys"] if k["alg"] == kind]
    assert header == {"alg": kind, "kid": kids[0], "typ": "JWT"}
    assert len(kids) == 3
    assert keyed.get("/users/me", token=token).json() == user
    assert keyed.post(f"/auth/{kind.lower()}/logout",
                      token=token).status_code == 204
    assert status(keyed, token) == 401


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_of_the_reference_with_the_same_key_is_taken(
        keyed, pairs, kind):
    user = keyed.register()

    for name, expected in ((kind, 200), (f"old {kind}", 200),
                           (f"public {kind}", 200), (f"other {kind}", 401)):
        token = pairs[name].sign(access_claims(user))
        assert status(keyed, token) == expected, name


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_token_says_of_its_algorithm_changes_nothing(
        keyed, pairs, kind):
    user = keyed.register()
    good = access_claims(user)

    for alg in ("none", "None", "", None, "HS256", "HS384", "HS512", "RS256",
                "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519",
                kind.lower(), kind + " "):
        token = pairs[kind].sign(good, {"alg": alg, "typ": "JWT"})
        assert status(keyed, token) == (200 if alg == kind else 401), alg
    head, body, mark = pairs[kind].sign(good).split(".")
    none = encode({"alg": "none", "typ": "JWT"})
    for token in (f"{none}.{body}.", f"{none}.{body}.{mark}",
                  f"{head}.{body}.", f"{head}.{body}"):
        assert status(keyed, token) == 401
    for more in ({"crit": ["x"]}, {"crit": []}, {"crit": "exp"},
                 {"b64": False}, {"kid": 7}):
        token = pairs[kind].sign(good, {"alg": kind, **more})
        assert status(keyed, token) == 401, more
    for kid in ("../../etc/passwd", "' OR 1=1 --", "http://127.0.0.1/",
                "k" * 5000):
        token = pairs[f"other {kind}"].sign(good, {"alg": kind, "kid": kid})
        assert status(keyed, token) == 401, kid


@pytest.mark.parametrize("kind", KINDS)
def test_a_public_key_is_no_secret_in_any_of_its_forms(keyed, pairs, kind):
    user = keyed.register()
    good = access_claims(user)

    for key in pairs[kind].forms():
        for alg, digest in (("HS256", hashlib.sha256),
                            ("HS512", hashlib.sha512),
                            (kind, hashlib.sha256)):
            token = keyed.sign(good, {"alg": alg, "typ": "JWT"}, key=key,
                               hash=digest)
            answer = keyed.get("/users/me", token=token)
            assert (answer.status_code, detail(answer)) == (
                401, "Unauthorized"), key


@pytest.mark.parametrize("kind", KINDS)
def test_each_byte_of_the_signature_counts(keyed, pairs, kind):
    user = keyed.register()
    head, body, mark = pairs[kind].sign(access_claims(user)).split(".")
    made = base64.urlsafe_b64decode(mark + "==")

    def with_signature(data):
        return f"{head}.{body}.{segment(data)}"

    assert status(keyed, with_signature(made)) == 200
    for at in range(0, len(made), max(1, len(made) // 16)):
        for value in {0, made[at] ^ 1, made[at] ^ 0x80} - {made[at]}:
            wrong = made[:at] + bytes([value]) + made[at + 1:]
            assert status(keyed, with_signature(wrong)) == 401, at
    for wrong in (b"", made[:-1], made + b"\0", b"\0" + made, made * 2,
                  bytes(len(made)), b"\xff" * len(made)):
        assert status(keyed, with_signature(wrong)) == 401
    letters = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
               "0123456789-_")
    again = mark[:-1] + letters[letters.index(mark[-1]) ^ 1]
    assert status(keyed, f"{head}.{body}.{again}") == 401


def test_ecdsa_signatures_of_nothing_open_nothing(keyed, pairs):
    user = keyed.register()
    order = bytes.fromhex("ffffffff00000000ffffffffffffffff"
                          "bce6faada7179e84f3b9cac2fc632551")
    head, body, mark = pairs["ES256"].sign(access_claims(user)).split(".")
    made = base64.urlsafe_b64decode(mark + "==")
    one = (1).to_bytes(32, "big")

    for r, s in ((bytes(32), bytes(32)), (one, bytes(32)), (bytes(32), one),
                 (one, one), (order, order), (made[:32], bytes(32)),
                 (bytes(32), made[32:]), (order, made[32:]),
                 (made[32:], made[:32])):
        assert status(keyed, f"{head}.{body}.{segment(r + s)}") == 401


def test_the_other_spelling_of_an_ecdsa_signature_is_the_same_token(keyed):
    """V10: (r, n - s) is as valid as (r, s)."""
    user = keyed.register()
    order = int("ffffffff00000000ffffffffffffffff"
                "bce6faada7179e84f3b9cac2fc632551", 16)
    token = keyed.login(user["email"], backend="es256")
    head, body, mark = token.split(".")
    made = base64.urlsafe_b64decode(mark + "==")
    s = order - int.from_bytes(made[32:], "big")
    other = f"{head}.{body}.{segment(made[:32] + s.to_bytes(32, 'big'))}"
    assert [status(keyed, t) for t in (token, other)] == [200, 200]

    assert keyed.post("/auth/es256/logout", token=token).status_code == 204

    assert [status(keyed, t) for t in (token, other)] == [401, 401]


def test_a_key_on_another_curve_or_too_weak_signs_nothing(keyed, pairs):
    user = keyed.register()
    good = access_claims(user)

    for name, alg in (("P-384", "ES256"), ("P-384", "ES384"),
                      ("weak", "RS256"), ("RS256", "ES256"),
                      ("ES256", "EdDSA"), ("EdDSA", "RS256")):
        assert status(keyed, pairs[name].sign(good, {"alg": alg})) == 401


@pytest.mark.parametrize("kind", KINDS)
def test_claims_are_judged_as_of_any_signed_token(keyed, pairs, kind):
    user = keyed.register()
    good = access_claims(user)
    pair = pairs[kind]

    for claims in ({**good, "exp": int(time.time()) - 1},
                   {**good, "aud": "fastapi-users:reset"},
                   {**good, "aud": []}, {**good, "sub": "x"},
                   {k: good[k] for k in ("sub", "aud")},
                   {**good, "exp": None}, "[]", "{"):
        assert status(keyed, pair.sign(claims)) == 401, claims
    big = pair.sign({**good, "x": "y" * 5000})
    assert status(keyed, big) == 401


def test_keys_are_changed_under_way(new_stack, db, pairs):
    stack = new_stack(db, settings=settings_of("ES256"),
                      files=files_of(pairs, "ES256"))
    client = stack.client
    user = client.register()
    token = client.login(user["email"], backend="es256")

    stack.write("ES256.old", pairs["ES256"].private.decode())
    stack.write("ES256.pem", pairs["other ES256"].private.decode())
    stack.reload()
    newer = client.login(user["email"], backend="es256")
    assert [status(client, t) for t in (token, newer)] == [200, 200]

    stack.write("ES256.old", pairs["other ES256"].private.decode())
    stack.reload()
    assert [status(client, t) for t in (token, newer)] == [401, 200]

    # A file that cannot be used changes nothing.
    stack.write("ES256.pem", pairs["RS256"].private.decode())
    answer = stack.program_command("check", check=False)
    assert answer.returncode == 78
    assert "ES256 takes a key on the curve P-256" in answer.stderr
    assert "BEGIN" not in answer.stderr
    if stack.web.pooled:
        assert [status(client, t) for t in (token, newer)] == [401, 200]
