# SPDX-License-Identifier: MIT
"""Load by wrk, and the requests that it sends."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import time

import stack as stacks
from made_user import user_id

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "requests.lua")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
LIFETIME = 6 * 3600
# How long wrk waits for an answer; a sign-in may stand in a queue.
PATIENCE = 20


class Load:
    """What one run of wrk told."""

    def __init__(self, text):
        found = dict(re.findall(r"(\w+)=([0-9.]+)", text))
        self.requests = int(found["requests"])
        self.seconds = float(found["seconds"])
        self.bad = int(found["bad"])
        self.p50 = int(found["p50"])
        self.p99 = int(found["p99"])

    @property
    def rate(self):
        """Requests a second."""
        return self.requests / self.seconds


def start(url, requests, connections, seconds):
    """Starts wrk: one thread, so many connections, for so long."""
    return subprocess.Popen(
        [stacks.find_command("wrk", "wrk"), "-t1", f"-c{connections}",
         f"-d{seconds}s", f"--timeout={PATIENCE}s", "-s", SCRIPT, url, "--",
         requests], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True)


def finish(process):
    """What a started wrk told in the end. Bad answers are a failure: what is
    wrong costs something else than what is right."""
    try:
        said, _ = process.communicate(timeout=300)
    finally:
        process.kill()
    if process.returncode != 0 or "requests=" not in said:
        raise stacks.Failure(f"wrk failed: {said.strip()[-400:]}")
    load = Load(said)
    if load.bad or not load.requests:
        raise stacks.Failure(f"{load.bad} of {load.requests} answers were "
                             "failures or did not come")
    return load


def run(url, requests, connections, seconds):
    """One run of wrk."""
    return finish(start(url, requests, connections, seconds))


# Requests.

def http_request(method, path, headers=(), body=b""):
    """One request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1",
             *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def write_requests(path, requests):
    """A file of requests for wrk."""
    with open(path, "wb") as file:
        for one in requests:
            file.write(b"%d\n%s" % (len(one), one))
    return path


def base64url(data):
    """As JWTs spell bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(secret, subject, now=None):
    """An access token of the form that the program gives out."""
    now = int(now or time.time())
    claims = {"sub": subject, "aud": ["fastapi-users:auth"],
              "exp": now + LIFETIME, "iat": now,
              "jti": "0-" + base64url(hashlib.sha256(
                  subject.encode()).digest()[:16])}
    text = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode())
                    for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return text + "." + base64url(hmac.digest(secret.encode(), text.encode(),
                                              "sha256"))


def cookie(secret, number):
    """The header with which a seeded user is signed in."""
    return ("Cookie",
            f"fastapiusersauth={token(secret, user_id(number))}")


def spread(count, most):
    """Numbers of seeded users, at most so many, over all of them and in no
    order."""
    wanted = min(count, most)
    # Coprime to the count, so that none comes twice.
    step = 7919 if count % 7919 else 7907
    stride = count // wanted
    return [1 + (i * stride * step) % count for i in range(wanted)]


def me_requests(path, secret, count, target="/users/me", most=20000):
    """Every program gets the same: who asks stands in a cookie, for those that
    read tokens, and in the query, for those that do not."""
    return write_requests(path, (
        http_request("GET", f"{target}?{user_id(n)}", [cookie(secret, n)])
        for n in spread(count, most)))


def login_requests(path, emails, password, target="/auth/jwt/login"):
    """Sign-ins, one for each address."""
    return write_requests(path, (
        http_request("POST", target, [("Content-Type", FORM)],
                     f"username={email}&password={password}".replace(
                         " ", "+").encode())
        for email in emails))
