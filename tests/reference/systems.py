"""The two systems side by side, each with a database of its own.

Ours is a private stack (tests/stack) with the settings of etc/compat.conf, the
reference an application made with FastAPI Users under uvicorn (tests/golden).
Both have the same secrets and the cheapest hashes.
"""

import asyncio
import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from secrets import token_urlsafe

import stack as stacks
from programs import Programs
from provider import CLIENT_ID, CLIENT_SECRET
from wires import FastCgiWire, HttpWire

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
CHEAP = ("password.memory_kib=8", "password.passes=1", "password.lanes=1")
TABLES = ("user", "accesstoken", "oauth_account")
# A user who comes back after a case has the sessions that he had.
OURS_ALONE = ("fcu_session_floor",)
SECONDS = 60


class Mailbox:
    """A hook of ours that writes tokens down as the reference does."""

    SCRIPT = r"""
event = json.load(sys.stdin)
names = {"after_forgot_password": "forgot-password",
         "after_request_verify": "request-verify"}
line = {"event": names[event["event"]], "email": event["user"]["email"],
        "token": event["token"]}
with open(HERE + "/tokens", "a") as log:
    log.write(json.dumps(line) + "\n")
"""

    def __init__(self):
        self.programs = Programs()
        self.programs.write("mail", self.SCRIPT)
        self.path = self.programs.write("tokens", "", 0o666)
        Path(self.path).write_text("", encoding="utf-8")

    def settings(self):
        """Return the settings that have it told of tokens."""
        return [
            f"hook.mail.program={self.programs.path('mail')}",
            "hook.mail.events={after_forgot_password, after_request_verify}",
        ]

    def remove(self):
        """Remove its folder."""
        self.programs.remove()


class SqliteRows:
    """The rows of an SQLite database."""

    def __init__(self, path):
        self.path = path

    def connect(self):
        """Return a connection that ends when the block does."""
        made = sqlite3.connect(self.path, timeout=SECONDS)
        made.row_factory = sqlite3.Row
        return contextlib.closing(made)

    def fetch(self, query):
        """Return the rows of a query as dictionaries."""
        with self.connect() as database:
            return [dict(row) for row in database.execute(query)]

    def tables(self):
        """Return the names of the tables."""
        rows = self.fetch("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {row["name"] for row in rows}

    def write(self, statements):
        """Run (statement, values) pairs in one transaction."""
        with self.connect() as database, database:
            for text, values in statements:
                database.execute(re.sub(r"\$\d+", "?", text), values)


class PostgresRows:
    """The rows of a PostgreSQL database."""

    def __init__(self, folder, name):
        import asyncpg  # noqa: PLC0415

        self.loop = asyncio.new_event_loop()
        self.connection = self.loop.run_until_complete(
            asyncpg.connect(host=folder, user="fastcgi_users", database=name)
        )

    def fetch(self, query):
        """Return the rows of a query as dictionaries."""
        return [
            dict(row)
            for row in self.loop.run_until_complete(self.connection.fetch(query))
        ]

    def tables(self):
        """Return the names of the tables."""
        rows = self.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows}

    def write(self, statements):
        """Run (statement, values) pairs in one transaction."""

        async def all_of_them():
            async with self.connection.transaction():
                for text, values in statements:
                    await self.connection.execute(text, *values)

        self.loop.run_until_complete(all_of_them())

    def align(self, names):
        """Set the counters of ids behind the largest one, where ids are counted."""
        for name in set(names) - {"accesstoken"}:
            self.fetch(
                f"SELECT setval(sequence, 1 + coalesce((SELECT max(n::text::bigint)"
                f' FROM (SELECT id AS n FROM "{name}") AS ids), 0), false)'
                f" FROM pg_get_serial_sequence('\"{name}\"', 'id') AS sequence"
                " WHERE sequence IS NOT NULL"
            )


