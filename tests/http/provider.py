# SPDX-License-Identifier: MIT
"""A provider of OAuth and OpenID Connect, run by the tests.

What it does with a sign-in is decided when the user consents: consent() takes
the address that the browser is sent to, as well as who the user is and what
is to go wrong, and returns what the provider sends back by the browser.
A browser may come itself, too: /authorize consents for whoever asks.
"""

import base64
import hashlib
import html
import http.server
import json
import os
import secrets
import ssl
import subprocess
import threading
import time
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

CLIENT_ID = "our-name"
CLIENT_SECRET = "our secret: with+odd/characters"
HUGE = 300 * 1024
SLOW = 30


def segment(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return segment(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, check=True,
                          capture_output=True).stdout


class Key:
    """A key of the provider's, by openssl(1)."""

    KINDS = {"RS256": ("RSA", "rsa_keygen_bits:2048"),
             "ES256": ("EC", "ec_paramgen_curve:P-256"),
             "EdDSA": ("ED25519", None)}

    def __init__(self, folder, alg, kid):
        self.alg, self.kid = alg, kid
        self.path = os.path.join(folder, f"{kid}.pem")
        kind, option = self.KINDS[alg]
        openssl("genpkey", "-algorithm", kind, "-out", self.path,
                *(("-pkeyopt", option) if option else ()))
        self.public = openssl("pkey", "-in", self.path, "-pubout")
        self.der = openssl("pkey", "-in", self.path, "-pubout", "-outform",
                           "DER")

    def jwk(self):
        more = {"kid": self.kid, "use": "sig", "alg": self.alg}
        if self.alg == "RS256":
            modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus")
            n = int(modulus.decode().strip().partition("=")[2], 16)
            return {"kty": "RSA", "n": number(n), "e": "AQAB", **more}
        if self.alg == "ES256":
            return {"kty": "EC", "crv": "P-256", "x": segment(self.der[-64:-32]),
                    "y": segment(self.der[-32:]), **more}
        return {"kty": "OKP", "crv": "Ed25519", "x": segment(self.der[-32:]),
                **more}

    def sign(self, data):
        if self.alg == "EdDSA":
            path = self.path + ".data"
            with open(path, "wb") as f:
                f.write(data)
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path,
                           "-in", path)
        made = openssl("dgst", "-sha256", "-sign", self.path, given=data)
        if self.alg == "RS256":
            return made
        # DER's two numbers, as 32 bytes each.
        r = made[4:4 + made[3]]
        s = made[6 + made[3]:]
        return b"".join(part.lstrip(b"\0").rjust(32, b"\0") for part in (r, s))


def jws(key, claims, **header):
    """A signed token; a header of None is left out."""
    head = {"alg": key.alg, "kid": key.kid, "typ": "JWT", **header}
    head = {name: value for name, value in head.items() if value is not None}
    data = ".".join(segment(json.dumps(part).encode())
                    for part in (head, claims)).encode()
    return data.decode() + "." + segment(key.sign(data))


