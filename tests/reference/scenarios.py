"""Stories of several requests, as data: what one does after the other.

The cases of tests/golden ask one thing each.  Here accounts live: who signed in
is renamed, locked, raised, deleted, and asks again with what he has.
"""

from case import (
    BEARER_LOGIN,
    BEARER_LOGOUT,
    COOKIE,
    COOKIE_LOGIN,
    COOKIE_LOGOUT,
    FORM,
    ME,
    REGISTER,
    case,
    step,
)

NEW = "story.{RUN}@example.org"
NEXT = "Other.Story.{RUN}@example.org"
WORD, OTHER_WORD = "a long password", "another password"
STORED_LOGIN, STORED_LOGOUT = "/auth/database/login", "/auth/database/logout"
FRESH_ID = "/users/{FRESH_ID}"
NEW_ID = "/users/{NEW_ID}"


def story(name, *steps, **extra):
    """Return a case of several steps."""
    return case("story", name, *steps, **extra)


def mine(method, path, body=None, token="FRESH_TOKEN", **extra):
    """Return a request with a token that was saved."""
    headers = [["Authorization", f"Bearer {{{token}}}"]]
    return step(method, path, body, headers=headers, **extra)


def by_cookie(method, path, body=None, cookie="FRESH_COOKIE", **extra):
    """Return a request with a cookie that was saved."""
    headers = [["Cookie", f"{COOKIE}={{{cookie}}}"]]
    return step(method, path, body, headers=headers, **extra)


def admin(method, path, body=None, **extra):
    """Return a superuser's request."""
    return step(method, path, body, who="superuser", **extra)


def sign_up(email=NEW, password=WORD, more="", **extra):
    """Return a registration."""
    body = f'{{"email":"{email}","password":"{password}"{more}}}'
    return step("POST", REGISTER, body, save={"NEW_ID": "id"}, **extra)


def sign_in(email="{FRESH_EMAIL}", password="{FRESH_PASSWORD_FORM}", token=None):
    """Return a bearer login; its token is saved under a name."""
    body = f"username={email}&password={password}".replace(" ", "+")
    save = {"save": {token: "access_token"}} if token else {}
    return step("POST", BEARER_LOGIN, body, FORM, **save)


def sign_in_by_cookie(
    email="{FRESH_EMAIL}", password="{FRESH_PASSWORD_FORM}", cookie=None
):
    """Return a cookie login; its cookie is saved under a name."""
    body = f"username={email}&password={password}".replace(" ", "+")
    save = {"save_cookie": cookie} if cookie else {}
    return step("POST", COOKIE_LOGIN, body, FORM, **save)


def lives():
    """Accounts from the first day to the last."""
    yield story(
        "a life by bearer",
        sign_up(),
        sign_in(NEW, WORD, "NEW_TOKEN"),
        mine("GET", ME, token="NEW_TOKEN"),
        mine("PATCH", ME, f'{{"email":"{NEXT}"}}', "NEW_TOKEN"),
        sign_in(NEW, WORD),
        sign_in(NEXT, WORD),
        mine("PATCH", ME, f'{{"password":"{OTHER_WORD}"}}', "NEW_TOKEN"),
        sign_in(NEXT, WORD),
        sign_in(NEXT.lower(), OTHER_WORD, "NEW_TOKEN"),
        mine("GET", NEW_ID, token="NEW_TOKEN"),
        mine("POST", BEARER_LOGOUT, token="NEW_TOKEN"),
        admin("DELETE", NEW_ID),
        mine("GET", ME, token="NEW_TOKEN"),
        mine("POST", BEARER_LOGOUT, token="NEW_TOKEN"),
        sign_in(NEXT, OTHER_WORD),
        sign_up(NEXT),
    )
    yield story(
        "a life by cookie",
        sign_up(),
        sign_in_by_cookie(NEW, WORD, "NEW_COOKIE"),
        by_cookie("GET", ME, cookie="NEW_COOKIE"),
        by_cookie(
            "PATCH", ME, '{"is_superuser":true,"is_verified":true}', "NEW_COOKIE"
        ),
        by_cookie(
            "PATCH", ME, f'{{"email":"{NEXT}","password":"{OTHER_WORD}"}}', "NEW_COOKIE"
        ),
        by_cookie("GET", ME, cookie="NEW_COOKIE"),
        by_cookie("POST", COOKIE_LOGOUT, cookie="NEW_COOKIE"),
        sign_in_by_cookie(NEXT, OTHER_WORD, "NEW_COOKIE"),
        by_cookie("POST", BEARER_LOGOUT, cookie="NEW_COOKIE"),
        admin("PATCH", NEW_ID, '{"is_active":false}'),
        by_cookie("GET", ME, cookie="NEW_COOKIE"),
        by_cookie("POST", COOKIE_LOGOUT, cookie="NEW_COOKIE"),
        sign_in_by_cookie(NEXT, OTHER_WORD),
    )


