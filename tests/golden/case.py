"""How a case is written down.

A case is a sentence, a group and one or more steps; a step is a request and,
once recorded, the answer of the reference.  Names in braces and capitals are
placeholders: {RUN} differs in each run, {USER_ID} is the id of a fixture.
"""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XX"
TEXT = "text/plain"

COOKIE = "fastapiusersauth"

REGISTER = "/auth/register"
BEARER_LOGIN = "/auth/bearer/login"
COOKIE_LOGIN = "/auth/jwt/login"
BEARER_LOGOUT = "/auth/bearer/logout"
COOKIE_LOGOUT = "/auth/jwt/logout"
ME = "/users/me"

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def bearer(name):
    """Return the header that signs a fixture in by its bearer token."""
    return [["Authorization", f"Bearer {{{name}_TOKEN}}"]]


def cookie(name):
    """Return the header that signs a fixture in by its cookie."""
    return [["Cookie", f"{COOKIE}={{{name}_COOKIE}}"]]


WHO = {
    "nobody": [],
    "a bad token": [["Authorization", "Bearer x.y.z"]],
    "user": bearer("USER"),
    "user by cookie": cookie("USER"),
    "other": bearer("OTHER"),
    "inactive": bearer("INACTIVE"),
    "superuser": bearer("SUPERUSER"),
    "superuser by cookie": cookie("SUPERUSER"),
    "fresh": bearer("FRESH"),
}


def step(method, path, body=None, kind=JSON, who="nobody", headers=(), **extra):
    """Return one request; kind is the Content-Type, None leaves it out."""
    lines = [list(h) for h in WHO[who]] + [list(h) for h in headers]
    if kind is not None and body is not None:
        lines.append(["Content-Type", kind])
    request = {"method": method, "path": path, "headers": lines}
    if body is not None:
        request["body"] = body
    return {"request": request, **extra}


def case(group, name, *steps, **extra):
    """Return a case; extra holds fresh, later, direct, pages, two_secrets or policy."""
    return {"name": name, "group": group, **extra, "steps": list(steps)}


def answer(status, body=None, **headers):
    """Return an answer to expect; body is JSON text."""
    out = {"status": status, "headers": {}}
    if body is not None:
        out["headers"]["content-type"] = JSON
        out["body"] = body
    for key, value in headers.items():
        out["headers"][key.replace("_", "-")] = value
    return out


def differs(number, *answers):
    """Return the fields of a step that ours answers otherwise on purpose."""
    expect = list(answers)
    return {"differs": number, "expect": expect[0] if len(expect) == 1 else expect}


UNAUTHORIZED = answer(401, '{"detail":"Unauthorized"}')
FORBIDDEN = answer(403, '{"detail":"Forbidden"}')
BAD_REQUEST = answer(400, '{"detail":"Bad Request"}')
BAD_CREDENTIALS = answer(400, '{"detail":"LOGIN_BAD_CREDENTIALS"}')
UNREADABLE = answer(400, '{"detail":"There was an error parsing the body"}')
TOO_LARGE = answer(413, '{"detail":"Content Too Large"}')
NOT_UTF8 = answer(422, "{ANY}")


def user_body(name, active="true", superuser="false", verified="false", email=None):
    """Return the JSON of a fixture as the routes show it."""
    address = email or f"{{{name}_EMAIL}}"
    return (
        f'{{"id":"{{{name}_ID}}","email":"{address}","is_active":{active},'
        f'"is_superuser":{superuser},"is_verified":{verified}}}'
    )


def too_long(route):
    """Return the 400 for a password of more bytes than are hashed."""
    return answer(
        400,
        '{"detail":{"code":"%s_INVALID_PASSWORD","reason":"{ANY}"}}' % route,
    )


def bad_text(field, shown):
    """Return the 422 for text that holds what must not be stored."""
    return answer(
        422,
        '{"detail":[{"type":"string_unicode","loc":["body","%s"],"msg":"Input should be'
        ' a valid string, unable to parse raw data as a unicode string","input":"%s"}]}'
        % (field, shown),
    )
