# SPDX-License-Identifier: MIT
"""Many users at once: user export and user import."""

import contextlib
import json
import os
import signal
import subprocess
import time
import uuid

import pytest

from client import PASSWORD, new_email
from commands import DATAERR, OK, USAGE, execute, run, run_with
from custom import CUSTOM
from renamed import RENAMED

# Of "correct horse battery", as another program would have it.
HASH = ("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
        "p15c/TOJ3ovY07sMZYG2VvFjxPpwKMT5GPQgPMRev2o")
BATCH = 2048


def lines_of(users):
    return "".join(json.dumps(user) + "\n" for user in users)


def arrival(**members):
    return {"email": new_email("bulk"), "hashed_password": HASH, **members}


def arrivals(count):
    stem = uuid.uuid4().hex
    return [arrival(email=f"{stem}.{i}@example.org") for i in range(count)]


def load(stack, users, *options):
    given = users if isinstance(users, str) else lines_of(users)
    return run(stack, "user", "import", *options, given=given)


def exported(stack, *options):
    done = run(stack, "user", "export", *options)
    assert done.returncode == OK, done.stderr
    return done.stdout


def emails(stack):
    return {json.loads(line)["email"]
            for line in exported(stack).splitlines()}


def told(done):
    """The refused lines, with their reasons."""
    found = {}
    for line in done.stderr.splitlines():
        assert line.startswith("fastcgi-users: "), done.stderr
        line = line[len("fastcgi-users: "):]
        if line.startswith("line "):
            number, reason = line[len("line "):].split(": ", 1)
            found[int(number)] = reason
    return found


@contextlib.contextmanager
def beside(stack):
    """Settings for an empty database beside the stack's, with tables."""
    if stack.db == "sqlite":
        url = f"sqlite:{stack.path('second.db')}"
    else:
        execute(stack, "CREATE DATABASE second")
        url = stack.database_url.replace("@/fastcgi_users", "@/second")
        assert url != stack.database_url
    settings = f'database {{ url = "{url}" }}\n'
    try:
        assert run_with(stack, settings, "migrate").returncode == OK
        yield settings
    finally:
        if stack.db == "postgres":
            execute(stack, "DROP DATABASE second")
        else:
            for ending in ("", "-wal", "-shm"):
                stack.forget_file("second.db" + ending)


@pytest.mark.parametrize("settings", [(), CUSTOM, RENAMED],
                         ids=["plain", "custom", "renamed"])
def test_what_was_exported_is_the_same_in_an_empty_database(new_stack, db,
                                                            settings):
    # Of its own: others leave users whose hashes nobody takes.
    stack = new_stack(db, settings=settings)
    fields = [{}] * 5
    if settings is CUSTOM:
        fields = [{"first_name": f"A\\b\tcd \u00e9{i}", "age": i,
                   "height": 0.5 + i / 3, "newsletter": i % 2 == 0,
                   "born": f"200{i}-01-31", "device": str(uuid.uuid4()),
                   "seen": f"2020-01-01T10:20:30.00000{i}+02:00",
                   "color": "green"} for i in range(5)]
        fields[4] = {"first_name": "Nobody"}
    for more in fields:
        assert stack.client.post("/auth/register", json={
            "email": new_email("Caf\u00e9"), "password": PASSWORD,
            **more}).status_code == 201
    assert run(stack, "user", "add", new_email(), "--password-stdin",
               "--superuser", "--active=no", *(
                   ["--set", "first_name=Eve"] if fields[0] else []),
               given=PASSWORD).returncode == OK
    before = exported(stack)
    assert len(before.splitlines()) >= 6

    with beside(stack) as second:
        done = run_with(stack, second, "user", "import", given=before)
        after = run_with(stack, second, "user", "export").stdout

    assert done.returncode == OK, done.stderr
    assert done.stdout == (f"{len(before.splitlines())} imported, 0 there "
                           "already, 0 refused\n")
    assert after == before


def test_an_imported_user_signs_in_with_the_old_password(stack, client):
    user = client.register()
    hash_ = stack.stored_hash(user)
    new = arrival(hashed_password=hash_, is_verified=True)

    assert load(stack, [new]).returncode == OK

    token = client.login(new["email"])
    me = client.get("/users/me", token=token).json()
    assert me["is_verified"] is True and me["is_superuser"] is False
    assert me["is_active"] is True


