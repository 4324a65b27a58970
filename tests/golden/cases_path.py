"""Cases about paths and methods."""

from case import (
    BAD_REQUEST,
    BEARER_LOGIN,
    BEARER_LOGOUT,
    COOKIE_LOGIN,
    COOKIE_LOGOUT,
    ME,
    REGISTER,
    UNKNOWN_ID,
    answer,
    case,
    differs,
    step,
)

IDS = [
    ("as it is", "{USER_ID}"),
    ("in capitals", "{USER_ID_UPPER}"),
    ("without hyphens", "{USER_ID_BARE}"),
    ("in braces", "{{USER_ID}}"),
    ("in escaped braces", "%7B{USER_ID}%7D"),
    ("with one brace", "{{USER_ID}"),
    ("in two pairs of braces", "{{{USER_ID}}}"),
    ("as a URN", "urn:uuid:{USER_ID}"),
    ("as a URN in capitals", "URN:UUID:{USER_ID}"),
    ("after urn:", "urn:{USER_ID}"),
    ("after uuid:", "uuid:{USER_ID}"),
    ("with more hyphens", "-{USER_ID}--"),
    ("with escaped hyphens", "{USER_ID_ESCAPED}"),
    ("with an escaped blank after it", "{USER_ID}%20"),
    ("with a blank before it", "%20{USER_ID}"),
    ("with a plus sign before it", "+{USER_ID}"),
    ("in quotes", "%22{USER_ID}%22"),
    ("in brackets", "[{USER_ID}]"),
    ("with a digit more", "{USER_ID}0"),
    ("cut short", "{USER_ID_CUT}"),
    ("with a line feed after it", "{USER_ID}%0A"),
    ("with a semicolon after it", "{USER_ID};x=1"),
    ("with a comma after it", "{USER_ID},"),
    ("with a query", "{USER_ID}?x=1"),
    ("with an empty query", "{USER_ID}?"),
]

OTHER_IDS = [
    ("an unknown id", UNKNOWN_ID),
    ("zeros", "0" * 32),
    ("ones", "f" * 32),
    ("a number", "1"),
    ("a negative number", "-1"),
    ("a word", "king"),
    ("me in capitals", "ME"),
    ("me after a blank", "%20me"),
    ("none", "None"),
    ("null", "null"),
    ("an address", "{USER_EMAIL}"),
    ("an escaped percent sign", "%25"),
    ("a byte that is not UTF-8", "%FF"),
    ("letters of another script", "%E7%94%A8"),
    ("SQL", "'%20OR%201=1--"),
    ("a letter that is no digit", "g" * 32),
    ("full-width digits", "%EF%BC%90" * 32),
    ("underscores", "1_1" * 10 + "11"),
    ("a prefix for hexadecimal", "0x" + "1" * 30),
    ("a long word", "x" * 2000),
]

SLASHES = [
    ("a slash after /users/me", "GET", "/users/me/"),
    ("two slashes after /users/me", "GET", "/users/me//"),
    ("an escaped slash after /users/me", "GET", "/users/me%2F"),
    ("a slash and a query after /users/me", "GET", "/users/me/?a=b&c=%20d"),
    ("a slash and an empty query after /users/me", "GET", "/users/me/?"),
    ("a slash after /users/me in a PATCH", "PATCH", "/users/me/"),
    (
        "a slash after /users/me in a method that is not known there",
        "PUT",
        "/users/me/",
    ),
    ("a slash after an id", "GET", "/users/{USER_ID}/"),
    ("a slash after a word", "GET", "/users/word/"),
    ("a slash after an escaped word", "GET", "/users/w%C3%B6rd%20x/"),
    ("a slash after an id in a DELETE", "DELETE", "/users/{USER_ID}/"),
    ("a slash after register", "POST", "/auth/register/"),
    ("a slash after register in a GET", "GET", "/auth/register/"),
    ("a slash after the login", "POST", "/auth/jwt/login/"),
    ("a slash after the bearer login", "POST", "/auth/bearer/login/"),
    ("a slash after the logout", "POST", "/auth/jwt/logout/"),
    (
        "a slash after the bearer logout with a query",
        "POST",
        "/auth/bearer/logout/?next=%2F",
    ),
    ("a slash in a HEAD", "HEAD", "/users/me/"),
    ("a slash in an OPTIONS", "OPTIONS", "/users/me/"),
]

MAILED = {
    "forgot-password": "/auth/forgot-password",
    "reset-password": "/auth/reset-password",
    "request-verify-token": "/auth/request-verify-token",
    "verify": "/auth/verify",
}

MISSING = [
    "/",
    "/users",
    "/users/",
    "/users//",
    "/users//me",
    "//users/me",
    "/users/me/me",
    "/users/{USER_ID}/x",
    "/users/{USER_ID}/x/",
    "/USERS/me",
    "/Users/me",
    "/auth",
    "/auth/",
    "/auth/jwt",
    "/auth/jwt/",
    "/auth/login",
    "/auth/jwt/login/x",
    "/auth/other/login",
    "/auth/JWT/login",
    "/auth/Register",
    "/auth/register/x",
    "/auth/register.json",
    "/auth//register",
    "/nothing",
    "/nothing/",
    "/nothing?x=1",
    "/favicon.ico",
    "/users%2Fme%2Fx",
]

