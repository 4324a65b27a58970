# SPDX-License-Identifier: MIT
"""Whoever asks gets an answer, however many others ask all the time."""

import concurrent.futures
import socket
import struct
import subprocess
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