class Database:
    """What one of the systems has stored, and the way back to an earlier state."""

    def __init__(self, rows):
        self.rows = rows
        there = rows.tables()
        self.names = [name for name in TABLES if name in there]
        self.all_names = self.names + [name for name in OURS_ALONE if name in there]

    def fetch(self, names):
        """Return all rows, table by table, in no order."""
        return {name: self.rows.fetch(f'SELECT * FROM "{name}"') for name in names}

    def read(self):
        """Return the rows that both systems have."""
        return self.fetch(self.names)

    def save(self):
        """Return all that `restore` puts back."""
        return self.fetch(self.all_names)

    def align(self):
        """Let new rows count on from those that are there, as SQLite does."""
        if hasattr(self.rows, "align"):
            self.rows.align(self.names)

    def restore(self, state):
        """Make the tables hold these rows and no others."""
        statements = [
            (f'DELETE FROM "{name}"', ()) for name in reversed(self.all_names)
        ]
        for name in self.all_names:
            for row in state[name]:
                columns = ", ".join(f'"{column}"' for column in row)
                marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
                statements.append(
                    (
                        f'INSERT INTO "{name}" ({columns}) VALUES ({marks})',
                        tuple(row.values()),
                    )
                )
        self.rows.write(statements)


def provider_settings(provider):
    """Return the settings of ours that know the provider of the tests."""
    values = {
        "preset": "oauth2",
        "backend": "jwt",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scopes": "{openid, email}",
        "pkce": "off",
        "authorize_url": provider.url + "/authorize",
        "token_url": provider.url + "/token",
        "profile_url": provider.url + "/userinfo",
        "id_path": "sub",
        "email_path": "email",
    }
    return [
        "oauth.allow_http=true",
        "oauth.allow_private=true",
        *(f"provider.test.{name}={value}" for name, value in values.items()),
    ]


class Variant:
    """A kind of application: its features there, and the settings for them here."""

    def __init__(self, name, features="", settings=()):
        self.name = name
        self.features = features
        self.settings = settings

    def made(self, provider):
        """Return the settings, for which some must know the provider."""
        return self.settings(provider) if callable(self.settings) else self.settings


# Of these groups of cases the plain kind tells all there is to know.
PLAIN_ONLY = (
    "bad text",
    "content type",
    "e-mail",
    "echo",
    "flags",
    "json syntax",
    "method",
    "multipart",
    "order",
    "origin",
    "path",
    "schema",
)
FIELDS = (
    "field.first_name.max=40",
    "field.age.type=integer",
    "field.newsletter.type=boolean",
    "field.birthday.type=date",
)
VARIANTS = (
    Variant("plain"),
    Variant("numbers", "numbers", ["users.id=integer"]),
    Variant("oauth", "oauth", provider_settings),
    Variant("fields", "fields", FIELDS),
    Variant("database", "database", ["backend.database.strategy=database"]),
)


class Ours:
    """A private stack of ours."""

    name = "ours"

    def __init__(self, db, variant, provider):
        self.variant = variant
        self.provider = provider
        # Of its own, so that tokens of one backend are none of the other.
        self.bearer = token_urlsafe(48)
        self.mailbox = Mailbox()
        self.stack = stacks.Stack(
            db=db,
            prefix="fastcgi-users-reference-",
            settings=[
                *CHEAP,
                f'backend.bearer.secret={{"{self.bearer}"}}',
                *self.mailbox.settings(),
                *variant.made(provider),
            ],
            appended=["etc/compat.conf"],
            workers=1,
        )
        self.stack.start()
        self.wire = FastCgiWire(self.stack.settings["pool", "api"]["socket"])
        self.database = Database(
            SqliteRows(self.stack.path("users.db"))
            if db == "sqlite"
            else PostgresRows(self.stack.path("postgres"), "fastcgi_users")
        )

    @property
    def counts(self):
        """Tell whether ids are numbers."""
        return "numbers" in self.variant.features

    def state(self):
        """Return what a player has to know."""
        keys = dict(self.stack.secrets, bearer=self.bearer)
        return {
            "superuser": self.stack.superuser,
            "secrets": keys,
            "token_log": self.mailbox.path,
        }

    def last_words(self):
        """Return what it said last, for a failure's report."""
        return self.stack.last_words()

    def end(self):
        """End it and remove its folder."""
        self.stack.remove()
        self.mailbox.remove()


