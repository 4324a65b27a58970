"""Cases about accounts: registration, one's own account, other accounts."""

from case import (
    BEARER_LOGIN,
    FORM,
    ME,
    NOT_UTF8,
    REGISTER,
    TEXT,
    TOO_LARGE,
    UNAUTHORIZED,
    UNKNOWN_ID,
    answer,
    case,
    differs,
    step,
    too_long,
    user_body,
)

NEW = "new{0}.{{RUN}}@example.org"
TARGETS = {
    "oneself": ME,
    "one's own id": "/users/{USER_ID}",
    "another id": "/users/{OTHER_ID}",
    "an unknown id": f"/users/{UNKNOWN_ID}",
    "a word": "/users/garbage",
}
CALLERS = ("nobody", "a bad token", "inactive", "user", "superuser")
BODIES = {
    "malformed JSON": ("{", "application/json"),
    "bytes that are not UTF-8": ({"base64": "/w=="}, "application/json"),
    "text": ("{}", TEXT),
    "no body": (None, None),
    "a list": ("[]", "application/json"),
    "a bad address": ('{"email":"nope"}', "application/json"),
    "an empty object": ("{}", "application/json"),
}
NEW_USER = (
    '{{"id":"{{ANY_UUID}}","email":"{0}","is_active":true,'
    '"is_superuser":false,"is_verified":false}}'
)


def sign_in(email, password="{FRESH_PASSWORD_FORM}", **extra):
    """Return a bearer login."""
    body = f"username={email}&password={password}"
    return step("POST", BEARER_LOGIN, body, FORM, **extra)


def register_cases():
    """Registrations that reach the database."""
    bodies = [
        ("an address and a password", '"password":"something long"'),
        ("an empty password", '"password":""'),
        ("a password of one letter", '"password":"x"'),
        ("a password of blanks", '"password":"   "'),
        ("a password of emoji", '"password":"😀😀😀"'),
        (
            "all flags",
            '"password":"something long",'
            '"is_active":false,"is_superuser":true,"is_verified":true',
        ),
        (
            "all flags as words",
            '"password":"something long",'
            '"is_active":"no","is_superuser":"yes","is_verified":1',
        ),
        (
            "all flags null",
            '"password":"something long",'
            '"is_active":null,"is_superuser":null,"is_verified":null',
        ),
        ("an id of its own", f'"password":"something long","id":"{UNKNOWN_ID}"'),
        ("a hash of its own", '"password":"something long","hashed_password":"x"'),
        (
            "members that nobody knows",
            '"password":"something long","name":"x","x":{"y":[]}',
        ),
        ("a password twice", '"password":1,"password":"something long"'),
        (
            "Infinity in a member that nobody knows",
            '"password":"something long","x":Infinity',
        ),
    ]
    for number, (name, members) in enumerate(bodies):
        email = NEW.format(number)
        yield case(
            "register",
            f"register with {name}",
            step(
                "POST",
                REGISTER,
                f'{{"email":"{email}",{members}}}',
                save={"NEW_ID": "id"},
            ),
        )
    for name, given in (
        ("capitals in the address", "Reg.{RUN}@Example.ORG"),
        ("a display name", "Some One <reg1.{RUN}@example.org>"),
        ("blanks around the address", "  reg2.{RUN}@example.org  "),
        ("a decomposed letter", "re\u0301g3.{RUN}@example.org"),
        ("a domain in Punycode", "reg4.{RUN}@xn--bcher-kva.example"),
    ):
        yield case(
            "register",
            f"register with {name}",
            step(
                "POST",
                REGISTER,
                f'{{"email":"{given}","password":"something long"}}',
                save={"NEW_ID": "id"},
            ),
        )
    yield case(
        "register",
        "register under application/vnd.api+json while signed in",
        step(
            "POST",
            REGISTER,
            '{"email":"new.api.{RUN}@example.org","password":"something long"}',
            "application/vnd.api+json",
            who="user",
            save={"NEW_ID": "id"},
        ),
    )
    for name, count, ours in (
        ("4,096", 4096, ()),
        ("4,097", 4097, (too_long("REGISTER"),)),
        ("100,000", 100000, (too_long("REGISTER"),)),
        ("1,048,576", 1048576, (TOO_LARGE, too_long("REGISTER"))),
    ):
        email = f"long{count}.{{RUN}}@example.org"
        yield case(
            "register",
            f"register with a password of {name} letters",
            step(
                "POST",
                REGISTER,
                {
                    "repeat": [
                        [f'{{"email":"{email}","password":"', 1],
                        ["x", count],
                        ['"}', 1],
                    ]
                },
                save={"NEW_ID": "id"},
                **(differs("11", *ours) if ours else {}),
            ),
        )
    yield from taken_cases()