def rights():
    """What a superuser does to somebody who is signed in."""
    yield story(
        "locked and let in again",
        mine("GET", ME),
        admin("PATCH", FRESH_ID, '{"is_active":false}'),
        mine("GET", ME),
        mine("PATCH", ME, '{"password":"x"}'),
        mine("POST", BEARER_LOGOUT),
        sign_in(),
        admin("PATCH", FRESH_ID, '{"is_active":true}'),
        mine("GET", ME),
        sign_in(),
        fresh={"login": True},
    )
    yield story(
        "raised to superuser and lowered again",
        mine("GET", "/users/{OTHER_ID}"),
        admin("PATCH", FRESH_ID, '{"is_superuser":true}'),
        mine("GET", "/users/{OTHER_ID}"),
        mine("PATCH", "/users/{OTHER_ID}", '{"is_verified":true}'),
        mine("PATCH", FRESH_ID, '{"is_superuser":false}'),
        mine("GET", "/users/{OTHER_ID}"),
        fresh={"login": True},
    )
    yield story(
        "verified, then renamed",
        admin("PATCH", FRESH_ID, '{"is_verified":true}'),
        mine("PATCH", ME, '{"password":"a new one"}'),
        mine("GET", ME),
        mine("PATCH", ME, f'{{"email":"{NEXT}"}}'),
        admin("PATCH", FRESH_ID, f'{{"email":"{NEW}","is_verified":true}}'),
        admin("PATCH", FRESH_ID, f'{{"is_verified":true,"email":"{NEXT}"}}'),
        admin("PATCH", FRESH_ID, f'{{"email":"{NEXT}"}}'),
        mine("GET", ME),
        fresh={"login": True},
    )
    yield story(
        "a superuser locks and deletes himself",
        mine("GET", FRESH_ID),
        mine(
            "PATCH", FRESH_ID, '{"email":"self.{RUN}@example.org","is_verified":false}'
        ),
        mine("PATCH", ME, '{"is_superuser":false}'),
        mine("GET", FRESH_ID),
        mine("DELETE", FRESH_ID),
        mine("GET", FRESH_ID),
        mine("GET", ME),
        fresh={"login": True, "flags": {"is_superuser": True, "is_verified": True}},
    )
    yield story(
        "an inactive superuser may nothing",
        mine("GET", FRESH_ID),
        mine("GET", ME),
        mine("DELETE", "/users/{OTHER_ID}"),
        fresh={"login": True, "flags": {"is_superuser": True, "is_active": False}},
    )


