# SPDX-License-Identifier: MIT
"""Nothing tells whether an address has an account: the same work is done for
every address, statement by statement, whatever the clock says. What a clock
says is measured with FCU_TIMING=1."""

import os
import re
import statistics
import time

import pytest
import stack as stacks

from client import new_email

PATHS = ("/auth/forgot-password", "/auth/request-verify-token")
FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


@pytest.fixture
def stack(new_stack, db):
    """Somebody wants to know, and no courier comes in between."""
    return new_stack(db, workers=1, courier=False, settings=(
        "log.level=debug", "courier.processes=0", "hook.ear.program=/bin/true",
        "hook.ear.events={after_forgot_password, after_request_verify}"))


def people(client):
    """An address of each kind, none of them asked about before."""
    known, inactive, verified = (client.register() for _ in range(3))
    client.patch(f"/users/{inactive['id']}", token=client.admin(),
                 json={"is_active": False})
    client.patch(f"/users/{verified['id']}", token=client.admin(),
                 json={"is_verified": True})
    return [known["email"], inactive["email"], verified["email"],
            new_email("nobody")]


def lines_of(stack, path):
    """Lists of the events of the requests for the path, in their order."""
    lines = [dict(FIELD.findall(line))
             for line in stack.program_log().splitlines()]
    ids = [line["request"] for line in lines
           if line.get("event") == "request" and line.get("path") == path]
    return [[(line["event"], line.get("name")) for line in lines
             if line.get("request") == one] for one in ids]


@pytest.mark.parametrize("path", PATHS)
def test_every_address_costs_the_same_statements(stack, path):
    emails = people(stack.client)

    for email in emails:
        assert stack.client.post(
            path, json={"email": email}).status_code == 202

    assert stacks.wait_until(
        lambda: len(lines_of(stack, path)) == len(emails))
    done = lines_of(stack, path)
    assert ("statement", "outbox_insert") in done[0]
    assert all(one == done[0] for one in done), done
    assert not any(name.startswith("user_") for _, name in done[0] if name)


@pytest.mark.parametrize("path", PATHS)
def test_every_address_leaves_the_same_row(stack, path):
    emails = people(stack.client)

    for email in emails:
        stack.client.post(path, json={"email": email})

    rows = stack.ask("SELECT count(*) FROM fcu_outbox WHERE target = ''")
    kinds = stack.ask("SELECT count(DISTINCT event || payload || state || "
                      "attempts) FROM fcu_outbox")
    assert (int(rows), int(kinds)) == (4, 1)


def test_requests_for_one_address_do_not_pile_up(stack):
    email = new_email()

    for n in range(20):
        for path in PATHS:
            assert stack.client.post(path, json={
                "email": email if n % 2 else email.upper()
            }).status_code == 202

    assert int(stack.ask("SELECT count(*) FROM fcu_outbox")) == 2


@pytest.mark.skipif(not os.environ.get("FCU_TIMING"),
                    reason="measures time; set FCU_TIMING=1")
@pytest.mark.parametrize("path", PATHS)
def test_the_clock_does_not_tell(stack, path):
    times = {}

    def ask(kind, email):
        begun = time.perf_counter()
        stack.client.post(path, json={"email": email})
        times.setdefault(kind, []).append(time.perf_counter() - begun)

    for _ in range(300):
        known = stack.client.register()["email"]
        ask("known", known)
        ask("unknown", new_email("nobody"))

    known, unknown = (statistics.median(times[k])
                      for k in ("known", "unknown"))
    spread = statistics.quantiles(times["known"], n=4)
    assert abs(known - unknown) < spread[2] - spread[0]
