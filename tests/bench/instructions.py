#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts the instructions that a worker spends on a request.

The program runs under callgrind, as its pool does, and is asked the same
question so often and so often again; what the second time costs more, divided
by the number of questions, is what one costs. That does not depend on how fast
a machine is, or on what else it does. Counts more than a tenth above those
recorded in instructions.json are a failure.
"""

import argparse
import glob
import json
import os
import re
import socket
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("stack", "golden", "reference"):
    sys.path.append(os.path.join(HERE, "..", folder))

import load  # noqa: E402
import stack as stacks  # noqa: E402
import wires  # noqa: E402
from made_user import user_email  # noqa: E402

RECORD = os.path.join(HERE, "instructions.json")
TOLERANCE = 0.10
REQUESTS = 200
REGISTRATIONS = 60
SECONDS = 120
CHEAP = ("password.memory_kib=8", "password.passes=1", "password.lanes=1")
# What only the signature is looked at for.
GUARD = ("guard.trust_signature=true", 'guard.headers={"Remote-User=id"}')
# Computing the hash is not counted: it is a library's, and dear on purpose.
UNCOUNTED = ("argon2_ctx", "crypto_pwhash_argon2id_str_verify")


class CallgrindStack(stacks.Stack):
    """A stack whose pool runs under callgrind, with no web server."""

    def __init__(self, db, build):
        super().__init__(
            db=db, build=build, prefix="fastcgi-users-bench-",
            # Valgrind needs system calls that the sandbox refuses.
            settings=[*CHEAP, *GUARD, "server.sandbox=false", "courier.processes=0",
                      "pool.api.workers=1", "pool.password.workers=1",
                      "server.request_limit=600", "server.arrival_limit=600",
                      "server.memory_per_request=1073741824"])

    def begin(self):
        """What there is before a pool."""
        self.prepare()
        self.add_superuser()

    def pool_start(self):
        valgrind = stacks.find_command("valgrind", "valgrind")
        self.launch("pool", [
            valgrind, "-q", "--tool=callgrind",
            *(f"--toggle-collect={name}" for name in UNCOUNTED),
            # Behind those, since they switch it off.
            "--collect-atstart=yes",
            "--callgrind-out-file=" + self.path("callgrind.%p"),
            self.program, "-c", self.config, "pool"])
        self.wait_for("pool", lambda: all(
            self.listening(self.settings["pool", pool]["socket"])
            for pool in ("api", "password")), "open its sockets")

    def worker_of(self, pool):
        """The pool's only worker, once it is ready."""
        found = re.search(rf"event=worker_started .*pool={pool} pid=(\d+)",
                          self.read("pool.log"))
        return found and int(found[1])

    def count(self, pool, requests):
        """Instructions of the worker of a pool that answers these."""
        for name in ("pool.log", "api.sock", "password.sock"):
            self.forget_file(name)
        for name in glob.glob(self.path("callgrind.*")):
            os.unlink(name)
        self.pool_start()
        pid = stacks.wait_until(lambda: self.worker_of(pool), SECONDS)
        try:
            ask_all(self.settings["pool", pool]["socket"], requests)
        finally:
            self.stop_pool()
        return read_totals(self.path(f"callgrind.{pid}"))

    def stop_pool(self):
        """Ends the pool, and with it the counting."""
        handle = self.handles["pool"]
        handle.terminate()
        handle.wait(SECONDS)
        del self.processes["pool"]


