# SPDX-License-Identifier: MIT
"""Users with configured fields."""

import json

import pytest

from client import PASSWORD, detail, new_email, parallel
from custom import CUSTOM
from test_ids import THEIRS

NAMES = ["id", "email", "is_active", "is_superuser", "is_verified",
         "first_name", "age", "height", "newsletter", "born", "seen",
         "device", "color", "credit", "origin"]
ALL = NAMES[:-1] + ["note", "origin"]
UUID = "0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a"


@pytest.fixture
def custom(house, db):
    return house.get(db, settings=CUSTOM).client


def join(client, **fields):
    fields.setdefault("first_name", "Ada")
    return client.post("/auth/register", json={
        "email": new_email(), "password": PASSWORD, **fields})


def newcomer(client, **fields):
    user = join(client, **fields).json()
    return user, client.login(user["email"])


def as_admin(client, user):
    return client.get(f"/users/{user['id']}", token=client.admin()).json()


def faults(answer):
    assert answer.status_code == 422, answer.text
    return [(f["loc"][1], f["type"]) for f in detail(answer)]


def test_fields_are_given_at_registration_and_shown_in_order(custom):
    answer = join(custom, age=36, height=1.7, newsletter=True,
                  born="1815-12-10", seen="2020-01-01T10:20:30+02:00",
                  device=UUID.upper().replace("-", ""), color="green")

    assert answer.status_code == 201
    user = answer.json()
    assert list(user) == NAMES
    assert user["first_name"] == "Ada"
    assert (user["age"], user["height"], user["newsletter"]) == (36, 1.7, True)
    assert user["born"] == "1815-12-10"
    assert user["seen"] == "2020-01-01T08:20:30Z"
    assert (user["device"], user["color"]) == (UUID, "green")
    token = custom.login(user["email"])
    assert custom.get("/users/me", token=token).json() == user


def test_what_is_not_given_has_its_initial_value_or_is_null(custom):
    user = join(custom).json()

    assert user["newsletter"] is False
    assert (user["color"], user["credit"]) == ("red", 0)
    for name in ("age", "height", "born", "seen", "device", "origin"):
        assert user[name] is None, name


def test_a_required_field_is_missed_in_its_place(custom):
    answer = custom.post("/auth/register", json={
        "email": "nobody", "age": "old", "color": "Red"})

    assert faults(answer) == [
        ("email", "value_error"), ("password", "missing"),
        ("first_name", "missing"), ("age", "int_parsing"),
        ("color", "literal_error")]
    assert faults(join(custom, first_name=None)) == [
        ("first_name", "string_type")]


def test_bounds_are_kept(custom):
    for fields, kind in (({"first_name": "A"}, "string_too_short"),
                         ({"first_name": "A" * 31}, "string_too_long"),
                         ({"age": -1}, "greater_than_equal"),
                         ({"age": 151}, "less_than_equal"),
                         ({"age": 10 ** 30}, "less_than_equal"),
                         ({"height": 0.4}, "greater_than_equal"),
                         ({"height": 3.01}, "less_than_equal")):
        (name, _), = fields.items()
        assert faults(join(custom, **fields)) == [(name, kind)]
    for fields in ({"first_name": "ÄÖ"}, {"first_name": "Ä" * 30},
                   {"age": 0}, {"age": 150}, {"height": 0.5}, {"height": 3}):
        answer = join(custom, **fields)
        assert answer.status_code == 201, answer.text
        (name, value), = fields.items()
        assert answer.json()[name] == value


def test_no_bytes_that_cannot_be_kept_get_into_a_text(custom):
    for text in ("Ada\x00", "\ud800da"):
        answer = custom.post("/auth/register", data=json.dumps({
            "email": new_email(), "password": PASSWORD, "first_name": text,
            "color": text, "born": text, "device": text}),
            headers={"Content-Type": "application/json"})
        assert faults(answer)[0] == ("first_name", "string_unicode")
        assert len(faults(answer)) == 4


