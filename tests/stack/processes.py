# SPDX-License-Identifier: MIT
"""Processes, programs and ports: what stacks and their web servers need of
the machine.
"""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PROGRAM = "fastcgi-users"
MARK = "FASTCGI_USERS_STACK"
UNPRIVILEGED = "www-data"
SECONDS = 60


class Failure(Exception):
    """One sentence for the person who asked."""


# Processes.

def process_stat(pid):
    """(state, parent, session, start time), or None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), int(fields[3]), int(fields[19])


def process_lives(pid, started=None):
    found = process_stat(pid)
    return (found is not None and found[0] not in "ZX"
            and started in (None, found[3]))


def process_ids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def processes():
    """(pid, state, parent, session, start time) of all that live."""
    for pid in process_ids():
        found = process_stat(pid)
        if found is not None and found[0] not in "ZX":
            yield (pid, *found)


def process_children(parent):
    return [p[0] for p in processes() if p[2] == parent]


def process_carries(pid, folder):
    """Whether it was started with the folder's mark, or works in there as
    the folder's owner: whoever else looks around in there is not ours."""
    try:
        if (os.readlink(f"/proc/{pid}/cwd").split(" ")[0] == folder
                and os.stat(f"/proc/{pid}").st_uid == os.stat(folder).st_uid):
            return True
        with open(f"/proc/{pid}/environ", "rb") as f:
            return f"{MARK}={folder}".encode() in f.read().split(b"\0")
    except OSError:
        return False


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def end_when_told(by=SystemExit(143)):
    """Has SIGTERM end this program like any failure, which undoes what was
    begun. Once: a time limit sends two, and that must not end the undoing."""
    def end(*_):
        signal.signal(signal.SIGTERM, lambda *_: None)
        raise by
    signal.signal(signal.SIGTERM, end)


def wait_until(condition, seconds=SECONDS, step=0.005):
    """The condition's first true value, or None when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            return None
        time.sleep(step)


# Finding things.

def find_program(build=None):
    """The program in `build`, in $FCU_BUILD, or where ./start builds it."""
    named = build or os.environ.get("FCU_BUILD")
    places = [named] if named else [os.path.join(TOP, ".build"), TOP,
                                    os.path.join(TOP, ".build-check")]
    for place in places:
        path = os.path.join(place, PROGRAM)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise Failure(f"there is no program in {' or '.join(places)}: build it "
                  "with ./start --build-only, or name its folder with --build")


def find_postgres():
    versions = "/usr/lib/postgresql"
    if os.path.isdir(versions):
        for version in sorted(os.listdir(versions), key=lambda v: -float(v)
                              if v.replace(".", "", 1).isdigit() else 0):
            path = os.path.join(versions, version, "bin")
            if os.path.exists(os.path.join(path, "initdb")):
                return path
    found = shutil.which("initdb")
    if found:
        return os.path.dirname(os.path.realpath(found))
    raise Failure("there is no PostgreSQL server: install the package "
                  "postgresql")


def find_command(name, package):
    path = shutil.which(name, path=os.environ.get("PATH", "")
                        + ":/usr/sbin:/sbin:/usr/bin:/bin")
    if not path:
        raise Failure(f"{name} is missing: install the package {package}")
    return path


def free_port(address="127.0.0.1"):
    """Below those that the system gives to clients: one of these could be taken
    by the next connection before a server listens there."""
    for _ in range(1000):
        port = random.randrange(10000, 32768)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind((address, port))
            return port
    raise Failure(f"no port of {address} is free")


def get_status(url, seconds=10):
    """The status of a GET, or 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code
    except OSError:
        return 0


def port_in_use(port):
    return Failure(f"port {port} is in use: choose another with --port")


def quote(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def user_to_run_as(folder=None):
    """For root: the owner of a folder that is there, else www-data. None for
    everybody else, who runs things himself."""
    if os.geteuid() != 0:
        return None
    owner = os.stat(folder).st_uid if folder else 0
    try:
        return pwd.getpwuid(owner) if owner else pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise Failure(f"there is no user {owner or UNPRIVILEGED} to run as; "
                      "start as an ordinary user") from None