def postgres_address(stack, name):
    """Return what SQLAlchemy calls a database of a stack's cluster."""
    folder = stack.path("postgres")
    return f"postgresql+asyncpg://fastcgi_users@/{name}?host={folder}"


class Reference:
    """An application made with FastAPI Users, beside a stack of ours."""

    name = "reference"

    def __init__(self, stack, address, secrets, rows, features="", provider=""):
        self.stack = stack
        self.counts = "numbers" in features
        self.folder = tempfile.TemporaryDirectory(prefix="fastcgi-users-reference-")
        self.log = open(self.path("log"), "w+", encoding="utf-8")  # noqa: SIM115
        Path(self.path("tokens")).touch()
        self.process = self.start(address, secrets, features, provider)
        self.wire = HttpWire(self.path("socket"))
        self.wait()
        self.database = Database(rows())

    @classmethod
    def beside(cls, ours):
        """Return one with a database of its own, and the superuser of ours."""
        stack = ours.stack
        if stack.db == "sqlite":
            address = stack.path("reference.db")
            rows = lambda: SqliteRows(address)  # noqa: E731
        else:
            stack.run(
                os.path.join(stacks.find_postgres(), "createdb"),
                "-h", stack.path("postgres"), "-U", "fastcgi_users", "reference",
            )  # fmt: skip
            address = postgres_address(stack, "reference")
            rows = lambda: PostgresRows(stack.path("postgres"), "reference")  # noqa: E731
        secrets, features = ours.state()["secrets"], ours.variant.features
        made = cls(stack, address, secrets, rows, features, ours.provider.url)
        made.make_superuser()
        return made

    def path(self, name):
        """Return the path of a file in its folder."""
        return os.path.join(self.folder.name, name)

    def start(self, address, secrets, features, provider):
        """Start uvicorn and return its process."""
        command = [sys.executable, "-m", "uvicorn", "reference_app:app"]
        command += ["--uds", self.path("socket"), "--log-level", "critical"]
        names = ("jwt", "bearer", "reset", "verify", "state")
        return subprocess.Popen(
            command,
            cwd=GOLDEN,
            env={
                **os.environ,
                "REFERENCE_DATABASE": address,
                "TOKEN_LOG": self.path("tokens"),
                "PYTHONDONTWRITEBYTECODE": "1",
                "CHEAP": "1",
                "FEATURES": features,
                "PROVIDER": provider,
                "PROVIDER_ID": CLIENT_ID,
                "PROVIDER_SECRET": CLIENT_SECRET,
                **{f"{name.upper()}_SECRET": secrets[name] for name in names},
            },
            stdout=self.log,
            stderr=self.log,
        )

    def wait(self):
        """Wait until it answers."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.wire.send("GET", "/users/me").status:
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the reference does not start: {self.last_words()}")

    def make_superuser(self):
        """Register the superuser that ours has."""
        body = self.stack.superuser
        got = self.wire.send(
            "POST",
            "/auth/register",
            [("Content-Type", "application/json")],
            ('{"email":"%s","password":"%s"}' % tuple(body.values())).encode(),
        )
        if got.status != 201:
            raise RuntimeError(f"the reference takes no superuser: {got.text()}")
        self.database.rows.write(
            [('UPDATE "user" SET is_superuser = true, is_verified = true', ())]
        )

    def state(self, secrets):
        """Return what a player has to know."""
        return {
            "superuser": self.stack.superuser,
            "secrets": secrets,
            "token_log": self.path("tokens"),
        }

    def last_words(self):
        """Return what it said last, for a failure's report."""
        self.log.seek(0)
        return self.log.read()[-4000:]

    def end(self):
        """End it and remove its folder."""
        self.process.terminate()
        self.process.wait(SECONDS)
        self.log.close()
        self.folder.cleanup()
