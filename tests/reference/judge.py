"""Judge a difference: is it one of those that are allowed?"""

import base64
import contextlib
import json
import re
import time
from urllib.parse import parse_qs, unquote, unquote_to_bytes

from allowed import ALLOWED

LONG_PASSWORD = 4096
LARGE_BODY = 1 << 20
LIFETIME = 3600
JUST_NOW = 30
MOST_LEVELS, MOST_MEMBERS = 64, 256
FLAGS = ("email", "password", "is_active", "is_superuser", "is_verified")
SURROGATE = re.compile("[\ud800-\udfff]")
ABSURD = re.compile(r"NaN|Infinity|\d[eE]\+?\d{3}|\d{19}")
UNSAFE = ("POST", "PATCH", "PUT", "DELETE")


class Asked:
    """A request as it was sent, and what one may ask about it."""

    def __init__(self, method, path, headers, body):
        self.method = method
        self.path = path.partition("?")[0]
        self.headers = headers
        self.body = body or b""
        self.query = path.partition("?")[2]
        self.answers = ()
        self.rows = {}
        self.before = []

    def all(self, name):
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    def kind(self):
        """Return the type of the body."""
        return (self.all("content-type") or [""])[0].lower()

    def json(self):
        """Return the body as JSON, or None."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def is_form(self):
        """Tell whether the body is a form."""
        return "form" in self.kind()


def members(value):
    """Return the members of an object, or none."""
    return value if isinstance(value, dict) else {}


def texts(value):
    """Return all texts in a JSON value, names of members too."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            todo += one
        elif isinstance(one, dict):
            todo += [*one, *one.values()]


def is_utf8(data):
    """Tell whether bytes are UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def change_with_null(asked):
    """A PATCH that sets a member to null."""
    found = members(asked.json())
    return asked.method == "PATCH" and any(
        name in found and found[name] is None for name in FLAGS
    )


def bad_text_in_json(asked):
    """A text with U+0000 or half a surrogate pair."""
    return not asked.is_form() and any(
        "\0" in one or SURROGATE.search(one) for one in texts(asked.json())
    )


def not_utf8(asked):
    """A body of other bytes than those of UTF-8, or UTF-16 and the like."""
    return not asked.is_form() and (not is_utf8(asked.body) or b"\0" in asked.body)


def bad_text_in_form(asked):
    """A form with such bytes, escaped or not."""
    plain = unquote_to_bytes(asked.body.replace(b"+", b" "))
    return asked.is_form() and any(
        not is_utf8(one) or b"\0" in one for one in (asked.body, plain)
    )


def from_another_site(asked):
    """An unsafe request with our cookie that does not come from here."""
    if asked.method not in UNSAFE or not any(
        "fastapiusersauth" in one for one in asked.all("cookie")
    ):
        return False
    sites = asked.all("sec-fetch-site")
    if sites:
        return sites[0] not in ("same-origin", "none")
    hosts = [host.lower() for host in asked.all("host")]
    return any(
        origin.partition("://")[2].lower() not in hosts
        for origin in asked.all("origin")
    )


def tokens_of(asked):
    """Return what stands where a token is expected."""
    for value in asked.all("authorization"):
        yield value.partition(" ")[2]
    for value in asked.all("cookie"):
        yield from (one.partition("=")[2].strip() for one in value.split(";"))
    yield from mailed_token(asked)


def mailed_token(asked):
    """Return the token in a body, if there is one, as a list."""
    token = members(asked.json()).get("token")
    return [token] if isinstance(token, str) else []


def token_without_end(asked):
    """A token in a body that says nothing of when it expires."""
    return any("exp" not in claims_of(one) for one in mailed_token(asked))


def claims_of(token):
    """Return what a token says, or nothing."""
    try:
        return decoded(token.split(".")[1])
    except (ValueError, IndexError, RecursionError):
        return {"exp": None}


def is_from_now(claims):
    """Tell whether a token says, as far as it says it, that it was made now."""
    made = claims.get("iat", claims.get("exp"))
    if type(made) not in (int, float):
        return False
    if "iat" not in claims:
        made -= LIFETIME
    return abs(time.time() - made) < JUST_NOW


def older_than_its_user(asked):
    """A token for a number that may have been made before the number's user."""
    claims = [claims_of(one) for one in tokens_of(asked)]
    return any(
        str(one.get("sub")).isdigit() and not is_from_now(one) for one in claims
    )


def is_plain(token):
    """Tell whether a token has one spelling, and says nothing odd."""
    try:
        head, claims = (decoded(part) for part in token.split(".")[:2])
    except (ValueError, RecursionError):
        return False
    times = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
    return (
        re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII) is not None
        and all(part == canonical(part) for part in token.split("."))
        and set(head) <= {"alg", "typ"}
        and all(type(one) is int and abs(one) < 1 << 40 for one in times)
        and isinstance(claims.get("sub"), str)
    )


