"""Play recorded cases against a server and compare the answers.

Nothing but the standard library is used.  Requests are written to a socket as
they are, so that no client library repairs them on the way.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import re
import secrets
import socket
import ssl
import time
from urllib.parse import urlsplit

COMPARED = (
    "content-type", "location", "allow", "www-authenticate", "set-cookie",
    "retry-after",
)  # fmt: skip
FIXTURES = {
    "USER": {},
    "OTHER": {},
    "INACTIVE": {"is_active": False},
    "SUPERUSER": {"is_superuser": True},
    "MUTANT": {},
    "FLAGGED": {},
}
WITHOUT_LOGIN = ("MUTANT", "FLAGGED")
BY_COOKIE_TOO = ("USER", "OTHER", "SUPERUSER", "INACTIVE")
NO_CONTENT, HTTP_FAILURE = 204, 300
CLOCK_SLACK = 60
FORM = "application/x-www-form-urlencoded"

PLACEHOLDER = re.compile(
    r"\{(?:NOW(?P<shift>[+-]\d+)?|TOKEN:(?P<token>[^{}]+)|(?P<name>[A-Z][A-Z0-9_]*))\}"
)
WILD = {
    "{ANY_SECRET}": r"[A-Za-z0-9_-]{43}",
    "{ANY_TOKEN}": r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
    "{ANY_UUID}": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}
HASHES = {
    "HS256": hashlib.sha256,
    "HS384": hashlib.sha384,
    "HS512": hashlib.sha512,
}


class Skip(Exception):
    """The case cannot be played with what the state file offers."""


class Number(str):
    """A JSON number as it was written."""


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def all(self, name):
        """Return every value of a header."""
        return [v for k, v in self.headers if k.lower() == name]

    def text(self):
        """Return the body as text; stray bytes stay visible."""
        return self.body.decode("utf-8", "backslashreplace")


class Wire:
    """Write requests to a server and read the answers."""

    def __init__(self, base):
        parts = urlsplit(base)
        self.host = parts.netloc
        self.name = parts.hostname
        self.secure = parts.scheme == "https"
        self.port = parts.port or (443 if self.secure else 80)
        self.prefix = parts.path.rstrip("/")

    def open(self):
        """Return a connected socket."""
        sock = socket.create_connection((self.name, self.port), timeout=60)
        if self.secure:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            sock = context.wrap_socket(sock, server_hostname=self.name)
        return sock

    def send(self, method, path, headers=(), body=None):
        """Send one request, bytes as given, and return its answer."""
        lines = [f"{method} {self.prefix}{path} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{k}: {v}" for k, v in headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        lines += ["Connection: close", "", ""]
        data = "\r\n".join(lines).encode("utf-8") + (body or b"")
        sock = self.open()
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(data)
            response = http.client.HTTPResponse(sock, method=method)
            response.begin()
            content = response.read()
            return Answer(response.status, response.getheaders(), content)
        finally:
            sock.close()


def segment(data):
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sloppy(text):
    """Return base64url that decodes alike but is not the canonical spelling."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + letters[(letters.index(text[-1]) + 1) % len(letters)]


def signed(spec, key, fill):
    """Return a token made after its description."""
    head = segment(fill(spec["header"]).encode())
    claims = segment(fill(spec["payload"]).encode())
    data = f"{head}.{claims}".encode()
    digest = HASHES.get(spec.get("hash", "HS256"))
    mark = segment(hmac.new(key.encode(), data, digest).digest())
    parts = {"H": head, "P": claims, "S": mark, "SLOPPY": sloppy(mark)}
    form = spec.get("form", "{H}.{P}.{S}")
    return re.sub(r"\{([A-Z]+)\}", lambda m: parts[m[1]], form)


def pairs(text):
    """Parse JSON, keeping the order of members and the spelling of numbers."""
    return json.loads(
        text,
        object_pairs_hook=lambda members: ("object", members),
        parse_float=Number,
        parse_int=Number,
        parse_constant=Number,
    )


