# SPDX-License-Identifier: MIT
"""Whoever asks gets an answer, however many others ask all the time."""

import concurrent.futures
import os
import re
import socket
import struct
import subprocess
import threading
import time

import pytest

from client import new_email

CLIENTS = 12
SECONDS = 6


def ask_until(client, deadline):
    """(status, seconds) of wrong logins, one after the other."""
    answers = []
    while time.monotonic() < deadline:
        begin = time.monotonic()
        answer = client.try_login(new_email())
        answers.append((answer.status_code, time.monotonic() - begin))
    return answers


@pytest.mark.about("pool", "how workers take turns")
@pytest.mark.parametrize("workers", (1, 3))
def test_every_client_gets_its_answers_in_turn(new_stack, workers):
    client = new_stack("sqlite", workers=workers, cheap=False).client
    deadline = time.monotonic() + SECONDS

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(ask_until, client, deadline)
                 for _ in range(CLIENTS)]
    answers = [f.result() for f in asked]

    statuses = {status for one in answers for status, _ in one}
    assert statuses <= {400, 503}, statuses
    counts = sorted(sum(status == 400 for status, _ in one)
                    for one in answers)
    assert counts[0] > 0, counts
    assert counts[-1] <= 4 * counts[0] + 4, counts


def record(kind, content=b""):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def pair(name, value):
    return bytes((len(name), len(value))) + name + value


def fastcgi_request(path):
    """A request after which the web server wants to keep the connection."""
    return (record(1, b"\0\1\1\0\0\0\0\0")
            + record(4, pair(b"REQUEST_METHOD", b"GET")
                     + pair(b"REQUEST_URI", path)
                     + pair(b"PATH_INFO", path)
                     + pair(b"REMOTE_ADDR", b"192.0.2.1")
                     + pair(b"HTTP_HOST", b"example.com"))
            + record(4) + record(5))


def read_exactly(connection, size):
    """MSG_WAITALL does not wait on a socket with a timeout."""
    text = b""
    while len(text) < size:
        more = connection.recv(size - len(text))
        assert more, "the connection ended"
        text += more
    return text


def read_whole(connection):
    """An answer's text, up to the end of its request."""
    text = b""
    while True:
        head = read_exactly(connection, 8)
        kind, length, padding = head[1], *struct.unpack(">HB", head[4:7])
        rest = read_exactly(connection, length + padding)
        if kind == 3:
            return text
        text += rest[:length]


def ask_kept(address, path, start, deadline):
    """How many answers one kept connection gets, asking all the time."""
    count = 0
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(address)
        start.wait()
        while time.monotonic() < deadline():
            s.sendall(fastcgi_request(path))
            assert b"Status: 401" in read_whole(s)
            count += 1
    return count


