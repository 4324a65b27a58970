# SPDX-License-Identifier: MIT
"""What processor time a request costs, and whom. Unlike a rate that depends
little on what else the machine does."""

import contextlib
import os

import stack as stacks

TICK = os.sysconf("SC_CLK_TCK")


def read_times():
    """(parent, seconds of processor time) of every process."""
    found = {}
    for pid in stacks.process_ids():
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        found[pid] = (int(fields[1]),
                      (int(fields[11]) + int(fields[12])) / TICK)
    return found


def root_of(pid, times, roots):
    """Which of these a process descends from, or None."""
    while pid in times and pid not in roots:
        pid = times[pid][0]
    return pid if pid in roots else None


class Meter:
    """Processor time of some process trees, from now on."""

    def __init__(self, roots):
        # {name: pid}
        self.roots = {pid: name for name, pid in roots.items()}
        self.begun = self.read()

    def read(self):
        """Seconds of each process so far."""
        times = read_times()
        found = {}
        for pid, (_, seconds) in times.items():
            root = root_of(pid, times, self.roots)
            if root is not None:
                found[pid] = (self.roots[root], seconds)
        return found

    def per_request(self, requests):
        """{name: microseconds a request} since it began."""
        spent = dict.fromkeys(self.roots.values(), 0.0)
        for pid, (name, seconds) in self.read().items():
            spent[name] += seconds - self.begun.get(pid, (name, 0))[1]
        return {name: seconds * 1e6 / requests
                for name, seconds in spent.items()}


@contextlib.contextmanager
def one_processor(places):
    """Keeps the databases of these stacks, and what is started meanwhile, on
    one processor: whether two processes that take turns share one changes more
    than the number of users does."""
    usual = os.sched_getaffinity(0)
    pids = [0, *(one.handles["postgres"].pid for one in places
                 if "postgres" in one.handles)]
    for pid in pids:
        os.sched_setaffinity(pid, {min(usual)})
    try:
        yield
    finally:
        for pid in pids:
            os.sched_setaffinity(pid, usual)
