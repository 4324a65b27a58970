# SPDX-License-Identifier: MIT
"""What tests say to a stack."""

import base64
import concurrent.futures
import hashlib
import hmac
import http.client
import http.cookiejar
import itertools
import json
import secrets
import socket
import threading
import time

import requests

PASSWORD = "correct horse 8"
SECONDS = 60
numbers = itertools.count(1)


def new_email(name="user"):
    """An address that no other test has."""
    return f"{name}.{next(numbers)}.{secrets.token_hex(3)}@example.com"


class Client:
    """Requests to one stack; cookies are given and taken by hand."""

    def __init__(self, stack):
        self.stack = stack
        self.url = stack.base_url
        self.local = threading.local()
        self.admin_token = None

    @property
    def session(self):
        if not hasattr(self.local, "session"):
            made = requests.Session()
            made.trust_env = False
            made.cookies.set_policy(
                http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
            self.local.session = made
        return self.local.session

    def request(self, method, path, token=None, cookie=None, headers=(),
                **more):
        headers = dict(headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if cookie is not None:
            headers["Cookie"] = f"fastapiusersauth={cookie}"
        more.setdefault("timeout", SECONDS)

        def ask():
            return self.session.request(method, self.url + path,
                                        headers=headers,
                                        allow_redirects=False, **more)
        try:
            return ask()
        except requests.ConnectionError as e:
            # A web server that is busy closes connections that it kept, and
            # may do so just when one is used again.
            if "RemoteDisconnected" not in str(e):
                raise
            return ask()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, **more):
        return self.request("POST", path, **more)

    def patch(self, path, **more):
        return self.request("PATCH", path, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    # What most tests begin with.

    def register(self, email=None, password=PASSWORD):
        answer = self.post("/auth/register", json={
            "email": email or new_email(), "password": password})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def try_login(self, email, password=PASSWORD, backend="bearer"):
        return self.post(f"/auth/{backend}/login",
                         data={"username": email, "password": password})

    def login(self, email, password=PASSWORD, backend="bearer"):
        """A bearer token."""
        answer = self.try_login(email, password, backend)
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"] == "bearer"
        return answer.json()["access_token"]

    def login_cookie(self, email, password=PASSWORD):
        """The value of the session cookie."""
        answer = self.try_login(email, password, "jwt")
        assert answer.status_code == 204, answer.text
        name, _, value = answer.headers["Set-Cookie"].split(
            ";")[0].partition("=")
        assert name == "fastapiusersauth"
        return value

    def newcomer(self):
        """(user, bearer token) of somebody new."""
        user = self.register()
        return user, self.login(user["email"])

    def admin(self):
        """A superuser's bearer token."""
        if self.admin_token is None:
            self.admin_token = self.login(**self.stack.superuser)
        return self.admin_token

    def sign(self, claims, header=None, key=None, hash=hashlib.sha256):
        """A token of our own making, by default with the real key."""
        key = self.stack.secrets["jwt"] if key is None else key
        if not isinstance(key, bytes):
            key = key.encode()
        parts = [encode(header or {"alg": "HS256", "typ": "JWT"}),
                 encode(claims)]
        parts.append(segment(hmac.new(key, ".".join(parts).encode(),
                                      hash).digest()))
        return ".".join(parts)

    # Bytes as they are.

    def raw(self, data):
        """Sends bytes; (status, headers, body) of what comes back."""
        with socket.create_connection(("127.0.0.1", self.stack.port),
                                      SECONDS) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            answer = http.client.HTTPResponse(s)
            answer.begin()
            return answer.status, answer.headers, answer.read()

    def raw_request(self, method=b"GET", path=b"/users/me", headers=(),
                    body=b""):
        lines = [method + b" " + path + b" HTTP/1.1", b"Host: 127.0.0.1",
                 b"Connection: close"]
        lines += [name + b": " + value for name, value in headers]
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        return self.raw(b"\r\n".join(lines) + b"\r\n\r\n" + body)


def segment(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode(part):
    if isinstance(part, str):
        part = part.encode()
    if not isinstance(part, bytes):
        part = json.dumps(part, separators=(",", ":")).encode()
    return segment(part)


def access_claims(user, **more):
    return {"sub": user["id"], "aud": ["fastapi-users:auth"],
            "exp": int(time.time()) + 3600, **more}


def parallel(calls):
    """Runs all at once, in threads of their own; their results in order."""
    calls = list(calls)
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(c) for c in calls]]


def detail(answer):
    """The detail of a failure, which says nothing else."""
    body = answer.json()
    assert list(body) == ["detail"], body
    return body["detail"]


class Load:
    """Threads that ask again and again until told to stop.

    Each makes requests on a connection that it keeps. What came back is in
    `answers`, statuses, or the name of the exception.
    """

    def __init__(self, client, threads, path="/users/me", token=None):
        self.client = client
        self.path = path
        self.token = token
        self.answers = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.ask)
                        for _ in range(threads)]

    def ask(self):
        while not self.stopping.is_set():
            try:
                answer = self.client.get(self.path, token=self.token)
                self.answers.append(answer.status_code)
            except requests.RequestException as e:
                self.answers.append(type(e).__name__)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def wait_for(self, count):
        """Until so many more answers have come."""
        target = len(self.answers) + count
        deadline = time.monotonic() + SECONDS
        while len(self.answers) < target:
            assert time.monotonic() < deadline, "no more answers come"
            time.sleep(0.01)

    def __exit__(self, *_):
        self.stopping.set()
        for t in self.threads:
            t.join()

    def bad(self, *good):
        return [a for a in self.answers if a not in (good or (200,))]
