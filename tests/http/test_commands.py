# SPDX-License-Identifier: MIT
"""The commands of an administrator, while the server runs and while not."""

import concurrent.futures
import fcntl
import json
import os
import shutil
import subprocess
import tempfile

import pytest
import stack as stacks

from client import PASSWORD, new_email
from commands import (CONFIG, DATAERR, NOUSER, OK, TEMPFAIL, UNAVAILABLE,
                      USAGE, complaints, execute, one_sentence, run, run_with)

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


def test_users_are_searched_sorted_and_counted_by_command(stack, client):
    tag = new_email("x").split(".")[2].split("@")[0]
    made = [client.post("/users", token=client.admin(), json={
        "email": f"{letter}.{tag}@example.org", "password": PASSWORD,
        "is_verified": letter != "b"}).json() for letter in "cab"]
    by_email = sorted(made, key=lambda u: u["email"])

    def found(*options):
        done = run(stack, "user", "list", "--json", *options)
        assert done.returncode == OK, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert found("--search", tag.upper(), "--sort", "email") == by_email
    assert found("--search", tag, "--sort", "-email", "--limit", "2",
                 "--after", by_email[2]["id"]) == by_email[1::-1]
    assert found("--search", tag, "--verified=no") == [made[2]]
    assert found("--email", made[0]["email"].upper()) == [made[0]]
    assert found("--search", "%" + tag) == []
    done = run(stack, "user", "list", "--count", "--verified", "--search",
               tag)
    assert done.stdout == "2\n"
    for options in (("--sort", "hashed_password"), ("--set", "age=1"),
                    ("--after", "nobody"), ("--search", b"\xff")):
        done = run(stack, "user", "list", *options)
        assert done.returncode in (USAGE, DATAERR), options
        one_sentence(done)


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


@pytest.mark.about("pool", "a pool that does not run")
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


def test_many_migrate_an_empty_database_at_once(unmigrated):
    if unmigrated.db == "sqlite":
        os.unlink(unmigrated.path("users.db"))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: run(unmigrated, "migrate"), range(8)))

    assert [d.returncode for d in done] == [OK] * 8, [d.stderr for d in done]
    assert "pending" not in run(unmigrated, "migrate", "status").stdout


def test_a_plan_is_told_before_anything_is_done(unmigrated):
    assert "CREATE TABLE" in run(unmigrated, "migrate", "plan").stdout
    assert "pending" in run(unmigrated, "migrate", "status").stdout
    done = run(unmigrated, "check")

    assert done.returncode != OK
    assert "migrate" in done.stderr


def test_tables_that_nobody_made_yet_are_not_an_internal_error(unmigrated):
    for words in ("user list", "user add a@example.org --generate-password",
                  "user show a@example.org", "user export", "outbox list",
                  "token create a@example.org"):
        done = run(unmigrated, *words.split())

        assert done.returncode == CONFIG, words
        assert complaints(done)[-1].endswith("; run fastcgi-users migrate")


def test_a_field_without_its_column_is_not_an_internal_error(new_stack, db):
    stack = new_stack(db)
    stack.settings["field", "nickname"] = {"max": "80"}
    stack.write_configuration()

    done = run(stack, "user", "list")

    assert done.returncode == CONFIG
    assert complaints(done)[-1].endswith("; run fastcgi-users migrate")


OTHERS_TABLE = """CREATE TABLE "user" (id {}, email VARCHAR(320),
hashed_password VARCHAR(1024), is_active BOOLEAN, is_superuser BOOLEAN,
is_verified BOOLEAN, PRIMARY KEY (id))"""


def test_a_table_with_ids_of_another_kind_is_refused(unmigrated):
    execute(unmigrated, OTHERS_TABLE.format("REAL"))

    for statement in ("SELECT 1", """INSERT INTO "user" VALUES
            (1, 'a@example.com', 'x', true, false, true)"""):
        execute(unmigrated, statement)
        for command in ("migrate", "check"):
            done = run(unmigrated, command)
            assert done.returncode == DATAERR, done.stderr
            assert "neither UUIDs nor whole" in one_sentence(done)
    assert "applied" not in run(unmigrated, "migrate", "status").stdout


