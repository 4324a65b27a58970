# SPDX-License-Identifier: MIT
"""Webhooks, with a receiver that checks their signatures by itself."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import secrets
import ssl
import threading
import time

import pytest
import stack as stacks

from mail_server import make_certificates
from programs import Programs

BIG = 1 << 20


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it is sent; answers what `answers` says, else 204."""

    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Request)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.got = []
        self.answers = []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.server_address[1]

    def handle_error(self, request, client_address):
        pass

    def end(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class Request(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers, body))
        answer = self.server.answers.pop(0) if self.server.answers else 204
        if answer == "slow":
            time.sleep(4)
            return
        if answer == "close":
            return
        if answer == "big":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * BIG)
            return
        self.send_response(answer)
        if answer == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


def verified(message, secret):
    """The document, when its signature is one of the secret's."""
    _, headers, body = message
    signed = b".".join([headers["webhook-id"].encode(),
                        headers["webhook-timestamp"].encode(), body])
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = "v1," + base64.b64encode(
        hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert right in headers["webhook-signature"].split(" ")
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
    assert headers["Content-Type"] == "application/json"
    return json.loads(body)


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.end()


def settings_for(receiver, *keys, **more):
    chosen = {"url": f"http://127.0.0.1:{receiver.port}/events?x=1",
              "secret": "{" + ", ".join(f'"{k}"' for k in keys) + "}",
              "events": "{after_login}", "allow_http": "true",
              "allow_private": "true", "timeout": "2", **more}
    return ([f"webhook.out.{name}={value}" for name, value in chosen.items()]
            + ["courier.retry_first=1", "courier.retry_most=1"])


def wait_got(receiver, count=1):
    assert stacks.wait_until(lambda: len(receiver.got) >= count)
    return receiver.got


def states(stack):
    return (int(stack.ask("SELECT count(*) FROM fcu_outbox "
                          "WHERE state = 'waiting'")),
            int(stack.ask("SELECT count(*) FROM fcu_outbox "
                          "WHERE state = 'dead'")))


def test_a_webhook_is_signed_by_every_secret(new_stack, receiver, db):
    old, new = new_secret(), new_secret()
    stack = new_stack(db, settings=settings_for(receiver, new, old))
    user, _ = stack.client.newcomer()
    message = wait_got(receiver)[0]

    for key in (old, new):
        document = verified(message, key)
    assert list(document) == ["type", "timestamp", "data"]
    assert document["type"] == "after_login"
    assert document["data"]["user"] == user
    assert message[0] == "/events?x=1"
    with pytest.raises(AssertionError):
        verified(message, new_secret())
    log = stack.program_log()
    assert old not in log and new not in log
    assert stacks.wait_until(lambda: states(stack) == (0, 0))


FACTS = ("after_register", "after_login", "after_update", "after_create_api_key",
         "after_revoke_api_key", "after_delete")


def test_whatever_happened_is_told(new_stack, receiver, db):
    """What the document is made of is written by each in its own way."""
    secret = new_secret()
    stack = new_stack(db, settings=[
        *settings_for(receiver, secret, events="{" + ", ".join(FACTS) + "}"),
        "api_keys.enabled=true"])
    client = stack.client
    user, token = client.newcomer()
    assert client.patch("/users/me", token=token, json={
        "email": "another@example.com"}).status_code == 200
    made = client.post("/users/me/keys", token=token, json={
        "name": "\"'\\", "scope": "me:read"}).json()
    assert client.delete(f"/users/me/keys/{made['id']}",
                         token=token).status_code == 204
    assert client.delete(f"/users/{user['id']}",
                         token=client.admin()).status_code == 204

    def told():
        """Of him; the superuser signs in, too."""
        all_told = [verified(m, secret) for m in list(receiver.got)]
        return {one["type"]: one["data"] for one in all_told
                if one["data"]["user"]["id"] == user["id"]}

    assert stacks.wait_until(lambda: set(told()) == set(FACTS))
    told = told()
    for name in ("after_create_api_key", "after_revoke_api_key"):
        key = told[name]["changed"]["api_key"]
        assert key == {n: v for n, v in made.items() if n != "key"}
    assert told["after_update"]["changed"] == {"email": "another@example.com"}
    assert made["key"] not in str(told)
    assert stacks.wait_until(lambda: states(stack) == (0, 0))


@pytest.mark.parametrize("answer", [500, 503, 404, 302, "slow", "close",
                                    "big"])
def test_whatever_is_no_success_comes_again(new_stack, receiver, answer):
    key = new_secret()
    receiver.answers = [answer]
    stack = new_stack("sqlite", settings=settings_for(receiver, key))
    user, _ = stack.client.newcomer()
    first, second = wait_got(receiver, 2)[:2]

    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert verified(second, key)["data"]["user"] == user
    assert second[0] == "/events?x=1"
    assert stacks.wait_until(lambda: states(stack) == (0, 0))


def test_a_receiver_that_is_gone_is_left_alone(new_stack, receiver):
    receiver.answers = [410]
    stack = new_stack("sqlite", settings=settings_for(receiver, new_secret()))
    stack.client.newcomer()

    assert stacks.wait_until(lambda: states(stack) == (0, 1))
    assert len(receiver.got) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]",
                                  "0.0.0.0", "2130706433", "127.1"])
def test_private_addresses_hear_nothing(new_stack, receiver, host):
    stack = new_stack("sqlite", settings=settings_for(
        receiver, new_secret(), allow_private="false",
        url=f"http://{host}:{receiver.port}/"))
    stack.client.newcomer()

    assert stacks.wait_until(
        lambda: "event=event_postponed" in stack.program_log())
    assert receiver.got == []
    assert states(stack) == (1, 0)


def test_a_webhook_travels_by_tls_to_whom_somebody_vouches_for(new_stack):
    folder = Programs()
    make_certificates(folder.folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder.path("server.pem"))
    os.unlink(folder.path("server.pem"))
    receiver = Receiver(context)
    try:
        url = f"https://localhost:{receiver.port}/"
        key = new_secret()
        stack = new_stack("sqlite", settings=settings_for(
            receiver, key, url=url, allow_http="false",
            ca_file=folder.path("ca.pem")))
        user, _ = stack.client.newcomer()
        assert verified(wait_got(receiver)[0], key)["data"]["user"] == user

        count = len(receiver.got)
        stack = new_stack("sqlite", settings=settings_for(
            receiver, key, url=url, allow_http="false"))
        stack.client.newcomer()
        assert stacks.wait_until(
            lambda: "event=event_postponed" in stack.program_log())
        assert len(receiver.got) == count
    finally:
        receiver.end()
        folder.remove()
