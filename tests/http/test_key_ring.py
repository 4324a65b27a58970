# SPDX-License-Identifier: MIT
"""Signing keys of `fastcgi-users key`: what is published, how they change
under traffic, and what somebody else makes of our tokens."""

import base64
import json
import os
import re
import shutil
import subprocess
import time

import jwt
import pytest

from client import Load, access_claims, encode, segment
from keys import openssl
import stack as stacks

KINDS = ("ES256", "EdDSA", "RS256")
SETTINGS = ["keys.file=@FOLDER@/ring", "keys.max_age=60",
            "backend.es.algorithm=ES256", "backend.ed.algorithm=EdDSA",
            "backend.rs.algorithm=RS256"]
JWKS = "/.well-known/jwks.json"


class RingStack(stacks.Stack):
    def prepare(self):
        super().prepare()
        self.program_command("key", "generate")


@pytest.fixture(scope="session")
def ring(house, db):
    key = db, "ring"
    if key not in house.shared:
        house.shared[key] = house.make(db, SETTINGS, workers=2,
                                       kind=RingStack)
        house.shared[key].workers_at_first = set(
            house.shared[key].worker_pids())
    return house.shared[key]


@pytest.fixture
def new_ring(new_stack, db):
    return new_stack(db, settings=[
        *SETTINGS[:2], "backend.bearer.algorithm=ES256"], kind=RingStack,
        workers=2)


def listed(stack):
    text = stack.program_command("key", "list", "--json").stdout
    return [json.loads(line) for line in text.splitlines()]


def kid_of(stack, state, alg="ES256"):
    return next(k["kid"] for k in listed(stack)
                if k["state"] == state and k["alg"] == alg)


def header(token):
    head = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=="))


def status(client, token):
    return client.get("/users/me", token=token).status_code


def published(client):
    return {k["kid"]: k for k in client.get(JWKS).json()["keys"]}


def soon(condition):
    """Workers look at the file once a second."""
    assert stacks.wait_until(condition, step=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_somebody_else_verifies_our_tokens_by_what_is_published(ring, kind):
    client = ring.client
    user = client.register()
    token = client.login(user["email"], backend=kind[:2].lower())

    kid = header(token)["kid"]
    assert kid == kid_of(ring, "current", kind)
    claims = jwt.decode(token, jwt.PyJWK(published(client)[kid]).key,
                        algorithms=[kind], audience="fastapi-users:auth")

    assert claims["sub"] == user["id"]
    assert client.get("/users/me", token=token).json() == user
    other = jwt.PyJWK(published(client)[kid_of(ring, "next", kind)]).key
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, other, algorithms=[kind],
                   audience="fastapi-users:auth")


# How the example of the guide is asked by itself, one token after another.
ASKED = """
const answers = [];
const asking = token => verify({
    headersIn: token === null ? {} : {Authorization: `Bearer ${token}`},
    subrequest: () => Promise.resolve({responseText: SET}),
    return: status => answers.push(status),
});
TOKENS.reduce((all, token) => all.then(() => asking(token)),
              Promise.resolve()).then(() => console.log(answers.join(" ")));
"""


def shown_in_the_guide(begins):
    """The lines of code of doc/keys.md behind one that begins so."""
    with open(os.path.join(stacks.TOP, "doc", "keys.md"),
              encoding="utf-8") as f:
        text = f.read().partition("\n" + begins)[2].partition("\n\n")[2]
    lines = text.splitlines()
    end = next(i for i, line in enumerate(lines)
               if line and not line.startswith("    "))
    return "\n".join(line[4:] for line in lines[:end])