def addresses():
    """Addresses that meet."""
    yield story(
        "the same address in other letters",
        sign_up("Same.{RUN}@Example.ORG"),
        sign_up("same.{RUN}@example.org"),
        sign_up("SAME.{RUN}@EXAMPLE.org", "x"),
        sign_in("sAME.{RUN}@example.ORG", WORD),
        mine("PATCH", ME, '{"email":"SAME.{RUN}@example.org"}'),
        mine("PATCH", ME, '{"email":"SAME.{RUN}@example.org","password":"not taken"}'),
        sign_in(),
        sign_in(password="not taken"),
        fresh={"login": True},
    )
    yield story(
        "an address that was given up is free",
        mine("PATCH", ME, f'{{"email":"{NEXT}"}}'),
        sign_up("{FRESH_EMAIL}"),
        sign_in("{FRESH_EMAIL}", WORD, "NEW_TOKEN"),
        mine("PATCH", ME, f'{{"email":"{NEXT}"}}', "NEW_TOKEN"),
        mine("PATCH", ME, '{"email":"{FRESH_EMAIL}"}'),
        admin("DELETE", NEW_ID),
        mine("PATCH", ME, '{"email":"{FRESH_EMAIL}"}'),
        mine("GET", ME),
        fresh={"login": True},
    )
    yield story(
        "an address beyond ASCII",
        sign_up("kö.{RUN}@bücher.example"),
        sign_in("kö.{RUN}@bücher.example", WORD),
        sign_in("kö.{RUN}@xn--bcher-kva.example", WORD),
        sign_in("k%C3%B6.{RUN}@b%C3%BCcher.example", WORD),
        sign_in("KÖ.{RUN}@bücher.example", WORD),
        sign_up("ko\u0308.{RUN}@bücher.example"),
    )


def sessions():
    """Tokens of several kinds at once."""
    yield story(
        "two sessions and a new password",
        sign_in(token="SECOND_TOKEN"),
        sign_in_by_cookie(cookie="THIRD_COOKIE"),
        mine("PATCH", ME, f'{{"password":"{OTHER_WORD}"}}'),
        mine("GET", ME),
        mine("GET", ME, token="SECOND_TOKEN"),
        by_cookie("GET", ME, cookie="THIRD_COOKIE"),
        sign_in(),
        sign_in(password=OTHER_WORD),
        fresh={"login": True},
    )
    yield story(
        "header and cookie of two people",
        *(
            step(
                method, path, body,
                headers=[
                    ["Authorization", f"Bearer {{{one}}}"],
                    ["Cookie", f"{COOKIE}={{{two}}}"],
                ],
            )
            for method, path, body in (
                ("GET", ME, None),
                ("PATCH", ME, '{"password":"whose is it"}'),
                ("GET", "/users/{OTHER_ID}", None),
                ("POST", BEARER_LOGOUT, None),
                ("POST", COOKIE_LOGOUT, None),
            )
            for one, two in (
                ("USER_TOKEN", "OTHER_COOKIE"),
                ("SUPERUSER_TOKEN", "USER_COOKIE"),
                ("USER_TOKEN", "SUPERUSER_COOKIE"),
                ("INACTIVE_TOKEN", "USER_COOKIE"),
                ("USER_TOKEN", "INACTIVE_COOKIE"),
            )
        ),
    )  # fmt: skip
    yield story(
        "the same request again and again",
        *[sign_in() for _ in range(3)],
        *[mine("PATCH", ME, '{"password":"again"}') for _ in range(3)],
        *[mine("POST", BEARER_LOGOUT) for _ in range(3)],
        *[admin("DELETE", FRESH_ID) for _ in range(3)],
        fresh={"login": True},
    )


def passwords():
    """Passwords that look alike, and how they are written."""
    for name, given, tried in (
        ("blanks around it", "  blanks  ", "++blanks++"),
        ("a plus sign", "a+b c", "a%2Bb+c"),
        ("a per cent sign", "100%", "100%25"),
        ("an ampersand", "a&b=c", "a%26b%3Dc"),
        ("a composed letter", "caf\u00e9", "caf%C3%A9"),
        ("a decomposed letter", "cafe\u0301", "cafe%CC%81"),
        ("emoji", "\U0001f600\U0001f600", "%F0%9F%98%80%F0%9F%98%80"),
        ("a tab and a line feed", "a\\tb\\nc", "a%09b%0Ac"),
        ("quotes", '\\"a\\"', "%22a%22"),
        ("72 bytes and more", "b" * 80, "b" * 80),
        ("1,024 letters", "c" * 1024, "c" * 1024),
    ):
        yield story(
            f"a password with {name}",
            sign_up(password=given),
            step("POST", BEARER_LOGIN, f"username={NEW}&password={tried}", FORM),
            step("POST", BEARER_LOGIN, f"username={NEW}&password={tried[:-1]}", FORM),
            step(
                "POST",
                BEARER_LOGIN,
                f"username={NEW}&password={tried.swapcase()}",
                FORM,
            ),
            step("POST", BEARER_LOGIN, f"username={NEW}&password={tried}%20", FORM),
        )


