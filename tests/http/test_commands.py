# SPDX-License-Identifier: MIT
"""The commands of an administrator, while the server runs and while not."""

import concurrent.futures
import json
import os
import subprocess

import stack as stacks

from client import PASSWORD, new_email

OK, USAGE, DATAERR, NOUSER, UNAVAILABLE, CONFIG = 0, 64, 65, 67, 69, 78


def run(stack, *arguments, given=None):
    return stack.program_command(*arguments, given=given, check=False)


def one_sentence(done):
    """What is said on standard error, which is one line."""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("fastcgi-users: "), done.stderr
    return lines[0]


def test_a_user_added_by_command_signs_in(stack, client):
    email = new_email()

    done = run(stack, "user", "add", email, "--superuser",
               "--password-stdin", "--json", given=PASSWORD + "\n")

    assert done.returncode == OK, done.stderr
    user = json.loads(done.stdout)
    assert PASSWORD not in done.stdout
    token = client.login(email)
    assert client.get("/users/me", token=token).json() == user
    assert user["is_superuser"] is True


def test_a_generated_password_is_printed_and_works(stack, client):
    email = new_email()

    done = run(stack, "user", "add", email, "--generate-password", "--json")

    assert client.login(email, json.loads(done.stdout)["password"])


def test_a_user_is_shown_by_address_and_by_id(stack, client):
    user = client.register()

    for who in (user["email"], user["email"].upper(), user["id"]):
        done = run(stack, "user", "show", who, "--json")
        assert json.loads(done.stdout) == user
    assert user["email"] in run(stack, "user", "show", user["id"]).stdout


def test_all_users_are_listed_once(stack, client):
    ids = {client.register()["id"] for _ in range(5)}

    done = run(stack, "user", "list", "--json")

    try:
        users = json.loads(done.stdout)
    except ValueError:
        users = [json.loads(line) for line in done.stdout.splitlines()]
    listed = [u["id"] for u in users]
    assert ids <= set(listed)
    assert len(listed) == len(set(listed))


def test_a_user_is_changed_by_command(stack, client):
    user, token = client.newcomer()
    email = new_email("changed")

    done = run(stack, "user", "set", user["email"], "--email", email,
               "--verified", "--json")

    assert done.returncode == OK, done.stderr
    assert json.loads(done.stdout) == {**user, "email": email,
                                       "is_verified": True}
    assert client.get("/users/me", token=token).json()["email"] == email


def test_a_password_set_by_command_ends_the_sessions(stack, client):
    user, token = client.newcomer()

    done = run(stack, "user", "set", user["id"], "--password-stdin",
               given="another horse 9\n")

    assert done.returncode == OK, done.stderr
    assert client.get("/users/me", token=token).status_code == 401
    assert client.login(user["email"], "another horse 9")


def test_a_user_is_deleted_by_command(stack, client):
    user, token = client.newcomer()

    assert run(stack, "user", "delete", user["email"]).returncode == OK

    assert client.get("/users/me", token=token).status_code == 401
    assert run(stack, "user", "show", user["id"]).returncode == NOUSER


def test_bad_arguments_are_one_sentence_and_a_status(stack, client):
    taken = client.register()["email"]
    for status, arguments, given in (
            (DATAERR, ("user", "add", taken, "--password-stdin"), PASSWORD),
            (DATAERR, ("user", "add", "no-address", "--password-stdin"),
             PASSWORD),
            (DATAERR, ("user", "add", new_email(), "--password-stdin"),
             "short"),
            (DATAERR, ("user", "set", taken, "--email", "x"), None),
            (NOUSER, ("user", "show", new_email()), None),
            (NOUSER, ("user", "delete", new_email()), None),
            (NOUSER, ("user", "show", "a\udcff"), None)):
        done = run(stack, *arguments, given=given)
        assert done.returncode == status, (arguments, done.stderr)
        assert one_sentence(done)
    for arguments in (("nonsense",), ("user",), ("user", "nonsense"),
                      ("user", "add"), ("user", "show", "a", "b"),
                      ("migrate", "nonsense"), ("check", "--nonsense"),
                      ("user", "list", "--limit", "many")):
        done = run(stack, *arguments)
        assert done.returncode == USAGE, (arguments, done.stderr)
        assert done.stderr


def test_a_password_in_an_argument_is_not_taken(stack):
    done = run(stack, "user", "add", new_email(), "--password=" + PASSWORD)

    assert done.returncode == USAGE


