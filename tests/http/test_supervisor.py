# SPDX-License-Identifier: MIT
"""The supervisor: workers killed, drained and reloaded under load."""

import os
import signal
import socket
import threading
import time

import pytest
import requests
import stack as stacks

from client import Load, detail, new_email, parallel

pytestmark = pytest.mark.about("pool", "the supervisor is what is tested")


def wait_for_replacement(stack, gone, count):
    """Until as many workers are there as before, without those gone."""
    assert stacks.wait_until(
        lambda: len(set(stack.worker_pids()) - set(gone)) >= count,
        seconds=30, step=0.02), stack.worker_pids()


@pytest.mark.about("second try", "a worker takes kept connections with it, "
                   "and more clients than threads are cut off")
def test_a_killed_worker_loses_only_its_own_requests(new_stack, db):
    stack = new_stack(db, workers=4)
    client = stack.client
    user, token = client.newcomer()
    workers = stack.worker_pids()
    assert len(workers) == 8

    stack.kills_with.add(signal.SIGKILL)
    with Load(client, 200, token=token) as load:
        load.wait_for(200)
        for victim in workers:
            os.kill(victim, signal.SIGKILL)
            load.wait_for(100)
        load.wait_for(400)

    # nginx asks again for what it read, except where the connection was new:
    # of those a worker takes with it what it had in hand.
    gone = stack.web.worker_gone
    assert load.bad(200, *gone) == []
    assert sum(map(load.answers.count, gone)) <= 2 * len(workers)
    wait_for_replacement(stack, workers, 8)
    answers = parallel([lambda: client.get("/users/me", token=token)] * 50)
    assert all(a.json() == user for a in answers)


def test_nothing_acknowledged_is_lost_when_workers_are_killed(new_stack, db):
    stack = new_stack(db, workers=3)
    client = stack.client
    token = client.admin()
    stack.kills_with.add(signal.SIGKILL)
    acknowledged = []

    def register_some():
        for _ in range(15):
            answer = client.post("/auth/register", json={
                "email": new_email("kept"), "password": "correct horse 8"})
            assert answer.status_code in (
                201, *stack.web.worker_gone), answer.text
            if answer.status_code == 201:
                acknowledged.append(answer.json())

    def kill_some():
        for _ in range(6):
            time.sleep(0.05)
            for victim in stack.worker_pids()[::2]:
                stacks.send_signal(victim, signal.SIGKILL)

    parallel([register_some] * 8 + [kill_some])

    wait_for_replacement(stack, [], 6)
    assert acknowledged
    for user in acknowledged:
        assert client.get(f"/users/{user['id']}",
                          token=token).json() == user


def test_reloading_twenty_times_fails_no_request(new_stack, db):
    stack = new_stack(db, workers=2)
    client = stack.client
    _, token = client.newcomer()
    supervisor = stack.handles["pool"]
    first = stack.worker_pids()

    with Load(client, 16, token=token) as load:
        for _ in range(20):
            supervisor.send_signal(signal.SIGHUP)
            load.wait_for(60)

    assert load.bad() == []
    assert supervisor.poll() is None
    assert stacks.wait_until(
        lambda: not set(first) & set(stack.worker_pids()), seconds=60,
        step=0.1)


def test_reloading_takes_new_settings(new_stack, db):
    stack = new_stack(db, workers=2)
    client = stack.client
    assert client.get("/users/me").status_code == 401
    stack.settings["routes", None] = {"users": "/people"}

    stack.reload()

    assert client.get("/people/me").status_code == 401
    assert client.get("/users/me").status_code == 404


def test_a_reload_brings_the_log_back_from_syslog(new_stack):
    stack = new_stack("sqlite", workers=1, settings=["log.to=syslog"])
    client = stack.client
    assert "event=" not in stack.program_log()
    stack.settings["log", None]["to"] = "stderr"
    stack.write_configuration()

    stack.handles["pool"].send_signal(signal.SIGHUP)

    def logged():
        client.get("/users/me")
        log = stack.program_log()
        return "event=request " in log and "event=worker_ready" in log
    assert stacks.wait_until(logged, seconds=20, step=0.05), stack.read(
        "pool.log")


@pytest.mark.parametrize("bad", [
    "server {", "nonsense = 1\n", "password { passes = 0 }\n",
    "log { level = \"loud\" }\n", "secrets { jwt = { \"short\" } }\n",
    "database { url = \"oracle:x\" }\n", "\0\xff"], ids=repr)
def test_a_bad_file_changes_nothing(house, db, bad):
    stack = house.get(db)
    client = stack.client
    good = stack.read("fastcgi-users.conf")
    before = stack.worker_pids()
    log = len(stack.program_log())
    try:
        stack.write("fastcgi-users.conf", good + bad)

        stack.handles["pool"].send_signal(signal.SIGHUP)

        assert stacks.wait_until(
            lambda: "event=reload_refused" in stack.program_log()[log:],
            seconds=30)
        assert client.get("/users/me").status_code == 401
        assert stack.worker_pids() == before
        assert stack.handles["pool"].poll() is None
    finally:
        stack.write("fastcgi-users.conf", good)


