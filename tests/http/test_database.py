# SPDX-License-Identifier: MIT
"""Losing the database, and getting it back."""

import os
import signal
import sqlite3

import pytest
import stack as stacks

from client import Load, detail, new_email, PASSWORD


def unavailable(answer):
    return (answer.status_code == 503
            and detail(answer) == "Service Unavailable"
            and int(answer.headers["Retry-After"]) > 0)


def becomes(client, status):
    """It may take a second until that is looked at again."""
    return stacks.wait_until(
        lambda: client.get("/readyz").status_code == status, seconds=30)


def recovers(client, token):
    """Each worker finds out by itself, and any may be asked."""
    return stacks.wait_until(
        lambda: all(client.get("/users/me", token=token).status_code == 200
                    for _ in range(10)), seconds=30, step=0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT],
                         ids=["stopped", "crashed"])
def test_without_its_database_it_says_503_and_recovers(new_stack, number):
    stack = new_stack("postgres", workers=2)
    client = stack.client
    user, token = client.newcomer()
    before = stack.worker_pids()

    stack.postgres_stop(number)

    for _ in range(6):
        assert unavailable(client.get("/users/me", token=token))
    assert unavailable(client.try_login(user["email"]))
    assert unavailable(client.post("/auth/register", json={
        "email": new_email(), "password": PASSWORD}))
    assert becomes(client, 503)
    assert client.get("/healthz").status_code == 200

    stack.postgres_start()

    assert recovers(client, token)
    assert client.get("/users/me", token=token).json() == user
    assert becomes(client, 200)
    assert client.register()
    assert stack.worker_pids() == before


def test_a_database_restarted_under_load_kills_no_worker(new_stack):
    stack = new_stack("postgres", workers=3)
    client = stack.client
    _, token = client.newcomer()
    before = stack.worker_pids()

    with Load(client, 20, token=token) as load:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
            load.wait_for(200)
            stack.postgres_stop(number)
            load.wait_for(100)
            stack.postgres_start()
            assert recovers(client, token)
        load.wait_for(200)

    assert load.bad(200, 503) == []
    assert load.answers.count(200) >= 400
    assert stack.worker_pids() == before


def test_what_was_acknowledged_is_there_after_a_crash(new_stack):
    stack = new_stack("postgres")
    client = stack.client
    acknowledged = [client.register() for _ in range(10)]

    stack.postgres_stop(signal.SIGQUIT)
    stack.postgres_start()
    token = client.login(**stack.superuser)

    for user in acknowledged:
        assert client.get(f"/users/{user['id']}", token=token).json() == user


@pytest.mark.parametrize("style", ["German", "SQL, DMY", "Postgres"])
def test_dates_do_not_follow_the_database_s_style(new_stack, style):
    stack = new_stack("postgres", settings=(
        "field.born.type=date", "field.seen.type=datetime",
        "backend.rows.strategy=database"))
    name = stack.ask("SELECT current_database()")
    stack.ask(f"ALTER DATABASE {name} SET DateStyle = '{style}'")
    stack.ask(f"ALTER DATABASE {name} SET TimeZone = 'Asia/Kolkata'")
    stack.reload()
    user, token = stack.client.newcomer()
    given = {"born": "2001-02-03", "seen": "2024-05-06T07:08:09Z"}
    row = stack.program_command("token", "create", user["id"], "--backend",
                                "rows").stdout

    stack.client.patch("/users/me", token=token, json=given)

    me = stack.client.get("/users/me", token=token).json()
    assert me == {**user, **given}
    assert user["id"] in stack.program_command("token", "inspect",
                                               given=row).stdout


def test_a_sqlite_file_that_is_missing_is_503_until_it_is_made(new_stack):
    stack = new_stack("sqlite", workers=1)
    client = stack.client
    stack.settings["database", None]["url"] = "sqlite:" + stack.path("typo")

    stack.reload()

    assert becomes(client, 503)
    assert unavailable(client.try_login(new_email()))
    assert not os.path.exists(stack.path("typo"))

    stack.program_command("migrate")

    assert stacks.wait_until(
        lambda: client.get("/readyz").status_code == 200, seconds=30,
        step=0.1)
    assert client.register()


def test_a_locked_sqlite_file_is_503_and_recovers(new_stack):
    stack = new_stack("sqlite", workers=2,
                      settings=["database.statement_limit=1"])
    client = stack.client
    user, token = client.newcomer()
    before = stack.worker_pids()
    connection = sqlite3.connect(stack.path("users.db"), timeout=30,
                                 isolation_level=None)

    connection.execute("BEGIN IMMEDIATE")
    try:
        assert unavailable(client.post("/auth/register", json={
            "email": new_email(), "password": PASSWORD}))
        assert client.get("/users/me", token=token).json() == user
    finally:
        connection.execute("ROLLBACK")
        connection.close()

    assert client.register()
    assert stack.worker_pids() == before