def taken_cases():
    """Registrations of an address that has an account."""
    for name, email in (
        ("a taken address", "{OTHER_EMAIL}"),
        ("a taken address in capitals", "{OTHER_EMAIL_UPPER}"),
        ("a taken address in small letters", "{OTHER_EMAIL_LOWER}"),
        ("a taken address after a name", "Name <{OTHER_EMAIL}>"),
        ("a taken address between blanks", " {OTHER_EMAIL} "),
        ("the address of an inactive user", "{INACTIVE_EMAIL}"),
        ("one's own address", "{USER_EMAIL}"),
    ):
        yield case(
            "register",
            f"register with {name}",
            step(
                "POST",
                REGISTER,
                f'{{"email":"{email}","password":"something long"}}',
                who="user",
            ),
        )
    yield case(
        "register",
        "register with a taken address and an empty password",
        step("POST", REGISTER, '{"email":"{OTHER_EMAIL}","password":""}'),
    )
    yield case(
        "register",
        "register with a taken address and a bad flag",
        step(
            "POST", REGISTER, '{"email":"{OTHER_EMAIL}","password":"x","is_active":2}'
        ),
    )
    yield case(
        "register",
        "register, sign in, delete, register again",
        step("DELETE", "/users/{FRESH_ID}", who="superuser"),
        sign_in("{FRESH_EMAIL}"),
        step(
            "POST",
            REGISTER,
            '{"email":"{FRESH_EMAIL}","password":"something long"}',
            save={"NEW_ID": "id"},
        ),
        fresh={},
    )


def order_cases():
    """Which check comes first, for every caller, target and body."""
    for caller in CALLERS:
        for target, path in TARGETS.items():
            for name, (body, kind) in BODIES.items():
                extra = differs("5", NOT_UTF8) if "UTF-8" in name else {}
                yield case(
                    "order",
                    f"{caller} changes {target} with {name}",
                    step("PATCH", path, body, kind, who=caller, **extra),
                )
            yield case(
                "order", f"{caller} reads {target}", step("GET", path, who=caller)
            )
            if caller != "superuser" or "id" not in target:
                yield case(
                    "order",
                    f"{caller} deletes {target}",
                    step("DELETE", path, who=caller),
                )
    yield case(
        "order",
        "superuser deletes an unknown id",
        step("DELETE", TARGETS["an unknown id"], who="superuser"),
    )
    yield case(
        "order",
        "a GET with malformed JSON is a GET",
        step("GET", ME, "{", who="user"),
    )
    yield case(
        "order",
        "a DELETE with malformed JSON is a DELETE",
        step("DELETE", TARGETS["an unknown id"], "{", who="superuser"),
    )
    yield case(
        "order",
        "superuser changes an unknown id to a taken address",
        step(
            "PATCH",
            TARGETS["an unknown id"],
            '{"email":"{OTHER_EMAIL}"}',
            who="superuser",
        ),
    )
    for caller in ("user by cookie", "superuser by cookie"):
        yield case("order", f"{caller} reads oneself", step("GET", ME, who=caller))
        yield case(
            "order",
            f"{caller} reads another",
            step("GET", "/users/{OTHER_ID}", who=caller),
        )


def change_schema_cases():
    """The schema of a change."""
    for path, who in ((ME, "user"), ("/users/{FLAGGED_ID}", "superuser")):
        at = "oneself" if path == ME else "another"
        for text in (
            "null",
            '"x"',
            "1",
            "true",
            '{"email":1}',
            '{"password":1}',
            '{"email":1,"password":2,"is_active":3,"is_superuser":4,"is_verified":5}',
            '{"is_verified":"a","is_superuser":"b","is_active":"c","email":"d","password":[]}',
            '{"is_active":2}',
            '{"email":""}',
            '{"email":{"a":1.0}}',
            '{"password":true}',
        ):
            yield case(
                "change", f"change {at} with {text}", step("PATCH", path, text, who=who)
            )
    for text in (
        "{}",
        '{"x":1}',
        '{"id":"x"}',
        '{"id":null,"hashed_password":"x"}',
        '{"Email":1}',
    ):
        yield case(
            "change", f"change oneself with {text}", step("PATCH", ME, text, who="user")
        )


