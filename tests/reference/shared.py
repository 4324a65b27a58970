"""Both systems on one database at the same time, asked in turn.

The reference makes the database; ours adopts it, with its ordinary settings.
Then people register here and sign in there, and so on.  Each line that holds
counts as one that passed.
"""

import contextlib
import json

import stack as stacks
from argon2 import PasswordHasher
from systems import (
    CHEAP,
    Mailbox,
    PostgresRows,
    Reference,
    SqliteRows,
    postgres_address,
)
from wires import FastCgiWire

WORD, OTHER_WORD = "correct horse 8", "another horse 9"
COOKIE = "fastapiusersauth"
FORM = "application/x-www-form-urlencoded"


class AdoptedStack(stacks.Stack):
    """A stack whose database the reference has made before."""

    def __init__(self, db, mailbox):
        super().__init__(
            db=db,
            prefix="fastcgi-users-shared-",
            settings=[
                *CHEAP,
                *mailbox.settings(),
                "backend.database.strategy=database",
            ],
            workers=1,
        )
        self.reference = None

    def prepare(self):
        """Let the reference make the database, and adopt it."""
        self.write_secrets()
        self.write_configuration()
        self.copy_program()
        self.save_record()
        if self.db == "postgres":
            self.postgres_start()
            address = postgres_address(self, "fastcgi_users")
        else:
            self.run("touch", self.path("users.db"))
            address = self.path("users.db")
        keys = dict(self.secrets, bearer=self.secrets["jwt"])
        self.reference = Reference(self, address, keys, self.rows, "database")
        self.first = self.reference.wire.send(
            "POST", "/auth/register", [("Content-Type", "application/json")],
            json.dumps({"email": "First@example.org", "password": WORD}).encode(),
        )  # fmt: skip
        self.told = json.loads(
            self.program_command("adopt", "--apply", "--json").stdout
        )

    def rows(self):
        """Return the way to the rows of both."""
        if self.db == "sqlite":
            return SqliteRows(self.path("users.db"))
        return PostgresRows(self.path("postgres"), "fastcgi_users")

    def stop(self):
        """End both."""
        if self.reference is not None:
            self.reference.end()
            self.reference = None
        super().stop()


class Place:
    """One of the systems, as somebody sees it who has an account."""

    def __init__(self, name, wire, log):
        self.name = name
        self.wire = wire
        self.log = log

    def ask(self, method, path, body=None, token=None, cookie=None):
        """Send JSON, or a form as text; return status and body."""
        headers = []
        if token:
            headers.append(("Authorization", f"Bearer {token}"))
        if cookie:
            headers.append(("Cookie", f"{COOKIE}={cookie}"))
        if body is not None:
            form = isinstance(body, str)
            headers.append(("Content-Type", FORM if form else "application/json"))
            body = (body if form else json.dumps(body)).encode()
        got = self.wire.send(method, path, headers, body)
        with contextlib.suppress(ValueError):
            return got, json.loads(got.body)
        return got, None

    def status(self, *what, **more):
        """Return the status of an answer."""
        return self.ask(*what, **more)[0].status

    def login(self, email, password=WORD, backend="bearer"):
        """Return a bearer token, or None."""
        form = f"username={email}&password={password}".replace(" ", "+")
        found = self.ask("POST", f"/auth/{backend}/login", form)[1] or {}
        return found.get("access_token")

    def cookie(self, email, password=WORD):
        """Return the cookie of a login, or None."""
        form = f"username={email}&password={password}".replace(" ", "+")
        got = self.ask("POST", "/auth/jwt/login", form)[0]
        value = (got.all("set-cookie") or [""])[0]
        return value.partition("=")[2].partition(";")[0] or None


class Story:
    """What is expected, counted."""

    def __init__(self, stack, report, here, there):
        self.stack = stack
        self.report = report
        self.here = here
        self.there = there
        self.where = f"{stack.db}, {here.name} first"

    def holds(self, sentence, truth):
        """Count a sentence, and tell one that does not hold."""
        if truth:
            self.report.passed += 1
            return
        self.report.failed += 1
        print(f"FAILED on one database ({self.where}): {sentence}", flush=True)

    def email(self, name):
        """Return an address of this story."""
        return f"{name}.{self.here.name}@example.org"

    def stored(self, email):
        """Return the hash that is stored for an address."""
        rows = self.stack.reference.database.rows.fetch('SELECT * FROM "user"')
        return next(r["hashed_password"] for r in rows if r["email"] == email)

    def store(self, email, text):
        """Put another hash there."""
        self.stack.reference.database.rows.write(
            [('UPDATE "user" SET hashed_password = $1 WHERE email = $2', (text, email))]
        )

    def register(self, name):
        """Register somebody here; return the address and the id."""
        email = self.email(name)
        got, user = self.here.ask(
            "POST", "/auth/register", {"email": email, "password": WORD}
        )
        self.holds(f"{name} registers", got.status == 201)
        return email, user["id"]


