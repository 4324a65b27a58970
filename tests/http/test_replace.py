# SPDX-License-Identifier: MIT
"""A pool that runs is replaced by a new program, and nobody notices."""

import fcntl
import os
import shutil
import signal
import subprocess
import threading

import pytest
import requests
import stack as stacks

from client import Load
from programs import Programs

pytestmark = pytest.mark.about("pool", "the pool hands over to another")


class Logins(Load):
    """The same with the pool that hashes."""

    def ask(self):
        while not self.stopping.is_set():
            try:
                self.answers.append(self.client.try_login(
                    **self.client.stack.superuser).status_code)
            except requests.RequestException as e:
                self.answers.append(type(e).__name__)


def pid_in(stack):
    return int(stack.read("fastcgi-users.pid").split("\n", maxsplit=1)[0])


def follow(stack):
    """The stack's supervisor is who says so."""
    stack.processes["pool"]["pid"] = pid_in(stack)
    return pid_in(stack)


def replace(stack, status=0):
    done = stack.program_command("pool", "--replace", check=False)
    assert done.returncode == status, done.stderr + stack.read("pool.log")
    follow(stack)
    return done


def put_program(stack, content, mode=0o755):
    """In the place of the program, as an upgrade does."""
    new = stack.program + ".new"
    with open(new, "wb") as f:
        f.write(content)
    os.chmod(new, mode)
    stack.own(new)
    os.rename(new, stack.program)


def test_twenty_replacements_fail_no_request_in_either_pool(new_stack, db):
    stack = new_stack(db, workers=2)
    client = stack.client
    _, token = client.newcomer()
    supervisors = [stack.supervisor_pid()]

    with Load(client, 12, token=token) as reads, Logins(client, 4) as logins:
        for _ in range(20):
            replace(stack)
            supervisors.append(stack.supervisor_pid())
            reads.wait_for(40)
            logins.wait_for(5)

    assert reads.bad() == []
    assert logins.bad() == []
    assert len(set(supervisors)) == 21
    assert stacks.wait_until(lambda: not any(map(
        stacks.process_lives, supervisors[:-1])), seconds=30, step=0.05)
    assert len(stack.worker_pids()) == 4
    assert stack.handles["pool"].wait(30) == 0


def test_what_happens_meanwhile_is_told_once(new_stack, db):
    programs = Programs()
    programs.write("listen", """
with open(HERE + "/heard", "a") as f:
    f.write(json.load(sys.stdin)["user"]["email"] + "\\n")
""")
    try:
        stack = new_stack(db, workers=1, settings=[
            f"hook.ear.program={programs.path('listen')}",
            "hook.ear.events=after_register"])
        emails = []

        for _ in range(6):
            emails += [stack.client.register()["email"] for _ in range(5)]
            replace(stack)

        def heard():
            return sorted(x for x in programs.read("heard").split()
                          if x in emails)
        assert stacks.wait_until(lambda: len(heard()) >= len(emails),
                                 seconds=30, step=0.05)
        assert heard() == sorted(emails)
    finally:
        programs.remove()


def test_the_program_that_is_there_now_is_the_one_that_runs(new_stack):
    stack = new_stack("sqlite", workers=1)
    with open(stack.program, "rb") as f:
        put_program(stack, f.read())
    assert os.readlink(f"/proc/{stack.supervisor_pid()}/exe").endswith(
        "(deleted)")

    replace(stack)

    assert os.readlink(f"/proc/{stack.supervisor_pid()}/exe") == stack.program
    assert stack.client.register()


def lacking_a_library(program):
    """The same program, linked to a library that nobody has."""
    name = b"libargon2.so"
    assert name in program
    return program.replace(name, b"libargon9.so")


BAD_PROGRAMS = {
    "ends": lambda program: b"#!/bin/sh\nexit 3\n",
    "crashes": lambda program: b"#!/bin/sh\nkill -SEGV $$\n",
    "no program": lambda program: b"\0",
    "no library": lacking_a_library,
}