def test_a_null_hash_is_one_that_no_password_has(stack, client):
    new = arrival(hashed_password=None)

    assert load(stack, [new]).returncode == OK

    assert new["email"] in emails(stack)
    for password in ("", "null", PASSWORD):
        assert client.try_login(new["email"], password).status_code in (400,
                                                                       422)


@pytest.mark.parametrize("settings", [(), ("users.id=integer",)],
                         ids=["uuid", "integer"])
def test_ten_thousand_users_go_in_and_come_out(house, db, settings):
    stack = house.get(db, settings=settings)
    users = arrivals(10000)

    with beside(stack) as second:
        done = run_with(stack, second, "user", "import", given=lines_of(users))
        out = [json.loads(line) for line in run_with(
            stack, second, "user", "export").stdout.splitlines()]
        again = run_with(stack, second, "user", "import", "--skip-existing",
                         given=lines_of(users))

    assert done.stdout.startswith("10000 imported, "), done.stderr
    assert {user["email"] for user in out} == {u["email"] for u in users}
    assert len(out) == 10000
    assert {user["hashed_password"] for user in out} == {HASH}
    assert again.stdout == "0 imported, 10000 there already, 0 refused\n"


def test_an_export_goes_on_behind_an_id(stack, client):
    for _ in range(3):
        client.register()
    whole = exported(stack).splitlines()
    second = json.loads(whole[1])

    assert exported(stack, "--limit", "2").splitlines() == whole[:2]
    assert exported(stack, "--after", str(second["id"])).splitlines() == \
        whole[2:]


@pytest.mark.parametrize("letter", ["\u00e9", "\x01"])
def test_the_longest_text_goes_out_and_in(stack, letter):
    with beside(stack) as second:
        settings = second + 'field "bio" { type = text  max = 65535 }\n'
        assert run_with(stack, settings, "migrate").returncode == OK
        done = run_with(stack, settings, "user", "import", given=lines_of(
            [arrival(bio=letter * 65535)]))
        assert done.returncode == OK, done.stderr
        out = run_with(stack, settings, "user", "export").stdout
        again = run_with(stack, settings, "user", "import",
                         "--skip-existing", given=out)

    assert json.loads(out)["bio"] == letter * 65535
    assert again.stdout == "0 imported, 1 there already, 0 refused\n", \
        again.stderr


BAD = {
    "{": "it is no JSON",
    "[]": "it is no JSON object",
    '"text"': "it is no JSON object",
    lines_of([arrival(email="nobody")]): "email: An email address must",
    lines_of([arrival(email=5)]): "email: it is no text",
    lines_of([arrival(email="a\u0000@example.org")]): "email: it is no text",
    lines_of([{"hashed_password": HASH}]): "email is missing",
    lines_of([{"email": "a@example.org"}]): "hashed_password is missing",
    lines_of([arrival(hashed_password="secret")]): "hashed_password: it is no",
    lines_of([arrival(hashed_password=HASH[:-3] + "!")]):
        "hashed_password: it is no",
    lines_of([arrival(password="secret")]): "password: only hashes",
    lines_of([arrival(is_admin=True)]): "is_admin: there is no such field",
    lines_of([arrival(is_active="perhaps")]): "is_active: Input should be",
    lines_of([arrival(is_verified=None)]): "is_verified: Input should be",
    lines_of([arrival(id="x")]): "id: it is none",
    lines_of([arrival(id={})]): "id: it is none",
    '{"email":"a@example.org","email":"b@example.org"}': "Duplicate member",
    lines_of([arrival(email="a" * (4 << 20))]): "it is too long",
}


def test_each_bad_line_is_told_and_nothing_of_its_batch_is_written(stack):
    good = arrivals(3)
    lines = [lines_of([good[0]]), "\n", *(b.rstrip("\n") + "\n" for b in BAD),
             lines_of(good[1:])]

    for options in ((), ("--check",)):
        done = load(stack, "".join(lines), *options)

        assert done.returncode == DATAERR
        assert sorted(told(done)) == list(range(3, 3 + len(BAD)))
        for number, reason in zip(range(3, 99), BAD.values()):
            assert reason in told(done)[number], done.stderr
        assert done.stdout.startswith("0" if not options else "3")
        assert not emails(stack) & {user["email"] for user in good}
    done = load(stack, "".join(lines), "--skip-bad")
    assert done.returncode == DATAERR
    assert len(told(done)) == len(BAD)
    assert done.stdout == f"3 imported, 0 there already, {len(BAD)} refused\n"
    assert {user["email"] for user in good} <= emails(stack)


