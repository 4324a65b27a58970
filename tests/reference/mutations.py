"""Make cases up: those of the corpus, changed by chance.

Chance is a seed: the same seed and number give the same case.  A case keeps
the list of its changes, so that a failing one can be tried with fewer.
"""

import copy
import json
import random
import re
import string
from urllib.parse import quote

import case as cases

MOST_CHANGES = 3
# How many of the cases are made of two.
JOINT = 0.25
ID = "00000000-0000-4000-8000-000000000000"

WORDS = (
    "", " ", "0", "1", "a", "true", "false", "null", "on", "off", "yes", "no", "t",
    "F", "-1", "1.0", "1e3", "NaN", "king", "King", "ſ", "ß", "İ", "ﬁ", "é", "e\u0301",
    "😀", "\u200b", "\u202e", "\ufeff", "\u2028", "'", '"', "\\", "/", "%00", "%zz",
    "${x}", "{{x}}", "'; --", "<b>", "\t", "\n", "\r\n", "a" * 300, "é" * 300, "x" * 1024,
)  # fmt: skip
RAW_VALUES = (
    "null", "true", "false", "0", "1", "-1", "2", "-0", "0.0", "1.0", "1.5", "1e0",
    "1E400", "-1e400", "1e-400", "12345678901234567890", "0.1e1", "NaN", "Infinity",
    "-Infinity", "[]", "{}", '[""]', '{"":""}', '["a",1,null]', '{"email":"a@b.co"}',
    '""', '"true"', '"1"', '"\\u0041"', '"\\ud83d\\ude00"', '"\\ud800"', '"a\\u0000b"',
    '"\\u00e9"', '"\\/"', '"\\x"', '"\\"', "01", "1.", ".5", "+1", "tru", "'a'", "[1,]",
    "[[[[[[1]]]]]]", "/**/1",
)  # fmt: skip
LOCALS = (
    "king", "King", "king.of", "king..of", ".king", "king.", "a", "a+b", "a'b", "a b",
    '"a b"', '"a"', "ké", "ke\u0301", "王", "a@b", "a\\b", "(c)a", "x" * 64, "x" * 65,
    "!#$%&'*+-/=?^_`{|}~", "a,b", "a:b", "<a", "Name <a", "postmaster", "ｋing", "a\u200d",
)  # fmt: skip
DOMAINS = (
    "example.org", "EXAMPLE.ORG", "example.org.", "example", "localhost", "a.test",
    "a.invalid", "a.local", "bücher.example", "xn--bcher-kva.example", "xn--a.example",
    "xn--.example", "-a.org", "a-.org", "a..org", ".org", "a_b.org", "[127.0.0.1]",
    "[IPv6:::1]", "127.0.0.1", "example。org", "ｅxample.org", "straße.example", "ß.org",
    "faß.example", "عربي.example", "a" * 63 + ".org", "a" * 64 + ".org", "a.b.c.d.org",
    "1.1", "a.1", "example.org>", "example.org ", "☃.example", "\u0661.example", "مثال.إختبار",
)  # fmt: skip
TYPES = (
    "application/json", "APPLICATION/JSON", "application/json; charset=utf-8",
    "application/json;charset=latin-1", "application/vnd.api+json", "application/jsonx",
    "application/ json", "application", "text/json", "text/plain", "", " ", "json",
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=x",
    "multipart/form-data", "multipart/form-data; boundary=XX", "multipart/mixed; boundary=XX",
    "application/json, application/json", "*/*", "application/hal+json; q=1", "a/b/c+json",
)  # fmt: skip
METHODS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "post",
)  # fmt: skip
SCHEMES = (
    "Bearer {}", "bearer {}", "BEARER {}", "Bearer  {}", "Bearer\t{}", "Bearer {} ",
    "Bearer {} x", "Bearer,{}", "Basic {}", "Token {}", "{}", "Bearer", "Bearer ", "",
    'Bearer "{}"', "Bearer {},Bearer {}", "Bearer: {}", "JWT {}",
)  # fmt: skip
COOKIES = (
    "fastapiusersauth={}", "fastapiusersauth = {}", ' fastapiusersauth="{}"',
    "a=b; fastapiusersauth={}", "a=b;fastapiusersauth={};c=d", "fastapiusersauth={}; ;",
    "FastapiUsersAuth={}", "fastapiusersauth=x; fastapiusersauth={}",
    "fastapiusersauth={}; fastapiusersauth=x", "fastapiusersauth", "fastapiusersauth=",
    "={}", "fastapiusersauth={},", "a={}; b", "$Version=1; fastapiusersauth={}; $Path=/",
    "fastapiusersauth%3D{}", "é=x; fastapiusersauth={}", 'a="; fastapiusersauth={}',
)  # fmt: skip
OTHER_HEADERS = (
    ("Accept", "text/html"), ("Accept", ""), ("Accept-Encoding", "gzip, br"),
    ("Accept-Language", "de"), ("X-Forwarded-For", "203.0.113.7"), ("Range", "bytes=0-1"),
    ("X-Forwarded-Proto", "https"), ("X-HTTP-Method-Override", "DELETE"),
    ("If-None-Match", "*"), ("Referer", "http://elsewhere.example/"), ("Forwarded", "for=x"),
    ("Origin", "http://users.example.test"), ("Authorization", "Bearer x.y.z"),
    ("Sec-Fetch-Site", "same-origin"), ("Prefer", "return=minimal"), ("Upgrade", "h2c"),
)  # fmt: skip
QUERIES = (
    "?", "?a=b", "?email=x", "?scopes=a&scopes=b", "?token=x", "?%00", "?a=%ff", "?&&&",
    "?access_token={USER_TOKEN}", "?a=b?c", "?a;b", "?user_id={OTHER_ID}", "?%C3%A9",
)  # fmt: skip
IDS = (
    "{USER_ID}", "{OTHER_ID}", "{SUPERUSER_ID}", "{USER_ID_UPPER}", "{USER_ID_BARE}",
    "{USER_ID_CUT}", "{USER_ID_ESCAPED}", "%7B{USER_ID}%7D", "urn:uuid:{USER_ID}",
    "URN:UUID:{USER_ID}", "{USER_ID}x", "x{USER_ID}", "%20{USER_ID}", "{USER_ID}%20",
    "{USER_ID}%0A", "{USER_ID}/", "{USER_ID}.json", "0", "1", "-1", "me", "Me", "me%20",
    "%6de", "m%C3%A9", ID, "garbage", "%F0%9F%98%80", "a%2Fb", "*", "~", "'", "(x)",
    "0" * 32, "0" * 31, "0" * 33, "{{{USER_ID}}}", "%25", "%ff",
)  # fmt: skip
CALLERS = tuple(cases.WHO)