def same_text(want, got):
    """Tell whether a text fits one with wild cards."""
    pattern = re.escape(want)
    for name, expression in WILD.items():
        pattern = pattern.replace(re.escape(name), f"(?:{expression})")
    return re.fullmatch(pattern, got, re.DOTALL) is not None


def same_json(want, got):
    """Tell whether two parsed values agree, order and numbers included."""
    if want == "{ANY}":
        return True
    if type(want) is not type(got):
        return False
    if isinstance(want, tuple):
        return len(want[1]) == len(got[1]) and all(
            a[0] == b[0] and same_json(a[1], b[1])
            for a, b in zip(want[1], got[1], strict=True)
        )
    if isinstance(want, list):
        return len(want) == len(got) and all(map(same_json, want, got))
    if isinstance(want, str) and not isinstance(want, Number):
        return same_text(want, got)
    return want == got


def same_body(want, got):
    """Tell whether a body is the one expected."""
    if want == "{ANY}":
        return True
    try:
        wanted, had = pairs(want), pairs(got)
    except (ValueError, RecursionError):
        return same_text(want, got)
    return same_json(wanted, had)


def cookie_parts(text):
    """Split a Set-Cookie header into its pair and its attributes."""
    first, *rest = [part.strip() for part in text.split(";")]
    attributes = {}
    for part in rest:
        key, _, value = part.partition("=")
        attributes[key.lower()] = value
    return first, attributes


def same_cookie(want, got):
    """Tell whether two Set-Cookie headers agree, attribute for attribute."""
    wanted, had = cookie_parts(want), cookie_parts(got)
    return same_text(wanted[0], had[0]) and wanted[1] == had[1]


def same_methods(want, got):
    """Tell whether two Allow headers name the same methods."""
    split = re.compile(r"\s*,\s*")
    return sorted(split.split(want)) == sorted(split.split(got))


def same_header(name, want, got):
    """Tell whether the values of one header agree; both are lists."""
    if len(want) != len(got):
        return False
    check = {"set-cookie": same_cookie, "allow": same_methods}.get(name, same_text)
    return all(check(a, b) for a, b in zip(want, got, strict=True))


def values(headers, name):
    """Return what an expected answer says of a header, as a list."""
    value = headers.get(name, [])
    return value if isinstance(value, list) else [value]


def compare(want, got, method):
    """Return the differences of an answer as a list of lines."""
    out = []
    if want["status"] != got.status:
        out.append(f"status {want['status']} expected, got {got.status}")
    for name in COMPARED:
        wanted, had = values(want["headers"], name), got.all(name)
        if method == "HEAD" and name == "content-type":
            continue
        if not same_header(name, wanted, had):
            out.append(f"{name} {wanted or 'absent'} expected, got {had or 'absent'}")
    if want["status"] == NO_CONTENT and got.all("content-length") not in ([], ["0"]):
        out.append(f"no content expected, got {got.all('content-length')} bytes")
    if method == "HEAD" or want["status"] == NO_CONTENT:
        if got.body:
            out.append(f"no body expected, got {got.text()!r}")
    elif not same_body(want.get("body", ""), got.text()):
        out.append(f"body {want.get('body', '')!r} expected, got {got.text()!r}")
    return out