def slow(*more):
    """Settings that make a login last about a second."""
    return ["password.memory_kib=65536", "password.passes=20",
            "password.lanes=1", "password.max_parallel=4",
            "server.request_limit=60", *more]


def begin_logins(client, count):
    """Logins in flight: (threads, what comes back)."""
    answers = []

    def log_in():
        try:
            answers.append(client.try_login(
                **client.stack.superuser).status_code)
        except requests.RequestException as e:
            answers.append(type(e).__name__)

    threads = [threading.Thread(target=log_in) for _ in range(count)]
    for t in threads:
        t.start()
    busy = stacks.wait_until(lambda: sum(
        cpu_ticks(p) > 5 for p in client.stack.worker_pids()) >= count,
        seconds=30)
    assert busy, "the logins do not begin"
    return threads, answers


def cpu_ticks(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
            fields = f.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except OSError:
        return 0


def test_a_stop_lets_requests_in_flight_finish(new_stack, db):
    stack = new_stack(db, cheap=False, workers=2, settings=slow(
        "server.drain_limit=20"))
    threads, answers = begin_logins(stack.client, 2)

    stack.handles["pool"].send_signal(signal.SIGTERM)
    for t in threads:
        t.join()

    assert answers == [200, 200]
    assert stack.handles["pool"].wait(40) == 0
    assert stack.worker_pids() == []
    with socket.socket(socket.AF_UNIX) as s:
        assert s.connect_ex(stack.path("api.sock")) != 0


def test_a_reload_lets_requests_in_flight_finish(new_stack, db):
    stack = new_stack(db, cheap=False, workers=2, settings=slow())
    threads, answers = begin_logins(stack.client, 2)

    stack.handles["pool"].send_signal(signal.SIGHUP)
    for t in threads:
        t.join()

    assert answers == [200, 200]


def test_a_request_that_takes_too_long_ends_its_worker_only(new_stack):
    stack = new_stack("sqlite", workers=1, settings=[
        "server.request_limit=1"])
    client = stack.client
    assert client.login(**stack.superuser)
    # The supervisor sends it to whom the time is over.
    stack.kills_with.add(signal.SIGKILL)
    stack.settings["password", None].update(memory_kib="262144", passes="64")
    stack.reload()

    answer = client.try_login(new_email())

    assert answer.status_code in stack.web.worker_gone
    assert detail(answer) in ("Bad Gateway", "Service Unavailable",
                              "Internal Server Error")
    wait_for_replacement(stack, [], 2)
    assert client.get("/users/me").status_code == 401


def test_workers_end_with_their_supervisor(new_stack, db):
    stack = new_stack(db, workers=2)
    workers = stack.worker_pids()
    assert len(workers) == 4
    stack.kills_with.add(signal.SIGKILL)

    stack.handles["pool"].send_signal(signal.SIGKILL)

    assert stacks.wait_until(
        lambda: not any(map(stacks.process_lives, workers)), seconds=60,
        step=0.05)


def test_a_second_start_takes_over_sockets_left_behind(new_stack, db):
    stack = new_stack(db, workers=1)
    client = stack.client
    _, token = client.newcomer()
    workers = stack.worker_pids()
    stack.kills_with.add(signal.SIGKILL)
    stack.handles["pool"].send_signal(signal.SIGKILL)
    stack.handles["pool"].wait()
    assert stacks.wait_until(
        lambda: not any(map(stacks.process_lives, workers)), seconds=60,
        step=0.05)

    stack.pool_start()

    assert stacks.wait_until(lambda: client.get(
        "/users/me", token=token).status_code == 200, seconds=30, step=0.05)


def test_a_worker_retires_after_its_number_of_requests(new_stack, db):
    stack = new_stack(db, workers=2, settings=[
        "server.requests_per_worker=20"])
    client = stack.client
    _, token = client.newcomer()
    first = set(stack.worker_pids())

    with Load(client, 8, token=token) as load:
        load.wait_for(400)

    assert load.bad() == []
    assert set(stack.worker_pids()) != first


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to a user")
def test_started_by_root_the_workers_run_as_the_configured_user(new_stack):
    stack = new_stack("sqlite", settings=["server.user=www-data"])

    assert os.stat(f"/proc/{stack.supervisor_pid()}").st_uid == 0
    for worker in stack.worker_pids():
        with open(f"/proc/{worker}/status", encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f if ":\t" in line)
        assert set(status["Uid"].split()) == {str(stack.user.pw_uid)}
        assert set(status["Gid"].split()) == {str(stack.user.pw_gid)}
        assert status["NoNewPrivs"].strip() == "1"
        assert int(status["CapEff"], 16) == 0
    assert stack.client.register()


def test_logs_hold_no_secret(stack, client):
    """V80."""
    user, token = client.newcomer()
    cookie = client.login_cookie(user["email"])
    client.get("/users/me", token=token)
    client.get("/users/me?secret-in-query", cookie=cookie)
    client.try_login(user["email"], "a secret that is wrong")
    client.post("/auth/register", data="{secret-in-body", headers={
        "Content-Type": "application/json"})

    log = stack.program_log()

    assert "event=" in log
    for secret in (token, cookie, "correct horse", "a secret that is wrong",
                   "secret-in-body", "secret-in-query", "$argon2",
                   *stack.secrets.values()):
        assert secret not in log, secret
