# SPDX-License-Identifier: MIT
"""Taking over a database that FastAPI Users made."""

import json

import pytest

from commands import (CONFIG, DATAERR, OK, UNAVAILABLE, USAGE, execute, run,
                      run_with)

HASH = "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc4OTAxMjM0NQ"
# As SQLAlchemy writes it for an application with columns of its own.
TABLE = """
CREATE TABLE "user" (
	first_name VARCHAR(100),
	id {id} NOT NULL,
	email VARCHAR(320) NOT NULL,
	hashed_password VARCHAR(1024) NOT NULL,
	is_active BOOLEAN NOT NULL,
	is_superuser BOOLEAN NOT NULL,
	is_verified BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_user_email ON "user" (email);
"""
ROW = """INSERT INTO "user" VALUES
	('Ada', '00000000-0000-4000-8000-{:012}', '{}', '{}', true, false, false);
"""


@pytest.fixture
def theirs(unmigrated):
    """A database of theirs with two users."""
    execute(unmigrated, TABLE.format(
        id="UUID" if unmigrated.db == "postgres" else "CHAR(36)"))
    add(unmigrated, 1, "King@example.org")
    add(unmigrated, 2, "queen@example.org",
        "$2b$04$abcdefghijklmnopqrstuuKz4SmhRPpUc9fHqnjLf0GM8KrzBVNC2")
    return unmigrated


def add(stack, number, email, stored=HASH):
    done = execute(stack, ROW.format(number, email, stored))
    assert done.returncode == 0, done.stderr


def told(stack, *arguments):
    """(exit code, what is told)."""
    done = run(stack, "adopt", "--json", *arguments)
    return done.returncode, json.loads(done.stdout)


def everything(stack):
    """All that the database says of its tables, and their users."""
    if stack.db == "sqlite":
        return stack.ask("SELECT group_concat(sql, ';') FROM sqlite_master"
                         " WHERE sql IS NOT NULL"), users(stack)
    return stack.ask("SELECT string_agg(c.relname || a.attname, ',' ORDER BY"
                     " c.relname, a.attnum) FROM pg_attribute a JOIN pg_class"
                     " c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid ="
                     " c.relnamespace WHERE n.nspname = 'public'"), users(
                         stack)


def users(stack):
    function = "group_concat" if stack.db == "sqlite" else "string_agg"
    return stack.ask(f"SELECT {function}(first_name || id || email ||"
                     " hashed_password, ',') FROM \"user\"")


def test_it_tells_what_it_found_and_changes_nothing(theirs):
    before = everything(theirs)

    code, found = told(theirs)

    assert code == OK
    assert everything(theirs) == before
    assert not found["applied"]
    assert found["users"] == 2 and found["ids"] == "uuid"
    assert found["hashes"] == {"argon2id": 1, "argon2i": 0, "argon2d": 0,
                               "bcrypt": 1, "unknown": 0}
    assert found["clashes"] == found["obstacles"] == found["notes"] == []
    assert [(t["name"], t["is_there"]) for t in found["tables"]] == [
        ("user", True), ("accesstoken", False), ("oauth_account", False)]
    assert [(c["name"], c["known"]) for c in found["tables"][0]["columns"]][
        :2] == [("first_name", False), ("id", True)]
    for made in ("the table accesstoken", "the table oauth_account",
                 "regard to case", "ended_sessions"):
        assert any(made in one for one in found["additions"])


def test_columns_of_theirs_become_fields_by_the_lines_it_proposes(theirs):
    _, found = told(theirs)
    assert found["fields"] == ['field "first_name" { type = "text" max = 100 }']

    done = run_with(theirs, "\n".join(found["fields"]), "adopt", "--json")
    again = json.loads(done.stdout)

    assert done.returncode == OK, done.stderr
    assert again["fields"] == []
    assert again["tables"][0]["columns"][0] == {
        "name": "first_name", "type": again["tables"][0]["columns"][0]["type"],
        "required": False, "known": True}


def test_it_says_the_same_in_lines(theirs):
    done = run(theirs, "adopt")

    assert done.returncode == OK
    for line in ("table user:\n", "users: 2, with ids of the kind uuid\n", "hashed by bcrypt: 1\n",
                 "table accesstoken: is not there\n",
                 "will be added: the table oauth_account\n"):
        assert line in done.stdout
    assert 'could be shown by: field "first_name" {' in done.stdout
    assert "  first_name " in done.stdout and "(not ours)" in done.stdout
    assert done.stdout.endswith("adopt --apply adds this\n")


def test_applied_it_keeps_the_users_and_serves_them(theirs):
    before = users(theirs)

    code, found = told(theirs, "--apply")

    assert code == OK and found["applied"]
    assert users(theirs) == before
    assert run(theirs, "check").returncode == OK
    shown = run(theirs, "user", "show", "king@example.org", "--json")
    assert json.loads(shown.stdout)["email"] == "King@example.org"


