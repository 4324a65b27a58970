# SPDX-License-Identifier: MIT
"""The outbox as commands see it."""

import json
import time

import pytest
from client import detail
from commands import NOUSER, OK, USAGE, execute, run, run_with


def put(stack, event="after_login", target="hook:gone", user="anna",
        state="waiting", claimed_until=0):
    now = int(time.time())
    execute(
        stack,
        "INSERT INTO fcu_outbox (message_id, event, target, user_key, "
        "payload, state, attempts, attempts_before, created_at, due_at, "
        "claimed_until, "
        f"expires_at) VALUES ('msg_1', '{event}', '{target}', '{user}', "
        f"'{{}}', '{state}', 3, 0, {now}, {now + 9000}, {claimed_until}, "
        f"{now + 9000})")


def listed(stack, *arguments):
    done = run(stack, "outbox", "list", "--json", *arguments)
    assert done.returncode == OK, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def one(new_stack, db):
    return new_stack(db, workers=1)


def test_rows_are_listed_filtered_and_paged(one):
    put(one)
    put(one, target="mail:mail", user="bert", state="dead")
    put(one, event="after_delete", user="bert")

    rows = listed(one)
    assert [row["user"] for row in rows] == ["anna", "bert", "bert"]
    assert list(rows[0]) == [
        "id", "message", "event", "target", "user", "state", "attempts",
        "created_at", "due_at", "expires_at", "last_error"]
    assert [r["id"] for r in listed(one, "--state", "dead")] == [
        rows[1]["id"]]
    assert [r["id"] for r in listed(one, "--event", "after_delete")] == [
        rows[2]["id"]]
    assert [r["id"] for r in listed(one, "--target", "hook:gone", "--user",
                                    "anna")] == [rows[0]["id"]]
    assert [r["id"] for r in listed(one, "--limit", "2")] == [
        r["id"] for r in rows[:2]]
    assert [r["id"] for r in listed(one, "--after", str(rows[1]["id"]))] == [
        rows[2]["id"]]
    table = run(one, "outbox", "list").stdout.splitlines()
    assert len(table) == 4
    assert table[0].split()[:4] == ["ID", "STATE", "EVENT", "TARGET"]
    assert "mail:mail" in table[2]


def test_a_listing_longer_than_a_page_is_whole(one):
    for _ in range(3):
        put(one)
    execute(one, "INSERT INTO fcu_outbox (message_id, event, target, user_key,"
                " payload, state, attempts, attempts_before, created_at, "
                "due_at, "
                "claimed_until, expires_at) SELECT a.message_id, a.event, "
                "a.target, a.user_key, a.payload, a.state, a.attempts, "
                "a.attempts_before, "
                "a.created_at, a.due_at, a.claimed_until, a.expires_at "
                "FROM fcu_outbox a, fcu_outbox b, fcu_outbox c, fcu_outbox d,"
                " fcu_outbox e")

    rows = listed(one)

    assert len(rows) == 246
    assert sorted({r["id"] for r in rows}) == [r["id"] for r in rows]
    assert len(listed(one, "--limit", "150")) == 150


def test_dead_rows_are_retried_and_named_in_the_check(one):
    put(one, state="dead")
    put(one, state="dead", user="bert")
    put(one, user="carl")
    said = run(one, "check")
    assert said.returncode == OK
    assert "2 events could not be delivered" in said.stderr

    done = run(one, "outbox", "retry", "--user", "anna")
    assert (done.returncode, done.stdout) == (OK, "1\n")
    done = run(one, "outbox", "retry", "--all")
    assert (done.returncode, done.stdout) == (OK, "1\n")

    rows = listed(one)
    assert [r["state"] for r in rows] == ["waiting"] * 3
    assert [r["attempts"] for r in rows] == [3, 3, 3]
    assert "could not be delivered" not in run(one, "check").stderr


def test_rows_are_dropped_but_not_under_a_courier(one):
    put(one)
    put(one, user="bert", claimed_until=int(time.time()) + 9000)
    rows = listed(one)

    done = run(one, "outbox", "drop", str(rows[1]["id"]))
    assert done.returncode == NOUSER
    assert "a courier has it" in done.stderr
    done = run(one, "outbox", "drop", str(rows[0]["id"]))
    assert (done.returncode, done.stdout) == (OK, "1\n")
    assert run(one, "outbox", "drop", "--all").stdout == "0\n"

    assert [r["id"] for r in listed(one)] == [rows[1]["id"]]


@pytest.mark.parametrize("arguments", [
    (), ("nonsense",), ("drop",), ("retry",), ("drop", "x"), ("drop", "0"),
    ("drop", "1", "2"), ("drop", "1", "--all"), ("list", "1"),
    ("list", "--state", "lost"), ("list", "--limit", "0"),
    ("list", "--nonsense")])
def test_a_wrong_line_is_refused(stack, arguments):
    done = run(stack, "outbox", *arguments)

    assert done.returncode == USAGE
    assert done.stderr


def test_help_needs_no_configuration(stack):
    for arguments in (("--help",), ("list", "--help")):
        done = stack.run(stack.program, "-c", "/nowhere", "outbox",
                         *arguments, check=False)
        assert done.returncode == OK
        assert "outbox list" in done.stdout


def test_a_courier_with_nothing_to_do_ends_at_once(stack):
    assert run(stack, "courier", "--once").returncode == OK
    assert run(stack, "courier", "--twice").returncode == USAGE


def test_the_check_warns_of_mail_without_the_routers_that_it_is_for(stack):
    said = run_with(stack, 'mail { url = "sendmail:/bin/true" '
                    'from = "a@example.com" base_url = "https://a.org" }\n'
                    'secrets { reset_file = "" }\n', "check")

    assert said.returncode == OK, said.stderr
    assert ("there is mail, but forgot-password and reset-password are off: "
            "put a secret into secrets.reset_file") in said.stderr


def test_the_check_says_which_routers_are_off_or_of_no_use(new_stack, db):
    one = new_stack(db, settings=("secrets.reset_file=",))

    said = run(one, "check")

    assert said.returncode == OK
    assert "forgot-password and reset-password are off" in said.stdout
    assert "nobody is told of after_request_verify" in said.stderr
    assert detail(one.client.post("/auth/forgot-password")) == "Not Found"