def read_totals(path):
    """The instructions that a file of callgrind tells of."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            totals = re.findall(r"^(?:totals|summary): (\d+)", file.read(),
                                re.M)
    except FileNotFoundError:
        totals = []
    if not totals:
        raise stacks.Failure(f"callgrind wrote no {path}")
    return int(totals[-1])


def ask_all(path, requests):
    """Sends requests over one connection that is kept, one after the other,
    and sees to it that the answers are good."""
    with wires.connect(path) as sock:
        sock.settimeout(SECONDS)
        for wanted, data in requests:
            sock.sendall(data)
            status = wires.answer(wires.read_output(sock), "GET").status
            if status != wanted:
                raise stacks.Failure(f"an answer is {status}, not {wanted}")


def fastcgi_request(method, path, headers=(), body=None):
    """The records of one request after which the connection is kept."""
    wire = wires.FastCgiWire("")
    pairs = wire.variables(method, path, headers, body)
    stream = [(wires.BEGIN, b"\0\1\1\0\0\0\0\0"),
              (wires.PARAMS, b"".join(wires.pair(k, v) for k, v in pairs)),
              (wires.PARAMS, b"")]
    if body:
        stream.append((wires.STDIN, body))
    stream.append((wires.STDIN, b""))
    return b"".join(wires.record(kind, content) for kind, content in stream)


def asked_by_cookie(path, wanted):
    """Makes requests of a user for that path."""
    def make(stack, count):
        subject = stack.ask("SELECT id FROM \"user\" WHERE email = "
                            f"'{stacks.SUPERUSER}'")
        cookie = "fastapiusersauth=" + load.token(stack.secrets["jwt"],
                                                  subject)
        return [(wanted, fastcgi_request("GET", path,
                                         [("Cookie", cookie)]))] * count
    return make


class Registrations:
    """New users, each of whom has an address of his own."""

    def __init__(self):
        self.made = 0

    def __call__(self, _stack, count):
        first, self.made = self.made, self.made + count
        return [(201, fastcgi_request(
            "POST", "/auth/register", [("Content-Type", load.JSON)],
            json.dumps({"email": user_email(first + 100_000 + i),
                        "password": "correct horse battery"}).encode()))
            for i in range(count)]


ME = asked_by_cookie("/users/me", 200)
# name: (database, pool, what makes requests, how many)
QUESTIONS = {
    "me sqlite": ("sqlite", "api", ME, REQUESTS),
    "me postgres": ("postgres", "api", ME, REQUESTS),
    "check sqlite": ("sqlite", "api", asked_by_cookie("/auth/check", 204),
                     REQUESTS),
    "register sqlite": ("sqlite", "password", Registrations(),
                        REGISTRATIONS),
}


def measure(build):
    """The counts of all questions."""
    counts, made = {}, {}
    try:
        for name, (db, pool, make, many) in QUESTIONS.items():
            if db not in made:
                made[db] = CallgrindStack(db, build)
                made[db].begin()
            stack = made[db]
            once = stack.count(pool, make(stack, many))
            twice = stack.count(pool, make(stack, 2 * many))
            counts[name] = round((twice - once) / many)
    finally:
        for stack in made.values():
            stack.remove()
    return counts


def read_record():
    """The counts that were recorded."""
    try:
        with open(RECORD, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def write_record(counts):
    """Records counts."""
    with open(RECORD, "w", encoding="utf-8") as file:
        json.dump(counts, file, indent=1)
        file.write("\n")
    print(f"recorded in {RECORD}")


def judge(counts, recorded):
    """Compares and says so; whether nothing has risen."""
    good = True
    for name, count in counts.items():
        if name not in recorded:
            print(f"{name}: {count:,} instructions, none recorded: run make "
                  "check-instructions RECORD=1")
            good = False
            continue
        ratio = count / recorded[name]
        said = (f"{name}: {count:,} instructions, {recorded[name]:,} "
                f"recorded, ratio={ratio:.3f}")
        if ratio > 1 + TOLERANCE:
            good = False
            said += ": risen by more than a tenth"
        elif ratio < 1 - TOLERANCE:
            said += ": fallen, record anew with make check-instructions " \
                    "RECORD=1"
        print(said)
    return good


def refuse_sanitizers(build):
    """What counts is the program as it is installed."""
    with open(os.path.join(build, "Makefile"), encoding="utf-8") as file:
        if re.search(r"^SANITIZE_CFLAGS = *\S", file.read(), re.M):
            raise stacks.Failure(
                f"{build} is a build with sanitizers, which cost more than "
                "anything that could be measured: run this in a plain one")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    stacks.end_when_told()
    try:
        refuse_sanitizers(options.build)
        counts = measure(options.build)
    except (stacks.Failure, socket.error) as e:
        print(f"check-instructions: {e}")
        return 1
    if options.record:
        write_record(counts)
        return 0
    return 0 if judge(counts, read_record()) else 1


if __name__ == "__main__":
    sys.exit(main())
