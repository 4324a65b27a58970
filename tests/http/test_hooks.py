# SPDX-License-Identifier: MIT
"""Hooks that the courier tells of what has happened."""

import json
import os
import re

import pytest
import stack as stacks

from client import PASSWORD, new_email
from programs import Programs

EVENTS = ["after_register", "after_login", "after_update",
          "after_request_verify", "after_verify", "after_forgot_password",
          "after_reset_password", "after_delete"]
# Writes down what it hears, and then ends as the file for the event says.
LISTENER = r"""
event = json.load(sys.stdin)
# The stack's own.
if event["user"]["email"] == "admin@example.com":
    sys.exit(0)
with open(HERE + "/heard", "a") as f:
    f.write(json.dumps([event, sorted(os.environ)]) + "\n")
path = HERE + "/" + event["event"]
wanted = open(path).read().split() if os.path.exists(path) else []
if wanted:
    with open(path, "w") as f:
        f.write(" ".join(wanted[1:]))
    sys.stderr.write("as I was told\n")
    if wanted[0] == "forever":
        time.sleep(600)
    if wanted[0] == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    sys.exit(int(wanted[0]))
"""


@pytest.fixture
def programs():
    made = Programs()
    made.write("listen", LISTENER)
    yield made
    made.remove()


@pytest.fixture
def stack(new_stack, programs, db):
    return new_stack(db, settings=[
        f"hook.ear.program={programs.path('listen')}", "hook.ear.timeout=2",
        f"hook.ear.events={{{', '.join(EVENTS)}}}",
        "courier.retry_first=1", "courier.retry_most=1"])


def heard(programs, event=None):
    found = [json.loads(x)[0] for x in programs.read("heard").splitlines()]
    return [e for e in found if event in (None, e["event"])]


def wait_heard(programs, event, count=1):
    assert stacks.wait_until(lambda: len(heard(programs, event)) >= count)
    return heard(programs, event)


def told_to(programs, event, *endings):
    with open(programs.path(event), "w", encoding="ascii") as f:
        f.write(" ".join(endings))
    os.chmod(programs.path(event), 0o666)


def test_a_hook_hears_a_whole_life_in_its_order(stack, programs):
    client = stack.client
    user, token = client.newcomer()
    client.post("/auth/request-verify-token", json={"email": user["email"]})
    verify = wait_heard(programs, "after_request_verify")[0]["token"]
    assert client.post("/auth/verify",
                       json={"token": verify}).status_code == 200
    client.post("/auth/forgot-password", json={"email": user["email"]})
    reset = wait_heard(programs, "after_forgot_password")[0]["token"]
    assert client.post("/auth/reset-password", json={
        "token": reset, "password": "quite another 9"}).status_code == 200
    token = client.login(user["email"], "quite another 9")
    new = new_email("moved")
    assert client.patch("/users/me", token=token, json={
        "email": new, "password": PASSWORD}).status_code == 200
    assert client.delete(f"/users/{user['id']}",
                         token=client.admin()).status_code == 204
    wait_heard(programs, "after_delete")

    mine = [e for e in heard(programs) if e["user"]["id"] == user["id"]]
    assert [e["event"] for e in mine] == [
        "after_register", "after_login", "after_request_verify",
        "after_verify", "after_forgot_password", "after_reset_password",
        "after_login", "after_update", "after_delete"]
    update = mine[7]
    assert update["user"]["email"] == new
    assert update["old_email"] == user["email"]
    assert "quite another" not in programs.read("heard")
    assert PASSWORD not in programs.read("heard")
    assert len({e["id"] for e in mine}) == len(mine)
    environment = json.loads(programs.read("heard").splitlines()[0])[1]
    assert set(environment) - {"LC_CTYPE"} == {
        "PATH", "LANG", "HOME", "FASTCGI_USERS_HOOK"}


@pytest.mark.parametrize("ending", ["75", "signal", "forever"])
def test_a_hook_that_fails_for_now_is_told_again(stack, programs, ending):
    told_to(programs, "after_register", ending, ending)
    user = stack.client.register()
    events = wait_heard(programs, "after_register", 3)

    assert [e["user"]["id"] for e in events
            if e["user"]["id"] == user["id"]] == [user["id"]] * 3
    assert len({e["id"] for e in events}) == 1
    assert stack.client.login(user["email"])


def test_a_hook_that_fails_for_good_is_told_once(stack, programs):
    told_to(programs, "after_register", "1")
    user = stack.client.register()
    stack.client.login(user["email"])
    wait_heard(programs, "after_login")

    assert len(heard(programs, "after_register")) == 1
    assert stack.ask("SELECT last_error FROM fcu_outbox WHERE state = 'dead'"
                     ) == "exit status 1: as I was told"
    assert re.search("event=hook_ended hook=ear type=after_register status=1 "
                     'said="as I was told', stack.program_log())


# V80
def test_a_token_that_a_hook_repeats_is_kept_nowhere(stack, programs):
    programs.write("listen", LISTENER.replace("as I was told\\n",
                                              "\" + event[\"token\"] + \""))
    told_to(programs, "after_forgot_password", "1")
    user = stack.client.register()
    stack.client.post("/auth/forgot-password", json={"email": user["email"]})
    token = wait_heard(programs, "after_forgot_password")[0]["token"]

    assert stacks.wait_until(lambda: stack.ask(
        "SELECT last_error FROM fcu_outbox WHERE state = 'dead'"
    ) == "exit status 1: (it was handed a secret)")
    assert token not in stack.program_log()
    assert token[-40:] not in stack.program_log()


def test_what_follows_waits_for_what_failed(stack, programs):
    told_to(programs, "after_register", "75", "75")
    user = stack.client.register()
    stack.client.login(user["email"])
    wait_heard(programs, "after_login")

    assert [e["event"] for e in heard(programs)
            if e["user"]["id"] == user["id"]] == [
        "after_register"] * 3 + ["after_login"]
