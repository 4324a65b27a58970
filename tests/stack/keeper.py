# SPDX-License-Identifier: MIT
"""Ends the stacks of a run that ended before it had ended them.

A run that is told to end ends what it started; one that is killed cannot, and
pytest-xdist kills its processes ten seconds after they were told, which is too
soon for two dozen stacks. A keeper is a process that is told the folder of
each stack by its standard input; when that is closed, so has the run ended.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

import stack as stacks


class Keeper:
    """Its process is started with the first folder there is to keep."""

    def __init__(self):
        self.process = None

    def mind(self, folder):
        """Has it end what is in the folder, and remove it, when we are gone
        and the folder is still there."""
        if self.process is None:
            # A session of its own: Ctrl-C is not meant for it.
            self.process = subprocess.Popen(
                [sys.executable, "-B", os.path.abspath(__file__)], cwd="/",
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True, text=True)
        self.process.stdin.write(folder + "\n")
        self.process.stdin.flush()


def sessions_of(folder):
    """The sessions of what the stack's record says was started: PostgreSQL
    overwrites the environment that tells whose it is."""
    try:
        record = stacks.read_record(folder)
    except stacks.Failure:
        record = None
    return {p["pid"] for p in (record or {"started": {}})["started"].values()
            if stacks.process_lives(p["pid"], p["start"])}


def end(folders):
    """Kills what belongs to the folders, whatever it begins meanwhile, and
    removes them."""
    sessions = set().union(*map(sessions_of, folders))

    def left():
        return [p[0] for p in stacks.processes() if p[0] != os.getpid() and (
            p[3] in sessions
            or any(stacks.process_carries(p[0], f) for f in folders))]

    deadline = time.monotonic() + stacks.SECONDS
    while (found := left()) and time.monotonic() < deadline:
        for pid in found:
            stacks.send_signal(pid, signal.SIGKILL)
        stacks.wait_until(
            lambda ended=found: not any(map(stacks.process_lives, ended)), 10)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    told = [line.rstrip("\n") for line in sys.stdin]
    there = [folder for folder in told if os.path.isdir(folder)]
    if there:
        end(there)


if __name__ == "__main__":
    main()