def test_what_only_superusers_write_is_judged_and_passed_over(custom):
    user, token = newcomer(custom, credit=7, note="x", origin="me")

    assert user["credit"] == 0
    assert as_admin(custom, user)["note"] is None
    assert user["origin"] is None
    answer = custom.patch("/users/me", token=token,
                          json={"credit": 8, "note": "y", "age": 5})
    assert answer.json() == {**user, "age": 5}
    answer = custom.patch("/users/me", token=token,
                          json={"credit": "much", "origin": 7})
    assert faults(answer) == [("credit", "int_parsing")]


def test_superusers_write_and_read_what_is_theirs(custom):
    user, token = newcomer(custom)

    answer = custom.patch(f"/users/{user['id']}", token=custom.admin(), json={
        "credit": 9, "note": "owes me one", "origin": "here"})

    assert answer.status_code == 200
    assert list(answer.json()) == ALL
    assert (answer.json()["credit"], answer.json()["note"]) == (
        9, "owes me one")
    assert answer.json()["origin"] is None
    mine = custom.get("/users/me", token=token).json()
    assert list(mine) == NAMES
    assert mine["credit"] == 9


def test_null_takes_away_what_may_be_null_and_nothing_else(custom):
    user, token = newcomer(custom, age=36, color="blue", newsletter=True,
                           born="1815-12-10", device=UUID)

    answer = custom.patch("/users/me", token=token, json={
        "first_name": None, "age": None, "color": None, "newsletter": None,
        "born": None})

    assert answer.status_code == 200
    assert answer.json() == {**user, "age": None, "born": None}


def test_a_change_leaves_the_other_fields(custom):
    user, token = newcomer(custom, age=36, height=1.7, color="blue")

    for name, value in (("height", 1.75), ("first_name", "Augusta"),
                        ("newsletter", True), ("color", "green"), ("age", 0),
                        ("seen", "1999-12-31T23:59:59.000001Z")):
        answer = custom.patch("/users/me", token=token, json={name: value})
        user[name] = value
        assert answer.json() == user
    assert custom.get("/users/me", token=token).json() == user


def test_a_change_of_a_password_leaves_the_fields(custom):
    user, token = newcomer(custom, age=36)

    answer = custom.patch("/users/me", token=token,
                          json={"password": "another horse 9", "age": 37})

    assert answer.json() == {**user, "age": 37}


def test_numbers_come_back_as_they_were(custom):
    for height in (0.1 + 0.7, 1 / 3 + 1, 2.5, 1e0, 2.9999999999999996):
        assert join(custom, height=height).json()["height"] == height


def test_commands_set_and_show_fields(custom):
    run = custom.stack.program_command
    email = new_email()

    ran = run("user", "add", email, "--generate-password", check=False)
    assert ran.returncode == 65
    assert "--set first_name=VALUE is needed" in ran.stderr
    run("user", "add", email, "--generate-password", "--set=first_name=Bo",
        "--set=origin=moon", "--set=age=0_7")
    shown = json.loads(run("user", "show", email, "--json").stdout)
    assert list(shown) == ALL
    assert (shown["age"], shown["origin"], shown["color"]) == (7, "moon",
                                                               "red")
    run("user", "set", email, "--set=age=", "--set=note=fine")
    lines = run("user", "show", email).stdout
    assert "age: \n" in lines and "note: fine\n" in lines
    for bad, why in (("age=old", "integer"), ("agee=1", "no such field"),
                     ("color=pink", "'red', 'green' or 'blue'"),
                     ("first_name=", "at least 2")):
        ran = run("user", "set", email, f"--set={bad}", check=False)
        assert ran.returncode == 65
        assert why in ran.stderr
    assert run("user", "set", email, "--set=age", check=False).returncode == 64


def test_the_description_knows_the_fields(custom):
    schemas = custom.get("/openapi.json").json()["components"]["schemas"]
    create = schemas["UserCreate"]

    assert create["required"] == ["email", "password", "first_name"]
    assert create["properties"]["first_name"] == {
        "type": "string", "maxLength": 30, "minLength": 2,
        "title": "First Name"}
    assert create["properties"]["age"] == {
        "anyOf": [{"type": "integer", "maximum": 150, "minimum": 0},
                  {"type": "null"}], "title": "Age"}
    assert create["properties"]["color"] == {
        "type": "string", "enum": ["red", "green", "blue"], "title": "Color",
        "default": "red"}
    assert "origin" not in create["properties"]
    assert "note" not in schemas["UserRead"]["properties"]
    assert schemas["UserRead"]["properties"]["id"]["type"] == "integer"