def null_cases():
    """JSON null changes nothing here."""
    same = answer(200, user_body("FRESH"))
    flagged = answer(200, user_body("FRESH", verified="true"))
    everything = ",".join(
        f'"{field}":null'
        for field in ("email", "password", "is_active", "is_superuser", "is_verified")
    )
    for field in ("email", "password"):
        yield case(
            "change",
            f"change one's {field} to null",
            step(
                "PATCH",
                ME,
                f'{{"{field}":null}}',
                who="fresh",
                **(differs("2", same) if field == "email" else {}),
            ),
            sign_in("{FRESH_EMAIL}"),
            fresh={"login": True},
        )
    for field in ("is_active", "is_superuser", "is_verified"):
        yield case(
            "change",
            f"change one's {field} to null",
            step("PATCH", ME, f'{{"{field}":null}}', who="user"),
        )
    for field in ("email", "password", "is_active", "is_superuser", "is_verified"):
        yield case(
            "change",
            f"a superuser changes {field} to null",
            step(
                "PATCH",
                "/users/{FRESH_ID}",
                f'{{"{field}":null}}',
                who="superuser",
                **({} if field == "password" else differs("2", flagged)),
            ),
            step("GET", "/users/{FRESH_ID}", who="superuser"),
            fresh={"flags": {"is_verified": True}},
        )
    yield case(
        "change",
        "a superuser changes everything to null",
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            f"{{{everything}}}",
            who="superuser",
            **differs("2", flagged),
        ),
        fresh={"flags": {"is_verified": True}},
    )


def address_cases():
    """Changes of the address."""
    other_case = "fRESH{FRESH_NUMBER}.{RUN}@example.org"
    for at, path, who, login in (
        ("one's address", ME, "fresh", True),
        ("a user's address", "/users/{FRESH_ID}", "superuser", False),
    ):
        yield case(
            "change",
            f"change {at} to a new one",
            step("PATCH", path, '{"email":"moved.{FRESH_EMAIL}"}', who=who),
            step("GET", "/users/{FRESH_ID}", who="superuser"),
            fresh={"login": login, "flags": {"is_verified": True}},
        )
        yield case(
            "change",
            f"change {at} to the same",
            step("PATCH", path, '{"email":"{FRESH_EMAIL}"}', who=who),
            fresh={"login": login, "flags": {"is_verified": True}},
        )
        yield case(
            "change",
            f"change {at} to the same with a domain in capitals",
            step(
                "PATCH",
                path,
                '{"email":"Fresh{FRESH_NUMBER}.{RUN}@EXAMPLE.ORG"}',
                who=who,
            ),
            fresh={"login": login, "flags": {"is_verified": True}},
        )
        yield case(
            "change",
            f"change {at} to the same with a name",
            step("PATCH", path, '{"email":"Name <{FRESH_EMAIL}>"}', who=who),
            fresh={"login": login, "flags": {"is_verified": True}},
        )
        yield case(
            "change",
            f"change {at} to the same in another case",
            step(
                "PATCH",
                path,
                f'{{"email":"{other_case}"}}',
                who=who,
                **differs("17", answer(200, user_body("FRESH", email=other_case))),
            ),
            fresh={"login": login},
        )
        for name, email in (
            ("a taken one", "{OTHER_EMAIL}"),
            ("a taken one in another case", "{OTHER_EMAIL_UPPER}"),
        ):
            yield case(
                "change",
                f"change {at} to {name}",
                step("PATCH", path, f'{{"email":"{email}"}}', who=who),
                step("GET", "/users/{FRESH_ID}", who="superuser"),
                fresh={"login": login, "flags": {"is_verified": True}},
            )
    yield case(
        "change",
        "change one's address and sign in with the new one",
        step("PATCH", ME, '{"email":"Moved.{FRESH_EMAIL}"}', who="fresh"),
        sign_in("{FRESH_EMAIL}"),
        sign_in("moved.{FRESH_EMAIL}"),
        step("GET", ME, who="fresh"),
        fresh={"login": True},
    )