# The text of a JSON body, as a list of members that keeps duplicates.


def members_of(text):
    """Return the members of a JSON object, values as raw text, or None."""
    try:
        found = json.loads(text, object_pairs_hook=lambda pairs: pairs or [("", "")])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(one, tuple) for one in found):
        return None
    return [[json.dumps(k), json.dumps(plain(v))] for k, v in found]


def plain(value):
    """Return a value with pairs made objects again."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return {k: plain(v) for k, v in value}
    return [plain(one) for one in value] if isinstance(value, list) else value


def joined(members):
    """Return the text of an object."""
    return "{" + ",".join(f"{k}:{v}" for k, v in members) + "}"


def random_text(chance):
    """Return text as people and attackers write it."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.choice(WORDS)
    if kind == 1:
        return "".join(chance.choices(string.printable, k=chance.randrange(12)))
    if kind == 2:
        return "".join(
            chr(chance.choice((chance.randrange(32, 0x250), chance.randrange(0x3000, 0x3100),
                               chance.randrange(0x1F600, 0x1F640))))
            for _ in range(chance.randrange(8))
        )  # fmt: skip
    return chance.choice(WORDS) + chance.choice(WORDS)


def random_email(chance):
    """Return something like an address; most are of nobody."""
    known = chance.randrange(6)
    if known == 0:
        return chance.choice(
            ("{USER_EMAIL}", "{OTHER_EMAIL_UPPER}", "{USER_EMAIL_LOWER}")
        )
    local, domain = chance.choice(LOCALS), chance.choice(DOMAINS)
    if known == 1:
        local = "".join(
            chance.choices(LOCALS[0] + "._+-'" + "éß王", k=chance.randrange(9))
        )
    if known == 2:
        at = chance.randrange(len(domain))
        domain = domain[:at] + random_text(chance)[:2] + domain[at:]
    return local + chance.choice(("@", "@", "@", "@", "@@", "＠", "", " @ ")) + domain


