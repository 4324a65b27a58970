"""Cases about mailed tokens, and about the policy of passwords."""

from case import (
    BEARER_LOGIN,
    FORM,
    ME,
    NOT_UTF8,
    REGISTER,
    TEXT,
    answer,
    bad_text,
    case,
    differs,
    step,
)

FORGOT = "/auth/forgot-password"
RESET = "/auth/reset-password"
REQUEST = "/auth/request-verify-token"
VERIFY = "/auth/verify"

HEAD = '{"alg":"HS256","typ":"JWT"}'
SUB = '"sub":"{FRESH_ID}"'
EXP = '"exp":{NOW+3600}'
MAIL = '"email":"{FRESH_EMAIL}"'
VERIFY_AUD = '"aud":"fastapi-users:verify"'
RESET_AUD = '"aud":"fastapi-users:reset"'
PRINT = (
    '"password_fgpt":"$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc4OTAxMjM0NQ"'
)

VERIFY_GOOD = [
    ("as the reference writes it", f"{{{SUB},{MAIL},{VERIFY_AUD},{EXP}}}"),
    ("with aud as a list", f'{{{SUB},{MAIL},"aud":["fastapi-users:verify"],{EXP}}}'),
    (
        "with the address in another case",
        f'{{{SUB},"email":"{{FRESH_EMAIL_UPPER}}",{VERIFY_AUD},{EXP}}}',
    ),
    (
        "with the id in capitals",
        f'{{"sub":"{{FRESH_ID_UPPER}}",{MAIL},{VERIFY_AUD},{EXP}}}',
    ),
    ("without exp", f"{{{SUB},{MAIL},{VERIFY_AUD}}}"),
]

VERIFY_BAD = [
    ("that has expired", f'{{{SUB},{MAIL},{VERIFY_AUD},"exp":{{NOW-1}}}}'),
    ("without an address", f"{{{SUB},{VERIFY_AUD},{EXP}}}"),
    ("with the address null", f'{{{SUB},"email":null,{VERIFY_AUD},{EXP}}}'),
    (
        "with an address of nobody",
        f'{{{SUB},"email":"nobody.{{RUN}}@example.org",{VERIFY_AUD},{EXP}}}',
    ),
    (
        "with another user's address",
        f'{{{SUB},"email":"{{OTHER_EMAIL}}",{VERIFY_AUD},{EXP}}}',
    ),
    ("without sub", f"{{{MAIL},{VERIFY_AUD},{EXP}}}"),
    ("with sub null", f'{{"sub":null,{MAIL},{VERIFY_AUD},{EXP}}}'),
    ("with sub as a number", f'{{"sub":1,{MAIL},{VERIFY_AUD},{EXP}}}'),
    ("with sub as a word", f'{{"sub":"king",{MAIL},{VERIFY_AUD},{EXP}}}'),
    ("with another user's id", f'{{"sub":"{{OTHER_ID}}",{MAIL},{VERIFY_AUD},{EXP}}}'),
    ("made to reset a password", f"{{{SUB},{MAIL},{RESET_AUD},{EXP}}}"),
    ("made to sign in", f'{{{SUB},{MAIL},"aud":["fastapi-users:auth"],{EXP}}}'),
    ("without aud", f"{{{SUB},{MAIL},{EXP}}}"),
]

RESET_BAD = [
    ("that has expired", f'{{{SUB},{PRINT},{RESET_AUD},"exp":{{NOW-1}}}}'),
    ("without a fingerprint", f"{{{SUB},{RESET_AUD},{EXP}}}"),
    ("with a wrong fingerprint", f"{{{SUB},{PRINT},{RESET_AUD},{EXP}}}"),
    ("without sub", f"{{{PRINT},{RESET_AUD},{EXP}}}"),
    ("with sub null", f'{{"sub":null,{PRINT},{RESET_AUD},{EXP}}}'),
    ("with sub as a word", f'{{"sub":"king",{PRINT},{RESET_AUD},{EXP}}}'),
    (
        "with an unknown id",
        f'{{"sub":"00000000-0000-4000-8000-000000000000",{PRINT},{RESET_AUD},{EXP}}}',
    ),
    ("made to verify", f"{{{SUB},{PRINT},{MAIL},{VERIFY_AUD},{EXP}}}"),
    ("made to sign in", f'{{{SUB},{PRINT},"aud":["fastapi-users:auth"],{EXP}}}'),
]