def account(story):
    """Registered in one, at home in the other."""
    here, there = story.here, story.there
    email, number = story.register("Ada")
    token = there.login(email)
    story.holds("who registered in one signs in to the other", token)
    story.holds(
        "a token of one opens the other",
        here.status("GET", "/users/me", token=token) == 200,
    )
    story.holds("and itself", there.status("GET", "/users/me", token=token) == 200)
    story.holds(
        "an address is taken in both",
        there.status("POST", "/auth/register", {"email": email, "password": WORD})
        == 400,
    )
    cookie = here.cookie(email)
    story.holds(
        "a cookie of one opens the other",
        there.status("GET", "/users/me", cookie=cookie) == 200,
    )
    story.holds(
        "both show the same user",
        here.ask("GET", "/users/me", token=token)[1]
        == there.ask("GET", "/users/me", token=token)[1],
    )
    moved = story.email("Moved")
    story.holds(
        "an address changed in one",
        there.status("PATCH", "/users/me", {"email": moved}, token) == 200,
    )
    story.holds(
        "is the one of the other",
        here.ask("GET", "/users/me", token=token)[1]["email"] == moved,
    )
    story.holds("under which one signs in", here.login(moved) and not here.login(email))
    story.holds(
        "a password changed in one",
        here.status("PATCH", "/users/me", {"password": OTHER_WORD}, token) == 200,
    )
    story.holds(
        "is the one of the other",
        there.login(moved, OTHER_WORD) and not there.login(moved),
    )
    fresh = there.login(moved, OTHER_WORD)
    story.holds(
        "one signs out of one",
        here.status("POST", "/auth/bearer/logout", token=fresh) == 204,
    )
    admin = story.here.login(**story.stack.superuser)
    path = f"/users/{number}"
    story.holds(
        "the other's superuser locks him",
        there.status("PATCH", path, {"is_active": False}, admin) == 200,
    )
    again = there.login(moved, OTHER_WORD) or here.login(moved, OTHER_WORD)
    story.holds("who is locked in both", again is None)
    story.holds("and deletes him", there.status("DELETE", path, token=admin) == 204)
    story.holds("who is gone from both", here.status("GET", path, token=admin) == 404)


def hashes(story):
    """Hashes made and renewed by one are taken by the other."""
    here, there = story.here, story.there
    email, _ = story.register("Hash")
    for name, text in (
        ("with other parameters", PasswordHasher(2, 16, 1).hash(WORD)),
        ("of argon2i", argon2i(WORD)),
        ("of bcrypt", bcrypt(WORD)),
    ):
        story.store(email, text)
        story.holds(f"a hash {name} signs in", here.login(email))
        story.holds("is renewed", story.stored(email) not in (text, None))
        story.holds(
            "to argon2id", story.stored(email).startswith("$argon2id$v=19$m=8,t=1,p=1$")
        )
        renewed = story.stored(email)
        story.holds("and signs in to the other", there.login(email))
        story.holds("which leaves it", story.stored(email) == renewed)


def stored(story):
    """Tokens that are rows of the table which both share."""
    here, there = story.here, story.there
    email, number = story.register("Row")
    one, two = (here.login(email, backend="database") for _ in range(2))
    story.holds(
        "a stored token of one opens the other",
        there.status("GET", "/users/me", token=one) == 200,
    )
    story.holds(
        "signing out there",
        there.status("POST", "/auth/database/logout", token=one) == 204,
    )
    story.holds("ends it here", here.status("GET", "/users/me", token=one) == 401)
    story.holds("and no other", here.status("GET", "/users/me", token=two) == 200)
    admin = there.login(**story.stack.superuser)
    story.holds(
        "the other deletes him",
        there.status("DELETE", f"/users/{number}", token=admin) == 204,
    )
    story.holds(
        "and his token is void", here.status("GET", "/users/me", token=two) == 401
    )


def argon2i(password):
    """Return an argon2i hash."""
    from argon2 import Type  # noqa: PLC0415

    return PasswordHasher(1, 8, 1, type=Type.I).hash(password)


def bcrypt(password):
    """Return a bcrypt hash."""
    import bcrypt as library  # noqa: PLC0415

    return library.hashpw(password.encode(), library.gensalt(4)).decode()


def mailed(story):
    """Tokens that one mails work in the other."""
    here, there = story.here, story.there
    email, _ = story.register("Mail")
    story.holds("a token to verify is asked for",
                here.status("POST", "/auth/request-verify-token", {"email": email}) == 202)  # fmt: skip
    token = last_token(story, "request-verify", email)
    got, user = there.ask("POST", "/auth/verify", {"token": token})
    story.holds("and works in the other", got.status == 200 and user["is_verified"])
    story.holds("once", here.status("POST", "/auth/verify", {"token": token}) == 400)
    story.holds("a token to reset is asked for",
                here.status("POST", "/auth/forgot-password", {"email": email}) == 202)  # fmt: skip
    token = last_token(story, "forgot-password", email)
    change = {"token": token, "password": OTHER_WORD}
    story.holds(
        "and works in the other",
        there.status("POST", "/auth/reset-password", change) == 200,
    )
    story.holds("once", here.status("POST", "/auth/reset-password", change) == 400)
    story.holds("the new password is that of both",
                here.login(email, OTHER_WORD) and there.login(email, OTHER_WORD))  # fmt: skip


def last_token(story, event, email):
    """Return the last token that one of them has mailed; ours does so later."""

    def look():
        with open(story.here.log, encoding="utf-8") as log:
            found = [json.loads(line) for line in log if line.endswith("\n")]
        return [
            one["token"]
            for one in found
            if one["event"] == event and one["email"] == email
        ]

    return (stacks.wait_until(look, step=0.05) or [""])[-1]


STORIES = (account, hashes, stored, mailed)


def play(db, report):
    """Play all stories on one kind of database, from either side."""
    mailbox = Mailbox()
    stack = AdoptedStack(db, mailbox)
    try:
        stack.start()
        socket = stack.settings["pool", "api"]["socket"]
        ours = Place("ours", FastCgiWire(socket), mailbox.path)
        reference = stack.reference
        theirs = Place("reference", reference.wire, reference.path("tokens"))
        story = Story(stack, report, theirs, ours)
        told = stack.told
        story.holds("the database is adopted", told["applied"] and told["users"] == 1)
        story.holds("who was there signs in", ours.login("first@example.org"))
        for here, there in ((theirs, ours), (ours, theirs)):
            for one in STORIES:
                one(Story(stack, report, here, there))
    finally:
        stack.remove()
        mailbox.remove()