def flag_cases():
    """Changes of the flags."""
    flags = '"is_active":false,"is_superuser":true,"is_verified":true'
    yield case(
        "change",
        "one's own flags are ignored",
        step("PATCH", ME, f"{{{flags}}}", who="fresh"),
        step("GET", ME, who="fresh"),
        fresh={"login": True},
    )
    yield case(
        "change",
        "one's own flags are ignored beside a new address",
        step("PATCH", ME, f'{{{flags},"email":"m.{{FRESH_EMAIL}}"}}', who="fresh"),
        fresh={"login": True},
    )
    yield case(
        "change",
        "a superuser sets all flags",
        step("PATCH", "/users/{FRESH_ID}", f"{{{flags}}}", who="superuser"),
        step("GET", "/users/{FRESH_ID}", who="superuser"),
        fresh={},
    )
    yield case(
        "change",
        "a superuser clears all flags",
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            '{"is_active":"off","is_superuser":0,"is_verified":0.0}',
            who="superuser",
        ),
        fresh={"flags": {"is_superuser": True, "is_verified": True}},
    )
    yield case(
        "change",
        "a superuser sets a new address and is_verified",
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            '{"is_verified":true,"email":"m.{FRESH_EMAIL}"}',
            who="superuser",
        ),
        fresh={},
    )
    yield case(
        "change",
        "a superuser sets a new address of a verified user and another flag",
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            '{"is_superuser":true,"email":"m.{FRESH_EMAIL}"}',
            who="superuser",
        ),
        fresh={"flags": {"is_verified": True}},
    )
    yield case(
        "change",
        "a superuser gives an id and members that nobody knows",
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            f'{{"id":"{UNKNOWN_ID}","x":1,"is_verified":true}}',
            who="superuser",
        ),
        step("GET", "/users/{FRESH_ID}", who="superuser"),
        fresh={},
    )
    yield case(
        "change",
        "a taken address stops the flags of the same change",
        step(
            "PATCH",
            "/users/{FRESH_ID}",
            '{"is_verified":true,"email":"{OTHER_EMAIL}"}',
            who="superuser",
        ),
        step("GET", "/users/{FRESH_ID}", who="superuser"),
        fresh={},
    )
    yield case(
        "change",
        "a user who is made inactive is signed out",
        step("GET", ME, who="fresh"),
        step("PATCH", "/users/{FRESH_ID}", '{"is_active":false}', who="superuser"),
        step("GET", ME, who="fresh"),
        step("PATCH", ME, "{}", who="fresh"),
        sign_in("{FRESH_EMAIL}"),
        fresh={"login": True},
    )
    yield case(
        "change",
        "a user who is made a superuser may read others at once",
        step("GET", "/users/{OTHER_ID}", who="fresh"),
        step("PATCH", "/users/{FRESH_ID}", '{"is_superuser":true}', who="superuser"),
        step("GET", "/users/{OTHER_ID}", who="fresh"),
        fresh={"login": True},
    )