def random_json(chance, depth=0):
    """Return the text of a value."""
    kind = chance.randrange(8 if depth < 3 else 5)
    if kind < 2:
        return chance.choice(RAW_VALUES)
    if kind == 2:
        return json.dumps(random_text(chance), ensure_ascii=chance.random() < 0.5)
    if kind == 3:
        return json.dumps(random_email(chance), ensure_ascii=chance.random() < 0.5)
    if kind == 4:
        return str(chance.randrange(-(10 ** chance.randrange(1, 25)), 10**20))
    values = [random_json(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 5:
        return "[" + ",".join(values) + "]"
    return (
        "{" + ",".join(f"{json.dumps(random_text(chance))}:{v}" for v in values) + "}"
    )


# Changes. Each takes chance and a request, and changes the latter.


def json_value(chance, request):
    """Another value for a member."""
    members = members_of(request["body"])
    chance.choice(members)[1] = random_json(chance)
    request["body"] = joined(members)


def json_email(chance, request):
    """Another address."""
    members = members_of(request["body"])
    for member in members:
        if member[0] == '"email"':
            member[1] = json.dumps(random_email(chance), ensure_ascii=False)
    request["body"] = joined(members)


def json_member(chance, request):
    """A member less, twice, more, renamed or elsewhere."""
    members = members_of(request["body"])
    at = chance.randrange(len(members))
    kind = chance.randrange(6)
    if kind == 0:
        del members[at]
    elif kind == 1:
        members.append([members[at][0], random_json(chance)])
    elif kind == 2:
        members.insert(at, [members[at][0], random_json(chance)])
    elif kind == 3:
        name = chance.choice(
            ("id", "email", "password", "is_active", "is_superuser", "is_verified",
             "hashed_password", "Email", "EMAIL", "email ", "", "__class__", "token")
        )  # fmt: skip
        members.insert(at, [json.dumps(name), random_json(chance)])
    elif kind == 4:
        members[at][0] = json.dumps(random_text(chance))
    else:
        chance.shuffle(members)
    request["body"] = joined(members)


def json_spelling(chance, request):
    """The same value in another spelling."""
    text = request["body"]
    kind = chance.randrange(4)
    if kind == 0:
        blanks = lambda found: found[0] + chance.choice(" \t\n\r") * chance.randrange(3)  # noqa: E731
        text = re.sub(r"[:,{}]", blanks, text)
    elif kind == 1:
        text = re.sub(
            r"(?<=[a-z])[a-z](?=[a-z]*\")",
            lambda f: f"\\u{ord(f[0]):04x}" if chance.random() < 0.2 else f[0],
            text,
        )
    elif kind == 2:
        text = chance.choice((" ", "\n", "\ufeff", "\u00a0", "\x0b")) + text
    else:
        text += chance.choice((" ", "\n", ",", "}", "x", "\x0c", "{}", "null"))
    request["body"] = text


def body_damage(chance, request):
    """A body cut, with a character more, less or another."""
    text = request["body"]
    at = chance.randrange(len(text) + 1)
    kind = chance.randrange(4)
    if kind == 0:
        text = text[:at]
    elif kind == 1:
        text = text[:at] + chance.choice('{}[]",:\\ \t\n0aeé=&;%+\x01\x7f') + text[at:]
    elif kind == 2:
        text = text[:at] + text[at + 1 :]
    else:
        text = text[:at] + random_text(chance) + text[at:]
    request["body"] = text


def body_other(chance, request):
    """Another body altogether, or none."""
    kind = chance.randrange(4)
    if kind == 0:
        request.pop("body")
    elif kind == 1:
        request["body"] = random_json(chance)
    elif kind == 2:
        request["body"] = "[" * chance.randrange(1, 64) + request["body"]
    else:
        request["body"] = "[" + request["body"] + "]"


def form_fields(text):
    """Return the fields of a form, as they are written."""
    return [one.partition("=")[::2] for one in text.split("&")]


def form_value(chance, request):
    """Another value for a field, or the same in another spelling."""
    fields = [list(one) for one in form_fields(request["body"])]
    field = chance.choice(fields)
    kind = chance.randrange(5)
    if kind == 0:
        field[1] = quote(random_text(chance), safe=chance.choice(("", "%&=+")))
    elif kind == 1:
        field[1] = quote(random_email(chance), safe="{}_@")
    elif kind == 2:
        field[1] = field[1].replace("+", "%20")
    elif kind == 3:
        field[0] = "".join(f"%{ord(c):02X}" for c in field[0] if ord(c) < 128)
    else:
        field[1] += chance.choice(
            ("%", "%4", "%zz", "%ff", "%00", "+", "\u00e9", "%C3%A9")
        )
    request["body"] = "&".join("=".join(one) for one in fields)


def form_field(chance, request):
    """A field less, twice or more."""
    fields = [list(one) for one in form_fields(request["body"])]
    at = chance.randrange(len(fields))
    kind = chance.randrange(5)
    if kind == 0:
        del fields[at]
    elif kind == 1:
        fields.append([fields[at][0], random_text(chance).replace("&", "")])
    elif kind == 2:
        fields.insert(at, [fields[at][0], ""])
    elif kind == 3:
        name = chance.choice(
            ("grant_type", "scope", "client_id", "client_secret", "username", "password",
             "Username", "", "email")
        )  # fmt: skip
        value = chance.choice(
            ("password", "Password", "", "a b", "refresh_token", "xpassword")
        )
        fields.append([name, value])
    else:
        chance.shuffle(fields)
    separator = chance.choice(("&", "&", "&", "&&", ";"))
    request["body"] = separator.join("=".join(one) for one in fields)


def form_multipart(chance, request):
    """The form as multipart."""
    out = []
    for name, value in form_fields(request["body"]):
        value = value.replace("+", " ").replace("%20", " ")
        disposition = chance.choice(
            ('form-data; name="{}"', "form-data; name={}", 'FORM-DATA; NAME="{}"',
             'form-data; name="{}"; filename="f"', 'form-data; filename*=x; name="{}"',
             'attachment; name="{}"', 'form-data;name="{}"', "form-data")
            if chance.random() < 0.5 else ('form-data; name="{}"',)
        )  # fmt: skip
        more = chance.choice(
            ("", "", "", "Content-Type: text/plain\r\n", "X: y\r\n", "bad\r\n")
        )
        out.append(
            f"--XX\r\nContent-Disposition: {disposition.format(name)}\r\n{more}\r\n{value}\r\n"
        )
    if chance.random() < 0.2:
        chance.shuffle(out)
    end = chance.choice(
        ("--XX--\r\n", "--XX--\r\n", "--XX--", "--XX", "", "--XX\r\n", "--XY--")
    )
    request["body"] = "".join(out) + end
    set_header(request, "Content-Type", chance.choice(
        ("multipart/form-data; boundary=XX",) * 4
        + ('multipart/form-data; boundary="XX"', "multipart/form-data; boundary=YY",
           "multipart/form-data", "multipart/form-data; charset=utf-8; boundary=XX",
           "Multipart/Form-Data; Boundary=XX")
    ))  # fmt: skip


def set_header(request, name, value):
    """Put a header in the place of the one of its name."""
    request["headers"] = [
        one for one in request["headers"] if one[0].lower() != name.lower()
    ]
    request["headers"].append([name, value])


def content_type(chance, request):
    """Another type of the body, or none."""
    if chance.random() < 0.2:
        request["headers"] = [
            one for one in request["headers"] if one[0].lower() != "content-type"
        ]
    else:
        set_header(request, "Content-Type", chance.choice(TYPES))


def header_case(chance, request):
    """Names of headers in other letters."""
    request["headers"] = [
        [chance.choice((k.lower(), k.upper(), k.title())), v]
        for k, v in request["headers"]
    ]


def header_more(chance, request):
    """A header that should change nothing."""
    name, value = chance.choice(OTHER_HEADERS)
    if name not in [one[0] for one in request["headers"]]:
        request["headers"].append([name, value])


def caller(chance, request):
    """Somebody else asks, perhaps by header and cookie at once."""
    request["headers"] = [
        one
        for one in request["headers"]
        if one[0].lower() not in ("authorization", "cookie")
    ]
    for who in chance.sample(CALLERS, chance.choice((1, 1, 2))):
        for name, value in cases.WHO[who]:
            if name not in [one[0] for one in request["headers"]]:
                request["headers"].append([name, value])


def bearer_spelling(chance, request):
    """A token in an odd header."""
    token = chance.choice(("{USER_TOKEN}", "{SUPERUSER_TOKEN}", "{USER_COOKIE}", "x"))
    set_header(request, "Authorization", chance.choice(SCHEMES).replace("{}", token))


def cookie_spelling(chance, request):
    """A token in an odd cookie."""
    token = chance.choice(("{USER_COOKIE}", "{SUPERUSER_COOKIE}", "{USER_TOKEN}", "x"))
    set_header(request, "Cookie", chance.choice(COOKIES).replace("{}", token))


def token_made(chance, request):
    """A token made by the tests, by header or cookie."""
    name = chance.choice(request["tokens"])
    if chance.random() < 0.7:
        set_header(request, "Authorization", f"Bearer {{TOKEN:{name}}}")
    else:
        set_header(request, "Cookie", f"fastapiusersauth={{TOKEN:{name}}}")


def token_damage(chance, request):
    """A token with something before or after it."""
    token = "{USER_TOKEN}"
    odd = chance.choice(
        (".", "=", "==", "A", " ", "%", "\u00e9", ".x", "-", "_", "/", "+", '"')
    )
    token = token + odd if chance.random() < 0.7 else odd + token
    set_header(request, "Authorization", f"Bearer {token}")


def method(chance, request):
    """Another method."""
    request["method"] = chance.choice(METHODS)


def path_spelling(chance, request):
    """The path with slashes, letters or escapes of its own."""
    path, query = request["path"].partition("?")[::2]
    kind = chance.randrange(6)
    at = chance.randrange(1, len(path) + 1)
    if kind == 0:
        path += "/"
    elif kind == 1:
        path = path.replace("/", "//", chance.randrange(1, 3))
    elif kind == 2 and at < len(path) and path[at].isalpha() and "{" not in path:
        path = path[:at] + f"%{ord(path[at]):02x}" + path[at + 1 :]
    elif kind == 3 and "{" not in path:
        path = path[:at] + path[at:].swapcase()
    elif kind == 4:
        path += chance.choice(
            ("%20", "%2F", ".", "/.", "/x", ";a=b", "%0A", "~", "%", "//")
        )
    else:
        path = chance.choice(("/", "", "/x", "/auth", "/users", "/v1")) + path
    request["path"] = path + ("?" + query if query else "")


def path_id(chance, request):
    """Another id in the path."""
    request["path"] = re.sub(r"^/users/[^/?]*", lambda _: "/users/" + chance.choice(IDS),
                             request["path"])  # fmt: skip


def path_query(chance, request):
    """A query."""
    request["path"] = request["path"].partition("?")[0] + chance.choice(QUERIES)


def path_other(chance, request):
    """The request at another address."""
    request["path"] = chance.choice(
        (cases.REGISTER, cases.BEARER_LOGIN, cases.COOKIE_LOGIN, cases.BEARER_LOGOUT,
         cases.COOKIE_LOGOUT, cases.ME, "/users/{OTHER_ID}", "/users", "/", "/auth/jwt")
    )  # fmt: skip


def is_json(request):
    """Tell whether a request has a JSON object that can be taken apart."""
    body = request.get("body")
    return isinstance(body, str) and bool(members_of(body))


def is_form(request):
    """Tell whether a request has a form."""
    body = request.get("body")
    return isinstance(body, str) and body.startswith(("username=", "password="))


def has_text(request):
    """Tell whether a request has a body of text."""
    return isinstance(request.get("body"), str) and request["body"] != ""


def always(_request):
    """Tell that a change suits every request."""
    return True


def has_id(request):
    """Tell whether the path may name a user."""
    return request["path"].startswith("/users/")


CHANGES = (
    (json_value, is_json, 6),
    (json_email, is_json, 4),
    (json_member, is_json, 5),
    (json_spelling, is_json, 3),
    (form_value, is_form, 6),
    (form_field, is_form, 5),
    (form_multipart, is_form, 5),
    (body_damage, has_text, 3),
    (body_other, has_text, 1),
    (content_type, has_text, 1),
    (header_case, always, 1),
    (header_more, always, 1),
    (caller, always, 3),
    (bearer_spelling, always, 1),
    (cookie_spelling, always, 1),
    (token_made, always, 1),
    (token_damage, always, 1),
    (method, always, 1),
    (path_spelling, always, 1),
    (path_id, has_id, 3),
    (path_query, always, 1),
    (path_other, always, 1),
)


def changed(base, seed, picks, tokens):
    """Return a case with those changes: pairs of a step and its own seed."""
    out = copy.deepcopy(base)
    names = []
    for at, number in picks:
        request = out["steps"][at % len(out["steps"])]["request"]
        chance = random.Random(f"{seed}/{number}")
        suited = [one for one in CHANGES if one[1](request)]
        change = chance.choices(suited, [weight for *_, weight in suited])[0][0]
        request["tokens"] = tokens
        change(chance, request)
        del request["tokens"]
        names.append(change.__name__)
    for step in out["steps"]:
        step.pop("differs", None)
    out["name"] += f" ({', '.join(names)})"
    return out


def joint(chance, one, other):
    """Return the steps of two cases in one, those of each in their order."""
    out = copy.deepcopy(one)
    fresh = [given["fresh"] for given in (one, other) if "fresh" in given]
    if fresh:
        out["fresh"] = {key: value for given in fresh for key, value in given.items()}
    steps, more = out["steps"], copy.deepcopy(other["steps"])
    places = sorted(chance.randrange(len(steps) + 1) for _ in more)
    for place, step in reversed(list(zip(places, more, strict=True))):
        steps.insert(place, step)
    if "two_secrets" in other:
        out["two_secrets"] = True
    out["name"] += f" + {other['name']}"
    return out


class Generator:
    """Cases without end, from a corpus and a seed."""

    def __init__(self, corpus, tokens, seed):
        self.groups = {}
        for one in corpus:
            self.groups.setdefault(one["group"], []).append(one)
        self.tokens = tokens
        self.seed = seed

    def any(self, chance):
        """Return a case; each group is as likely as the others."""
        return chance.choice(self.groups[chance.choice(sorted(self.groups))])

    def picks(self, number):
        """Return the case that a number stands for: what to change and how."""
        chance = random.Random(f"{self.seed}/{number}")
        base = self.any(chance)
        if chance.random() < JOINT:
            base = joint(chance, base, self.any(chance))
        count = chance.choice((1, 1, 1, 2, 2, MOST_CHANGES))
        return base, [(chance.randrange(8), f"{number}/{n}") for n in range(count)]

    def make(self, number, only=None):
        """Return a case; `only` says which of its changes to make."""
        base, picks = self.picks(number)
        picks = [one for n, one in enumerate(picks) if only is None or n in only]
        return changed(base, self.seed, picks, self.tokens)

    def fewer(self, number):
        """Return the same case with fewer changes, the fewest first."""
        count = len(self.picks(number)[1])
        for many in range(1, count):
            for first in range(count):
                only = {(first + n) % count for n in range(many)}
                yield self.make(number, only)
