# SPDX-License-Identifier: MIT
"""The courier as a process: kept alive, killed, alone, and in numbers."""

import collections
import json
import os
import random
import re
import signal
import time

import pytest
import stack as stacks

from client import PASSWORD, new_email, parallel
from commands import OK, run
from programs import Programs

pytestmark = pytest.mark.about("pool", "the pool's courier is what is tested")

# How many events go out while couriers are killed, and how often.
EVENTS = int(os.environ.get("FCU_EVENTS", "60"))
KILLS = int(os.environ.get("FCU_KILLS", "8"))
STARTED = re.compile(r"event=worker_started pool=courier pid=(\d+)")
# One write, so that two programs never mix their lines.
LISTENER = r"""
event = json.load(sys.stdin)
fd = os.open(HERE + "/heard", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
if os.path.exists(HERE + "/slow"):
    os.write(fd, b"begun\n")
    time.sleep(1)
os.write(fd, (json.dumps([event["user"]["email"], event["event"],
                          event["id"]]) + "\n").encode())
"""


@pytest.fixture
def programs():
    made = Programs()
    made.write("listen", LISTENER)
    yield made
    made.remove()


def settings_of(programs, *more, name="ear"):
    return [f"hook.{name}.program={programs.path('listen')}",
            f"hook.{name}.events={{after_register, after_login}}",
            "courier.lease=2", "courier.retry_first=1",
            "courier.retry_most=1", *more]


def heard(programs):
    return [json.loads(line) for line in programs.read("heard").splitlines()
            if line.startswith("[")]


def couriers(stack):
    return [pid for pid in map(int, STARTED.findall(stack.program_log()))
            if stacks.process_lives(pid)]


def waiting(stack):
    return int(stack.ask("SELECT count(*) FROM fcu_outbox"))


def test_without_somebody_to_tell_there_is_no_courier(stack):
    assert couriers(stack) == []
    assert waiting(stack) == 0


def test_a_killed_courier_is_replaced_and_the_event_arrives(
        new_stack, programs, db):
    one = new_stack(db, settings=settings_of(programs), workers=1)
    one.kills_with.add(signal.SIGKILL)
    [first] = couriers(one)

    os.kill(first, signal.SIGKILL)
    user = one.client.register()

    assert stacks.wait_until(lambda: user["email"] in
                             [email for email, _, _ in heard(programs)])
    assert first not in couriers(one)


def test_couriers_that_are_killed_lose_nothing_and_keep_the_order(
        new_stack, programs, db):
    one = new_stack(db, settings=settings_of(
        programs, "courier.processes=3"), workers=1)
    one.kills_with.add(signal.SIGKILL)
    emails = [new_email() for _ in range(EVENTS // 3)]

    parallel([lambda e=e: one.client.register(e) for e in emails[:10]])
    for email in emails[10:]:
        one.client.register(email)
    for email in emails * 2:
        one.client.login(email)
    killed = 0
    while killed < KILLS and waiting(one):
        alive = couriers(one)
        if alive:
            os.kill(random.choice(alive), signal.SIGKILL)
            killed += 1
        time.sleep(random.uniform(0, 0.3))

    assert stacks.wait_until(lambda: waiting(one) == 0, 300)
    told = [line for line in heard(programs) if line[0] in set(emails)]
    twice = len(told) - len({message for _, _, message in told})
    print(f"{len(emails) * 3} events, {killed} kills: {twice} twice")
    assert twice <= killed
    for email in emails:
        mine = [(event, message) for to, event, message in told
                if to == email]
        first_of = list(dict.fromkeys(message for _, message in mine))
        assert len(first_of) == 3
        assert mine[0][0] == "after_register"
        # Again only before anything later.
        assert [m for m, _ in mine] == sorted(
            (m for m, _ in mine), key=["after_register",
                                       "after_login"].index)
    assert collections.Counter(
        event for _, event in {(m, e) for _, e, m in told}) == {
            "after_register": len(emails), "after_login": 2 * len(emails)}


def test_from_cron_a_courier_delivers_what_is_due_and_ends(
        new_stack, programs, db):
    one = new_stack(db, settings=settings_of(
        programs, "courier.processes=0"), workers=1)
    email = one.client.register()["email"]
    one.client.login(email)
    assert couriers(one) == []
    assert waiting(one) >= 2

    assert run(one, "courier", "--once").returncode == OK

    assert [event for to, event, _ in heard(programs) if to == email] == [
        "after_register", "after_login"]
    assert waiting(one) == 0


def test_several_couriers_from_cron_share_the_work(new_stack, programs, db):
    one = new_stack(db, settings=settings_of(
        programs, "courier.processes=0"), workers=1)
    emails = [one.client.register()["email"] for _ in range(12)]

    done = parallel([lambda: run(one, "courier", "--once")] * 4)

    assert {d.returncode for d in done} == {OK}
    assert run(one, "courier", "--once").returncode == OK
    told = [to for to, _, _ in heard(programs) if to in emails]
    assert sorted(told) == sorted(emails)


def test_a_courier_told_to_stop_finishes_what_it_has_begun(
        new_stack, programs, db):
    one = new_stack(db, settings=settings_of(programs), workers=1)
    assert stacks.wait_until(lambda: waiting(one) == 0)
    programs.write("slow", "")
    email = one.client.register()["email"]
    assert stacks.wait_until(lambda: "begun" in programs.read("heard"))

    one.handles["pool"].send_signal(signal.SIGTERM)
    one.handles["pool"].wait(stacks.SECONDS)

    assert [to for to, _, _ in heard(programs)].count(email) == 1
    assert waiting(one) == 0


def test_a_reload_brings_a_courier_with_the_new_configuration(
        new_stack, programs, db):
    one = new_stack(db, settings=settings_of(programs), workers=1)
    [first] = couriers(one)
    one.settings["hook", "ear"]["events"] = "{after_login}"
    one.reload()

    email = one.client.register()["email"]
    one.client.login(email)

    assert stacks.wait_until(lambda: email in [t for t, _, _ in
                                               heard(programs)])
    assert [event for to, event, _ in heard(programs) if to == email] == [
        "after_login"]
    assert stacks.wait_until(lambda: first not in couriers(one))


def test_users_changed_by_commands_are_told_of_too(new_stack, programs, db):
    one = new_stack(db, settings=settings_of(programs), workers=1)
    email = new_email()

    done = one.program_command("user", "add", email, "--password-stdin",
                               given=PASSWORD + "\n")

    assert done.returncode == OK
    assert stacks.wait_until(lambda: [email, "after_register"] in [
        line[:2] for line in heard(programs)])
