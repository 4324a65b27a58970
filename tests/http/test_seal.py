# SPDX-License-Identifier: MIT
"""Processes that hold secrets keep them to themselves."""

import os
import resource
import subprocess

import pytest
import stack as stacks


@pytest.fixture(scope="module", autouse=True)
def core_files():
    """What is started may write core files, if it does not see to that."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def is_sealed(pid):
    """No core file, and its files in /proc are nobody's but root's."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        core = next(line for line in f if line.startswith("Max core file"))
    return (core.split()[4:6] == ["0", "0"]
            and os.stat(f"/proc/{pid}/environ").st_uid == 0)


def becomes_sealed(pid):
    return stacks.wait_until(lambda: is_sealed(pid))


def test_whatever_waits_unsealed_is_seen(new_stack):
    stack = new_stack("sqlite")
    cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, **stack.as_user())

    assert not is_sealed(cat.pid)
    cat.communicate()


@pytest.mark.about("pool", "the supervisor and its workers")
def test_supervisor_workers_and_askers_are_sealed(new_stack):
    stack = new_stack("sqlite", settings=(
        "hook.judge.program=/bin/true", "hook.judge.timeout=2",
        "hook.judge.events={before_delete}"))
    workers = stack.worker_pids()
    askers = [p for w in workers for p in stacks.process_children(w)]

    assert len(askers) == len(workers) > 0
    for pid in (stack.supervisor_pid(), *workers, *askers):
        assert becomes_sealed(pid)


def test_workers_on_descriptor_0_are_sealed(new_stack):
    stack = new_stack("sqlite", server="nginx-fd0")
    pids = [p.pid for name, p in stack.handles.items()
            if name.startswith(("api-", "password-"))]

    assert len(pids) >= 2
    assert all(map(becomes_sealed, pids))


def test_a_courier_by_itself_is_sealed(new_stack):
    stack = new_stack("sqlite")
    courier = stack.launch("courier",
                           [stack.program, "-c", stack.config, "courier"])

    assert becomes_sealed(courier.pid)


def test_cgi_is_sealed(new_stack):
    stack = new_stack("sqlite")
    cgi = subprocess.Popen(
        [stack.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=stack.folder, **stack.as_user(), env=stack.environment(
            GATEWAY_INTERFACE="CGI/1.1", REQUEST_METHOD="POST",
            CONTENT_LENGTH="9", CONTENT_TYPE="application/json",
            SCRIPT_NAME="", PATH_INFO="/auth/register",
            FASTCGI_USERS_CONFIG=stack.config))

    assert becomes_sealed(cgi.pid)
    said, _ = cgi.communicate(b"not json!")
    assert said.startswith(b"Status: 422")


def test_a_command_that_waits_for_a_password_is_sealed(new_stack):
    stack = new_stack("sqlite")
    command = subprocess.Popen(
        [stack.program, "-c", stack.config, "user", "add", "a@b.example",
         "--password-stdin"], cwd=stack.folder, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        env=stack.environment(), **stack.as_user())

    assert becomes_sealed(command.pid)
    command.communicate("correct horse 9\n")
    assert command.returncode == 0