def test_a_table_with_nulls_is_refused_until_they_are_mended(unmigrated):
    execute(unmigrated, OTHERS_TABLE.format(
        "UUID" if unmigrated.db == "postgres" else "CHAR(36)"))
    execute(unmigrated, """INSERT INTO "user" VALUES
        ('00000000-0000-4000-8000-00000000000a', 'a@example.com', NULL, true,
        false, true)""")

    for command in ("migrate", "check"):
        done = run(unmigrated, command)
        assert done.returncode == DATAERR, done.stderr
        assert "NULL" in one_sentence(done)
    execute(unmigrated, """UPDATE "user" SET hashed_password = '!'""")

    assert run(unmigrated, "migrate").returncode == OK
    assert run(unmigrated, "check").returncode == OK


def test_a_mistyped_path_makes_no_database(stack):
    path = stack.path("typo.db")
    settings = f'database {{ url = "sqlite:{path}" }}\n'

    for arguments in (("check",), ("migrate", "plan"), ("migrate", "status"),
                      ("user", "list"), ("user", "show", new_email())):
        done = run_with(stack, settings, *arguments)
        assert done.returncode == UNAVAILABLE, (arguments, done.stderr)
        assert f"no file {path}" in done.stderr, arguments
        assert not os.path.exists(path), arguments
    try:
        assert run_with(stack, settings, "migrate", "apply").returncode == OK
        assert run_with(stack, settings, "user", "list").returncode == OK
    finally:
        for ending in ("", "-wal", "-shm"):
            stack.forget_file("typo.db" + ending)


@pytest.mark.parametrize("what", ["add", "set"])
def test_a_password_may_be_typed_slowly(stack, client, what):
    email = new_email() if what == "add" else client.register()["email"]
    path = stack.write("more.conf", stack.read("fastcgi-users.conf")
                       + "password { wait_limit = 1 }\n")

    done = stack.run("sh", "-c", '(sleep 1.5; echo "$0") | "$@"', PASSWORD,
                     stack.program, "-c", path, "user", what, email,
                     "--password-stdin", check=False)

    assert done.returncode == OK, done.stderr
    assert client.login(email)


def test_that_too_much_goes_on_is_told_in_one_sentence(stack, client):
    with open(stack.path("hash.slots"), "r+b") as slots:
        fcntl.lockf(slots, fcntl.LOCK_EX, 1, 0)

        done = run_with(stack, "password { wait_limit = 1 max_parallel = 1 }",
                        "user", "add", new_email(), "--password-stdin",
                        given=PASSWORD)

    assert done.returncode == TEMPFAIL
    assert one_sentence(done)


def test_options_of_other_subcommands_are_refused(stack, client):
    taken = client.register()["email"]
    for arguments in (("add", new_email(), "--email", new_email()),
                      ("add", new_email(), "--limit", "1"),
                      ("show", taken, "--superuser"),
                      ("show", taken, "--password-stdin"),
                      ("list", "--password-stdin"), ("list", "--skip-bad"),
                      ("set", taken, "--after", client.register()["id"]),
                      ("delete", taken, "--json"),
                      ("set", taken, "--generate-password",
                       "--password-stdin"),
                      ("set", taken), ("set", taken, "--json")):
        done = run(stack, "user", *arguments, given=PASSWORD)
        assert done.returncode == USAGE, (arguments, done.stderr)
        assert one_sentence(done)
    assert run(stack, "user", "show", taken).returncode == OK


def test_no_control_character_reaches_a_terminal(stack, client):
    user = client.register()
    character = "char" if stack.db == "sqlite" else "chr"
    control = [f"{character}({n})" for n in (27, 7, 10, 127, 155)]
    execute(stack, f"""UPDATE "user" SET email =
        {' || '.join(control)} || 'ä' || email WHERE id = '{user["id"]}'""")
    try:
        shown = run(stack, "user", "show", user["id"]).stdout
        listed = run(stack, "user", "list").stdout

        assert f"email: ??????ä{user['email']}\n" in shown
        for said in (shown, listed):
            assert user["email"] in said
            assert not [c for c in said if c != "\n" and (
                c < " " or "\x7f" <= c < "\xa0")], said
    finally:
        run(stack, "user", "delete", user["id"])


def test_with_syslog_no_log_line_is_among_what_a_command_says(stack):
    settings = ('log { to = "syslog" }\n'
                'database { url = "sqlite:/nonexistent/users.db" }\n')

    done = run_with(stack, settings, "user", "list")

    assert done.returncode == UNAVAILABLE
    assert "/nonexistent/users.db" in one_sentence(done)


