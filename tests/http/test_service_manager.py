# SPDX-License-Identifier: MIT
"""The pool under a service manager that speaks systemd's protocols: sockets
that it is handed, and what it tells."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest
import stack as stacks

from test_replace import follow, replace

pytestmark = pytest.mark.about("pool", "the pool under a service manager")


# Becomes the service, with the given descriptors from 3 on.
BECOME = """
import os, sys
fds, rest = sys.argv[1].split(), sys.argv[2:]
copies = [os.dup(int(fd)) for fd in fds]
while copies and min(copies) < 3 + len(fds):
    copies = [os.dup(fd) for fd in copies]
for i, fd in enumerate(copies):
    os.dup2(fd, 3 + i)
    os.close(fd)
pid = str(os.getpid())
for name in ("LISTEN_PID", "WATCHDOG_PID"):
    if name in os.environ:
        os.environ[name] = pid
os.execv(rest[0], rest)
"""


class Manager:
    """Opens sockets, listens to what the service tells."""

    def __init__(self, stack):
        self.path = stack.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        stack.own(self.path)
        os.chmod(self.path, 0o666)
        self.heard = []
        self.closing = threading.Event()
        self.listener = threading.Thread(target=self.listen)
        self.listener.start()

    def listen(self):
        self.socket.settimeout(0.05)
        while not self.closing.is_set():
            try:
                text = self.socket.recv(4096).decode()
            except TimeoutError:
                continue
            said = dict(line.split("=", 1) for line in text.split("\n"))
            self.heard.append((time.monotonic(), said))

    def all(self, name, since=0):
        return [said for _, said in self.heard[since:] if name in said]

    def wait(self, name, since=0, seconds=15):
        assert stacks.wait_until(lambda: self.all(name, since),
                                 seconds=seconds), (name, self.heard)
        return self.all(name, since)[0]

    def close(self):
        self.closing.set()
        self.listener.join()
        self.socket.close()


class ManagedStack(stacks.Stack):
    """One whose pool is started as systemd would."""

    def __init__(self, *arguments, watchdog=None, names=("api", "password"),
                 lends=True, **more):
        super().__init__(*arguments, **more)
        self.watchdog = watchdog
        self.names = names
        self.lends = lends
        self.manager = None
        self.lent = []
        self.given = {}

    def lend(self, pool):
        path = self.settings["pool", pool]["socket"]
        s = socket.socket(socket.AF_UNIX)
        s.bind(path)
        s.listen(511)
        self.own(path)
        os.chmod(path, 0o660)
        # Where the configuration thinks it is does not matter.
        if pool in self.names:
            self.settings["pool", pool]["socket"] = self.path(f"no-{pool}")
        self.lent.append(s)
        return s

    def web_server_start(self):
        # It asks where the manager listens.
        told = dict(self.settings)
        for pool in ("api", "password"):
            self.settings["pool", pool] = {
                **self.settings["pool", pool],
                "socket": self.path(f"{pool}.sock")}
        try:
            super().web_server_start()
        finally:
            self.settings.update(told)

    def pool_start(self):
        self.manager = Manager(self)
        if self.lends:
            for pool in ("api", "password"):
                self.lend(pool)
        self.write_configuration()
        self.service_start()
        self.manager.wait("READY")

    def environment(self, **more):
        return super().environment(**self.given, **more)

    def service_start(self):
        self.given = {"NOTIFY_SOCKET": self.manager.path}
        if self.lent:
            self.given.update(LISTEN_PID="", LISTEN_FDS="2",
                              LISTEN_FDNAMES=":".join(self.names))
        if self.watchdog:
            self.given.update(WATCHDOG_PID="", WATCHDOG_USEC=str(self.watchdog))
        fds = [s.fileno() for s in self.lent]
        try:
            self.launch("pool", [
                sys.executable, "-c", BECOME, " ".join(map(str, fds)),
                self.program, "-c", self.config, "pool"], pass_fds=fds)
        finally:
            self.given = {}

    def stop(self):
        super().stop()
        for s in self.lent:
            s.close()
        if self.manager:
            self.manager.close()
            self.manager = None


@pytest.fixture
def managed(new_stack):
    def make(**more):
        return new_stack("sqlite", kind=ManagedStack, workers=2, **more)
    return make


def file_of(path):
    st = os.stat(path)
    return st.st_ino, stat.S_IMODE(st.st_mode)


def test_sockets_of_the_manager_are_taken_by_their_names(managed):
    stack = managed()
    paths = [stack.path("api.sock"), stack.path("password.sock")]
    before = [file_of(p) for p in paths]

    assert stack.client.register()
    assert stack.client.login(**stack.superuser)
    stack.handles["pool"].send_signal(signal.SIGTERM)
    assert stack.handles["pool"].wait(30) == 0

    assert [file_of(p) for p in paths] == before
    assert not os.path.exists(stack.path("no-api"))
    assert stack.manager.all("STOPPING")


def test_sockets_without_names_are_taken_by_their_addresses(managed):
    stack = managed(names=("unknown", "unknown"))

    assert stack.client.register()
    assert stack.client.login(**stack.superuser)


def test_sockets_that_were_for_another_process_are_left_alone(new_stack):
    stack = new_stack("sqlite", workers=1)
    environment = {"LISTEN_PID": "1", "LISTEN_FDS": "2", "PATH": "/usr/bin"}
    assert stack.client.register()

    done = stack.run(stack.program, "-c", stack.config, "pool", check=False,
                     variables=environment)

    assert done.returncode == 71
    assert "another supervisor is running" in done.stderr


def test_who_asks_before_the_start_is_answered_after_it(managed):
    stack = managed()
    stack.handles["pool"].send_signal(signal.SIGTERM)
    stack.handles["pool"].wait(30)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(
        stack.client.get("/users/me").status_code))
    asking.start()
    time.sleep(0.2)
    assert not answers

    stack.service_start()
    asking.join(30)

    assert answers == [401]


def test_ready_is_said_when_all_workers_serve(managed):
    stack = managed(lends=False)

    said = stack.manager.wait("READY")

    assert said["STATUS"] == "4 workers serve"
    log = stack.read("pool.log")
    assert log.count("event=worker_ready") == 4


def test_a_reload_is_told_with_its_time_and_its_end(managed):
    stack = managed()
    told = len(stack.manager.heard)

    stack.handles["pool"].send_signal(signal.SIGHUP)

    begun = stack.manager.wait("RELOADING", told)
    assert 0 < time.monotonic() - int(begun["MONOTONIC_USEC"]) / 1e6 < 60
    stack.manager.wait("READY", told)
    told = len(stack.manager.heard)
    stack.write("fastcgi-users.conf", "nonsense")
    stack.handles["pool"].send_signal(signal.SIGHUP)
    assert stacks.wait_until(
        lambda: "event=reload_refused" in stack.read("pool.log"), seconds=30)
    # Or systemd would wait for the end of a reload.
    stack.manager.wait("READY", told)


def test_the_watchdog_is_fed_while_workers_answer_and_only_then(managed):
    stack = managed(watchdog=300000)
    told = len(stack.manager.heard)
    stack.manager.wait("WATCHDOG", told)

    # From now on no worker can start.
    locks = stack.path("hash.slots")
    os.rename(locks, locks + ".kept")
    os.mkdir(locks)
    stack.kills_with.add(signal.SIGKILL)
    for worker in stack.worker_pids():
        stacks.send_signal(worker, signal.SIGKILL)
    assert stacks.wait_until(lambda: not stacks.wait_until(
        lambda n=len(stack.manager.all("WATCHDOG")):
        len(stack.manager.all("WATCHDOG")) > n, seconds=1), seconds=30)

    told = len(stack.manager.heard)
    os.rmdir(locks)
    os.rename(locks + ".kept", locks)
    stack.manager.wait("WATCHDOG", told)
    assert stacks.wait_until(
        lambda: stack.client.get("/users/me").status_code == 401)


def test_a_worker_that_is_stuck_is_replaced(managed):
    stack = managed(watchdog=300000, settings=["server.request_limit=1"])
    victim = stack.worker_pids()[0]
    stack.kills_with.add(signal.SIGKILL)

    os.kill(victim, signal.SIGSTOP)

    assert stacks.wait_until(lambda: re.search(
        rf"event=worker_killed .*pid={victim} reason=silent",
        stack.read("pool.log")), seconds=60, step=0.05)
    assert stacks.wait_until(lambda: len(stack.worker_pids()) == 4)
    assert stack.client.register()


def test_a_supervisor_that_is_stuck_says_nothing(managed):
    stack = managed(watchdog=300000)
    stack.manager.wait("WATCHDOG")

    os.kill(stack.supervisor_pid(), signal.SIGSTOP)
    time.sleep(0.3)
    told = len(stack.manager.heard)
    time.sleep(0.5)

    assert not stack.manager.all("WATCHDOG", told)
    os.kill(stack.supervisor_pid(), signal.SIGCONT)
    stack.manager.wait("WATCHDOG", told)


def test_a_replacement_is_told_and_keeps_sockets_and_watchdog(managed):
    stack = managed(watchdog=300000)
    first = stack.supervisor_pid()
    before = file_of(stack.path("api.sock"))
    for _ in range(3):
        told = len(stack.manager.heard)

        replace(stack)

        said = stack.manager.wait("MAINPID", told)
        assert int(said["MAINPID"]) == follow(stack) != first
        stack.manager.wait("READY", told)
        assert stacks.wait_until(
            lambda: not stacks.process_lives(first), seconds=30)
        stack.manager.wait("WATCHDOG", len(stack.manager.heard))
        assert stack.client.login(**stack.superuser)
        first = stack.supervisor_pid()
    assert file_of(stack.path("api.sock")) == before
    assert not stack.manager.all("STOPPING")


def test_what_is_no_listening_socket_is_refused(unmigrated):
    stack = unmigrated
    stack.run("touch", stack.path("file"))

    with open(stack.path("file"), encoding="ascii") as f:
        done = subprocess.run(
            [sys.executable, "-c", BECOME, str(f.fileno()), stack.program,
             "-c", stack.config, "pool"], pass_fds=[f.fileno()], check=False,
            capture_output=True, text=True, timeout=60, cwd=stack.folder,
            env=stack.environment(LISTEN_PID="", LISTEN_FDS="1"),
            **stack.as_user())

    assert done.returncode == 71
    assert "event=pool_failed" in done.stderr