def test_the_guides_python_verifies_a_token(ring):
    user = ring.client.register()
    token = ring.client.login(user["email"], backend="es")
    code = shown_in_the_guide("Python, with PyJWT:").replace(
        "https://accounts.example.org", ring.base_url)

    names = {"token": token}
    exec(code, names)  # pylint: disable=exec-used

    assert names["claims"]["sub"] == user["id"]
    with pytest.raises(jwt.InvalidSignatureError):
        exec(code, {"token": token[:-8] + "AAAAAAAA"})


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_guides_javascript_lets_in_our_tokens_only(ring, tmp_path):
    user = ring.client.register()
    token = ring.client.login(user["email"], backend="es")
    head, body, mark = token.split(".")
    tokens = [token, None, "", "x", token[:-8] + "AAAAAAAA",
              f"{head}.{encode({'aud': [], 'exp': 1 << 40})}.{mark}",
              f"{encode({'alg': 'none'})}.{body}.",
              ring.client.login(user["email"], backend="ed")]
    code = shown_in_the_guide("nginx with njs").replace(
        "export default {verify};", "")
    # What njs has not learned: node would take it.
    assert not re.search(r"(const|let) *[\[{]|\(\(?await\b|\?\?|\?\.", code)
    script = tmp_path / "verify.js"
    script.write_text(
        "globalThis.crypto ??= require('crypto').webcrypto;\n" + code
        + f"\nconst TOKENS = {json.dumps(tokens)};\n"
        f"const SET = {json.dumps(ring.client.get(JWKS).text)};\n" + ASKED)

    done = subprocess.run(["node", str(script)], text=True, timeout=60,
                          capture_output=True, check=False)

    assert done.stdout.split() == ["204"] + ["401"] * 7, done.stderr


def test_only_public_parts_are_published_and_may_be_kept(ring):
    answer = ring.client.get(JWKS)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    keys = answer.json()["keys"]
    assert len(keys) == 6
    assert {k["kid"] for k in keys} == {k["kid"] for k in listed(ring)}
    members = {"ES256": {"crv", "kty", "x", "y"},
               "EdDSA": {"crv", "kty", "x"}, "RS256": {"e", "kty", "n"}}
    for k in keys:
        assert set(k) == members[k["alg"]] | {"alg", "use", "kid"}
        assert k["use"] == "sig"
    assert JWKS in ring.client.get("/openapi.json").json()["paths"]


def test_what_is_listed_tells_nothing_private(ring):
    text = ring.program_command("key", "list").stdout
    shown = json.dumps(listed(ring)) + text
    lines = ring.read("ring").splitlines()
    secrets = [line for line in lines
               if len(line) > 40 and not line.startswith(("key", "#", "-"))]
    assert len(secrets) > 6
    assert not [s for s in secrets if s in shown]
    assert os.stat(ring.path("ring")).st_mode & 0o777 == 0o600


def test_where_secrets_sign_nothing_is_published(client):
    assert client.get(JWKS).status_code == 404
    assert JWKS not in client.get("/openapi.json").json()["paths"]


