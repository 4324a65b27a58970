"""Play a case on both systems at once and compare what they do."""

import base64
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from player import CLOCK_SLACK, HTTP_FAILURE, WILD, Answer, Player, Skip, compare
from record import Recorder
from wires import BASE

UUID = re.compile(WILD["{ANY_UUID}"])
SECRET = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)
TOKEN = re.compile(r"\beyJ[\w-]*\.[\w-]+\.[\w-]+")
TIMES = ("exp", "iat", "nbf")
VERIFIER = PasswordHasher()
# What uvicorn says for what is no HTTP; the application never hears of it.
REFUSED = b"Invalid HTTP request received."


class Side(Player):
    """One of the systems, its fixtures and the state they were made in."""

    def abstract(self, text):
        """Put placeholders where values of this side are."""
        return SECRET.sub("{ANY_SECRET}", Recorder.abstract(self, text))

    unknown_uuid = staticmethod(Recorder.unknown_uuid)

    def __init__(self, system, state, tokens, run):
        super().__init__(BASE, state, tokens, system.wire)
        self.system = system
        self.sent = []
        self.vars["RUN"] = run

    def token(self, name):
        """Sign the token of that name; a name that chance has spoilt is text."""
        if name not in self.tokens:
            return f"{{TOKEN:{name}}}"
        made = super().token(name)
        # Known by a name from now on, so that answers that show it compare.
        self.vars[f"MADE{sum(key.startswith('MADE') for key in self.vars)}"] = made
        return made

    def consent(self, provider, who):
        """Let somebody consent; keep what the browser brings back."""
        who = {k: self.fill(v) if v is not None else None for k, v in who.items()}
        who.setdefault("access_token", f"access-{who['sub']}")
        try:
            back = provider.consent(self.vars["AUTH_URL"], **who)
        except KeyError:
            back = {"code": "none", "state": "none"}
        self.vars["CODE"], self.vars["STATE"] = back["code"], back["state"]

    def prepare(self):
        """Make the fixtures, and remember the rows."""
        super().prepare()
        self.snapshot = self.rows = self.system.database.read()
        self.saved = self.system.database.save()

    def restore(self):
        """Undo what a case has done."""
        self.made.clear()
        self.sent.clear()
        self.vars.pop("AUTH_URL", None)
        for name in [key for key in self.vars if key.startswith("MADE")]:
            del self.vars[name]
        if self.system.database.save() != self.saved:
            self.system.database.restore(self.saved)
        if self.system.counts:
            self.system.database.align()

    def expectation(self, got):
        """Return an answer as one to expect of the other side."""
        headers = {}
        for name, value in got.headers:
            headers.setdefault(name.lower(), []).append(self.abstract(value))
        out = {"status": got.status, "headers": headers}
        if got.body:
            out["body"] = self.abstract(got.text())
        return out


def passwords(sides, case):
    """Return the texts of a case that may have become passwords."""
    found = {side.vars.get("FRESH_PASSWORD") for side in sides}
    for step in case["steps"]:
        for side in sides:
            text = side.body(step["request"].get("body")) or b""
            found.update(texts_of(text.decode("utf-8", "replace")))
    return sorted(one for one in found if one)


def texts_of(body):
    """Return the texts in a body of JSON, or the values of a form."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return [value for _, value in parse_qsl(body, keep_blank_values=True)]
    todo, out = [value], []
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            out.append(one)
        elif isinstance(one, list):
            todo += one
        elif isinstance(one, dict):
            todo += one.values()
    return out


def hash_shown(text, known, candidates):
    """Return what can be compared of a hash: its making, and of what."""
    if text in known:
        return "as before"
    making = re.match(r"\$\w+\$(?:v=\d+\$)?[\w=,]+\$", text or "")
    return [making and making[0], [one for one in candidates if fits(text, one)]]


def fits(text, password):
    """Tell whether a hash is that of a password."""
    try:
        return VERIFIER.verify(text, password)
    except (Argon2Error, ValueError, UnicodeError):
        return False


def shape(value):
    """Return a value with the ids and tokens in it replaced by their form."""
    if isinstance(value, str):
        return SECRET.sub("(token)", UUID.sub("(id)", TOKEN.sub("(token)", value)))
    return "(id)" if type(value).__name__ == "UUID" else value


def time_shown(value):
    """Return how a time is written, or what type it has."""
    if isinstance(value, str):
        return re.sub(r"\d", "0", value)
    return f"{type(value).__name__} {value.tzinfo}"


def rows_shown(side, candidates):
    """Return the rows of a side as the other's must be."""
    known = {row["hashed_password"] for row in side.snapshot["user"]}
    owners = {str(row["id"]): row["email"] for row in side.rows["user"]}
    out = {}
    for table, rows in side.rows.items():
        shown = []
        for row in rows:
            one = {key: shape(value) for key, value in row.items()}
            if table == "user":
                one["hashed_password"] = hash_shown(
                    row["hashed_password"], known, candidates
                )
            if "user_id" in row:
                one["user_id"] = owners.get(str(row["user_id"]), "(nobody)")
            if one.get("expires_at") is not None:
                one["expires_at"] = "(some time)"
            if "created_at" in row:
                one["created_at"] = time_shown(row["created_at"])
            shown.append(dict(sorted(one.items())))
        out[table] = sorted(shown, key=lambda one: json.dumps(one, default=str))
    return out


def without(rows, others):
    """Return the rows that the others lack, each as often as it is lacking."""
    rest = list(others)
    return [row for row in rows if row not in rest or rest.remove(row)]