# Fingerprints that are no hash of this scheme: 500 from the reference.
RESET_BROKEN = [
    ("with the fingerprint null", f'{{{SUB},"password_fgpt":null,{RESET_AUD},{EXP}}}'),
    ("with an empty fingerprint", f'{{{SUB},"password_fgpt":"",{RESET_AUD},{EXP}}}'),
    (
        "with a word as the fingerprint",
        f'{{{SUB},"password_fgpt":"x",{RESET_AUD},{EXP}}}',
    ),
    (
        "with a number as the fingerprint",
        f'{{{SUB},"password_fgpt":1,{RESET_AUD},{EXP}}}',
    ),
]

USER = (
    '{"id":"{FRESH_ID}","email":"{FRESH_EMAIL}","is_active":true,'
    '"is_superuser":false,"is_verified":%s}'
)
BAD_RESET = answer(400, '{"detail":"RESET_PASSWORD_BAD_TOKEN"}')
BAD_VERIFY = answer(400, '{"detail":"VERIFY_USER_BAD_TOKEN"}')


def specs():
    """Return the descriptions of all tokens, by name."""
    out = {}
    for name, payload in VERIFY_GOOD + VERIFY_BAD:
        out[f"verify {name}"] = {"header": HEAD, "payload": payload, "key": "verify"}
    for name, payload in RESET_BAD + RESET_BROKEN:
        out[f"reset {name}"] = {"header": HEAD, "payload": payload, "key": "reset"}
    good = out["verify as the reference writes it"]
    out["verify signed with another key"] = {**good, "wrong": True}
    out["verify signed with the key of the reset"] = {**good, "key": "reset"}
    out["verify without a signature"] = {**good, "form": "{H}.{P}."}
    out["verify with an equals sign"] = {**good, "form": "{H}.{P}.{S}="}
    return out


def later(group, name, *steps, **extra):
    """Return a case that is played with --later only."""
    return case(group, name, *steps, later=True, **extra)


def sign_in(password):
    """Return a bearer login of the throw-away user."""
    body = "username={FRESH_EMAIL}&password=" + password
    return step("POST", BEARER_LOGIN, body, FORM)


def schema_cases():
    """Bodies of the four routes: good, bad and none."""
    whole = (None, "", "{", "null", "[]", '"x"', "1", "true", "{}", '{"x":1}')
    for path in (FORGOT, RESET, REQUEST, VERIFY):
        for text in whole:
            shown = "no body" if text is None else text or "an empty body"
            yield later("mailed", f"POST {path} with {shown}", step("POST", path, text))
        for kind in (TEXT, FORM, None):
            yield later(
                "mailed",
                f"POST {path} with {kind or 'no type'}",
                step("POST", path, '{"email":"x","token":"x","password":"x"}', kind),
            )
        yield later(
            "mailed",
            f"POST {path} with bytes that are not UTF-8",
            step("POST", path, {"base64": "/w=="}, **differs("5", NOT_UTF8)),
        )
    for path in (FORGOT, REQUEST):
        for text in (
            "1",
            "null",
            "[]",
            "{}",
            "true",
            '"nope"',
            '""',
            '"a@b"',
            '"a@b.test"',
        ):
            yield later(
                "mailed",
                f"POST {path} with {text} as the address",
                step("POST", path, f'{{"email":{text}}}'),
            )
        yield later(
            "mailed",
            f"POST {path} with an address only",
            step("POST", path, '"a@b.co"'),
        )
    for path in (RESET, VERIFY):
        for text in ("1", "null", "[]", "true", '""', '"x"', '"a.b.c"'):
            yield later(
                "mailed",
                f"POST {path} with {text} as the token",
                step("POST", path, f'{{"token":{text},"password":"x"}}'),
            )
    for text in ("1", "null", "[]"):
        yield later(
            "mailed",
            f"POST {RESET} with {text} as the password",
            step("POST", RESET, f'{{"token":"x","password":{text}}}'),
        )
    yield later(
        "mailed",
        f"POST {RESET} with both members of the wrong type",
        step("POST", RESET, '{"password":1,"token":2}'),
    )
    yield later(
        "mailed",
        f"POST {RESET} without a token",
        step("POST", RESET, '{"password":"x"}'),
    )
    yield later(
        "mailed",
        f"POST {RESET} without a password",
        step("POST", RESET, '{"token":"x"}'),
    )
    yield later(
        "mailed",
        "verify with a NUL in the token",
        step(
            "POST",
            VERIFY,
            '{"token":"a\\u0000b"}',
            **differs("5", BAD_VERIFY, bad_text("token", "a\\ufffdb")),
        ),
    )


