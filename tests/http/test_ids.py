# SPDX-License-Identifier: MIT
"""Users who are numbered, in databases of ours and of others."""

import concurrent.futures
import time

import pytest

from client import PASSWORD, access_claims, detail, new_email
from renamed import RENAMED

# What SQLAlchemy makes of the reference's models with IntegerIDMixin.
THEIRS = {
    "sqlite": """
CREATE TABLE user (
	id INTEGER NOT NULL,
	email VARCHAR(320) NOT NULL,
	hashed_password VARCHAR(1024) NOT NULL,
	is_active BOOLEAN NOT NULL,
	is_superuser BOOLEAN NOT NULL,
	is_verified BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_user_email ON user (email);
CREATE TABLE accesstoken (
	user_id INTEGER NOT NULL,
	token VARCHAR(43) NOT NULL,
	created_at TIMESTAMP NOT NULL,
	PRIMARY KEY (token),
	FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE cascade
);
CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at);
""",
    "postgres": """
CREATE TABLE "user" (
	id SERIAL NOT NULL,
	email VARCHAR(320) NOT NULL,
	hashed_password VARCHAR(1024) NOT NULL,
	is_active BOOLEAN NOT NULL,
	is_superuser BOOLEAN NOT NULL,
	is_verified BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_user_email ON "user" (email);
CREATE TABLE accesstoken (
	user_id INTEGER NOT NULL,
	token VARCHAR(43) NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (token),
	FOREIGN KEY(user_id) REFERENCES "user" (id) ON DELETE cascade
);
CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at);
""",
}


@pytest.fixture
def numbered(house, db):
    return house.get(db, settings=("users.id=integer",)).client


@pytest.fixture
def adopted(new_stack, db):
    """A database of others, with a user in it, as migrate adopts it."""
    return new_stack(db, before=THEIRS[db]
                     + "INSERT INTO \"user\" (email, hashed_password,"
                       " is_active, is_superuser, is_verified) VALUES"
                       " ('old@example.com', 'x', true, false, true);")


def test_ids_are_numbers_in_json_and_texts_in_tokens(numbered):
    user, token = numbered.newcomer()

    assert isinstance(user["id"], int)
    assert numbered.get("/users/me", token=token).json() == user
    assert f'{{"id":{user["id"]},"email":' in numbered.get(
        "/users/me", token=token).text
    other = numbered.register()
    assert other["id"] == user["id"] + 1
    claims = access_claims({"id": str(user["id"])})
    assert numbered.get("/users/me",
                        token=numbered.sign(claims)).json() == user


def test_a_number_in_a_path_may_be_spelled_as_python_reads_it(numbered):
    user = numbered.register()
    n = user["id"]

    for spelling in (f"{n}", f"+{n}", f"00{n}", f"%20{n}%20", f"0_{n}",
                     f"%C2%A0{n}", "".join(f"%D9%A{d}" for d in str(n))):
        answer = numbered.get(f"/users/{spelling}", token=numbered.admin())
        assert answer.status_code == 200, spelling
        assert answer.json() == user
    for spelling in (f"-{n}", f"{n}.0", f"{n}_", f"_{n}", f"0x{n}", "seven",
                     f"{n}e0", "2147483648", "9223372036854775808",
                     "9" * 400, f"%E2%88%92{n}", "0",
                     "00000000-0000-0000-0000-000000000001"):
        answer = numbered.get(f"/users/{spelling}", token=numbered.admin())
        assert answer.status_code == 404, spelling
        assert detail(answer) == "Not Found"


def test_a_token_of_no_number_is_unauthorized(numbered):
    user = numbered.register()

    for sub in (f"+{user['id']}", f" {user['id']}\n", f"000{user['id']}"):
        answer = numbered.get("/users/me", token=numbered.sign(
            access_claims({"id": sub})))
        assert answer.json() == user
    for sub in ("", "x", "1.0", "0", "-1", "2147483648", "9" * 30, user["id"],
                None, "00000000-0000-0000-0000-000000000001", "1\x00"):
        answer = numbered.get("/users/me", token=numbered.sign(
            access_claims({"id": sub})))
        assert answer.status_code == 401, sub


def test_a_changed_password_ends_the_sessions_of_a_numbered_user(numbered):
    user, token = numbered.newcomer()
    other = numbered.login(user["email"])

    answer = numbered.patch("/users/me", token=token,
                            json={"password": "another horse 9"})

    assert answer.status_code == 200
    assert numbered.get("/users/me", token=token).status_code == 200
    assert numbered.get("/users/me", token=other).status_code == 401
    answer = numbered.delete(f"/users/{user['id']}", token=numbered.admin())
    assert answer.status_code == 204
    assert numbered.get("/users/me", token=token).status_code == 401


def test_an_id_of_the_other_kind_is_nobodys(client):
    """A number where users have UUIDs, whatever its length."""
    for path in ("7", "0" * 31 + "7", "1" * 33):
        answer = client.get(f"/users/{path}", token=client.admin())
        assert answer.status_code == 404
    for sub in ("7", "-7"):
        answer = client.get("/users/me", token=client.sign(
            access_claims({"id": sub})))
        assert answer.status_code == 401


