# SPDX-License-Identifier: MIT
"""A Redis server that goes, comes, stalls, or wants a password."""

import signal
import threading
import time

import pytest

import stack as stacks
from client import detail

SETTINGS = ["backend.quick.strategy=redis"]


def make(new_stack, db, *more, **options):
    return new_stack(db, redis=True, settings=[*SETTINGS, *more], **options)


def test_without_redis_its_tokens_are_503_and_others_work(new_stack, db):
    stack = make(new_stack, db)
    client = stack.client
    user = client.register()
    quick = client.login(user["email"], backend="quick")
    signed = client.login(user["email"])

    stack.redis_stop()

    for _ in range(3):
        for answer in (client.get("/users/me", token=quick),
                       client.post("/auth/quick/logout", token=quick),
                       client.try_login(user["email"], backend="quick")):
            assert answer.status_code == 503, answer.text
            assert detail(answer) == "Service Unavailable"
            assert int(answer.headers["Retry-After"]) > 0
        assert client.get("/users/me", token=signed).status_code == 200
        assert client.get("/users/me", token="junk").status_code == 401
        assert client.get("/users/me").status_code == 401
    assert client.login(user["email"])

    stack.redis_start()
    again = eventually(lambda: client.try_login(user["email"],
                                                backend="quick"), 200)
    assert client.get("/users/me",
                      token=again.json()["access_token"]).json() == user
    assert client.get("/users/me", token=quick).json() == user


def eventually(call, status, seconds=30):
    """The first answer with this status."""
    end = time.monotonic() + seconds
    while True:
        answer = call()
        if answer.status_code == status or time.monotonic() > end:
            assert answer.status_code == status, answer.text
            return answer
        time.sleep(0.05)


def test_a_restarted_server_costs_no_answer_once_it_is_back(new_stack, db):
    stack = make(new_stack, db)
    client = stack.client
    user = client.register()
    client.login(user["email"], backend="quick")

    stack.redis_stop()
    stack.redis_start()

    # The workers' connections are dead, and they find out by themselves.
    for _ in range(20):
        assert client.try_login(user["email"],
                                backend="quick").status_code == 200


def test_a_server_that_stalls_costs_a_bounded_time(new_stack, db):
    stack = make(new_stack, db, workers=1)
    client = stack.client
    user = client.register()
    quick = client.login(user["email"], backend="quick")
    signed = client.login(user["email"])
    assert client.get("/users/me", token=quick).status_code == 200
    stack.handles["redis"].send_signal(signal.SIGSTOP)

    try:
        begun = time.monotonic()
        answers = [client.get("/users/me", token=quick).status_code
                   for _ in range(20)]
        took = time.monotonic() - begun
        assert set(answers) == {503}
        # Most of them did not wait at all, where a process remembers that
        # there is no use; generous, for a busy machine.
        assert took < (4 if stack.web.remembers else 20)
        assert client.get("/users/me", token=signed).status_code == 200
    finally:
        stack.handles["redis"].send_signal(signal.SIGCONT)

    assert eventually(lambda: client.get("/users/me", token=quick),
                      200).json() == user


@pytest.mark.parametrize("rounds", [8])
def test_killed_and_restarted_under_load_no_worker_dies(new_stack, db,
                                                        rounds):
    stack = make(new_stack, db, workers=3)
    client = stack.client
    user = client.register()
    signed = client.login(user["email"])
    workers = set(stack.worker_pids())
    seen, stop = [], threading.Event()

    def ask(token):
        while not stop.is_set():
            seen.append((token is signed,
                         client.get("/users/me", token=token).status_code))

    kept = client.login(user["email"], backend="quick")
    threads = [threading.Thread(target=ask, args=(token,))
               for token in (kept, kept, signed)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(rounds):
            time.sleep(0.3)
            stack.redis_stop()
            time.sleep(0.3)
            stack.redis_start()
    finally:
        time.sleep(0.5)
        stop.set()
        for thread in threads:
            thread.join()

    assert {status for is_signed, status in seen if is_signed} == {200}
    assert {status for is_signed, status in seen if not is_signed} == {
        200, 503}
    assert set(stack.worker_pids()) == workers
    assert eventually(lambda: client.get("/users/me", token=kept),
                      200).json() == user


def test_a_server_with_a_password_and_databases_is_spoken_to(new_stack, db):
    stack = make(new_stack, db,
                 "redis.url=unix:@FOLDER@/redis.sock"
                 "?database=3&password=p%41ss")
    client = stack.client
    user = client.register()
    assert client.try_login(user["email"],
                            backend="quick").status_code == 503

    stack.ask_redis("CONFIG", "SET", "requirepass", "pAss")
    answer = eventually(lambda: client.try_login(user["email"],
                                                 backend="quick"), 200)

    token = answer.json()["access_token"]
    assert client.get("/users/me", token=token).json() == user
    assert stack.ask_redis("-a", "pAss", "--no-auth-warning", "-n", "3",
                           "GET", f"fastapi_users_token:{token}"
                           ) == user["id"]
    said = stack.program_log()
    assert "event=redis_down" in said
    assert "event=redis_back" in said or not stack.web.remembers
    assert "pAss" not in said and token not in said


def test_a_server_is_reached_by_a_network_address(new_stack, db):
    port = stacks.free_port()
    stack = make(new_stack, db, f"redis.url=redis://:p%40ss@localhost:{port}/1")
    stack.ask_redis("CONFIG", "SET", "requirepass", "p@ss")
    client = stack.client
    user = client.register()
    assert client.try_login(user["email"],
                            backend="quick").status_code == 503

    stack.ask_redis("-a", "p@ss", "--no-auth-warning", "CONFIG", "SET",
                    "port", str(port))

    token = eventually(lambda: client.try_login(
        user["email"], backend="quick"), 200).json()["access_token"]
    assert client.get("/users/me", token=token).json() == user


def test_a_process_for_each_request_asks_the_server_too(new_stack, db):
    stack = make(new_stack, db, server="apache-cgi")
    client = stack.client
    user = client.register()
    token = client.login(user["email"], backend="quick")
    assert client.get("/users/me", token=token).json() == user

    stack.redis_stop(signal.SIGTERM)

    assert client.get("/users/me", token=token).status_code == 503


def test_check_says_whether_the_server_answers(new_stack, db):
    stack = make(new_stack, db)
    answer = stack.program_command("check")
    assert "ok: the Redis server answers" in answer.stdout

    stack.redis_stop(signal.SIGTERM)

    answer = stack.program_command("check", check=False)
    assert answer.returncode != 0
    assert "redis: the Redis server cannot be reached" in answer.stderr


def test_values_that_are_no_ids_open_nothing(new_stack, db):
    stack = make(new_stack, db)
    client = stack.client
    for number, value in enumerate((
            "", "x", "00000000-0000-4000-8000-000000000000", "null",
            "x" * 100000, "' OR 1=1 --", "-1")):
        token = f"{number}" * 43
        stack.ask_redis("SET", f"fastapi_users_token:{token}", value)
        assert client.get("/users/me", token=token).status_code == 401, value

    stack.ask_redis("LPUSH", f"fastapi_users_token:{'L' * 43}", "x")
    assert client.get("/users/me", token="L" * 43).status_code == 503