@pytest.mark.parametrize("kind", BAD_PROGRAMS)
def test_a_program_that_does_not_start_replaces_nothing(new_stack, kind):
    stack = new_stack("sqlite", workers=2)
    client = stack.client
    _, token = client.newcomer()
    supervisor, workers = stack.supervisor_pid(), stack.worker_pids()
    with open(stack.program, "rb") as f:
        good = f.read()
    ask = stack.path("ask")
    shutil.copy(stack.program, ask)
    stack.own(ask)

    with Load(client, 4, token=token) as load:
        load.wait_for(20)
        put_program(stack, BAD_PROGRAMS[kind](good))
        done = stack.run(ask, "-c", stack.config, "pool", "--replace",
                         check=False)
        load.wait_for(20)

    assert done.returncode == 70, done.stderr
    assert "event=replace_refused" in stack.read("pool.log")
    assert load.bad() == []
    assert pid_in(stack) == supervisor
    assert set(stack.worker_pids()) == set(workers)
    put_program(stack, good)
    replace(stack)
    assert stack.supervisor_pid() != supervisor


def assert_not_replaced(stack):
    supervisor, workers = stack.supervisor_pid(), stack.worker_pids()
    log = len(stack.read("pool.log"))
    os.kill(supervisor, signal.SIGUSR2)
    assert stacks.wait_until(lambda: "event=replace_refused" in stack.read(
        "pool.log")[log:], seconds=60), stack.read("pool.log")
    assert pid_in(stack) == supervisor
    assert set(stack.worker_pids()) == set(workers)
    assert stack.client.register()


def test_a_configuration_that_is_bad_replaces_nothing(new_stack):
    stack = new_stack("sqlite", workers=2)
    good = stack.read("fastcgi-users.conf")
    stack.write("fastcgi-users.conf", good + "bad = 1\n")

    assert_not_replaced(stack)

    stack.write("fastcgi-users.conf", good)
    replace(stack)
    assert stack.client.register()


def test_workers_that_cannot_start_replace_nothing(new_stack):
    stack = new_stack("sqlite", workers=2)
    locks = stack.path("hash.slots")
    os.rename(locks, locks + ".kept")
    os.mkdir(locks)

    assert_not_replaced(stack)

    os.rmdir(locks)
    os.rename(locks + ".kept", locks)
    replace(stack)
    assert stack.client.register()


def test_a_replacement_may_have_more_workers_or_fewer(new_stack, db):
    stack = new_stack(db, workers=2)
    client = stack.client
    _, token = client.newcomer()

    with Load(client, 8, token=token) as load:
        for count in (4, 1, 2):
            for pool in ("api", "password"):
                stack.settings["pool", pool]["workers"] = str(count)
            stack.write_configuration()
            replace(stack)
            assert len(stack.worker_pids()) == 2 * count
            load.wait_for(50)

    assert load.bad() == []


def test_requests_in_flight_are_answered(new_stack, db):
    stack = new_stack(db, cheap=False, workers=2, settings=[
        "password.memory_kib=65536", "password.passes=20", "password.lanes=1",
        "password.max_parallel=4", "server.request_limit=60"])
    answers = []

    def log_in():
        answers.append(stack.client.try_login(**stack.superuser).status_code)
    threads = [threading.Thread(target=log_in) for _ in range(4)]
    for t in threads:
        t.start()

    for _ in range(2):
        replace(stack)
    for t in threads:
        t.join()

    assert answers == [200] * 4


