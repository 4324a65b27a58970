# SPDX-License-Identifier: MIT
"""What a run of these tests leaves behind that is ended before its time."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

import stack as stacks

HERE = os.path.dirname(os.path.abspath(__file__))
FAILOVER = os.path.join(HERE, "..", "stack", "failover.py")
TEST = """
import os
import time

def test_that_waits(stack):
    os.symlink(stack.folder, {told!r})
    time.sleep(120)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_ends_what_it_started(tmp_path, number):
    status, said, folder = run_that_gets(number, tmp_path, "sqlite")

    assert status == 2, said
    assert_nothing_is_left(folder)


def test_of_a_run_that_is_killed_nothing_is_left_either(tmp_path, db):
    status, said, folder = run_that_gets(signal.SIGKILL, tmp_path, db)

    assert status == -signal.SIGKILL, said
    assert stacks.wait_until(lambda: not os.path.exists(folder))
    assert_nothing_is_left(folder)


def run_that_gets(number, tmp_path, db):
    """A run with a stack that is sent a signal: (status, output, folder)."""
    told = tmp_path / "told"
    file = tmp_path / "test_waiting.py"
    file.write_text(TEST.format(told=str(told)))
    with subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "-p", "conftest", "--rootdir", str(tmp_path), str(file), "-k",
             db], env={**os.environ, "PYTHONPATH": HERE},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True) as run:
        try:
            assert stacks.wait_until(lambda: os.path.lexists(told)
                                     or run.poll() is not None)
            folder = os.readlink(told)
            assert os.path.exists(folder)
            run.send_signal(number)
            said, _ = run.communicate(timeout=stacks.SECONDS)
        finally:
            run.kill()
    return run.returncode, said, folder


def assert_nothing_is_left(folder):
    assert not os.path.exists(folder)
    assert not [p[0] for p in stacks.processes()
                if stacks.process_carries(p[0], folder)]


def stack_of(pid):
    """The folder of the stack that a process has begun, or None."""
    mark = stacks.MARK.encode() + b"="
    for child in stacks.process_children(pid):
        with contextlib.suppress(OSError), open(
                f"/proc/{child}/environ", "rb") as file:
            for variable in file.read().split(b"\0"):
                if variable.startswith(mark):
                    return variable[len(mark):].decode()
    return None


def test_so_does_a_program_that_makes_stacks():
    with subprocess.Popen([sys.executable, FAILOVER],
                          stdout=subprocess.DEVNULL) as run:
        try:
            folder = stacks.wait_until(lambda: stack_of(run.pid))
            assert folder and os.path.exists(folder)
            run.terminate()
            # As time limits do.
            time.sleep(0.05)
            run.terminate()
            assert run.wait(stacks.SECONDS) == 143
        finally:
            run.kill()

    assert_nothing_is_left(folder)
