#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Kills PostgreSQL under load, promotes its replica, and counts.

  tests/stack/failover.py [--runs N] [--pooler] [--blind SECONDS] [--silent]
                          [--set SECTION.SETTING=VALUE]...

Three machines register users without pause, the primary is killed with all
its processes (--silent: stopped, so that nobody hears that it is gone), and
its replica is promoted after --blind seconds, which is what a manager takes
to notice. Each run prints one line: the answers by
status; acknowledged registrations, and how many of them the promoted server
has, and has not; the longest time without a registration; and how long after
the kill, and after the promotion, the first one was acknowledged.
"""

import argparse
import collections
import http.client
import json
import secrets
import sys
import threading
import time

sys.dont_write_bytecode = True
import stack as stacks  # noqa: E402
from cluster import PRIMARY, REPLICA, Cluster  # noqa: E402

CHEAP = ("password.memory_kib=8", "password.passes=1", "password.lanes=1")
PASSWORD = "correct horse 8"
Answer = collections.namedtuple("Answer", "status email at")


class Registrations:
    """Threads that register one new user after the other."""

    def __init__(self, port, threads=6):
        self.port = port
        self.answers = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.go_on, args=(n,))
                        for n in range(threads)]

    def go_on(self, number):
        mark = secrets.token_hex(4)
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=stacks.SECONDS)
        count = 0
        while not self.stopping.is_set():
            count += 1
            email = f"{mark}.{number}.{count}@example.com"
            status = self.register(connection, email)
            self.answers.append(Answer(status, email, time.monotonic()))
            if status != 201:
                # Like somebody who reads Retry-After, only sooner.
                time.sleep(0.02)
        connection.close()

    @staticmethod
    def register(connection, email):
        body = json.dumps({"email": email, "password": PASSWORD})
        try:
            connection.request("POST", "/auth/register", body,
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException) as e:
            connection.close()
            return type(e).__name__

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def acknowledged(self, since=0.0):
        return [a for a in list(self.answers)
                if a.status == 201 and a.at >= since]

    def wait_for(self, count, since=0.0):
        """Until so many were acknowledged from then on; False when too
        late."""
        return bool(stacks.wait_until(
            lambda: len(self.acknowledged(since)) >= count, step=0.02))

    def statuses(self):
        return dict(collections.Counter(a.status for a in self.answers))

    def longest_gap(self):
        times = sorted(a.at for a in self.acknowledged())
        return max(b - a for a, b in zip(times, times[1:]))


def found_in(cluster, server, emails):
    """Those of the addresses that the server has."""
    there = set(cluster.ask_server(
        server, "SELECT string_agg(email, ' ') FROM \"user\"").split())
    return there & set(emails)


def run(cluster, before=200, after=200, blind=0.0, silent=False):
    """One failover, from the primary to the replica; what it came to."""
    go_away = cluster.fall_silent if silent else cluster.power_off
    with Registrations(cluster.port) as load:
        is_back = load.wait_for(before)
        killed = time.monotonic()
        go_away(PRIMARY)
        time.sleep(blind)
        cluster.promote()
        promoted = time.monotonic()
        is_back = load.wait_for(after, promoted) and is_back
    if silent:
        cluster.power_off(PRIMARY)
    if not is_back:
        raise stacks.Failure("registrations did not come back: "
                             f"{load.statuses()}\n{cluster.last_words()}")
    emails = [a.email for a in load.acknowledged()]
    found = found_in(cluster, REPLICA, emails)
    first = min(a.at for a in load.acknowledged(promoted))
    return {
        "statuses": load.statuses(),
        "acknowledged": len(emails),
        "found": len(found),
        "lost": len(emails) - len(found),
        "longest_gap": round(load.longest_gap(), 2),
        "after_kill": round(first - killed, 2),
        "after_promotion": round(first - promoted, 2),
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1, metavar="N")
    parser.add_argument("--pooler", action="store_true",
                        help="with a pgbouncer before each server")
    parser.add_argument("--blind", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--set", dest="settings", action="append", default=[],
                        metavar="SECTION.SETTING=VALUE")
    options = parser.parse_args()
    stacks.end_when_told()
    for _ in range(options.runs):
        cluster = Cluster(replica=True, pooler=options.pooler,
                          settings=[*CHEAP, *options.settings])
        try:
            cluster.start()
            print(json.dumps(run(cluster, 500, 500, options.blind,
                                 options.silent)), flush=True)
        finally:
            cluster.remove()


if __name__ == "__main__":
    try:
        main()
    except stacks.Failure as e:
        sys.exit(f"tests/stack/failover.py: {e}")
