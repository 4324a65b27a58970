# SPDX-License-Identifier: MIT
"""What a process took for a request it gives back."""

import os
import re

import pytest

import stack as stacks
from client import PASSWORD, new_email, parallel

pytestmark = pytest.mark.about("pool", "the memory of workers")

HASH = 64 * 1024  # KiB, of the default parameters


def memory(pid):
    """KiB of a process that belong to no file."""
    with open(f"/proc/{pid}/status", encoding="latin-1") as f:
        return int(re.search(r"^RssAnon:\s+(\d+) kB", f.read(), re.M)[1])


def test_an_idle_worker_has_no_memory_for_hashes(new_stack):
    stack = new_stack("sqlite", workers=1, cheap=False)
    before = sum(map(memory, stack.worker_pids()))

    stack.client.register()
    held = sum(map(memory, stack.worker_pids()))

    assert held > before + HASH // 2, (before, held)
    assert stacks.wait_until(
        lambda: sum(map(memory, stack.worker_pids())) < before + HASH // 2,
        seconds=30, step=0.2)


def mixed_requests(client, token):
    """A little of everything, good and bad."""
    email = new_email()
    user = client.post("/auth/register", json={
        "email": email, "password": PASSWORD}).json()
    assert client.try_login(email).status_code == 200
    assert client.try_login(email, "wrong password").status_code == 400
    assert client.get("/users/me", token=token).status_code == 200
    assert client.get("/users/me", token=token + "x").status_code == 401
    assert client.get("/nothing").status_code == 404
    assert client.post("/auth/register", data=b"{").status_code == 422
    assert client.delete(f"/users/{user['id']}",
                         token=token).status_code == 204


@pytest.mark.parametrize("db", ("sqlite", "postgres"))
def test_requests_leave_no_descriptors_behind(new_stack, db):
    stack = new_stack(db, workers=2)
    token = stack.client.admin()
    names = [f"/proc/{pid}/fd" for pid in stack.worker_pids()]
    if not all(os.access(name, os.R_OK) for name in names):
        pytest.skip("only root sees what a sealed process holds")

    def held():
        return {name: len(os.listdir(name)) for name in names}

    parallel([lambda: mixed_requests(stack.client, token)] * 8)
    before = held()
    for _ in range(10):
        parallel([lambda: mixed_requests(stack.client, token)] * 4)

    # One more connection each, as nginx likes.
    assert all(count <= before[name] + 8 for name, count in held().items())