def test_commands_take_numbers(numbered):
    user = numbered.register()
    run = numbered.stack.program_command
    n = str(user["id"])

    assert f'{{"id":{n},"email"' in run("user", "show", n, "--json").stdout
    assert f"id: {n}\n" in run("user", "show", user["email"]).stdout
    run("user", "set", n, "--active=no")
    listed = run("user", "list", "--after", str(user["id"] - 1), "--limit",
                 "1", "--json").stdout
    assert f'{{"id":{n},' in listed
    assert '"is_active":false' in listed
    run("user", "delete", n)
    assert numbered.get(f"/users/{n}",
                        token=numbered.admin()).status_code == 404


def test_a_database_with_numbers_is_adopted(adopted):
    client = adopted.client
    old = client.get("/users/1", token=client.admin()).json()
    new, token = client.newcomer()

    assert old == {"id": 1, "email": "old@example.com", "is_active": True,
                   "is_superuser": False, "is_verified": True}
    assert isinstance(new["id"], int)
    assert client.get("/users/me", token=token).json() == new
    answer = client.patch("/users/me", token=token,
                          json={"password": "another horse 9"})
    assert answer.status_code == 200
    assert client.try_login(new["email"]).status_code == 400
    assert "up to date" in adopted.program_command("check").stdout


def test_many_register_at_once_with_numbers_of_their_own(numbered):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        users = list(pool.map(lambda _: numbered.register(), range(24)))

    assert len({u["id"] for u in users}) == 24


@pytest.fixture
def kept(new_stack, db):
    """Numbered users, and a backend of each strategy."""
    return new_stack(db, redis=True, workers=1, settings=[
        "users.id=integer", "backend.db.strategy=database",
        "backend.rd.strategy=redis"]).client


def remove(client, user):
    answer = client.delete(f"/users/{user['id']}", token=client.admin())
    assert answer.status_code == 204


def statuses(client, tokens):
    return [client.get("/users/me", token=token).status_code
            for token in tokens]


def test_no_token_of_a_deleted_user_is_the_next_ones(kept):
    """SQLite gives the highest number again."""
    backends = ("bearer", "db", "rd")
    tokens = []

    for _ in range(3):
        user = kept.register()
        if kept.stack.db == "sqlite":
            assert user["id"] == 2
        assert statuses(kept, tokens) == [401] * len(tokens)
        mine = [kept.login(user["email"], backend=b) for b in backends]
        assert statuses(kept, mine) == [200] * 3
        assert kept.patch("/users/me", token=mine[0], json={
            "password": "another horse 9"}).status_code == 200
        mine += [kept.login(user["email"], "another horse 9", b)
                 for b in backends]
        assert statuses(kept, mine) == [200, 401, 401, 200, 200, 200]
        tokens += mine
        remove(kept, user)
        assert statuses(kept, tokens) == [401] * len(tokens)

    user, token = kept.newcomer()
    assert statuses(kept, tokens) == [401] * len(tokens)
    assert kept.get("/users/me", token=token).json() == user


def test_nor_is_one_that_the_reference_signed(kept):
    user = kept.register()
    foreign = kept.sign(access_claims({"id": str(user["id"])}))
    assert statuses(kept, [foreign]) == [200]
    remove(kept, user)
    # It does not say when it was made, but in whole seconds.
    time.sleep(2)

    user = kept.register()

    assert statuses(kept, [foreign]) == [401]
    newer = kept.sign(access_claims({"id": str(user["id"])}))
    assert statuses(kept, [newer]) == [200]


def test_nor_does_it_open_what_the_reference_made_of_the_number(kept):
    user = kept.register()
    tokens = [kept.login(user["email"], backend=b) for b in ("bearer", "rd")]
    remove(kept, user)

    kept.stack.ask(
        'INSERT INTO "user" (id, email, hashed_password, is_active, '
        f"is_superuser, is_verified) VALUES ({user['id']}, "
        "'next@example.com', '', true, false, false)")

    assert statuses(kept, tokens) == [401] * 2


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_what_the_reference_leaves_of_a_deleted_user_is_nobodys(kept):
    """It deletes users without foreign keys."""
    user = kept.register()
    rows = [kept.login(user["email"], backend="db"),
            kept.login(user["email"], backend="rd"),
            kept.login(user["email"])]
    kept.stack.ask("INSERT INTO oauth_account (user_id, oauth_name, "
                   "access_token, account_id, account_email) VALUES "
                   f"({user['id']}, 'google', '', 'x', 'x')")
    kept.stack.ask(f"DELETE FROM user WHERE id = {user['id']}")
    assert kept.stack.ask("SELECT count(*) FROM accesstoken") == 1

    assert kept.register()["id"] == user["id"]

    assert statuses(kept, rows) == [401] * 3
    assert kept.stack.ask("SELECT count(*) FROM accesstoken") == 0
    assert kept.stack.ask("SELECT count(*) FROM oauth_account") == 0


def test_a_setting_that_the_table_contradicts_is_told(new_stack, db):
    made = new_stack(db)
    made.settings["users", None] = {"id": "integer"}
    made.write_configuration()

    for command in (("check",), ("migrate", "apply")):
        ran = made.program_command(*command, check=False)
        if command == ("migrate", "apply") and ran.returncode == 0:
            # Nothing is pending, so nothing is asked.
            continue
        assert ran.returncode == 65
        assert "users.id says otherwise" in ran.stderr


def test_names_are_those_of_the_configuration(house, db):
    client = house.get(db, settings=RENAMED).client
    user = client.register()

    found = client.stack.ask('SELECT "Mail" FROM "Members" WHERE "select" = '
                             f"{user['id']}")

    assert found == user["email"]
    assert client.login(user["email"], PASSWORD)
    assert client.try_login(new_email()).status_code == 400