class Player:
    """Hold the fixtures of one run and play cases with them."""

    def __init__(self, base, state, tokens, wire=None):
        self.wire = wire or Wire(base)
        self.state = state
        self.tokens = tokens
        self.count = 0
        self.made = []
        parts = urlsplit(base)
        self.vars = {
            "BASE": base.rstrip("/"),
            "ORIGIN": f"{parts.scheme}://{parts.netloc}",
            "RUN": "r" + secrets.token_hex(4)[1:],
        }

    def fill(self, text):
        """Replace the placeholders that are known."""

        def value(match):
            if match["token"]:
                return self.token(match["token"])
            if match["name"]:
                return self.vars.get(match["name"], match[0])
            return str(int(time.time()) + int(match["shift"] or 0))

        return PLACEHOLDER.sub(value, text)

    def token(self, name):
        """Sign the token of that name."""
        spec = self.tokens[name]
        key = self.state.get("secrets", {}).get(spec["key"])
        if key is None:
            raise Skip(f"no secret named {spec['key']}")
        return signed(spec, key if not spec.get("wrong") else key[::-1], self.fill)

    def body(self, body):
        """Return the bytes of a body."""
        if body is None:
            return None
        if isinstance(body, str):
            return self.fill(body).encode("utf-8")
        if "base64" in body:
            return base64.b64decode(body["base64"])
        return b"".join(self.fill(t).encode("utf-8") * n for t, n in body["repeat"])

    def send(self, request):
        """Send a request of a case."""
        headers = [(k, self.fill(v)) for k, v in request["headers"]]
        path = self.fill(request["path"])
        return self.wire.send(
            request["method"], path, headers, self.body(request.get("body"))
        )

    def must(self, status, method, path, headers=(), body=None):
        """Send a request of the preparation, which has to succeed."""
        got = self.wire.send(method, path, headers, body)
        if got.status != status:
            raise RuntimeError(f"{method} {path}: {got.status} {got.text()}")
        return got

    def json(self, status, method, path, value, token=None):
        """Send JSON during the preparation and return the JSON answer."""
        headers = [("Content-Type", "application/json")]
        if token:
            headers.append(("Authorization", f"Bearer {token}"))
        got = self.must(status, method, path, headers, json.dumps(value).encode())
        return json.loads(got.body)

    def login(self, email, password):
        """Return a bearer token."""
        form = f"username={email}&password={password}".replace(" ", "+").encode()
        headers = [("Content-Type", FORM)]
        got = self.must(200, "POST", "/auth/bearer/login", headers, form)
        return json.loads(got.body)["access_token"]

    def cookie(self, email, password):
        """Return the token a cookie login sets."""
        form = f"username={email}&password={password}".replace(" ", "+").encode()
        headers = [("Content-Type", FORM)]
        got = self.must(204, "POST", "/auth/jwt/login", headers, form)
        return cookie_parts(got.all("set-cookie")[0])[0].partition("=")[2]

    def name_user(self, name, number, email, password):
        """Set the placeholders of a user."""
        spellings = {
            "ID": number,
            "ID_UPPER": number.upper(),
            "ID_BARE": number.replace("-", ""),
            "ID_CUT": number[:-1],
            "ID_ESCAPED": number.replace("-", "%2D"),
            "EMAIL": email,
            "EMAIL_UPPER": email.upper(),
            "EMAIL_LOWER": email.lower(),
            "EMAIL_ESCAPED": "".join(f"%{byte:02x}" for byte in email.encode()),
            "PASSWORD": password,
            "PASSWORD_FORM": password.replace(" ", "+"),
            "PASSWORD_ESCAPED": password.replace(" ", "%20"),
        }
        self.vars.update({f"{name}_{key}": value for key, value in spellings.items()})

    def make_user(self, name, email, flags, login=True, by_cookie=False):
        """Register a user, sign it in, then set its flags."""
        password = f"correct horse {self.vars['RUN']} {name.lower()}"
        user = self.json(
            201, "POST", "/auth/register", {"email": email, "password": password}
        )
        self.made.append(user["id"])
        self.name_user(name, str(user["id"]), email, password)
        if login:
            self.vars[f"{name}_TOKEN"] = self.login(email, password)
        if by_cookie:
            self.vars[f"{name}_COOKIE"] = self.cookie(email, password)
        if flags:
            path = f"/users/{user['id']}"
            self.json(200, "PATCH", path, flags, self.vars["ROOT_TOKEN"])

    def prepare(self):
        """Sign the superuser of the state file in and make the fixtures."""
        root = self.state["superuser"]
        self.vars["ROOT_TOKEN"] = self.login(root["email"], root["password"])
        for name, flags in FIXTURES.items():
            email = f"{name.capitalize()}.{self.vars['RUN']}@example.org"
            self.make_user(
                name, email, flags, name not in WITHOUT_LOGIN, name in BY_COOKIE_TOO
            )

    def clean(self):
        """Delete the users that this run has made."""
        headers = [("Authorization", f"Bearer {self.vars['ROOT_TOKEN']}")]
        for one in self.made:
            self.wire.send("DELETE", f"/users/{one}", headers)

    def need(self, case):
        """Skip a case that this server cannot tell from a right one."""
        keys = self.state.get("secrets", {})
        if case.get("two_secrets") and keys.get("jwt") == keys.get("bearer"):
            raise Skip("the backends jwt and bearer have no secrets of their own")

    def begin(self, case):
        """Make the throw-away user a case asks for."""
        fresh = case.get("fresh")
        if fresh is not None:
            self.count += 1
            self.vars["FRESH_NUMBER"] = str(self.count)
            email = f"Fresh{self.count}.{self.vars['RUN']}@example.org"
            self.make_user(
                "FRESH",
                email,
                fresh.get("flags"),
                fresh.get("login", False),
                fresh.get("cookie", False),
            )

    def mailed(self, event):
        """Return the last token of an event for the throw-away user."""
        path = self.state.get("token_log")
        if path is None:
            raise Skip("no token_log in the state file")
        email = self.vars["FRESH_EMAIL"].lower()
        for _ in range(100):
            with open(path, encoding="utf-8") as log:
                lines = [json.loads(line) for line in log if line.endswith("\n")]
            found = [
                one["token"]
                for one in lines
                if one["event"] == event and one["email"].lower() == email
            ]
            if found:
                return found[-1]
            time.sleep(0.05)
        raise RuntimeError(f"no {event} token was mailed to {email}")

    def take(self, step, got):
        """Keep the values later steps need."""
        for name, member in step.get("save", {}).items():
            self.vars[name] = str(json.loads(got.body)[member])
            if member == "id":
                self.made.append(self.vars[name])
        if "save_cookie" in step:
            pair = cookie_parts(got.all("set-cookie")[0])[0]
            self.vars[step["save_cookie"]] = pair.partition("=")[2]

    def claims(self, step, got):
        """Compare the claims of the token in an answer."""
        if "claims" not in step or got.status not in (200, 204):
            return []
        text = got.text() + " ".join(got.all("set-cookie"))
        token = re.search(WILD["{ANY_TOKEN}"], text[text.find("ey") :])[0]
        raw = token.split(".")[1]
        had = json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
        out = []
        for key, want in step["claims"].items():
            value = had.get(key)
            if key == "exp":
                late = int(value) - int(self.fill(want))
                good = isinstance(value, int) and abs(late) <= CLOCK_SLACK
            else:
                good = value == (self.fill(want) if isinstance(want, str) else want)
            if not good:
                out.append(f"claim {key} {want!r} expected, got {value!r}")
        return out

    def expected(self, step, reference):
        """Return the answers that are right, placeholders filled in."""
        wanted = step["answer"]
        if "differs" in step and not reference:
            wanted = step["expect"]
        wanted = wanted if isinstance(wanted, list) else [wanted]
        return [self.filled(one) for one in wanted]

    def filled(self, answer):
        """Return an answer with its placeholders filled in."""
        out = dict(answer)
        if "body" in out:
            out["body"] = self.fill(out["body"])
        out["headers"] = {
            k: [self.fill(v) for v in values(answer["headers"], k)]
            for k in answer["headers"]
        }
        return out

    def play_step(self, step, reference):
        """Play one step and return the differences."""
        if "mailed" in step:
            for name, event in step["mailed"].items():
                self.vars[name] = self.mailed(event)
        got = self.send(step["request"])
        wanted = self.expected(step, reference)
        found = [compare(one, got, step["request"]["method"]) for one in wanted]
        out = [] if not all(found) else found[0]
        if len(found) > 1 and out:
            out = out + [f"({len(found)} answers are allowed, the first is shown)"]
        out = out + self.claims(step, got)
        if not out and got.status < HTTP_FAILURE:
            self.take(step, got)
        return out

    def play(self, case, reference=False):
        """Play a case and return the differences of its first bad step."""
        self.need(case)
        self.begin(case)
        for number, step in enumerate(case["steps"], 1):
            found = self.play_step(step, reference)
            if found:
                many = len(case["steps"]) > 1
                return [f"step {number}: {x}" if many else x for x in found]
        return []
