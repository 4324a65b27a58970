# SPDX-License-Identifier: MIT
"""What a run of these tests leaves behind that is ended before its time."""

import os
import signal
import subprocess
import sys

import pytest

import stack as stacks

HERE = os.path.dirname(os.path.abspath(__file__))
TEST = """
import os
import time

def test_that_waits(stack):
    os.symlink(stack.folder, {told!r})
    time.sleep(120)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_ends_what_it_started(tmp_path, number):
    told = tmp_path / "told"
    file = tmp_path / "test_waiting.py"
    file.write_text(TEST.format(told=str(told)))
    with subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "-p", "conftest", "--rootdir", str(tmp_path), str(file), "-k",
             "sqlite"], env={**os.environ, "PYTHONPATH": HERE},
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

    assert run.returncode == 2, said
    assert not os.path.exists(folder)
    assert not [p[0] for p in stacks.processes()
                if stacks.process_carries(p[0], folder)]