def different_rows(sides, case):
    """Return the differences between the rows both sides have now."""
    for side in sides:
        side.rows = side.system.database.read()
    if all(side.rows == side.snapshot for side in sides):
        return []
    candidates = passwords(sides, case)
    want, had = (rows_shown(side, candidates) for side in sides)
    out = []
    for table in want:
        if table not in had or want[table] == had[table]:
            continue
        missing, extra = (
            without(want[table], had[table]),
            without(had[table], want[table]),
        )
        out.append(f"rows of {table}: the reference has {missing}, ours {extra}")
    return out


def claims_in(side, got):
    """Return the claims of each token in an answer, ids mapped."""
    text = got.text() + " ".join(got.all("set-cookie"))
    out = []
    for token in TOKEN.findall(text):
        parts = token.split(".")
        try:
            head, claims = (
                json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
                for part in parts[:2]
            )
        except ValueError:
            continue
        if isinstance(claims, dict):
            out.append((head, {k: mapped(side, k, v) for k, v in claims.items()}))
    return out


def mapped(side, name, value):
    """Return a claim with ids replaced by their placeholders."""
    if name in TIMES and isinstance(value, int):
        return value
    return side.abstract(value) if isinstance(value, str) else value


def close(want, had):
    """Tell whether two claims agree, times about so."""
    if isinstance(want, int) and isinstance(had, int):
        return abs(want - had) <= CLOCK_SLACK
    return want == had


def different_claims(sides, answers):
    """Return the differences of the tokens both sides gave."""
    if answers[0].status >= HTTP_FAILURE:
        return []
    want, had = map(claims_in, sides, answers)
    if len(want) != len(had):
        return [f"{len(want)} tokens expected, got {len(had)}"]
    out = []
    for (head, claims), (our_head, ours) in zip(want, had, strict=True):
        if head != our_head:
            out.append(f"token header {head} expected, got {our_head}")
        if list(claims) != list(ours) or not all(
            close(claims[key], ours[key]) for key in claims
        ):
            out.append(f"claims {claims} expected, got {ours}")
    return out


def accounts_sorted(found):
    """Return a list of accounts in an order that does not depend on their ids."""
    accounts = re.findall(rb"{[^{}]*}", found[1])
    return b'"oauth_accounts":[' + b",".join(sorted(accounts, key=by_account)) + b"]"


def by_account(text):
    """Return what accounts are sorted by."""
    return text[text.find(b'"account_id"') :]


def comparable(got):
    """Return an answer without what is left to chance: the times when a provider's
    tokens expire, and the order of accounts, which no column tells."""
    body = re.sub(rb'"expires_at":\d+', b'"expires_at":0', got.body)
    body = re.sub(rb'"oauth_accounts":\[([^\[\]]*)\]', accounts_sorted, body)
    return Answer(got.status, got.headers, body)


class Outcome:
    """What came of one request: both answers and what differs."""

    def __init__(self, case, number, answers, differences):
        self.case = case
        self.step = case["steps"][number]
        self.number = number
        self.answers = answers
        self.differences = differences
        # Whether both are still in the same state; the judge may say so.
        self.harmless = not differences


class Pair:
    """Both systems, in lockstep."""

    def __init__(self, reference, ours, tokens, run):
        self.provider = ours.provider
        state = ours.state()
        self.sides = [
            Side(reference, reference.state(state["secrets"]), tokens, run),
            Side(ours, state, tokens, run),
        ]

    def prepare(self):
        """Make the fixtures of both."""
        for side in self.sides:
            side.prepare()

    def play(self, case):
        """Play a case; yield the outcome of each request until one differs."""
        try:
            for side in self.sides:
                side.need(case)
                side.begin(case)
            for number in range(len(case["steps"])):
                outcome = self.play_step(case, number)
                yield outcome
                if not outcome.harmless:
                    return
                for side, got in zip(self.sides, outcome.answers, strict=True):
                    self.take(side, outcome.step, got)
        finally:
            for side in self.sides:
                side.restore()

    def play_step(self, case, number):
        """Send one request to both and compare."""
        step = case["steps"][number]
        answers = []
        for side in self.sides:
            for name, event in step.get("mailed", {}).items():
                side.vars[name] = self.mailed(side, event)
            if "consent" in step:
                side.consent(self.provider, step["consent"])
            side.sent.append(side.fill(step["request"]["path"]))
            answers.append(side.send(step["request"]))
        if answers[0].body == REFUSED:
            raise Skip("uvicorn refuses such a request by itself")
        reference, ours = self.sides
        shown = [comparable(one) for one in answers]
        want = ours.filled(reference.expectation(shown[0]))
        method = step["request"]["method"]
        differences = (
            compare(want, shown[1], method)
            + different_claims(self.sides, answers)
            + different_rows(self.sides, case)
        )
        return Outcome(case, number, answers, differences)

    def mailed(self, side, event):
        """Return the token that a side has mailed, if the reference mailed one."""
        email = side.vars["FRESH_EMAIL"].lower()
        log = Path(self.sides[0].state["token_log"]).read_text(encoding="utf-8")
        lines = [json.loads(line) for line in log.splitlines()]
        if (event, email) not in [
            (one["event"], one["email"].lower()) for one in lines
        ]:
            return "no token"
        return side.mailed(event)

    @staticmethod
    def take(side, step, got):
        """Keep what later steps need, as far as the answer holds it."""
        if got.status >= HTTP_FAILURE:
            return
        try:
            side.take(step, got)
        except (ValueError, KeyError, TypeError, IndexError):
            return