def test_the_new_one_obeys_as_the_old_one_did(new_stack, db):
    stack = new_stack(db, workers=1)
    client = stack.client
    replace(stack)
    stack.settings["routes", None] = {"users": "/people"}
    stack.write_configuration()
    before = set(stack.worker_pids())

    os.kill(stack.supervisor_pid(), signal.SIGHUP)

    assert stacks.wait_until(lambda: not before & set(stack.worker_pids()))
    assert client.get("/people/me").status_code == 401
    os.kill(stack.supervisor_pid(), signal.SIGTERM)
    assert stacks.wait_until(
        lambda: not os.path.exists(stack.path("fastcgi-users.pid")),
        seconds=30)
    assert not os.path.exists(stack.settings["pool", "api"]["socket"])


def test_a_socket_that_is_wanted_no_longer_goes_with_the_old_one(new_stack):
    stack = new_stack("sqlite", workers=1)
    more = stack.path("more.sock")
    stack.settings["pool", "more"] = {"socket": more, "workers": "1"}
    stack.write_configuration()
    replace(stack)
    assert os.path.exists(more)
    del stack.settings["pool", "more"]
    stack.write_configuration()

    replace(stack)

    assert stacks.wait_until(lambda: not os.path.exists(more), seconds=20)
    assert stack.client.register()


class FirstProcess(stacks.Stack):
    """A stack whose pool is the first process of a container."""

    def pool_start(self):
        self.launch("pool", [
            "unshare", "--pid", "--fork", "setpriv",
            f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}",
            "--clear-groups", self.program, "-c", self.config, "pool"],
            privileged=True)
        self.wait_for("pool", lambda: self.listening(
            self.settings["pool", "api"]["socket"]), "open its socket")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes containers")
def test_the_first_process_of_a_container_is_not_replaced(new_stack):
    stack = new_stack("sqlite", kind=FirstProcess, workers=1)
    [supervisor] = stacks.process_children(stack.handles["pool"].pid)

    os.kill(supervisor, signal.SIGUSR2)

    assert stacks.wait_until(
        lambda: "event=replace_refused" in stack.read("pool.log"), seconds=30)
    assert stack.client.register()
    assert pid_in(stack) == 1
    os.kill(supervisor, signal.SIGTERM)
    assert stack.handles["pool"].wait(30) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has such powers")
def test_root_signals_no_process_that_another_user_names(unmigrated):
    stack = unmigrated
    path = stack.path("fastcgi-users.pid")
    with subprocess.Popen(["sleep", "600"]) as victim, \
            open(path, "w", encoding="ascii") as f:
        try:
            f.write(f"{victim.pid}\n")
            f.flush()
            stack.own(path)
            fcntl.flock(f, fcntl.LOCK_EX)

            done = subprocess.run(
                [stack.program, "-c", stack.config, "pool", "--replace"],
                env=stack.environment(), cwd=stack.folder, check=False,
                capture_output=True, text=True, timeout=60)

            assert done.returncode == 69, done.stderr
            assert "Operation not permitted" in done.stderr
            assert victim.poll() is None
        finally:
            victim.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has such powers")
def test_root_believes_no_file_that_another_user_gave_a_second_name(
        unmigrated):
    """Where the kernel lets users do so (fs.protected_hardlinks): a process
    file of another service, in a folder that ours may write to."""
    stack = unmigrated
    path = stack.path("fastcgi-users.pid")
    with subprocess.Popen(["sleep", "600"]) as victim, \
            open(path + ".other", "w", encoding="ascii") as f:
        try:
            f.write(f"{victim.pid}\n")
            f.flush()
            os.link(path + ".other", path)
            fcntl.flock(f, fcntl.LOCK_EX)

            done = subprocess.run(
                [stack.program, "-c", stack.config, "pool", "--replace"],
                env=stack.environment(), cwd=stack.folder, check=False,
                capture_output=True, text=True, timeout=60)

            assert victim.poll() is None
            assert done.returncode == 69, done.stderr
        finally:
            victim.kill()
            os.unlink(path)
            os.unlink(path + ".other")


def test_without_a_pool_there_is_nothing_to_replace(unmigrated):
    done = unmigrated.program_command("pool", "--replace", check=False)

    assert done.returncode == 69
    assert "no pool can be told" in done.stderr
