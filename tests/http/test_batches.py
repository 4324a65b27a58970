# SPDX-License-Identifier: MIT
"""Requests that wait together have their users read together. Nobody must
notice: everyone gets the answer that he would have got alone."""

import os
import re
import signal
import socket

import pytest

import stack as stacks
from client import PASSWORD
from commands import execute
from test_fairness import pair, read_whole, record

pytestmark = pytest.mark.about(
    "pool", "requests that a worker answers together")

SECONDS = 20


def ask(path, token=None, cookie=None, method=b"GET"):
    """A request after which the connection is kept."""
    pairs = [(b"REQUEST_METHOD", method), (b"PATH_INFO", path),
             (b"HTTP_HOST", b"example.com")]
    headers = [(b"HTTP_AUTHORIZATION", token and f"Bearer {token}"),
               (b"HTTP_COOKIE", cookie and f"fastapiusersauth={cookie}")]
    for name, value in headers:
        if value:
            pairs.append((name, value.encode()))
    return (record(1, b"\0\1\1\0\0\0\0\0")
            + b"".join(record(4, long_pair(*one)) for one in pairs)
            + record(4) + record(5))


def long_pair(name, value):
    if len(value) < 128:
        return pair(name, value)
    return (bytes((len(name),)) + (len(value) | 1 << 31).to_bytes(4, "big")
            + name + value)


class Crowd:
    """Kept connections to the one worker of a pool."""

    def __init__(self, stack, size):
        self.stack = stack
        self.connections = []
        for _ in range(size):
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(SECONDS)
            one.connect(stack.path("api.sock"))
            self.connections.append(one)
        # All of them are heard of, and the statement is known by name.
        self.each([ask(b"/healthz")] * size)

    def close(self):
        for one in self.connections:
            one.close()

    def worker(self):
        found = re.findall(r"event=worker_ready pool=api pid=(\d+)",
                           self.stack.program_log())
        return int(found[-1])

    def each(self, requests):
        """One after the other; their answers."""
        answers = []
        for one, request in zip(self.connections, requests):
            one.sendall(request)
            answers.append(read_whole(one))
        return answers

    def together(self, requests):
        """All of them wait before the worker may look."""
        worker = self.worker()
        os.kill(worker, signal.SIGSTOP)
        try:
            assert stacks.wait_until(
                lambda: stacks.process_stat(worker)[0] == "T", SECONDS)
            for one, request in zip(self.connections, requests):
                one.sendall(request)
        finally:
            os.kill(worker, signal.SIGCONT)
        return [read_whole(one) for one, _ in zip(self.connections, requests)]

    def read_together(self):
        """How many users were read with others, so far."""
        return sum(int(n) for n in re.findall(
            r"event=statement name=user_by_session count=(\d+)",
            self.stack.program_log()))


@pytest.fixture(scope="module")
def lonely(house, db):
    """A stack whose pools have one worker each."""
    made = house.make(db, workers=1, settings=["log.level=debug",
                                                "field.about.type=text"])
    yield made
    house.end(made)


@pytest.fixture
def crowd(lonely):
    made = Crowd(lonely, 20)
    yield made
    made.close()


def statuses(answers):
    return [int(one.split(b" ", 2)[1]) for one in answers]


def strangers(client):
    """(request, status, what the answer has in it) of many kinds."""
    user, token = client.newcomer()
    cookie = client.login_cookie(user["email"])
    gone, gone_token = client.newcomer()
    left, left_token = client.newcomer()
    asleep, asleep_token = client.newcomer()
    assert client.delete(f"/users/{gone['id']}",
                         token=client.admin()).status_code == 204
    assert client.post("/auth/bearer/logout",
                       token=left_token).status_code == 204
    assert client.patch(f"/users/{asleep['id']}", token=client.admin(),
                        json={"is_active": False}).status_code == 200
    me, own = b"/users/me", user["id"].encode()
    return [
        (ask(me, token=token), 200, own),
        (ask(me, cookie=cookie), 200, own),
        (ask(me, token="x.y.z", cookie=cookie), 200, own),
        (ask(me, token=client.admin()), 200, b"admin@"),
        (ask(me, token=gone_token), 401, b"Unauthorized"),
        (ask(me, token=left_token), 401, b"Unauthorized"),
        (ask(me, token=asleep_token), 401, b"Unauthorized"),
        (ask(me, token=token[:-2]), 401, b"Unauthorized"),
        (ask(me), 401, b"Unauthorized"),
        (ask(b"/users/" + own, token=client.admin()), 200, own),
        (ask(b"/users/" + own, token=token), 403, b"Forbidden"),
        (ask(b"/nowhere", token=token), 404, b"Not Found"),
        (ask(b"/healthz"), 200, b""),
        (ask(me, token=token, method=b"HEAD"), 200, b"Status"),
        (ask(me, token=token, method=b"PUT"), 405, b"Allow"),
    ]


