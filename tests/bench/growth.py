#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How much longer finding one user among many takes than among few.

A private stack for each count of users, filled by make_users and `user
import`, then all in turn: GET /users/me through the web server, and what the
store asks of the database to find a session's user, an address, and a page of
a list behind any user. Medians are compared with those of the first count.
"""

import argparse
import contextlib
import json
import os
import socket
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "stack"),
                os.path.join(HERE, "..", "http")]

import stack as stacks  # noqa: E402
from cpu import one_processor  # noqa: E402
from client import Client, access_claims  # noqa: E402
from made_user import mix, user_id  # noqa: E402

TARGET = 1.25


class Place:
    """A stack with so many users."""

    def __init__(self, options, count):
        self.count = count
        self.url = options.at.get(count)
        self.stack = stacks.Stack(
            db="sqlite" if self.url else options.db, build=options.build,
            workers=1, settings=[f"database.url={self.url}"]
            if self.url else [])
        self.dice = 0

    def fill(self, options):
        one = self.stack
        one.prepare()
        for tool in ("make_users", "lookups"):
            one.copy_file(os.path.join(options.build, "tests", "bench", tool),
                          tool, 0o755)
        if options.db == "postgres" and not self.url:
            self.enlarge(options.shared_buffers)
        if not self.url:
            self.load()
        if one.db == "postgres":
            one.run("psql", "-qd", one.database_url, "-c",
                    'VACUUM ANALYZE "user"')
        one.pool_start()
        one.web_server_start()
        self.client = Client(one)

    def load(self):
        one = self.stack
        began = time.monotonic()
        one.run("sh", "-c", f'"$0" {self.count} | "$@"',
                one.path("make_users"), one.program, "-c", one.config, "user",
                "import")
        took = time.monotonic() - began
        print(f"{self.count:,} users in {took:.1f} s: "
              f"{self.count / took:,.0f}/s", flush=True)

    def enlarge(self, size):
        """Memory as an administrator gives it to a server of that size."""
        one = self.stack
        one.run("psql", "-qd", one.database_url, "-c",
                f"ALTER SYSTEM SET shared_buffers = '{size}'")
        one.postgres_stop()
        one.postgres_start()

    def request(self):
        """A request of the user whose turn it is, for one connection."""
        self.dice += 1
        token = self.client.sign(access_claims(
            {"id": user_id(mix(self.dice) % self.count + 1)}))
        return (f"GET /users/me HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {token}\r\n\r\n").encode()

    def ask(self, peer):
        """Nanoseconds until the answer is there."""
        request = self.request()
        began = time.monotonic_ns()
        peer.sendall(request)
        answer = peer.recv(65536)
        took = time.monotonic_ns() - began
        if not answer.startswith(b"HTTP/1.1 200 "):
            sys.exit(f"{self.count} users: {answer!r}")
        return took


def measure_me(places, rounds):
    """One request each in turn, so that what else goes on disturbs all."""
    took = {place.count: [] for place in places}
    for _ in range(rounds):
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(socket.create_connection(
                ("127.0.0.1", place.stack.port))) for place in places]
            for place, peer in zip(places, peers):
                place.ask(peer)
            for _ in range(20):
                for place, peer in zip(places, peers):
                    took[place.count].append(place.ask(peer))
    return {count: statistics.median(times) for count, times in took.items()}


def measure_lookups(places, options):
    arguments = [word for place in places
                 for word in (place.stack.config, str(place.count))]
    first = places[0].stack
    with one_processor([place.stack for place in places]):
        said = first.run(first.path("lookups"), str(options.rounds * 20),
                         *arguments)
    return {one["count"]: one for one in map(json.loads,
                                             said.stdout.splitlines())}


def report(name, db, medians):
    """A line for each count, and whether the last one is near the first."""
    counts = list(medians)
    for count in counts:
        print(f"{db} {name:8} {count:>11,} users: p50 "
              f"{medians[count] / 1000:9.1f} µs, "
              f"{medians[count] / medians[counts[0]]:.2f} × the first")
    ratio = medians[counts[-1]] / medians[counts[0]]
    print(f"P9 {db} {name} {counts[0]}->{counts[-1]} ratio={ratio:.2f} "
          f"target={TARGET} {'ok' if ratio <= TARGET else 'short'}")


def run(options, places):
    for place in places:
        place.fill(options)
    # Once for nothing: plans, caches, the system's.
    measure_lookups(places, options)
    measure_me(places, options.rounds)
    me = measure_me(places, options.rounds)
    lookups = measure_lookups(places, options)
    report("me", options.db, me)
    for name in ("session", "email", "page"):
        report(name, options.db,
               {count: one[name] for count, one in lookups.items()})


def filled(text):
    count, _, url = text.partition("=")
    return int(count), url


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--db", choices=("postgres", "sqlite"),
                        default="postgres")
    parser.add_argument("--counts", default="10000,1000000")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--shared-buffers", default="1GB")
    parser.add_argument("--at", type=filled, action="append", default=[],
                        metavar="COUNT=URL", help="a database that holds "
                        "the users of make_users already")
    options = parser.parse_args()
    options.at = dict(options.at)
    options.build = os.path.abspath(options.build)
    stacks.end_when_told()
    with contextlib.ExitStack() as ends:
        places = []
        for count in options.counts.split(","):
            places.append(Place(options, int(count)))
            ends.callback(places[-1].stack.remove)
        run(options, places)


if __name__ == "__main__":
    main()