def say_little(address, way, start, deadline):
    """Takes a place: says nothing, half a request, or a byte at a time."""
    whole = fastcgi_request(b"/users/me")
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(address)
        start.wait()
        if way == "half":
            s.sendall(whole[:len(whole) // 2])
        for i in range(len(whole) - 1):
            if time.monotonic() > deadline():
                return
            if way == "drip":
                s.sendall(whole[i:i + 1])
            time.sleep(0.02)


@pytest.mark.about("pool", "FastCGI is spoken to the pool's socket")
def test_silent_and_dripping_clients_take_nothing_from_others(new_stack):
    """32 kept connections on 2 workers, 8 of which never make a request."""
    stack = new_stack("sqlite", workers=2)
    address = stack.settings["pool", "api"]["socket"]
    ends = []
    start = threading.Barrier(32, lambda: ends.append(time.monotonic() + 2))
    ways = ["silent"] * 3 + ["half"] * 2 + ["drip"] * 3

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        quiet = [pool.submit(say_little, address, way, start,
                             lambda: ends[0]) for way in ways]
        asked = [pool.submit(ask_kept, address, b"/users/me", start,
                             lambda: ends[0]) for _ in range(24)]
        counts = sorted(f.result() for f in asked)
        for f in quiet:
            f.result()

    assert counts[0] > 0, counts
    assert counts[-1] <= 10 * counts[0] + 10, counts


def fastcgi_login(email):
    """One that fails, and takes the worker its time."""
    body = f"username={email}&password=wrong".encode()
    return (record(1, b"\0\1\1\0\0\0\0\0")
            + record(4, pair(b"REQUEST_METHOD", b"POST")
                     + pair(b"PATH_INFO", b"/auth/bearer/login")
                     + pair(b"CONTENT_TYPE",
                            b"application/x-www-form-urlencoded")
                     + pair(b"CONTENT_LENGTH", str(len(body)).encode()))
            + record(4) + record(5, body) + record(5))


def ask_in_turn(address, start, deadline, request, status):
    """The same, with a new connection for each that the pool closes."""
    count = 0
    start.wait()
    while time.monotonic() < deadline():
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(address)
            while time.monotonic() < deadline():
                try:
                    s.sendall(request)
                    first = s.recv(1, socket.MSG_PEEK)
                except (BrokenPipeError, ConnectionResetError):
                    break
                if not first:
                    break
                assert status in read_whole(s)
                # Afterwards places are free, since others leave.
                count += time.monotonic() < deadline()
    return count


@pytest.mark.about("pool", "FastCGI is spoken to the pool's socket")
def test_more_clients_than_there_are_places_take_turns(new_stack):
    stack = new_stack("sqlite", ["server.connections_per_worker=4"],
                      workers=2)
    address = stack.settings["pool", "api"]["socket"]
    ends = []
    start = threading.Barrier(24, lambda: ends.append(time.monotonic() + 2))

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        asked = [pool.submit(ask_in_turn, address, start, lambda: ends[0],
                             fastcgi_request(b"/users/me"), b"Status: 401")
                 for _ in range(24)]
        counts = sorted(f.result() for f in asked)

    assert counts[0] > 0, counts


@pytest.mark.about("pool", "FastCGI is spoken to the pool's socket")
def test_who_comes_with_another_to_the_last_place_gets_one_too(new_stack):
    """They come while the worker is busy, so it lets both in at once."""
    stack = new_stack("sqlite", ["server.connections_per_worker=4"],
                      workers=1, cheap=False)
    address = stack.settings["pool", "password"]["socket"]
    request = fastcgi_login(new_email())
    end = time.monotonic() + 6

    def ask(start):
        return ask_in_turn(address, start, lambda: end, request,
                           b"Status: 400")

    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        start = threading.Barrier(3)
        asked = [pool.submit(ask, start) for _ in range(3)]
        time.sleep(1)
        start = threading.Barrier(2)
        asked += [pool.submit(ask, start) for _ in range(2)]
        counts = [f.result() for f in asked]

    assert min(counts) > 0, counts


def test_the_example_keeps_connections_to_every_pool():
    with open(os.path.join(os.path.dirname(__file__), "..", "..",
                           "nginx.conf.example"), encoding="utf-8") as f:
        text = f.read()
    # Those of the pool that is a comment too.
    upstreams = re.findall(r"^#?upstream (\w+) {\n(.*?)^#?}", text, re.M | re.S)
    places = re.findall(r"^\tlocation [^{]*{\n(?:\t\t.*\n|\n)*?\t\t"
                        r"fastcgi_pass (?:.*\n)*?\t}", text, re.M)

    assert [name for name, _ in upstreams] == [
        "fastcgi_users_api", "fastcgi_users_password", "fastcgi_users_oauth"]
    for _, lines in upstreams:
        assert re.search(r"^#?\tkeepalive [1-9]\d*;$", lines, re.M)
        timeout = re.search(r"^#?\tkeepalive_timeout (\d+)s;$", lines, re.M)
        assert int(timeout[1]) < 75  # server.idle_limit
    assert len(places) == len(re.findall(r"^\s*fastcgi_pass ", text, re.M)) == 1
    for place in places:
        assert re.search(r"^\t\tfastcgi_keep_conn on;$", place, re.M)


def accepted(address):
    """The open connections to a socket, by their numbers in the kernel."""
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as f:
        rows = [line.split() for line in f]
    return {row[6] for row in rows
            if row[-1] == address and row[5] == "03"}


@pytest.mark.about("nginx", "nginx keeps connections")
def test_nginx_asks_again_on_the_connections_that_it_has(new_stack):
    stack = new_stack("sqlite", workers=2)
    address = stack.settings["pool", "api"]["socket"]
    client = stack.client
    for _ in range(5):
        client.get("/users/me")

    before = accepted(address)
    for _ in range(50):
        assert client.get("/users/me").status_code == 401

    # Each worker process of nginx keeps its own.
    after = accepted(address)
    assert before and before <= after, (before, after)
    assert len(after) <= os.cpu_count(), after


def test_a_kept_connection_does_not_hang_behind_spawn_fcgi(house):
    stack = house.get("sqlite", "nginx-fd0")

    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(stack.settings["pool", "api"]["socket"])
            s.sendall(fastcgi_request(b"/users/me"))
            said = b""
            while part := s.recv(65536):
                said += part
        assert b"Status: 401" in said


def test_a_body_far_too_large_is_read_to_its_end(house):
    """Apache forgets the answer of a CGI program that it cannot write to."""
    stack = house.get("sqlite", "apache-cgi")

    for size in (1_500_000, 3_000_000, 20_000_000):
        with subprocess.Popen(
                [stack.program], cwd=stack.folder,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env=stack.environment(
                    FASTCGI_USERS_CONFIG=stack.config,
                    GATEWAY_INTERFACE="CGI/1.1", REQUEST_METHOD="POST",
                    PATH_INFO="/auth/register", CONTENT_LENGTH=str(size)),
                **stack.as_user()) as program:
            # All of it first, as Apache does: no BrokenPipeError.
            program.stdin.write(b"x" * size)
            program.stdin.close()
            assert b"Status: 413" in program.stdout.read()


def test_a_body_far_too_large_is_refused_by_an_answer(house):
    client = house.get("sqlite", "apache-cgi").client

    for size in (1_500_000, 3_000_000):
        assert client.post("/auth/register", data=b"x" * size, headers={
            "Content-Type": "application/json"}).status_code == 413