def assert_all(answers, wanted):
    assert statuses(answers) == [status for _, status, _ in wanted]
    for answer, (_, _, words) in zip(answers, wanted):
        assert words in answer


def test_who_waits_with_others_gets_his_own_answer(crowd, db):
    wanted = strangers(crowd.stack.client)
    requests = [request for request, _, _ in wanted]
    assert_all(crowd.each(requests), wanted)
    for _ in range(3):
        assert_all(crowd.together(requests), wanted)
        assert_all(crowd.together(requests[::-1]), wanted[::-1])
    assert (crowd.read_together() > 0) == (db == "postgres")


def test_a_server_that_closes_meanwhile_takes_no_answer_away(crowd, db):
    wanted = strangers(crowd.stack.client)
    requests = [request for request, _, _ in wanted]
    for _ in range(3):
        assert_all(crowd.each(requests), wanted)
        if db == "postgres":
            execute(crowd.stack,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'fastcgi-users'")
        assert_all(crowd.together(requests), wanted)
    before = crowd.read_together()
    assert_all(crowd.together(requests), wanted)
    assert (crowd.read_together() > before) == (db == "postgres")


def test_a_change_among_others_is_seen_by_whoever_asks_after_it(crowd):
    """What waits beside the change may be answered from before or after it;
    what is sent when it is done, only from after it."""
    client = crowd.stack.client
    for way in ("logout", "delete"):
        user, token = client.newcomer()
        read = ask(b"/users/me", token=token)
        assert statuses(crowd.each([read] * 3)) == [200] * 3
        change = {
            "logout": ask(b"/auth/bearer/logout", token=token, method=b"POST"),
            "delete": ask(b"/users/" + user["id"].encode(), method=b"DELETE",
                          token=client.admin()),
        }[way]
        answers = statuses(crowd.together([read, read, change, read, read]))
        assert answers.pop(2) == 204
        assert set(answers) <= {200, 401}
        assert statuses(crowd.together([read] * 8)) == [401] * 8


def test_a_password_changed_among_others_ends_their_sessions(crowd):
    client = crowd.stack.client
    user = client.register()
    old = [client.login(user["email"]) for _ in range(6)]
    reads = [ask(b"/users/me", token=token) for token in old]
    assert statuses(crowd.each(reads)) == [200] * 6
    assert client.patch("/users/me", token=old[0], json={
        "password": PASSWORD + "!"}).status_code == 200
    assert statuses(crowd.together(reads)) == [200] + [401] * 5


def test_who_hangs_up_among_others_takes_no_answer_away(crowd):
    _, token = crowd.stack.client.newcomer()
    read = ask(b"/users/me", token=token)
    crowd.each([read] * 3)
    worker = crowd.worker()
    os.kill(worker, signal.SIGSTOP)
    for one in crowd.connections:
        one.sendall(read)
    for one in crowd.connections[::3]:
        one.close()
    os.kill(worker, signal.SIGCONT)
    rest = [one for i, one in enumerate(crowd.connections) if i % 3]
    assert statuses(map(read_whole, rest)) == [200] * len(rest)
    crowd.connections = rest
    assert crowd.worker() == worker
    assert statuses(crowd.together([read] * len(rest))) == [200] * len(rest)


def test_users_with_much_to_tell_are_read_together_too(crowd, db):
    """As much as one request may take alone, each takes with others."""
    user, token = crowd.stack.client.newcomer()
    read = ask(b"/users/me", token=token)
    crowd.each([read] * 3)
    worker = crowd.worker()
    execute(crowd.stack, "UPDATE \"user\" SET about = "
            + ("repeat('x', 5000000)" if db == "postgres"
               else "printf('%.5000000c', 'x')")
            + f" WHERE email = '{user['email']}'")
    before = crowd.read_together()
    answers = crowd.together([read] * 16)
    assert statuses(answers) == [200] * 16
    assert {one.count(b"x" * 5000000) for one in answers} == {1}
    assert (crowd.read_together() > before) == (db == "postgres")
    assert crowd.worker() == worker