def test_a_file_with_secrets_that_everybody_reads_fails_the_check(stack):
    files = "".join(f'{name}_file = "{stack.path(name + ".secret")}" '
                    for name in stacks.SECRETS)
    server = f'server {{ run_dir = "{stack.folder}" }}\n'
    url = f'database {{ url = "{stack.database_url}" }}\n'
    inline = f'secrets {{ reset = {{ "{stack.secrets["reset"]}" }} }}\n'
    for settings, environment, status in (
            (url, {}, CONFIG),
            (inline, {"FASTCGI_USERS_DATABASE_URL": stack.database_url},
             CONFIG),
            ("", {"FASTCGI_USERS_DATABASE_URL": stack.database_url}, OK)):
        path = stack.write("open.conf", server + f"secrets {{ {files} }}\n"
                           + settings, 0o644)
        command = ["env", *(f"{n}={v}" for n, v in environment.items()),
                   stack.program, "-c", path, "check"]
        done = stack.run(*command, check=False)
        assert done.returncode == status, (settings, done.stderr)
        if status != OK:
            assert "chmod 640" in one_sentence(done)
        os.chmod(path, 0o640)
        assert stack.run(*command, check=False).returncode == OK


@pytest.mark.parametrize("mode", [0o604, 0o602])
def test_a_sqlite_file_that_everybody_may_open_fails_the_check(new_stack,
                                                               mode):
    stack = new_stack("sqlite", workers=1)
    assert run(stack, "check").returncode == OK

    os.chmod(stack.path("users.db"), mode)

    done = run(stack, "check")
    assert done.returncode == CONFIG
    assert "chmod 600" in one_sentence(done)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to a user")
def test_commands_of_root_leave_its_folder_to_root(stack, client):
    parent = tempfile.mkdtemp(prefix="fastcgi-users-test-")
    os.chmod(parent, 0o755)
    folder = os.path.join(parent, "run")
    path = stack.write("more.conf", stack.read("fastcgi-users.conf")
                       + f'server {{ run_dir = "{folder}" '
                       f'user = "{stack.user.pw_name}" }}\n')
    email = new_email()
    try:
        for arguments in (("check",), ("user", "add", email,
                                       "--password-stdin")):
            done = subprocess.run(
                [stack.program, "-c", path, *arguments], input=PASSWORD,
                text=True, capture_output=True, check=False, umask=0o077,
                env=stack.environment())
            assert done.returncode == OK, done.stderr
        assert client.login(email)
        assert os.stat(folder).st_uid == 0
        assert os.stat(folder).st_mode & 0o777 == 0o755
        slots = os.stat(os.path.join(folder, "hash.slots"))
        assert slots.st_uid == stack.user.pw_uid
        assert os.listdir(folder) == ["hash.slots"]
    finally:
        shutil.rmtree(parent)


def test_a_good_configuration_passes_the_check(stack):
    done = run(stack, "check")

    assert done.returncode == OK, done.stderr
    assert complaints(done) == []


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


@pytest.mark.better(12)
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another")
def test_root_must_say_whom_the_pool_runs_as(stack):
    done = subprocess.run(
        [stack.program, "-c", stack.config, "pool"], text=True, timeout=60,
        capture_output=True, check=False)

    assert done.returncode == CONFIG
    assert "server.user" in one_sentence(done)


def started_by_root(stack, settings, *words):
    path = stack.write("more.conf",
                       stack.read("fastcgi-users.conf") + settings)
    return subprocess.run([stack.program, "-c", path, *words], text=True,
                          timeout=60, capture_output=True, check=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("what", ["user", "group"])
@pytest.mark.parametrize("words", ["pool", "migrate"])
def test_a_user_that_there_is_none_of_is_named(stack, what, words):
    done = started_by_root(stack, 'server { user = "www-data" }\n'
                           f'server {{ {what} = "who-is-it" }}\n', words)

    assert done.returncode == CONFIG
    assert f'knows no {what} "who-is-it"' in one_sentence(done)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_folder_that_cannot_be_made_is_named(stack):
    settings = ('server { user = "www-data" '
                f'run_dir = "{stack.path("no/where")}" }}\n')

    for words in "pool", "migrate":
        done = started_by_root(stack, settings, words)
        assert done.returncode != OK
        assert stack.path("no/where") in complaints(done)[-1]