# A web server resolves or refuses these before the program hears of them.
DIRECT_IDS = [
    ("with a NUL after it", "{USER_ID}%00"),
    ("a percent sign alone", "%"),
    ("a NUL", "%00"),
]

DIRECT_PATHS = [
    "/users/me/../me",
    "/users/%2e%2e/users/me",
    "/auth/%2e/register",
]

ROUTES = (
    REGISTER,
    BEARER_LOGIN,
    COOKIE_LOGIN,
    BEARER_LOGOUT,
    COOKIE_LOGOUT,
)


def id_cases():
    """The spellings of an id."""
    for name, text in IDS + OTHER_IDS:
        yield case(
            "path id",
            f"read the id {name}",
            step("GET", f"/users/{text}", who="superuser"),
        )
    for name, text in DIRECT_IDS:
        extra = differs("open", BAD_REQUEST) if "NUL" in name else {}
        yield case(
            "path id",
            f"read the id {name}",
            step("GET", f"/users/{text}", who="superuser", **extra),
            direct=True,
        )
    for name, text in IDS[1:8]:
        yield case(
            "path id",
            f"change nothing of the id {name}",
            step("PATCH", f"/users/{text}", "{}", who="superuser"),
        )
    for name, text in (("me", "me"), ("a word", "king"), ("zeros", "0" * 32)):
        yield case(
            "path id",
            f"delete {name} as a superuser",
            step("DELETE", f"/users/{text}", who="superuser"),
        )


def slash_cases():
    """Slashes too many, and paths that are not there."""
    for name, method, path in SLASHES:
        yield case("path", name, step(method, path))
    for name, path in MAILED.items():
        yield case(
            "path", f"a slash after {name}", step("POST", path + "/"), later=True
        )
    yield case(
        "path", "a slash after /users/me as a user", step("GET", ME + "/", who="user")
    )
    yield case(
        "path",
        "a slash after register with malformed JSON",
        step("POST", REGISTER + "/", "{"),
    )
    for path in MISSING:
        yield case("path", f"GET {path}", step("GET", path, who="user"))
    for path in DIRECT_PATHS:
        yield case("path", f"GET {path}", step("GET", path, who="user"), direct=True)
    for path in ("/", "/users", "/users/", "/nothing", "/auth/login"):
        yield case("path", f"POST {path}", step("POST", path, "{", who="superuser"))
        yield case("path", f"DELETE {path}", step("DELETE", path, who="superuser"))
    for path in ("/users/%6De", "/%75sers/me", "/users/me?", "/users/me?x=/y/"):
        yield case("path", f"GET {path}", step("GET", path, who="user"))
    yield case(
        "path", "POST an escaped register", step("POST", "/auth/%72egister", "{}")
    )
    yield case(
        "path", "register with a query", step("POST", REGISTER + "?email=a@b.co", "{}")
    )


def method_cases():
    """Methods that a path does not know."""
    for path in (*ROUTES, *MAILED.values()):
        extra = {"later": True} if path in MAILED.values() else {}
        for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
            yield case("method", f"{method} {path}", step(method, path), **extra)
    for method in ("PROPFIND", "FOO"):
        yield case("method", f"{method} {REGISTER}", step(method, REGISTER))
    for method in ("TRACE", "post", "Post"):
        yield case(
            "method", f"{method} {REGISTER}", step(method, REGISTER), direct=True
        )
    yield case("method", f"PUT {REGISTER} with a bad body", step("PUT", REGISTER, "{"))
    ours = differs(
        "16",
        answer(
            405,
            '{"detail":"Method Not Allowed"}',
            allow="GET, HEAD, PATCH, DELETE",
        ),
    )
    for path in (ME, "/users/{USER_ID}", "/users/garbage"):
        for method in ("POST", "PUT", "OPTIONS", "FOO"):
            yield case("method", f"{method} {path}", step(method, path, **ours))
        yield case("method", f"get {path}", step("get", path, **ours), direct=True)
        yield case(
            "method",
            f"POST {path} as a superuser with a bad body",
            step("POST", path, "{", who="superuser", **ours),
        )
    for path in ("/nothing", "/users", "/users/"):
        for method in ("HEAD", "OPTIONS", "PUT"):
            yield case("method", f"{method} {path}", step(method, path))


def head_cases():
    """HEAD works wherever GET does."""
    for who, status in (
        ("nobody", 401),
        ("inactive", 401),
        ("user", 200),
        ("superuser", 200),
    ):
        yield case(
            "method",
            f"HEAD {ME} as {who}",
            step("HEAD", ME, who=who, **differs("6", answer(status, ""))),
        )
    for who, path, status in (
        ("nobody", "/users/{OTHER_ID}", 401),
        ("user", "/users/{OTHER_ID}", 403),
        ("superuser", "/users/{OTHER_ID}", 200),
        ("superuser", f"/users/{UNKNOWN_ID}", 404),
    ):
        yield case(
            "method",
            f"HEAD {path} as {who}",
            step("HEAD", path, who=who, **differs("6", answer(status, ""))),
        )


def cases():
    """Return all cases of this file."""
    for part in (id_cases, slash_cases, method_cases, head_cases):
        yield from part()