def test_fields_are_added_to_a_database_with_users(new_stack, db):
    made = new_stack(db)
    user = made.client.register()
    made.settings["field", "nick"] = {"type": "text", "required": "true"}
    made.settings["field", "level"] = {"type": "integer", "initial": 3}
    made.write_configuration()

    ran = made.program_command("check", check=False)
    assert ran.returncode == 78
    assert 'lacks the column "nick" and others' in ran.stderr
    plan = made.program_command("migrate", "plan").stdout
    assert 'ADD COLUMN "nick" TEXT;' in plan
    assert "column to be added" in made.program_command("migrate",
                                                        "status").stdout
    said = made.program_command("migrate").stdout
    assert "added the column nick\n" in said
    assert 'already have null for "nick"' in said
    assert "added" not in made.program_command("migrate").stdout
    made.reload()

    client = made.client
    token = client.login(user["email"])
    assert client.get("/users/me", token=token).json() == {
        **user, "nick": None, "level": 3}
    answer = client.patch("/users/me", token=token, json={"nick": "Al"})
    assert answer.json()["nick"] == "Al"
    assert client.patch("/users/me", token=token,
                        json={"nick": None}).json()["nick"] == "Al"
    made.program_command("check")


def test_columns_of_an_adopted_table_are_used(new_stack, db):
    made = new_stack(db, settings=(
        "field.first_name.type=text", "field.first_name.max=40",
        "field.first_name.column=FirstName", "field.age.type=integer",
        "field.age.min=0", "field.age.max=1000"), before=THEIRS[db] + (
            'ALTER TABLE "user" ADD COLUMN "FirstName" VARCHAR(40);'
            'ALTER TABLE "user" ADD COLUMN age INTEGER;'
            'INSERT INTO "user" (email, hashed_password, is_active,'
            ' is_superuser, is_verified, "FirstName", age) VALUES'
            " ('old@example.com', 'x', true, false, true, 'Olga', 99);"))

    answer = made.client.get("/users/1", token=made.client.admin())

    assert answer.json() == {
        "id": 1, "email": "old@example.com", "is_active": True,
        "is_superuser": False, "is_verified": True, "first_name": "Olga",
        "age": 99}


def test_a_column_that_does_not_fit_is_told_in_a_sentence(new_stack, db):
    made = new_stack(db, before=THEIRS[db] + (
        'ALTER TABLE "user" ADD COLUMN nick VARCHAR(10);'
        'ALTER TABLE "user" ADD COLUMN level SMALLINT;'
        "ALTER TABLE \"user\" ADD COLUMN must INTEGER NOT NULL DEFAULT 1;"))
    cases = [({"type": "integer"}, "nick", "holds whole numbers"),
             ({"type": "text", "max": 11}, "nick", "say max = 10"),
             ({"type": "text"}, "nick", "say max = 10"),
             ({"type": "text"}, "level", "holds texts"),
             ({"type": "integer"}, "must", "may be null, which")]
    if db == "postgres":
        cases.append(({"type": "integer"}, "level", "say min and max"))
    for settings, name, why in cases:
        made.settings["field", name] = settings
        made.write_configuration()
        for command in (("check",), ("migrate",), ("migrate", "plan")):
            ran = made.program_command(*command, check=False)
            assert ran.returncode == 65, (settings, name, ran)
            assert why in ran.stderr
        del made.settings["field", name]
    made.settings["field", "nick"] = {"type": "text", "max": 10}
    made.write_configuration()
    made.program_command("check")


def test_two_migrations_at_once_add_a_column_once(new_stack, db):
    made = new_stack(db)
    made.settings["field", "nick"] = {"type": "text"}
    made.write_configuration()

    said = parallel([lambda: made.program_command("migrate").stdout] * 4)

    assert sum("added the column nick" in s for s in said) == 1