def stored_sign_in(
    token="STORED", email="{FRESH_EMAIL}", password="{FRESH_PASSWORD_FORM}"
):
    """Return a login at the backend whose tokens are in the database."""
    body = f"username={email}&password={password}".replace(" ", "+")
    return step("POST", STORED_LOGIN, body, FORM, save={token: "access_token"})


def stored():
    """Tokens that are in the database."""
    both = {"login": True, "cookie": True}

    def tale(name, *steps, **extra):
        return case("stored", name, *steps, needs="database", **extra)

    yield tale(
        "in, about and out",
        stored_sign_in(),
        mine("GET", ME, token="STORED"),
        mine("PATCH", ME, f'{{"password":"{OTHER_WORD}"}}', "STORED"),
        mine("GET", ME, token="STORED"),
        mine("POST", STORED_LOGOUT, token="STORED"),
        mine("GET", ME, token="STORED"),
        mine("POST", STORED_LOGOUT, token="STORED"),
        fresh=both,
    )
    yield tale(
        "two at once, one of them out",
        stored_sign_in("ONE"),
        stored_sign_in("TWO"),
        mine("POST", STORED_LOGOUT, token="ONE"),
        mine("GET", ME, token="ONE"),
        mine("GET", ME, token="TWO"),
        fresh=both,
    )
    yield tale(
        "out by the logout of another backend",
        stored_sign_in(),
        mine("POST", BEARER_LOGOUT, token="STORED"),
        mine("POST", COOKIE_LOGOUT, token="STORED"),
        mine("GET", ME, token="STORED"),
        mine("POST", STORED_LOGOUT),
        by_cookie("POST", STORED_LOGOUT),
        fresh=both,
    )
    yield tale(
        "locked, let in, deleted",
        stored_sign_in(),
        admin("PATCH", FRESH_ID, '{"is_active":false}'),
        mine("GET", ME, token="STORED"),
        stored_sign_in(),
        admin("PATCH", FRESH_ID, '{"is_active":true}'),
        mine("GET", ME, token="STORED"),
        admin("DELETE", FRESH_ID),
        mine("GET", ME, token="STORED"),
        fresh=both,
    )
    yield tale(
        "as a superuser",
        stored_sign_in(),
        mine("GET", "/users/{OTHER_ID}", token="STORED"),
        mine("PATCH", "/users/{OTHER_ID}", '{"is_verified":true}', "STORED"),
        mine("DELETE", "/users/garbage", token="STORED"),
        fresh={"flags": {"is_superuser": True}},
    )
    for odd in ("{STORED}x", "x{STORED}", " {STORED}", "{STORED} ", "{STORED}=", "x" * 43,
                "{STORED},{STORED}", "{STORED}%00", "'", "{FRESH_TOKEN}"):  # fmt: skip
        yield tale(
            f"a token like {odd}",
            stored_sign_in(),
            step("GET", ME, headers=[["Authorization", f"Bearer {odd}"]]),
            step("POST", STORED_LOGOUT, headers=[["Authorization", f"bearer {odd}"]]),
            step("GET", ME, headers=[["Cookie", f"{COOKIE}={odd}"]]),
            mine("GET", ME, token="STORED"),
            fresh=both,
        )
    for body in ("", "username=a", "username={FRESH_EMAIL}&password=wrong",
                 "grant_type=x&username=a&password=b"):  # fmt: skip
        yield tale(
            f"no sign-in with {body}", step("POST", STORED_LOGIN, body, FORM), fresh={}
        )
    for method in ("GET", "DELETE", "OPTIONS"):
        yield tale(f"{method} login", step(method, STORED_LOGIN))
        yield tale(f"{method} logout", step(method, STORED_LOGOUT))
    yield tale(
        "a slash", step("POST", STORED_LOGIN + "/"), step("POST", STORED_LOGOUT + "/")
    )