def request_cases():
    """Requests for a mail are always accepted."""
    for path in (FORGOT, REQUEST):
        for name, email in (
            ("a known user", "{USER_EMAIL}"),
            ("a known user in capitals", "{USER_EMAIL_UPPER}"),
            ("a known user after a name", "U <{USER_EMAIL}>"),
            ("an inactive user", "{INACTIVE_EMAIL}"),
            ("a stranger", "nobody.{RUN}@example.org"),
        ):
            yield later(
                "mailed",
                f"POST {path} for {name}",
                step("POST", path, f'{{"email":"{email}","x":1}}'),
            )
    yield later(
        "mailed",
        "a verified user asks for a verification",
        step("POST", REQUEST, '{"email":"{FRESH_EMAIL}"}'),
        fresh={"flags": {"is_verified": True}},
    )


def verify_cases():
    """Verifications by tokens signed here."""
    for name, _ in VERIFY_GOOD:
        extra = {}
        if name == "without exp":
            extra = differs("13", answer(200, USER % "true"), BAD_VERIFY)
        yield later(
            "verify",
            f"verify with a token {name}",
            step("POST", VERIFY, f'{{"token":"{{TOKEN:verify {name}}}"}}', **extra),
            fresh={},
        )
    others = [
        "signed with another key",
        "signed with the key of the reset",
        "without a signature",
    ]
    for name in [name for name, _ in VERIFY_BAD] + others:
        yield later(
            "verify",
            f"verify with a token {name}",
            step("POST", VERIFY, f'{{"token":"{{TOKEN:verify {name}}}"}}'),
            fresh={},
        )
    yield later(
        "verify",
        "verify with a token with an equals sign",
        step(
            "POST",
            VERIFY,
            '{"token":"{TOKEN:verify with an equals sign}"}',
            **differs("10", BAD_VERIFY),
        ),
        fresh={},
    )
    good = '{"token":"{TOKEN:verify as the reference writes it}"}'
    yield later(
        "verify",
        "verify twice",
        step("POST", VERIFY, good),
        step("POST", VERIFY, good),
        fresh={},
    )
    yield later(
        "verify",
        "verify after the address has changed",
        step("POST", VERIFY, good),
        step(
            "PATCH", "/users/{FRESH_ID}", '{"email":"m.{FRESH_EMAIL}"}', who="superuser"
        ),
        step("POST", VERIFY, good),
        fresh={},
    )
    yield later(
        "verify",
        "verify an inactive user",
        step("POST", VERIFY, good),
        fresh={"flags": {"is_active": False}},
    )
    yield later(
        "verify",
        "verify a user that was deleted",
        step("DELETE", "/users/{FRESH_ID}", who="superuser"),
        step("POST", VERIFY, good),
        fresh={},
    )
    yield later(
        "verify",
        "ask for a token and verify with it",
        step("POST", REQUEST, '{"email":"{FRESH_EMAIL}"}'),
        step(
            "POST",
            VERIFY,
            '{"token":"{MAILED_TOKEN}"}',
            mailed={"MAILED_TOKEN": "request-verify"},
        ),
        fresh={},
    )