def test_what_a_bad_line_comes_after_is_written(stack):
    users = arrivals(BATCH + 5)
    lines = lines_of(users).splitlines()
    lines[BATCH + 2] = "?"

    done = load(stack, "\n".join(lines))

    assert done.returncode == DATAERR
    assert list(told(done)) == [BATCH + 3]
    assert f"stopped: nothing from line {BATCH + 1} on" in done.stderr
    assert done.stdout.startswith(f"{BATCH} imported")
    there = emails(stack)
    assert [u["email"] in there for u in users] == [True] * BATCH + [False] * 5


def test_fields_are_judged_as_at_registration(house, db):
    stack = house.get(db, settings=CUSTOM)
    bad = {
        "age": (200, "age: Input should be less"),
        "first_name": ("A", "first_name: String should have at least 2"),
        "born": ("1815-13-10", "born: Input should be a valid date"),
        "device": ("1", "device: Input should be a valid UUID"),
        "color": ("pink", "color: Input should be 'red'"),
        "newsletter": (None, "newsletter: Input should be a valid boolean"),
        "height": ("tall", "height: Input should be a valid number"),
    }
    users = [arrival(**{"first_name": "Ada", name: value})
             for name, (value, _) in bad.items()]
    users.append(arrival())

    reasons = told(load(stack, users))

    for number, (_, reason) in enumerate(bad.values(), 1):
        assert reason in reasons[number]
    assert reasons[len(users)] == "first_name is missing"
    good = arrival(first_name="Ada", age=None, credit=7, note="x", origin="y")
    assert load(stack, [good]).returncode == OK
    kept = next(json.loads(line) for line in exported(stack).splitlines()
                if good["email"] in line)
    assert (kept["age"], kept["credit"], kept["note"], kept["origin"]) == (
        None, 7, "x", "y")
    assert (kept["color"], kept["newsletter"]) == ("red", False)


def test_whom_somebody_is_in_the_way_of_is_told_by_line(stack, client):
    there = client.register()
    good = arrivals(3)
    users = [good[0],
             arrival(email=there["email"].upper().replace(
                 "EXAMPLE", "example")),
             arrival(id=there["id"]),
             good[1], {**good[1], "email": good[1]["email"].upper()},
             good[2]]
    taken = "another user, or a line before, has the "

    done = load(stack, users)

    assert done.returncode == DATAERR
    assert told(done) == {2: taken + "address", 3: taken + "id",
                          5: taken + "address"}
    assert not emails(stack) & {user["email"] for user in good}
    done = load(stack, users, "--check")
    assert set(told(done)) == {2, 3}
    done = load(stack, users, "--skip-bad")
    assert done.returncode == DATAERR
    assert done.stdout == "3 imported, 0 there already, 3 refused\n"
    assert {user["email"] for user in good} <= emails(stack)
    again = load(stack, users, "--skip-existing")
    assert told(again) == {3: taken + "id"}
    assert client.get("/users/me", token=client.login(
        there["email"])).json() == there


# What an application may demand of the table besides, and its end.
OTHERS = {
    "sqlite": ("""CREATE TRIGGER others BEFORE INSERT ON "user"
               WHEN NEW.email LIKE '%@others.example'
               BEGIN SELECT RAISE(ABORT, 'others'); END""",
               "DROP TRIGGER others"),
    "postgres": ("""ALTER TABLE "user" ADD CONSTRAINT others
                 CHECK (email NOT LIKE '%@others.example')""",
                 'ALTER TABLE "user" DROP CONSTRAINT others'),
}


@pytest.mark.parametrize("options", [(), ("--skip-bad",)])
def test_where_the_database_refuses_a_batch_its_lines_are_told(stack, db,
                                                               options):
    users = arrivals(BATCH + 5)
    users[BATCH + 2]["email"] = "somebody@others.example"
    begin, end = OTHERS[db]
    execute(stack, begin)
    try:
        done = load(stack, users, *options)
    finally:
        execute(stack, end)

    assert done.returncode == os.EX_SOFTWARE
    assert f"stopped within lines {BATCH + 1} to {BATCH + 5}" in done.stderr
    assert "others" in done.stderr
    assert done.stdout.startswith(f"{BATCH} imported, ")
    there = emails(stack)
    assert [u["email"] in there for u in users] == [True] * BATCH + [False] * 5