FIELD_VALUES = (
    ("first_name", ('"Ada"', '""', '"é😀"', "null", "1", "true", "[]", "{}", '"a\\nb"',
                    '"' + "a" * 40 + '"', '"' + "a" * 41 + '"', '"' + "é" * 40 + '"')),
    ("age", ("0", "-1", "7", "7.0", "7.5", '"7"', '" 7 "', '"7.0"', '"x"', '""', "true",
             "null", "2147483647", "-2147483648", "1e2", '"0x7"', '"1_000"', "[7]", '"+7"')),
    ("newsletter", ("true", "false", "1", "0", "2", '"yes"', '"OFF"', '"t"', '"maybe"',
                    '""', "null", "1.0", "[]")),
    ("birthday", ('"2000-02-29"', '"2001-02-29"', '"2000-2-1"', '"2000-01-01T00:00:00"',
                  '"2000-01-01T00:00:01"', '"2000-01-01T00:00:00Z"', '"20000101"', '"x"',
                  '""', "null", "0", "86400", "86401", '"0"', "true", "1.5", '"0000-01-01"',
                  '"9999-12-31"', '"10000-01-01"', "[]", '" 2000-01-01"', '"2000-13-01"')),
)  # fmt: skip


def fields():
    """Columns of an application's own."""

    def tale(name, *steps, **extra):
        return case("fields", name, *steps, needs="fields", **extra)

    for name, values in FIELD_VALUES:
        for value in values:
            member = f'"{name}":{value}'
            yield tale(
                f"register with {name} {value[:30]}",
                sign_up(more="," + member),
                sign_in(NEW, WORD, "NEW_TOKEN"),
                mine("GET", ME, token="NEW_TOKEN"),
            )
            yield tale(
                f"change {name} to {value[:30]}",
                mine("PATCH", ME, f"{{{member}}}"),
                mine("GET", ME),
                admin("PATCH", FRESH_ID, f"{{{member}}}"),
                fresh={"login": True},
            )
    everything = '"first_name":"Ada","age":36,"newsletter":true,"birthday":"1815-12-10"'
    wrong = '"first_name":1,"age":"x","newsletter":"x","birthday":"x"'
    yield tale(
        "all of them, and away again",
        sign_up(more="," + everything),
        sign_in(NEW, WORD, "NEW_TOKEN"),
        mine("GET", ME, token="NEW_TOKEN"),
        admin("GET", NEW_ID),
        mine("PATCH", ME, '{"first_name":null,"age":null}', "NEW_TOKEN"),
        mine("PATCH", ME, '{"newsletter":null,"birthday":null}', "NEW_TOKEN"),
        mine("PATCH", ME, f'{{"password":"{OTHER_WORD}",{everything}}}', "NEW_TOKEN"),
        mine("PATCH", ME, f'{{"email":"nope",{wrong}}}', "NEW_TOKEN"),
        admin("PATCH", NEW_ID, f'{{"is_active":"x",{wrong}}}'),
        sign_up(NEXT, more="," + wrong),
        sign_up(NEXT, more=',"First_Name":"x","unknown":1'),
        mine("PATCH", ME, '{"email":"{USER_EMAIL}","age":1}', "NEW_TOKEN"),
        mine("GET", ME, token="NEW_TOKEN"),
    )


def cases():
    """Return the scenarios."""
    groups = (lives, rights, addresses, sessions, passwords, stored, fields)
    return [one for group in groups for one in group()]