def decoded(part):
    """Return an object of a token; one with a member twice is none."""
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    pairs = json.loads(data, object_pairs_hook=lambda found: ("object", found))
    if not isinstance(pairs, tuple) or len(dict(pairs[1])) != len(pairs[1]):
        raise ValueError("no object, or a member twice")
    return json.loads(data)


def canonical(part):
    """Return the one right spelling of what a part of a token encodes."""
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def ambiguous_token(asked):
    """A token that is not spelled and filled as it should be."""
    return any(not is_plain(one) for one in tokens_of(asked) if "." in one)


def levels(data):
    """Return how deep the brackets of a body are."""
    deepest = now = 0
    for byte in data:
        now += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, now)
    return deepest


def large_json(asked):
    """More levels, members or values than are taken."""
    return (
        levels(asked.body) > MOST_LEVELS
        or asked.body.count(b":") > MOST_MEMBERS
        or asked.body.count(b",") > MOST_MEMBERS
    )


def two_who_ask(asked):
    """Authorization or Cookie given twice, in different ways."""
    return any(len(set(asked.all(one))) > 1 for one in ("authorization", "cookie"))


def odd_bytes_in_path(asked):
    """A path with control characters or bytes that are not UTF-8."""
    path = unquote_to_bytes(asked.path)
    return not is_utf8(path) or any(byte < 32 or byte == 127 for byte in path)


def state_again(asked):
    """A state that has come back before."""
    state = parse_qs(asked.query).get("state", [""])[-1]
    return state != "" and any(state in path for path in asked.before)


def account_twice(asked):
    """An account that the reference has associated once more."""
    with contextlib.suppress(ValueError, AttributeError):
        accounts = json.loads(asked.answers[0].body).get("oauth_accounts", [])
        ids = [one["account_id"] for one in accounts]
        return len(ids) > len(set(ids))
    return False


def capitals_there(asked):
    """An address of the reference's rows whose domain is not in small letters."""
    domains = [row["email"].partition("@")[2] for row in asked.rows.get("user", [])]
    return any(one != one.lower() for one in domains)


QUESTIONS = {
    "a change with null": change_with_null,
    "bad text in JSON": bad_text_in_json,
    "a body that is not UTF-8": not_utf8,
    "bad text in a form": bad_text_in_form,
    "U+0000 in the path": lambda asked: "%00" in asked.path or "\0" in asked.path,
    "HEAD": lambda asked: asked.method == "HEAD",
    "a cookie from another site": from_another_site,
    "an ambiguous token": ambiguous_token,
    "a mailed token": lambda asked: bool(mailed_token(asked)),
    "a mailed token without end": token_without_end,
    "a token older than its user": older_than_its_user,
    "a large number in the path": lambda asked: bool(
        re.search(r"/users/[^/]*\d(_?\d){9}", asked.path)
    ),
    "an absurd number": lambda asked: bool(
        ABSURD.search(asked.body.decode("utf-8", "replace"))
    ),
    "a long password": lambda asked: len(asked.body) > LONG_PASSWORD,
    "a large body": lambda asked: len(asked.body) > LARGE_BODY,
    "large JSON": large_json,
    "two who ask": two_who_ask,
    "a logout": lambda asked: unquote(asked.path).endswith("/logout"),
    "the way to a provider": lambda asked: unquote(asked.path).endswith("/authorize"),
    "scopes": lambda asked: "scopes=" in asked.query,
    "a state again": state_again,
    "an account twice": account_twice,
    "a provider's capitals": capitals_there,
    "the way back": lambda asked: unquote(asked.path).endswith("/callback"),
    "two tokens": lambda asked: bool(
        asked.all("authorization") and asked.all("cookie")
    ),
    "a path with bytes that belong in none": odd_bytes_in_path,
    "a path with %, ? or # escaped": lambda asked: bool(
        re.search("%(25|3[fF]|23)", asked.path)
    ),
    "a file in a form": lambda asked: b"filename" in asked.body,
    "a change of an address": lambda asked: (
        asked.method == "PATCH" and "email" in members(asked.json())
    ),
}


def applies(rule, asked, answers, differences):
    """Tell whether an allowed difference is this one."""
    reference, ours = answers
    asked.answers = answers
    return (
        all(QUESTIONS[name](asked) for name in rule["when"])
        and reference.status in rule.get("reference", [reference.status])
        and ours.status in rule.get("ours", [ours.status])
        and any(text in ours.text() for text in rule.get("says", [""]))
        and (
            "in" not in rule
            or {one.split()[0] for one in differences} <= set(rule["in"])
        )
    )


def allowed(asked, answers, differences):
    """Return the rule that allows a difference, or None."""
    for rule in ALLOWED:
        if applies(rule, asked, answers, differences):
            return rule
    return None