def test_an_import_that_was_killed_is_ended_by_another(stack):
    users = arrivals(2 * BATCH + 100)
    lines = lines_of(users).splitlines(keepends=True)
    names = {user["email"] for user in users}
    with subprocess.Popen(
            [stack.program, "-c", stack.config, "user", "import"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env=stack.environment(), **stack.as_user()) as process:
        process.stdin.write("".join(lines[:-5]))
        process.stdin.flush()
        end = time.monotonic() + 60
        while len(emails(stack) & names) < 2 * BATCH and \
                time.monotonic() < end:
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGKILL)

    assert emails(stack) & names == {u["email"] for u in users[:2 * BATCH]}
    done = load(stack, users, "--skip-existing")
    assert done.returncode == OK, done.stderr
    assert done.stdout == (f"100 imported, {2 * BATCH} there already, "
                           "0 refused\n")
    assert names <= emails(stack)


def test_nobody_is_given_a_number_that_was_imported(house, db):
    stack = house.get(db, settings=("users.id=integer",))
    last = stack.client.register()["id"]
    given = [arrival(id=last + 10), arrival(), arrival(id=str(last + 2))]

    assert load(stack, given).returncode == OK

    ids = {json.loads(line)["email"]: json.loads(line)["id"]
           for line in exported(stack).splitlines()}
    assert ids[given[0]["email"]] == last + 10
    assert ids[given[2]["email"]] == last + 2
    assert ids[given[1]["email"]] > last + 10
    assert stack.client.register()["id"] > ids[given[1]["email"]]


def test_the_sessions_of_a_former_user_are_not_an_imported_ones(house, db):
    stack = house.get(db, settings=("users.id=integer",))
    client = stack.client
    user, token = client.newcomer()
    assert client.get("/users/me", token=token).status_code == 200
    execute(stack, f"""DELETE FROM "user" WHERE id = {user['id']}""")

    assert load(stack, [arrival(id=user["id"])]).returncode == OK

    assert client.get("/users/me", token=token).status_code == 401


def test_a_deleted_user_who_is_imported_again_has_no_session_left(stack,
                                                                  client):
    user, stolen = client.newcomer()
    token = client.login(user["email"])
    assert client.patch("/users/me", token=token, json={
        "password": "quite another 9"}).status_code == 200
    line = next(line for line in exported(stack).splitlines()
                if user["id"] in line)
    assert client.delete(f"/users/{user['id']}",
                         token=client.admin()).status_code == 204

    assert load(stack, line).returncode == OK

    for one in (stolen, token):
        assert client.get("/users/me", token=one).status_code == 401
    assert client.get("/users/me", token=client.login(
        user["email"], "quite another 9")).json() == user


def test_nobody_is_told_of_imported_users(stack):
    hook = ('hook "herald" { program = "/bin/true" '
            'events = {"after_register"} }\n')

    def told_of():
        return run(stack, "outbox", "list", "--target", "hook:herald",
                   "--json").stdout.splitlines()

    assert run_with(stack, hook, "user", "import",
                    given=lines_of(arrivals(3))).returncode == OK

    assert told_of() == []
    assert run_with(stack, hook, "user", "add", new_email(),
                    "--password-stdin", given=PASSWORD).returncode == OK
    assert len(told_of()) == 1
    run(stack, "outbox", "drop", "--target", "hook:herald")


@pytest.mark.parametrize("command", ["export >&-", "import <&-"])
def test_what_is_closed_is_no_other_file(stack, client, command):
    client.register()

    done = stack.run("sh", "-c", f'exec "$0" -c "$1" user {command}',
                     stack.program, stack.config, check=False)

    assert done.returncode == os.EX_IOERR, done.stderr
    assert os.path.getsize(stack.path("hash.slots")) == 0


def test_options_of_bulk_commands_are_judged(stack):
    for arguments in (("export", "--check"), ("import", "--limit", "1"),
                      ("import", "file"), ("export", "file"),
                      ("export", "--after", "nonsense")):
        done = run(stack, "user", *arguments, given="")
        assert done.returncode == USAGE, (arguments, done.stderr)
    assert load(stack, "").stdout == ("0 imported, 0 there already, "
                                      "0 refused\n")
