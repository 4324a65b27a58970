# SPDX-License-Identifier: MIT
"""Whoever speaks to the program's socket and is no sound web server costs that
connection and nothing else: behind the pools, and where libfcgi serves a
socket on descriptor 0.
"""

import random
import socket
import struct

import pytest

from test_fairness import fastcgi_request, pair, read_whole, record

BEGIN = record(1, b"\0\1\1\0\0\0\0\0")
WHOLE = fastcgi_request(b"/users/me")
POST = (pair(b"REQUEST_METHOD", b"POST")
        + pair(b"PATH_INFO", b"/auth/register")
        + pair(b"CONTENT_TYPE", b"application/json")
        + pair(b"CONTENT_LENGTH", b"1000"))


def lengths(name, value):
    """A pair of which nothing but its lengths is there."""
    return BEGIN + record(4, struct.pack(">II", name | 1 << 31,
                                         value | 1 << 31) + b"x" * 16)


STRANGERS = {
    "says nothing": b"",
    "half a header": BEGIN[:5],
    "half a beginning": BEGIN[:12],
    "half the variables": WHOLE[:60],
    "variables without an end": BEGIN + record(4, POST),
    "half a body": (BEGIN + record(4, POST) + record(4)
                    + record(5, b"x" * 500)),
    "a body that is longer": (BEGIN + record(4, POST) + record(4)
                              + record(5, b"x" * 2000) + record(5)),
    "aborts among the variables": BEGIN + record(4, POST) + record(2),
    "aborts in a body": (BEGIN + record(4, POST) + record(4)
                         + record(5, b"x") + record(2)),
    "begins twice": BEGIN + BEGIN + WHOLE,
    "another version": b"\2" + WHOLE[1:],
    "another role": record(1, b"\0\7\1\0\0\0\0\0"),
    "types that are none": record(99, b"x") * 3,
    "an answer": record(6, b"Status: 200 OK\r\n\r\n") + record(3, b"\0" * 8),
    "lengths of 2 GiB together": lengths(0x7ffffffe, 1),
    "lengths of 2 GiB by halves": lengths(0x40000000, 0x40000000),
    "a name of 2 GiB": lengths(0x7ffffffe, 0),
    "lengths that lie": BEGIN + record(4, b"\5\5abc") + record(4),
    "HTTP": b"GET /users/me HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(180),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "PostgreSQL": b"\0\0\0\x08\x04\xd2\x16\x2f",
    "SCGI": b"24:CONTENT_LENGTH\x000\0SCGI\x001\0,",
    "uwsgi": b"\0\x12\0\0\x0e\0REQUEST_METHOD\x03\0GET",
    "zeros": bytes(100_000),
    "noise": random.Random(1).randbytes(100_000),
}


@pytest.fixture(params=["nginx", "nginx-fd0"], ids=["pool", "libfcgi"],
                scope="module")
def crowd(request, house):
    """A stack whose processes must be the same in the end."""
    stack = house.get("sqlite", request.param,
                      settings=("server.arrival_limit=1",))
    before = pids(stack)
    yield stack
    assert pids(stack) == before


def pids(stack):
    """Who serves: workers, or processes with the socket on descriptor 0."""
    return stack.worker_pids() or [
        p.pid for name, p in stack.handles.items()
        if name.startswith(("api-", "password-")) and p.poll() is None]


def open_to(stack):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(stack.settings["pool", "api"]["socket"])
    return s


def send(s, said):
    """As much as the other side bears."""
    try:
        s.sendall(said)
    except OSError:
        pass


def read_to_the_end(s):
    said = b""
    try:
        while part := s.recv(65536):
            said += part
    except ConnectionError:
        pass
    return said


def others_are_served(stack):
    before = pids(stack)
    for _ in range(4):
        with open_to(stack) as s:
            s.sendall(WHOLE)
            assert b"Status: 401" in read_whole(s)
    assert pids(stack) == before
    assert before


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_that_leaves_costs_nobody_anything(crowd, said):
    for _ in range(4):
        with open_to(crowd) as s:
            send(s, said)

    others_are_served(crowd)


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_that_says_no_more_is_closed_upon(crowd, said):
    with open_to(crowd) as s:
        send(s, said)
        s.shutdown(socket.SHUT_WR)

        got = read_to_the_end(s)

    assert b"Status: 2" not in got
    others_are_served(crowd)


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_that_stays_is_sent_away_in_time(crowd, said):
    kept = [open_to(crowd) for _ in range(2)]
    for s in kept:
        send(s, said)

    others_are_served(crowd)

    for s in kept:
        s.close()


def test_a_request_that_drips_in_is_answered(crowd):
    with open_to(crowd) as s:
        for i in range(0, len(WHOLE), 40):
            s.sendall(WHOLE[i:i + 40])

        assert b"Status: 401" in read_whole(s)


def test_as_many_variables_as_web_servers_send_are_taken(crowd):
    cookie = b"a" * 60000
    long = record(4, b"\x0b" + struct.pack(">I", len(cookie) | 1 << 31)
                  + b"HTTP_COOKIE" + cookie)
    with open_to(crowd) as s:
        s.sendall(BEGIN + long + WHOLE[len(BEGIN):])

        assert b"Status: 401" in read_whole(s)