def public_forms(key):
    """What the public half looks like where somebody might find it."""
    from cryptography.hazmat.primitives import serialization as s
    for encoding in (s.Encoding.PEM, s.Encoding.DER):
        yield key.public_bytes(encoding,
                               s.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_tokens_open_nothing(ring, kind):
    client = ring.client
    user = client.register()
    good = client.login(user["email"], backend=kind[:2].lower())
    head, body, mark = good.split(".")
    kid = header(good)["kid"]
    jwk = published(client)[kid]
    next_kid = kid_of(ring, "next", kind)

    def changed(**more):
        made = {k: v for k, v in {**header(good), **more}.items()
                if v is not None}
        return f"{encode(made)}.{body}.{mark}"

    hostile = [changed(alg=alg) for alg in (
        "none", "None", "HS256", "HS512", kind.lower(), "PS256", "ES384",
        *(k for k in KINDS if k != kind))]
    hostile += [changed(kid=k) for k in (
        next_kid, "", kid + "A", kid[:-1], "../ring", "/etc/passwd",
        "' OR 1=1 --", "x'; DROP TABLE \"user\"; --", "k" * 3000,
        "http://127.0.0.1/jwks.json", kid + "\0")]
    hostile += [changed(kid=None), changed(kid=7), changed(kid=[kid]),
                changed(jwk=jwk), changed(crit=["exp"]),
                f"{head}.{body}.", f"{encode({'alg': 'none'})}.{body}.",
                f"{encode({'alg': 'none', 'kid': kid})}.{body}."]
    twice = ('{"alg":"%s","kid":"%s","kid":"%s"}' % (kind, kid, next_kid))
    hostile.append(f"{encode(twice)}.{body}.{mark}")
    claims = access_claims(user)
    for key in (*public_forms(jwt.PyJWK(jwk).key), b"",
                json.dumps(jwk).encode(), kid.encode()):
        for more in ({}, {"kid": kid}):
            hostile.append(client.sign(
                claims, {"alg": "HS256", "typ": "JWT", **more}, key=key))
            hostile.append(client.sign(
                claims, {"alg": kind, "typ": "JWT", **more}, key=key))

    assert {status(client, token) for token in hostile} == {401}
    assert status(client, good) == 200


def test_a_stranger_s_key_of_our_name_opens_nothing(ring, tmp_path):
    client = ring.client
    user = client.register()
    kid = kid_of(ring, "current", "EdDSA")
    file = tmp_path / "mine.pem"
    file.write_bytes(openssl("genpkey", "-algorithm", "ED25519"))
    text = ".".join([encode({"alg": "EdDSA", "typ": "JWT", "kid": kid}),
                     encode(access_claims(user))])
    message = tmp_path / "message"
    message.write_bytes(text.encode())
    mark = openssl("pkeyutl", "-sign", "-rawin", "-inkey", file, "-in",
                   message)

    assert status(client, f"{text}.{segment(mark)}") == 401


def test_keys_rotate_under_traffic_without_one_401(new_ring):
    client = new_ring.client
    user = client.register()
    token = client.login(user["email"])
    first = kid_of(new_ring, "current")
    second = kid_of(new_ring, "next")
    workers = set(new_ring.worker_pids())

    with Load(client, 3, token=token) as load:
        for kid in (second, None, None):
            load.wait_for(30)
            new_ring.program_command("key", "rotate", "--now")
            kid = kid or kid_of(new_ring, "current")
            # Fresh tokens are good at every moment of the change.
            soon(lambda: status(client, client.login(user["email"])) == 200
                 and header(client.login(user["email"]))["kid"] == kid)
        load.wait_for(30)

    assert load.bad() == []
    assert len(load.answers) > 100
    assert status(client, token) == 200
    assert {k["state"] for k in listed(new_ring)} == {
        "next", "current", "old"}
    assert len(listed(new_ring)) == 5
    assert first in published(client)
    assert set(new_ring.worker_pids()) == workers

    # Who retires the key ends its tokens.
    new_ring.program_command("key", "retire", "--", first)
    soon(lambda: status(client, token) == 401)
    assert first not in published(client)


def test_a_key_is_published_before_it_signs(new_ring):
    current = kid_of(new_ring, "current")

    early = new_ring.program_command("key", "rotate", check=False)
    assert early.returncode == 75
    assert "others may not have heard of it" in early.stderr
    planned = new_ring.program_command("key", "rotate", "--now", "--dry-run")
    assert "not done" in planned.stdout
    young = new_ring.program_command("key", "rotate", "--older-than", "30")
    assert young.stdout == ""
    assert kid_of(new_ring, "current") == current

    text = new_ring.read("ring")
    past = int(time.time()) - 31 * 86400
    for word in ("current", "next"):
        at = text.index(f"key ES256 {word} ")
        line = text[at:text.index("\n", at)]
        text = text.replace(line, f"key ES256 {word} {past} 0")
    new_ring.write("ring", text)
    new_ring.program_command("key", "rotate", "--older-than", "30")
    assert kid_of(new_ring, "old") == current

    # Whose last token is over goes with the next change.
    text = new_ring.read("ring")
    at = text.index("key ES256 old ")
    line = text[at:text.index("\n", at)]
    new_ring.write("ring", text.replace(line, f"key ES256 old {past} {past}"))
    told = new_ring.program_command("key", "rotate", "--now").stdout
    assert "1 old key removed" in told
    assert current not in {k["kid"] for k in listed(new_ring)}


def test_what_cannot_be_done_is_told_in_a_sentence(new_ring):
    def refused(code, sentence, *arguments):
        told = new_ring.program_command("key", *arguments, check=False)
        assert (told.returncode, sentence in told.stderr) == (code, True), \
            told.stderr
        assert "BEGIN" not in told.stderr

    refused(65, "let another take its place first", "retire",
            "--", kid_of(new_ring, "current"))
    refused(67, "there is no key", "retire", "nobody")
    refused(64, "--alg takes", "generate", "--alg", "HS256")
    refused(64, "--older-than takes days", "rotate", "--older-than", "x")
    refused(64, "not used like that", "rotate", "now")
    refused(64, "no action", "sing")
    again = new_ring.program_command("key", "generate").stdout
    assert "already" in again
    kept = new_ring.read("ring")
    new_ring.write("ring", kept.replace("key ES256 current", "key ES256 now"))
    refused(74, "none of its own", "list")
    refused(74, "none of its own", "rotate", "--now")
    told = new_ring.program_command("check", check=False)
    assert (told.returncode, "keys.file" in told.stderr) == (78, True)
    # It is served on with what there was, and a reload changes nothing.
    user = new_ring.client.register()
    assert status(new_ring.client, new_ring.client.login(user["email"])) == 200
    new_ring.write("ring", kept)
    assert new_ring.program_command("check").returncode == 0


def test_nothing_is_said_to_be_done_that_was_not_kept(new_stack, db):
    stack = new_stack(db, settings=SETTINGS, kind=RingStack)
    # RS256 could be rotated, what comes after it could not.
    aged = re.sub(r"(key RS256 next) \d+", r"\1 1", stack.read("ring"))
    stack.write("ring", aged)

    told = stack.program_command("key", "rotate", check=False)

    assert (told.returncode, told.stdout) == (75, "")
    assert stack.read("ring") == aged
    stack.program_command("key", "rotate", "--alg", "RS256")


def test_tokens_of_secrets_outlive_the_change_to_keys(new_stack, db):
    stack = new_stack(db, settings=SETTINGS[:2], workers=2)
    client = stack.client
    user = client.register()
    old = client.login(user["email"])
    assert "kid" not in header(old)
    stack.program_command("key", "generate", "--alg", "EdDSA")

    stack.settings["backend", "bearer"].update(
        algorithm="EdDSA", still_accepts="{HS256}")
    stack.reload()
    newer = client.login(user["email"])
    assert header(newer)["alg"] == "EdDSA"
    assert [status(client, t) for t in (old, newer)] == [200, 200]
    # The cookie backend signs as ever.
    cookie = client.login_cookie(user["email"])
    assert "kid" not in header(cookie)

    del stack.settings["backend", "bearer"]["still_accepts"]
    stack.settings["backend", "jwt"]["secret"] = (
        "another-secret-of-more-than-thirty-two-bytes")
    stack.reload()
    assert [status(client, t) for t in (old, newer)] == [401, 200]


def test_a_pool_without_its_keys_says_what_to_do(new_stack, db):
    stack = new_stack(db, settings=SETTINGS[:2])
    user = stack.client.register()
    token = stack.client.login(user["email"])

    stack.settings["backend", "bearer"]["algorithm"] = "ES256"
    stack.write_configuration()
    told = stack.program_command("check", check=False)
    assert told.returncode == 78
    assert "fastcgi-users key generate makes it" in told.stderr
    told = stack.program_command("pool", check=False)
    assert told.returncode == 78
    assert "fastcgi-users key generate makes it" in told.stderr
    if stack.web.pooled:
        assert status(stack.client, token) == 200