class Provider:
    """Listens until close()."""

    def __init__(self, folder, tls=False):
        self.folder = folder
        self.keys = [Key(folder, alg, f"key-{alg}") for alg in Key.KINDS]
        self.stranger = Key(folder, "RS256", "key-stranger")
        self.published = list(self.keys)
        self.faults = {}   # of pages that belong to no sign-in
        self.metadata = {}  # what discovery says otherwise
        self.grants = {}   # by code
        self.sessions = {}  # by access token
        self.calls = []
        self.shows_page = False  # to browsers, with a button
        self.lock = threading.Lock()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def log_message(self, *_):
                pass

            def do_GET(self):
                provider.answer(self)

            do_POST = do_GET

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.wrap(folder)
        scheme = "https" if tls else "http"
        self.host = f"localhost:{self.server.server_port}"
        self.url = f"{scheme}://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def wrap(self, folder):
        """TLS with a certificate of a private authority, ca.pem."""
        def path(name):
            return os.path.join(folder, name)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", "/CN=Tests", "-keyout", path("ca.key"), "-out",
                path("ca.pem"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj",
                "/CN=localhost", "-keyout", path("tls.key"), "-out",
                path("tls.csr"))
        with open(path("tls.ext"), "w", encoding="ascii") as f:
            f.write("subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-days", "2", "-in", path("tls.csr"), "-CA",
                path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial",
                "-extfile", path("tls.ext"), "-out", path("tls.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path("tls.pem"), path("tls.key"))
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True,
            do_handshake_on_connect=False)

    # What the user does.

    def consent(self, url, sub="1001", email="somebody@example.com",
                verified=True, **more):
        """The query that the browser brings back: code and state.

        more: what is to go wrong. token, profile, emails: a fault of that
        page; `answer`: what the token page says otherwise; `profile_body`:
        the profile; `claims`: of the ID token, otherwise; `sign`: makes the
        ID token from its claims; id_token=False: there is none.
        """
        asked = dict(parse_qsl(urlsplit(url).query))
        code = secrets.token_urlsafe(16)
        with self.lock:
            self.grants[code] = {"asked": asked, "sub": sub, "email": email,
                                 "verified": verified, **more}
        return {"code": code, "state": asked["state"]}

    def called(self, path=None):
        """The calls of a path so far; each a dict."""
        with self.lock:
            return [c for c in self.calls if path in (None, c["path"])]

    def forget(self):
        with self.lock:
            self.calls.clear()
        self.faults.clear()
        self.metadata.clear()
        self.published = list(self.keys)

    # Pages.

    def answer(self, to):
        parts = urlsplit(to.path)
        body = to.rfile.read(int(to.headers.get("Content-Length") or 0))
        call = {"method": to.command, "path": parts.path,
                "query": dict(parse_qsl(parts.query)),
                "headers": {k.lower(): v for k, v in to.headers.items()},
                "form": dict(parse_qsl(body.decode(),
                                       keep_blank_values=True))}
        with self.lock:
            self.calls.append(call)
        page = {"/authorize": self.authorize, "/token": self.token,
                "/jwks": self.jwks,
                "/.well-known/openid-configuration": self.discovery,
                "/emails": self.emails}.get(parts.path, self.profile)
        status, content, fault = page(call)
        try:
            self.send(to, status, content, fault)
        except OSError:
            to.close_connection = True

    def send(self, to, status, content, fault):
        kind = "application/json"
        headers = []
        if fault == "slow":
            time.sleep(SLOW)
        elif fault == "500":
            status, content = 500, {"error": "server_error"}
        elif fault == "refused":
            status, content = 400, {"error": "invalid_grant"}
        elif fault == "garbage":
            content = "<html>}{"
        elif fault == "huge":
            content = {**content, "filler": "x" * HUGE}
        elif fault == "type":
            kind = "text/html"
        elif fault == "empty":
            content = ""
        elif fault == "array":
            content = [content]
        elif fault == "redirect":
            status, headers = 302, [("Location", self.url + "/elsewhere")]
        elif fault == "close":
            to.close_connection = True
            to.connection.close()
            return
        elif fault is not None:
            raise ValueError(fault)
        if isinstance(content, tuple):
            status, headers, content, kind = content
        data = (content if isinstance(content, str)
                else json.dumps(content)).encode()
        to.send_response(status)
        for name, value in [("Content-Type", kind),
                            ("Content-Length", str(len(data))), *headers]:
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(data)

    def authorize(self, call):
        """For a browser: consents at once, or at a click, and sends it
        back."""
        if self.shows_page and "consent" not in call["query"]:
            return 200, (200, [], self.page(call["query"]), "text/html"), None
        url = f"{self.url}/authorize?{urlencode(call['query'])}"
        back = self.consent(url, **self.faults.get("consent", {}))
        target = call["query"]["redirect_uri"] + "?" + urlencode(back)
        return 200, (302, [("Location", target)], "", "text/plain"), None

    def page(self, query):
        fields = "".join(
            f'<input type="hidden" name="{html.escape(name)}" '
            f'value="{html.escape(value)}">'
            for name, value in {**query, "consent": "1"}.items())
        who = html.escape(self.faults["consent"]["email"])
        return (f'<!DOCTYPE html><title>Provider</title><form>{fields}'
                f"<button>Sign in as {who}</button></form>")

    def discovery(self, _):
        return 200, {"issuer": self.url,
                     "authorization_endpoint": self.url + "/authorize",
                     "token_endpoint": self.url + "/token",
                     "userinfo_endpoint": self.url + "/userinfo",
                     "jwks_uri": self.url + "/jwks",
                     "token_endpoint_auth_methods_supported":
                         ["private_key_jwt", "client_secret_basic",
                          "client_secret_post"],
                     **self.metadata}, self.faults.get("discovery")

    def jwks(self, _):
        return 200, {"keys": [key if isinstance(key, dict) else key.jwk()
                              for key in self.published]}, \
            self.faults.get("jwks")

    @staticmethod
    def is_our_client(call):
        header = call["headers"].get("authorization", "")
        if header.startswith("Basic "):
            pair = base64.b64decode(header[6:]).decode()
        else:
            pair = ":".join(call["form"].get(name, "") for name in
                            ("client_id", "client_secret"))
        return pair == f"{CLIENT_ID}:{CLIENT_SECRET}"

    @staticmethod
    def is_proved(asked, form):
        verifier = form.get("code_verifier")
        challenge = asked.get("code_challenge")
        if challenge is None or verifier is None:
            return challenge is None
        return asked["code_challenge_method"] == "S256" and challenge == \
            segment(hashlib.sha256(verifier.encode()).digest())

    def token(self, call):
        form = call["form"]
        with self.lock:
            grant = self.grants.pop(form.get("code"), None)
        if grant is None or not self.is_our_client(call) or \
                form.get("redirect_uri") != grant["asked"]["redirect_uri"] or \
                not self.is_proved(grant["asked"], form):
            return 400, {"error": "invalid_grant"}, None
        access = grant.get("access_token") or secrets.token_urlsafe(24)
        with self.lock:
            self.sessions[access] = grant
        content = {"access_token": access, "token_type": "Bearer",
                   "expires_in": 3600, "refresh_token": "refresh-" + access}
        if grant.get("id_token", True):
            content["id_token"] = self.id_token(grant)
        content.update(grant.get("answer", {}))
        return 200, {k: v for k, v in content.items() if v is not None}, \
            grant.get("token")

    def id_token(self, grant):
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "sub": grant["sub"],
                  "iat": now, "exp": now + 600,
                  "nonce": grant["asked"].get("nonce"),
                  **grant.get("claims", {})}
        claims = {k: v for k, v in claims.items() if v is not None}
        sign = grant.get("sign")
        return sign(claims) if sign else jws(self.keys[0], claims)

    def session(self, call):
        header = call["headers"].get("authorization", "")
        token = header.partition(" ")[2] \
            or call["headers"].get("x-shopify-access-token") \
            or call["query"].get("access_token")
        return self.sessions.get(token)

    def profile(self, call):
        grant = self.session(call)
        if grant is None:
            return 401, {"error": "invalid_token"}, None
        body = {"sub": grant["sub"], "email": grant["email"],
                "email_verified": grant["verified"]}
        body = {k: v for k, v in body.items() if v is not None}
        return 200, grant.get("profile_body", body), grant.get("profile")

    def emails(self, call):
        grant = self.session(call)
        if grant is None:
            return 401, {"error": "invalid_token"}, None
        return 200, grant.get("emails_body", []), grant.get("emails")


def query_of(url):
    """The parameters of a URL, each a list."""
    return parse_qs(urlsplit(url).query, keep_blank_values=True)