def test_commands_work_while_the_server_does_not_run(new_stack, db):
    stack = new_stack(db)
    stack.handles["pool"].terminate()
    stack.handles["pool"].wait(60)
    email = new_email()

    assert run(stack, "user", "add", email, "--password-stdin",
               given=PASSWORD).returncode == OK
    assert run(stack, "user", "show", email).returncode == OK
    assert run(stack, "check").returncode == OK

    stack.pool_start()
    assert stack.client.login(email)


def test_migrating_again_and_all_at_once_does_nothing(stack, client):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: run(stack, "migrate"), range(8)))

    assert [d.returncode for d in done] == [OK] * 8, done
    assert "pending" not in run(stack, "migrate", "status").stdout
    assert client.register()


def test_many_migrate_an_empty_database_at_once(house, db, tmp_path):
    one = stacks.Stack(db=db)
    try:
        one.write_secrets()
        one.write_configuration()
        one.copy_program()
        if db == "postgres":
            one.postgres_start()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda _: run(one, "migrate"), range(8)))
        assert [d.returncode for d in done] == [OK] * 8, [
            d.stderr for d in done]
        assert "pending" not in run(one, "migrate", "status").stdout
    finally:
        one.remove()


def test_a_plan_is_told_before_anything_is_done(house, db):
    one = stacks.Stack(db=db)
    try:
        one.write_secrets()
        one.write_configuration()
        one.copy_program()
        if db == "postgres":
            one.postgres_start()

        assert "CREATE TABLE" in run(one, "migrate", "plan").stdout
        assert "pending" in run(one, "migrate", "status").stdout
        done = run(one, "check")

        assert done.returncode != OK
        assert "migrate" in done.stderr
    finally:
        one.remove()


def test_a_good_configuration_passes_the_check(stack):
    done = run(stack, "check")

    assert done.returncode == OK, done.stderr
    assert done.stderr == ""


def test_each_fault_is_told_with_file_and_line(stack, tmp_path):
    good = stack.read("fastcgi-users.conf")
    lines = good.count("\n")
    for fault in ("server {\n\tnonsense = 1\n}\n",
                  "password {\n\tpasses = 0\n}\n",
                  "password {\n\tpasses = many\n}\n",
                  'log {\n\tlevel = "loud"\n}\n',
                  'backend "jwt" {\n\ttransport = "pigeon"\n}\n'):
        path = stack.write("faulty.conf", good + fault)
        done = stack.run(stack.program, "-c", path, "check", check=False)
        assert done.returncode == CONFIG, (fault, done.stderr)
        assert f"faulty.conf:{lines + 2}: " in one_sentence(done), fault


def test_a_file_that_is_not_there_is_one_sentence(stack):
    done = stack.run(stack.program, "-c", stack.path("none.conf"), "check",
                     check=False)

    assert done.returncode == CONFIG
    assert "none.conf" in one_sentence(done)


def test_a_short_secret_refuses_to_start(stack):
    good = stack.read("fastcgi-users.conf")
    path = stack.write("faulty.conf",
                       good + 'secrets { reset = { "short" } }\n')

    for command in ("check", "pool"):
        done = stack.run(stack.program, "-c", path, command, check=False)
        assert done.returncode == CONFIG, done.stderr
        assert "32" in one_sentence(done)
        assert '"short"' not in done.stderr


def test_a_dump_tells_all_settings_and_no_secret(stack):
    done = run(stack, "check", "--dump")

    assert done.returncode == OK
    assert "server.body_limit = 1048576" in done.stdout
    assert "***" in done.stdout
    for secret in stack.secrets.values():
        assert secret not in done.stdout


def test_an_unreachable_database_is_told_in_one_sentence(stack):
    good = stack.read("fastcgi-users.conf")
    for url in ("sqlite:/nonexistent/folder/users.db",
                "postgresql:///none?host=/nonexistent"):
        path = stack.write("faulty.conf", good.replace(
            stack.database_url, url))
        done = stack.run(stack.program, "-c", path, "user", "list",
                         check=False)
        assert done.returncode == UNAVAILABLE, (url, done.stderr)
        assert done.stderr


def test_the_version_is_told(stack):
    done = subprocess.run([stack.program, "version"], check=True,
                          capture_output=True, text=True, env={
                              "PATH": os.environ["PATH"]})

    assert done.stdout.split()[-1].count(".") >= 2