def password_cases():
    """Changes of the password."""
    new = '{"password":"brand new words"}'
    still = differs("4", UNAUTHORIZED, answer(200, user_body("FRESH")))
    other = [["Authorization", "Bearer {OTHER_FRESH_TOKEN}"]]
    yield case(
        "change",
        "change one's password and sign in",
        step("PATCH", ME, new, who="fresh"),
        sign_in("{FRESH_EMAIL}"),
        sign_in("{FRESH_EMAIL}", "brand+new+words"),
        fresh={"login": True},
    )
    yield case(
        "change",
        "change one's password and stay signed in",
        step("PATCH", ME, new, who="fresh"),
        step("GET", ME, who="fresh"),
        fresh={"login": True},
    )
    yield case(
        "change",
        "change one's password, which ends one's other sessions",
        sign_in("{FRESH_EMAIL}", save={"OTHER_FRESH_TOKEN": "access_token"}),
        step("PATCH", ME, new, who="fresh"),
        step("GET", ME, headers=other, **still),
        fresh={"login": True},
    )
    yield case(
        "change",
        "a superuser changes a user's password, which ends the user's sessions",
        step("PATCH", "/users/{FRESH_ID}", new, who="superuser"),
        step("GET", ME, who="fresh", **still),
        fresh={"login": True},
    )
    for at, path, who in (
        ("one's", ME, "fresh"),
        ("a user's", "/users/{FRESH_ID}", "superuser"),
    ):
        for name, count in (("4,096", 4096), ("4,097", 4097)):
            yield case(
                "change",
                f"change {at} password to one of {name} letters",
                step(
                    "PATCH",
                    path,
                    {"repeat": [['{"password":"', 1], ["x", count], ['"}', 1]]},
                    who=who,
                    **(differs("11", too_long("UPDATE_USER")) if count > 4096 else {}),
                ),
                fresh={"login": True},
            )
    yield case(
        "change",
        "change a user's password and sign in",
        step("PATCH", "/users/{FRESH_ID}", new, who="superuser"),
        sign_in("{FRESH_EMAIL}"),
        sign_in("{FRESH_EMAIL}", "brand+new+words"),
        fresh={},
    )
    yield case(
        "change",
        "a taken address stops the password of the same change",
        step(
            "PATCH",
            ME,
            '{"email":"{OTHER_EMAIL}","password":"brand new words"}',
            who="fresh",
        ),
        sign_in("{FRESH_EMAIL}"),
        fresh={"login": True},
    )
    yield case(
        "change",
        "change password and address together",
        step(
            "PATCH",
            ME,
            '{"email":"m.{FRESH_EMAIL}","password":"brand new words"}',
            who="fresh",
        ),
        sign_in("m.{FRESH_EMAIL}", "brand+new+words"),
        fresh={"login": True},
    )
    yield case(
        "change",
        "change one's password to an empty one",
        step("PATCH", ME, '{"password":""}', who="fresh"),
        fresh={"login": True},
    )


def superuser_cases():
    """A superuser and its own account."""
    fresh = {"login": True, "flags": {"is_superuser": True}}
    yield case(
        "superuser",
        "a superuser reads its own id",
        step("GET", "/users/{FRESH_ID}", who="fresh"),
        fresh=fresh,
    )
    yield case(
        "superuser",
        "a superuser's flags at /users/me are ignored too",
        step("PATCH", ME, '{"is_superuser":false,"is_verified":true}', who="fresh"),
        fresh=fresh,
    )
    yield case(
        "superuser",
        "a superuser resigns",
        step("PATCH", "/users/{FRESH_ID}", '{"is_superuser":false}', who="fresh"),
        step("GET", "/users/{FRESH_ID}", who="fresh"),
        step("GET", ME, who="fresh"),
        fresh=fresh,
    )
    yield case(
        "superuser",
        "a superuser makes itself inactive",
        step("PATCH", "/users/{FRESH_ID}", '{"is_active":false}', who="fresh"),
        step("GET", ME, who="fresh"),
        fresh=fresh,
    )
    yield case(
        "superuser",
        "a superuser deletes itself",
        step("DELETE", "/users/{FRESH_ID}", who="fresh"),
        step("GET", ME, who="fresh"),
        step("DELETE", "/users/{FRESH_ID}", who="fresh"),
        fresh=fresh,
    )
    yield case(
        "superuser",
        "a superuser deletes a user, who is signed out",
        step("GET", ME, who="fresh"),
        step("DELETE", "/users/{FRESH_ID}", who="superuser"),
        step("GET", ME, who="fresh"),
        step("PATCH", ME, "{", who="fresh"),
        fresh={"login": True},
    )
    yield case(
        "superuser",
        "a superuser deletes a user twice",
        step("DELETE", "/users/{FRESH_ID}", who="superuser"),
        step("DELETE", "/users/{FRESH_ID}", who="superuser"),
        step("GET", "/users/{FRESH_ID}", who="superuser"),
        step("PATCH", "/users/{FRESH_ID}", "{}", who="superuser"),
        fresh={},
    )
    yield case(
        "superuser",
        "a superuser deletes a user with a body and by cookie",
        step("DELETE", "/users/{FRESH_ID}", '{"x":', who="superuser by cookie"),
        fresh={},
    )
    yield case(
        "superuser",
        "an inactive superuser is nobody",
        step("GET", "/users/{OTHER_ID}", who="fresh"),
        fresh={"login": True, "flags": {"is_superuser": True, "is_active": False}},
    )


def cases():
    """Return all cases of this file."""
    for part in (
        register_cases,
        order_cases,
        change_schema_cases,
        null_cases,
        address_cases,
        flag_cases,
        password_cases,
        superuser_cases,
    ):
        yield from part()