def reset_cases():
    """Resets by tokens signed here and by mailed ones."""
    for name, _ in RESET_BAD:
        yield later(
            "reset",
            f"reset with a token {name}",
            step(
                "POST",
                RESET,
                f'{{"token":"{{TOKEN:reset {name}}}","password":"brand new words"}}',
            ),
            fresh={},
        )
    for name, _ in RESET_BROKEN:
        yield later(
            "reset",
            f"reset with a token {name}",
            step(
                "POST",
                RESET,
                f'{{"token":"{{TOKEN:reset {name}}}","password":"brand new words"}}',
                **differs("10", BAD_RESET),
            ),
            fresh={},
        )
    ask = step("POST", FORGOT, '{"email":"{FRESH_EMAIL}"}')
    use = '{"token":"{MAILED_TOKEN}","password":"brand new words"}'
    mailed = {"mailed": {"MAILED_TOKEN": "forgot-password"}}
    yield later(
        "reset",
        "ask for a token, reset with it, sign in, and use it again",
        ask,
        step("POST", RESET, use, **mailed),
        sign_in("{FRESH_PASSWORD_FORM}"),
        sign_in("brand+new+words"),
        step("POST", RESET, use),
        fresh={},
    )
    yield later(
        "reset",
        "a token is void once the password was changed",
        ask,
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            '{"password":"other new words"}',
            who="superuser",
            **mailed,
        ),
        step("POST", RESET, use),
        fresh={},
    )
    yield later(
        "reset",
        "a token is good though the address was changed",
        ask,
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            '{"email":"m.{FRESH_EMAIL}"}',
            who="superuser",
            **mailed,
        ),
        step("POST", RESET, use),
        fresh={},
    )
    yield later(
        "reset",
        "an inactive user cannot reset",
        ask,
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            '{"is_active":false}',
            who="superuser",
            **mailed,
        ),
        step("POST", RESET, use),
        fresh={},
    )
    yield later(
        "reset",
        "a reset keeps an unverified user unverified",
        ask,
        step("POST", RESET, use, **mailed),
        step("GET", "/users/{FRESH_ID}", who="superuser"),
        fresh={},
    )


def policy_cases():
    """Passwords shorter than eight characters are refused."""
    short = '"password":"short"'
    bodies = [
        ("a short password", f'{{"email":"pol.{{RUN}}@example.org",{short}}}'),
        ("an empty password", '{"email":"pol.{RUN}@example.org","password":""}'),
        (
            "seven letters of two bytes",
            '{"email":"pol.{RUN}@example.org","password":"äöüäöüä"}',
        ),
        (
            "a short password and a taken address",
            f'{{"email":"{{OTHER_EMAIL}}",{short}}}',
        ),
        ("a short password and a bad address", f'{{"email":"nope",{short}}}'),
    ]
    for name, body in bodies:
        yield case(
            "policy", f"register with {name}", step("POST", REGISTER, body), policy=True
        )
    for name, body in (
        ("a short password", f"{{{short}}}"),
        (
            "a short password and a taken address",
            f'{{"email":"{{OTHER_EMAIL}}",{short}}}',
        ),
        (
            "a short password and a new address",
            f'{{"email":"pol.{{RUN}}@example.org",{short}}}',
        ),
    ):
        yield case(
            "policy",
            f"change oneself to {name}",
            step("PATCH", ME, body, who="user"),
            step("GET", ME, who="user"),
            policy=True,
        )
        yield case(
            "policy",
            f"change another to {name}",
            step("PATCH", "/users/{OTHER_ID}", body, who="superuser"),
            policy=True,
        )
    yield case(
        "policy",
        "reset to a short password with a bad token",
        step("POST", RESET, f'{{"token":"x",{short}}}'),
        policy=True,
        later=True,
    )
    yield case(
        "policy",
        "reset to a short password with a good token",
        step("POST", FORGOT, '{"email":"{FRESH_EMAIL}"}'),
        step(
            "POST",
            RESET,
            f'{{"token":"{{MAILED_TOKEN}}",{short}}}',
            mailed={"MAILED_TOKEN": "forgot-password"},
        ),
        step("POST", RESET, '{"token":"{MAILED_TOKEN}","password":"brand new words"}'),
        fresh={},
        policy=True,
        later=True,
    )


def cases():
    """Return all cases of this file."""
    for part in (schema_cases, request_cases, verify_cases, reset_cases, policy_cases):
        yield from part()
