# SPDX-License-Identifier: MIT
"""The sandbox of the workers, with a build that has one.

FCU_PLAIN_BUILD names that build; ./check sets it, and runs other tests with it
too: a worker that asks the kernel for more than it may is ended by SIGSYS, and
any signal of that kind is a failure of the test (conftest.py).
"""

import os
import signal

import pytest
import stack as stacks

PLAIN = os.environ.get("FCU_PLAIN_BUILD")
pytestmark = [
    pytest.mark.about("pool", "workers in their sandbox"),
    pytest.mark.skipif(not PLAIN, reason="FCU_PLAIN_BUILD names no build")]


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def test_each_worker_is_in_a_sandbox(house, db):
    stack = house.make(db, build=PLAIN, workers=2)
    workers = stack.worker_pids()

    assert len(workers) == 4
    for worker in workers:
        # 2: a filter of system calls.
        assert status_of(worker)["Seccomp"] == "2"
        assert status_of(worker)["NoNewPrivs"] == "1"
    house.end(stack)


def test_a_worker_that_a_signal_ends_fails_a_test(house):
    stack = house.make("sqlite", build=PLAIN, workers=1)
    worker = stack.worker_pids()[0]
    os.kill(worker, signal.SIGSYS)

    assert stacks.wait_until(lambda: "worker_exited" in stack.program_log())
    with pytest.raises(AssertionError, match="worker_exited.*signal=31"):
        house.end(stack)
