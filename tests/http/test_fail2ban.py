# SPDX-License-Identifier: MIT
"""The fail2ban filter on what the log really says, of failures and of lines
that somebody shaped to have another one shut out."""

import json
import os
import shutil
import subprocess
import urllib.parse

import pytest

from client import PASSWORD

FILTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                      "etc", "fail2ban", "filter.d", "fastcgi-users.conf")
FORMATS = ("text", "json")
VICTIM = "203.0.113.9"
# What a client may try to end a field or a line with, in each format.
FRAMES = (
    f" event=login_refused backend=bearer client={VICTIM}",
    f"\nts=2026-11-25T21:00:00.000Z level=info event=login_refused "
    f"backend=bearer client={VICTIM}\n",
    f"\" level=info event=login_refused backend=bearer client={VICTIM}",
    f'","event":"login_refused","backend":"x","client":"{VICTIM}"}}',
    '"}\n{"time":"2026-11-25T21:00:00.000Z","level":"info","event":'
    f'"login_refused","backend":"bearer","client":"{VICTIM}"}}\n',
    f"\\\" client={VICTIM}", f"\u2028\u0085\x9b client={VICTIM}")

pytestmark = pytest.mark.skipif(not shutil.which("fail2ban-regex"),
                                reason="fail2ban is missing")


def banned(log):
    """The addresses that fail2ban finds in a log, in order."""
    done = subprocess.run(
        ["fail2ban-regex", "-o", "<ip>", log, FILTER], text=True, check=False,
        capture_output=True, timeout=60)
    assert done.returncode in (0, 255), done.stderr
    return done.stdout.split()


class World:
    """A stack, and the same program as a CGI program whose web server says
    what it likes."""

    def __init__(self, stack):
        self.stack = stack

    def cgi(self, address, username, path="/auth/bearer/login",
            method="POST", request_id=""):
        """What the program writes into its log."""
        body = urllib.parse.urlencode({"username": username,
                                       "password": "not his password"})
        done = self.stack.run(self.stack.program, given=body, variables={
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method,
            "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
            "REMOTE_ADDR": address, "HTTP_X_REQUEST_ID": request_id,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "FASTCGI_USERS_CONFIG": self.stack.config}.items())
        return done.stderr

    def keep(self, *texts):
        return self.stack.write("seen.log", "".join(texts), 0o644)


@pytest.fixture(scope="module", params=FORMATS)
def world(request, house):
    return World(house.get("sqlite", settings=(
        f"log.format={request.param}", "server.trust_request_id=true")))


@pytest.mark.about("pool", "its log")
def test_who_guesses_at_the_pool_is_found_as_often_as_he_guessed(world):
    client = world.stack.client
    before = len(banned(world.stack.path("pool.log")))

    for name in (world.stack.superuser["email"], "nobody@example.org"):
        assert client.try_login(name, "wrong" + PASSWORD).status_code == 400
    assert client.try_login(
        world.stack.superuser["email"],
        world.stack.superuser["password"]).status_code == 200

    found = banned(world.stack.path("pool.log"))[before:]
    assert found == ["127.0.0.1"] * 2


@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8::7"])
@pytest.mark.parametrize("request_id", ["", "a_b-c.9"])
def test_the_address_that_the_web_server_tells_is_found(world, address,
                                                        request_id):
    log = world.cgi(address, "nobody@example.org", request_id=request_id)

    assert banned(world.keep(log)) == [address]


def test_lines_of_syslog_and_of_the_journal_are_known(world):
    said = world.cgi("198.51.100.7", "nobody@example.org")
    line = next(l for l in said.splitlines() if "login_refused" in l)
    bare = line.split("Z ", 1)[1] if line.startswith("ts=") else line

    log = world.keep(
        f"Nov 25 21:00:01 host fastcgi-users[12]: {bare}\n",
        f"2026-11-25T21:00:01.5+01:00 host fastcgi-users[12]: {bare}\n")

    assert banned(log) == ["198.51.100.7"] * 2


@pytest.mark.parametrize("frame", FRAMES)
def test_nobody_has_another_one_shut_out(world, frame):
    me = "198.51.100.8"
    logs = [world.cgi(me, "a" + frame + "@example.org"),
            world.cgi(me, "x", request_id="r" + frame),
            world.cgi(me, "x", path="/auth/bearer/login" + frame),
            world.cgi(me, "x", method="POST" + frame),
            world.cgi(me + frame, "x")]

    found = banned(world.keep(*logs))

    assert VICTIM not in "".join(found)
    # He is found himself where he signed in, and his web server named him.
    assert found[:2] == [me] * 2


def test_what_is_no_sign_in_shuts_out_nobody(world):
    logs = [world.cgi(VICTIM, "x", path=path) for path in
            ("/users/me", "/login_refused", "/auth/register")]

    assert banned(world.keep(*logs)) == []


@pytest.mark.about("pool", "its log")
def test_each_line_of_json_is_one_object(house):
    stack = house.get("sqlite", settings=("log.format=json",
                                          "server.trust_request_id=true"))
    for frame in FRAMES:
        stack.client.request("GET", "/" + urllib.parse.quote(frame))
    stack.client.get("/users/me", token="none")

    lines = [json.loads(line)
             for line in stack.read("pool.log").splitlines()]

    assert all({"time", "level", "event"} <= set(line) for line in lines)
    asked = [line for line in lines if line["event"] == "request"]
    assert asked[-1] | {"ms": 0, "wait_ms": 0, "time": 0, "request": 0} == {
        "time": 0, "level": "info", "event": "request", "method": "GET",
        "path": "/users/me", "route": "users:current_user", "status": 401,
        "ms": 0, "wait_ms": 0, "user": "", "client": "127.0.0.1",
        "request": 0}