def test_applied_again_it_has_nothing_to_do(theirs):
    told(theirs, "--apply")

    code, found = told(theirs, "--apply")

    assert code == OK
    assert found["additions"] == []
    assert run(theirs, "adopt").stdout.endswith(
        "nothing to do: the database is adopted\n")


def test_numbers_for_ids_are_found_and_kept(unmigrated):
    execute(unmigrated, TABLE.format(
        id="SERIAL" if unmigrated.db == "postgres" else "INTEGER"))
    execute(unmigrated, f"""INSERT INTO "user" VALUES
        ('Ada', 7, 'ada@example.org', '{HASH}', true, false, false)""")

    code, found = told(unmigrated, "--apply")

    assert code == OK and found["ids"] == "integer"
    shown = run(unmigrated, "user", "show", "7", "--json")
    assert json.loads(shown.stdout)["email"] == "ada@example.org"
    done = run_with(unmigrated, 'users { id = "uuid" }', "adopt", "--json")
    assert done.returncode == DATAERR
    assert "users" in json.loads(done.stdout)["obstacles"][0]


def test_addresses_that_clash_are_named_and_stop_it(theirs):
    add(theirs, 3, "KING@example.org")
    before = everything(theirs)

    for arguments in ((), ("--apply",)):
        code, found = told(theirs, *arguments)

        assert code == DATAERR
        assert found["clashes"] == ["king@example.org"]
        assert not found["applied"]
        assert "king@example.org" in found["obstacles"][0]
    assert everything(theirs) == before


@pytest.mark.parametrize("other", ["King@example.org", "KING@example.org"])
def test_migrate_names_the_addresses_that_clash_and_changes_nothing(
        unmigrated, other):
    execute(unmigrated, TABLE.partition("CREATE UNIQUE")[0].format(
        id="UUID" if unmigrated.db == "postgres" else "CHAR(36)"))
    add(unmigrated, 1, "King@example.org")
    add(unmigrated, 2, other)
    before = everything(unmigrated)

    done = run(unmigrated, "migrate")

    assert done.returncode == DATAERR
    assert "belong to several users" in done.stderr
    assert "try again: king@example.org" in done.stderr
    assert "constraint" not in done.stderr.lower()
    assert everything(unmigrated) == before


def test_an_unknown_hash_is_noted(theirs):
    add(theirs, 3, "duke@example.org", "pbkdf2_sha256$1$x$y")

    code, found = told(theirs)

    assert code == OK
    assert found["hashes"]["unknown"] == 1
    assert "neither argon2 nor bcrypt" in found["notes"][0]


def test_a_column_that_nobody_would_fill_in_is_noted(unmigrated):
    execute(unmigrated, TABLE.format(
        id="UUID" if unmigrated.db == "postgres" else "CHAR(36)").replace(
            "first_name VARCHAR(100)", "first_name VARCHAR(100) NOT NULL"))

    code, found = told(unmigrated)

    assert code == OK
    assert '"first_name"' in found["notes"][0]


def test_without_users_the_tables_that_look_like_them_are_named(unmigrated):
    code, found = told(unmigrated)
    assert code == CONFIG
    assert "nothing to adopt" in found["obstacles"][0]

    execute(unmigrated, TABLE.format(id="CHAR(36)").replace(
        '"user"', "people"))
    code, found = told(unmigrated)

    assert code == CONFIG
    assert "people" in found["obstacles"][0]
    done = run_with(unmigrated, 'tables { user = "people" }', "adopt",
                    "--json")
    assert json.loads(done.stdout)["tables"][0]["is_there"]


def test_columns_of_another_name_are_asked_for(unmigrated):
    execute(unmigrated, TABLE.format(
        id="UUID" if unmigrated.db == "postgres" else "CHAR(36)").replace(
            "email VARCHAR", "mail VARCHAR").replace("(email)", "(mail)"))

    code, found = told(unmigrated, "--apply")

    assert code == CONFIG
    assert found["tables"][0]["missing_columns"] == ["email"]
    assert "tables" in found["obstacles"][0]
    done = run_with(unmigrated, 'tables { user_email = "mail" }', "adopt",
                    "--apply")
    assert done.returncode == OK, done.stderr


def test_it_takes_no_more_than_its_two_options(theirs):
    for arguments in (("now",), ("--force",)):
        assert run(theirs, "adopt", *arguments).returncode == USAGE
    assert "--apply" in run(theirs, "adopt", "--help").stdout


def test_a_database_that_is_not_there_is_not_made(unmigrated):
    nowhere = ("sqlite:/nonexistent/users.db" if unmigrated.db == "sqlite"
               else "postgresql:///users?host=/nonexistent")

    done = run_with(unmigrated, f'database {{ url = "{nowhere}" }}', "adopt")

    assert done.returncode == UNAVAILABLE
    assert "cannot be reached" in done.stderr.splitlines()[-1]
