"""Cases about signing in: headers, cookies, tokens, logout."""

from case import (
    BEARER_LOGOUT,
    COOKIE,
    COOKIE_LOGOUT,
    FORBIDDEN,
    ME,
    UNAUTHORIZED,
    answer,
    case,
    differs,
    step,
    user_body,
)

HEADERS = [
    ("a bearer token", "Bearer {USER_TOKEN}"),
    ("a scheme in small letters", "bearer {USER_TOKEN}"),
    ("a scheme in capitals", "BEARER {USER_TOKEN}"),
    ("two blanks", "Bearer  {USER_TOKEN}"),
    ("a blank at the end", "Bearer {USER_TOKEN} "),
    ("blanks before the scheme", "  Bearer {USER_TOKEN}"),
    ("a tab after the blank", "Bearer \t{USER_TOKEN}"),
    ("a tab instead of the blank", "Bearer\t{USER_TOKEN}"),
    ("the scheme only", "Bearer"),
    ("the scheme and a blank", "Bearer "),
    ("nothing", ""),
    ("the token only", "{USER_TOKEN}"),
    ("another scheme", "Token {USER_TOKEN}"),
    ("basic authentication", "Basic dXNlcjpwYXNz"),
    ("the scheme Basic before a token", "Basic {USER_TOKEN}"),
    ("the scheme JWT", "JWT {USER_TOKEN}"),
    ("an equals sign", "Bearer={USER_TOKEN}"),
    ("a colon", "Bearer: {USER_TOKEN}"),
    ("a comma", "Bearer {USER_TOKEN}, Bearer {USER_TOKEN}"),
    ("a word after the token", "Bearer {USER_TOKEN} x"),
    ("a word before the token", "Bearer x {USER_TOKEN}"),
    ("a quoted token", 'Bearer "{USER_TOKEN}"'),
    ("the scheme twice", "Bearer Bearer {USER_TOKEN}"),
    ("a word as the token", "Bearer x"),
    ("two full stops as the token", "Bearer .."),
    ("three letters as the token", "Bearer a.b.c"),
    ("a token and a full stop", "Bearer {USER_TOKEN}."),
    ("a token and a fourth part", "Bearer {USER_TOKEN}.x"),
    ("a token and a letter", "Bearer {USER_TOKEN}A"),
    ("the token of the other backend", "Bearer {USER_COOKIE}"),
    ("a token of an inactive user", "Bearer {INACTIVE_TOKEN}"),
    ("letters beyond ASCII", "Bearer é"),
    ("a token with a blank in it", "Bearer a. b.c"),
    ("null", "Bearer null"),
    ("an id", "Bearer {USER_ID}"),
    ("a database token", "Bearer " + "A" * 43),
]

COOKIES = [
    ("the cookie", f"{COOKIE}={{USER_COOKIE}}"),
    ("a quoted cookie", f'{COOKIE}="{{USER_COOKIE}}"'),
    ("a cookie before it", f"a=b; {COOKIE}={{USER_COOKIE}}"),
    ("a cookie after it", f"{COOKIE}={{USER_COOKIE}}; a=b"),
    ("no blank between cookies", f"a=b;{COOKIE}={{USER_COOKIE}};c=d"),
    ("an empty chunk", f"a=b;; {COOKIE}={{USER_COOKIE}};"),
    ("blanks around the equals sign", f"{COOKIE} = {{USER_COOKIE}}"),
    ("a cookie without a value before it", f"a; {COOKIE}={{USER_COOKIE}}"),
    ("a bad cookie before a good one", f"{COOKIE}=x; {COOKIE}={{USER_COOKIE}}"),
    ("a good cookie before a bad one", f"{COOKIE}={{USER_COOKIE}}; {COOKIE}=x"),
    ("a good cookie before an empty one", f"{COOKIE}={{USER_COOKIE}}; {COOKIE}="),
    ("cookies of two users", f"{COOKIE}={{OTHER_COOKIE}}; {COOKIE}={{USER_COOKIE}}"),
    ("a comma between cookies", f"a=b,{COOKIE}={{USER_COOKIE}}"),
    ("an empty cookie", f"{COOKIE}="),
    ("the cookie of a logout", f'{COOKIE}=""'),
    ("no cookie", ""),
    ("another cookie", "session={USER_COOKIE}"),
    ("the name in capitals", f"{COOKIE.upper()}={{USER_COOKIE}}"),
    ("a prefixed name", f"x{COOKIE}={{USER_COOKIE}}"),
    ("the token of the other backend", f"{COOKIE}={{USER_TOKEN}}"),
    ("the cookie of an inactive user", f"{COOKIE}={{INACTIVE_COOKIE}}"),
    ("an escape at the end", f"{COOKIE}={{USER_COOKIE}}%20"),
    ("garbage", f"{COOKIE}=garbage"),
    ("a quote within", f'{COOKIE}={{USER_COOKIE}}"'),
]

PAIRS = [
    ("both good, of two users", "USER_COOKIE", "OTHER_TOKEN"),
    ("both good, the other way round", "OTHER_COOKIE", "USER_TOKEN"),
    ("a bad cookie and a good token", "BAD", "USER_TOKEN"),
    ("a good cookie and a bad token", "USER_COOKIE", "BAD"),
    ("both bad", "BAD", "BAD"),
    ("an inactive user's cookie and a good token", "INACTIVE_COOKIE", "USER_TOKEN"),
    ("a good cookie and an inactive user's token", "USER_COOKIE", "INACTIVE_TOKEN"),
    ("a user's cookie and a superuser's token", "USER_COOKIE", "SUPERUSER_TOKEN"),
    ("the tokens swapped", "USER_TOKEN", "USER_COOKIE"),
]

HEAD = '{"alg":"HS256","typ":"JWT"}'
SUB = '"sub":"{USER_ID}"'
AUD = '"aud":["fastapi-users:auth"]'
EXP = '"exp":{NOW+3600}'
GOOD = f"{{{SUB},{AUD},{EXP}}}"

ACCEPTED = [
    ("as the reference writes it", HEAD, GOOD),
    ("with blanks in the JSON", '{ "alg" : "HS256" }', f"{{ {SUB} , {AUD} , {EXP} }}"),
    ("without typ", '{"alg":"HS256"}', GOOD),
    ("with another typ", '{"alg":"HS256","typ":"at+jwt"}', GOOD),
    ("with a kid", '{"alg":"HS256","kid":"1"}', GOOD),
    ("with members of the header that nobody knows", '{"alg":"HS256","x":[1]}', GOOD),
    ("with its members in another order", HEAD, f"{{{EXP},{AUD},{SUB}}}"),
    ("with aud as a text", HEAD, f'{{{SUB},"aud":"fastapi-users:auth",{EXP}}}'),
    ("with several aud", HEAD, f'{{{SUB},"aud":["x","fastapi-users:auth","y"],{EXP}}}'),
    (
        "with the same aud twice",
        HEAD,
        f'{{{SUB},"aud":["fastapi-users:auth","fastapi-users:auth"],{EXP}}}',
    ),
    (
        "with claims that nobody knows",
        HEAD,
        f'{{{SUB},{AUD},{EXP},"role":"king","n":null}}',
    ),
    ("with iss", HEAD, f'{{{SUB},{AUD},{EXP},"iss":"x"}}'),
    ("with iat in the past", HEAD, f'{{{SUB},{AUD},{EXP},"iat":{{NOW-60}}}}'),
    ("with nbf in the past", HEAD, f'{{{SUB},{AUD},{EXP},"nbf":{{NOW-60}}}}'),
    ("with iat and jti", HEAD, f'{{{SUB},{AUD},{EXP},"iat":{{NOW}},"jti":"abc"}}'),
    ("with an id in capitals", HEAD, f'{{"sub":"{{USER_ID_UPPER}}",{AUD},{EXP}}}'),
    ("with an id without hyphens", HEAD, f'{{"sub":"{{USER_ID_BARE}}",{AUD},{EXP}}}'),
    ("with an id in braces", HEAD, f'{{"sub":"{{{{USER_ID}}}}",{AUD},{EXP}}}'),
    ("with an id as a URN", HEAD, f'{{"sub":"urn:uuid:{{USER_ID}}",{AUD},{EXP}}}'),
    ("that expires in a day", HEAD, f'{{{SUB},{AUD},"exp":{{NOW+86400}}}}'),
    ("with exp as a float", HEAD, f'{{{SUB},{AUD},"exp":{{NOW+3600}}.5}}'),
    ("with exp in exponents", HEAD, f'{{{SUB},{AUD},"exp":4e9}}'),
    ("with iat as a float", HEAD, f'{{{SUB},{AUD},{EXP},"iat":{{NOW-60}}.5}}'),
]

REFUSED = [
    ("that has expired", HEAD, f'{{{SUB},{AUD},"exp":{{NOW-1}}}}'),
    ("that expires now", HEAD, f'{{{SUB},{AUD},"exp":{{NOW}}}}'),
    ("that expired long ago", HEAD, f'{{{SUB},{AUD},"exp":0}}'),
    ("with a negative exp", HEAD, f'{{{SUB},{AUD},"exp":-1}}'),
    ("with exp null", HEAD, f'{{{SUB},{AUD},"exp":null}}'),
    ("with exp true", HEAD, f'{{{SUB},{AUD},"exp":true}}'),
    ("with exp as a word", HEAD, f'{{{SUB},{AUD},"exp":"soon"}}'),
    ("with exp as a list", HEAD, f'{{{SUB},{AUD},"exp":[{{NOW+60}}]}}'),
    ("with exp as an object", HEAD, f'{{{SUB},{AUD},"exp":{{}}}}'),
    ("with exp as an empty text", HEAD, f'{{{SUB},{AUD},"exp":""}}'),
    ("with exp as an expired float", HEAD, f'{{{SUB},{AUD},"exp":{{NOW-1}}.9}}'),
    ("with an infinite exp", HEAD, f'{{{SUB},{AUD},"exp":1e999}}'),
    ("with exp Infinity", HEAD, f'{{{SUB},{AUD},"exp":Infinity}}'),
    ("with exp NaN", HEAD, f'{{{SUB},{AUD},"exp":NaN}}'),
    ("without aud", HEAD, f"{{{SUB},{EXP}}}"),
    ("with an empty aud", HEAD, f'{{{SUB},"aud":[],{EXP}}}'),
    ("with an empty text as aud", HEAD, f'{{{SUB},"aud":"",{EXP}}}'),
    ("with aud null", HEAD, f'{{{SUB},"aud":null,{EXP}}}'),
    ("with another aud", HEAD, f'{{{SUB},"aud":["other"],{EXP}}}'),
    ("with another aud as a text", HEAD, f'{{{SUB},"aud":"other",{EXP}}}'),
    ("with the beginning of aud", HEAD, f'{{{SUB},"aud":"fastapi-users",{EXP}}}'),
    ("with more than aud", HEAD, f'{{{SUB},"aud":"fastapi-users:authx",{EXP}}}'),
    ("with aud in capitals", HEAD, f'{{{SUB},"aud":"FASTAPI-USERS:AUTH",{EXP}}}'),
    ("with aud as a number", HEAD, f'{{{SUB},"aud":1,{EXP}}}'),
    (
        "with aud as an object",
        HEAD,
        f'{{{SUB},"aud":{{"fastapi-users:auth":1}},{EXP}}}',
    ),
    (
        "with a number beside aud",
        HEAD,
        f'{{{SUB},"aud":["fastapi-users:auth",1],{EXP}}}',
    ),
    ("with a list in aud", HEAD, f'{{{SUB},"aud":[["fastapi-users:auth"]],{EXP}}}'),
    ("made to reset a password", HEAD, f'{{{SUB},"aud":"fastapi-users:reset",{EXP}}}'),
    ("made to verify", HEAD, f'{{{SUB},"aud":"fastapi-users:verify",{EXP}}}'),
    (
        "made for an OAuth state",
        HEAD,
        f'{{{SUB},"aud":"fastapi-users:oauth-state",{EXP}}}',
    ),
    ("without sub", HEAD, f"{{{AUD},{EXP}}}"),
    ("with sub null", HEAD, f'{{"sub":null,{AUD},{EXP}}}'),
    ("with sub as a number", HEAD, f'{{"sub":1,{AUD},{EXP}}}'),
    ("with sub as a list", HEAD, f'{{"sub":["{{USER_ID}}"],{AUD},{EXP}}}'),
    ("with an empty sub", HEAD, f'{{"sub":"",{AUD},{EXP}}}'),
    ("with sub as a word", HEAD, f'{{"sub":"king",{AUD},{EXP}}}'),
    ("with an address as sub", HEAD, f'{{"sub":"{{USER_EMAIL}}",{AUD},{EXP}}}'),
    (
        "with an unknown id",
        HEAD,
        f'{{"sub":"00000000-0000-4000-8000-000000000000",{AUD},{EXP}}}',
    ),
    ("with an id and a blank", HEAD, f'{{"sub":"{{USER_ID}} ",{AUD},{EXP}}}'),
    ("with an id cut short", HEAD, f'{{"sub":"{{USER_ID_CUT}}",{AUD},{EXP}}}'),
    (
        "with the id of an inactive user",
        HEAD,
        f'{{"sub":"{{INACTIVE_ID}}",{AUD},{EXP}}}',
    ),
    ("with nbf in the future", HEAD, f'{{{SUB},{AUD},{EXP},"nbf":{{NOW+600}}}}'),
    ("with nbf as a word", HEAD, f'{{{SUB},{AUD},{EXP},"nbf":"now"}}'),
    ("with nbf null", HEAD, f'{{{SUB},{AUD},{EXP},"nbf":null}}'),
    ("with iat in the future", HEAD, f'{{{SUB},{AUD},{EXP},"iat":{{NOW+600}}}}'),
    ("with iat as a word", HEAD, f'{{{SUB},{AUD},{EXP},"iat":"now"}}'),
    ("with iat null", HEAD, f'{{{SUB},{AUD},{EXP},"iat":null}}'),
    ("with jti as a number", HEAD, f'{{{SUB},{AUD},{EXP},"jti":1}}'),
    ("with an empty payload", HEAD, ""),
    ("with an empty object", HEAD, "{}"),
    ("with a list as the payload", HEAD, "[]"),
    ("with a text as the payload", HEAD, '"x"'),
    ("with null as the payload", HEAD, "null"),
    ("with JSON cut short", HEAD, GOOD[:-1]),
    ("with text after the payload", HEAD, GOOD + "x"),
    ("with an empty header", "", GOOD),
    ("with an empty object as the header", "{}", GOOD),
    ("with a list as the header", '["HS256"]', GOOD),
    ("with alg null", '{"alg":null}', GOOD),
    ("with alg as a number", '{"alg":256}', GOOD),
    ("with an empty alg", '{"alg":""}', GOOD),
    ("with alg in small letters", '{"alg":"hs256"}', GOOD),
    ("with an unknown alg", '{"alg":"HS1"}', GOOD),
    ("with alg RS256", '{"alg":"RS256","typ":"JWT"}', GOOD),
    ("with a number as kid", '{"alg":"HS256","kid":1}', GOOD),
    ("with an unknown crit", '{"alg":"HS256","crit":["x"],"x":1}', GOOD),
    ("with an empty crit", '{"alg":"HS256","crit":[]}', GOOD),
    ("with crit as a text", '{"alg":"HS256","crit":"exp"}', GOOD),
    ("with a crit that is missing", '{"alg":"HS256","crit":["b64"]}', GOOD),
    ("with b64 false", '{"alg":"HS256","b64":false,"crit":["b64"]}', GOOD),
]

# Taken by the reference, bad tokens here.
LOOSE = [
    (
        "with exp as digits in a text",
        "10",
        HEAD,
        f'{{{SUB},{AUD},"exp":"{{NOW+3600}}"}}',
    ),
    ("with nbf as digits in a text", "10", HEAD, f'{{{SUB},{AUD},{EXP},"nbf":"1"}}'),
    ("with sub twice", "10", HEAD, f'{{"sub":"x",{SUB},{AUD},{EXP}}}'),
    ("with exp twice", "10", HEAD, f'{{{SUB},{AUD},"exp":0,{EXP}}}'),
    ("with alg twice", "10", '{"alg":"none","alg":"HS256"}', GOOD),
    ("with an exp of 400 digits", "10", HEAD, f'{{{SUB},{AUD},"exp":{"9" * 400}}}'),
    ("with iat true", "10", HEAD, f'{{{SUB},{AUD},{EXP},"iat":true}}'),
    (
        "with an exp of twenty digits",
        "10",
        HEAD,
        f'{{{SUB},{AUD},"exp":{"9" * 20}}}',
    ),
    ("with crit b64 true", "10", '{"alg":"HS256","crit":["b64"],"b64":true}', GOOD),
]

# Taken where the backend's tokens never expire, a bad token elsewhere.
EITHER = [("without exp", "13", HEAD, f"{{{SUB},{AUD}}}")]

FORMS = [
    ("with the right number of equals signs", "10", "{H}.{P}.{S}="),
    ("with the wrong number of equals signs", None, "{H}.{P}.{S}=="),
    ("with a sloppy last character", None, "{H}.{P}.{SLOPPY}"),
    ("without a signature", None, "{H}.{P}."),
    ("without the last full stop", None, "{H}.{P}"),
    ("with a full stop more", None, "{H}.{P}.{S}."),
    ("with a full stop before", None, ".{H}.{P}.{S}"),
    ("with the payload as the signature", None, "{H}.{P}.{P}"),
    ("with an exclamation mark", None, "{H}.{P}!.{S}"),
    ("with a percent escape", None, "{H}.{P}.{S}%3D"),
    ("with half of the signature", None, "{H}.{P}.{H}"),
]


def specs():
    """Return the descriptions of all tokens, by name."""
    out = {}
    for name, head, payload in ACCEPTED + REFUSED:
        out[name] = {"header": head, "payload": payload, "key": "bearer"}
    for name, _, head, payload in LOOSE + EITHER:
        out[name] = {"header": head, "payload": payload, "key": "bearer"}
    for name, _, form in FORMS:
        out[name] = {"header": HEAD, "payload": GOOD, "key": "bearer", "form": form}
    out["signed with another key"] = {
        **out["as the reference writes it"],
        "wrong": True,
    }
    out["signed with the key of the other backend"] = {
        **out["as the reference writes it"],
        "key": "jwt",
    }
    for alg in ("HS384", "HS512"):
        out[f"signed with {alg}"] = {
            "header": f'{{"alg":"{alg}","typ":"JWT"}}',
            "payload": GOOD,
            "key": "bearer",
            "hash": alg,
        }
        out[f"signed with {alg} but said to be HS256"] = {
            "header": HEAD,
            "payload": GOOD,
            "key": "bearer",
            "hash": alg,
        }
    for alg in ("none", "None", "NONE"):
        for form in ("{H}.{P}.", "{H}.{P}.{S}"):
            signed = "and a signature" if "S" in form else "and no signature"
            out[f"with alg {alg} {signed}"] = {
                "header": f'{{"alg":"{alg}"}}',
                "payload": GOOD,
                "key": "bearer",
                "form": form,
            }
    return out


def with_token(name, **extra):
    """Return the request that shows a token."""
    header = [["Authorization", f"Bearer {{TOKEN:{name}}}"]]
    return step("GET", ME, headers=header, **extra)


def token_cases():
    """Tokens of all kinds."""
    loose = {name: number for name, number, *_ in LOOSE + FORMS if number}
    either = {name: number for name, number, *_ in EITHER}
    for name in specs():
        extra = {}
        if name in loose:
            extra = differs(loose[name], UNAUTHORIZED)
        elif name in either:
            extra = differs(either[name], answer(200, user_body("USER")), UNAUTHORIZED)
        apart = {"two_secrets": True} if "other backend" in name else {}
        yield case("token", f"show a token {name}", with_token(name, **extra), **apart)


def header_cases():
    """Authorization and Cookie headers."""
    for name, value in HEADERS:
        header = [["Authorization", value]]
        apart = {"two_secrets": True} if "other backend" in name else {}
        yield case(
            "authorization", f"show {name}", step("GET", ME, headers=header), **apart
        )
    yield case("authorization", "show nothing at all", step("GET", ME))
    yield case(
        "authorization",
        "show a token in the query",
        step("GET", ME + "?access_token={USER_TOKEN}&token={USER_TOKEN}"),
    )
    for name, value in COOKIES:
        apart = {"two_secrets": True} if "other backend" in name else {}
        header = [["Cookie", value]]
        yield case("cookie", f"show {name}", step("GET", ME, headers=header), **apart)
    for name, first, second in PAIRS:
        headers = [
            ["Cookie", f"{COOKIE}={{{first}}}".replace("{BAD}", "x.y.z")],
            ["Authorization", f"Bearer {{{second}}}".replace("{BAD}", "x.y.z")],
        ]
        apart = {"two_secrets": True} if "swapped" in name else {}
        yield case("cookie", f"show {name}", step("GET", ME, headers=headers), **apart)
        if "superuser" in name:
            yield case(
                "cookie",
                f"show {name} where a superuser is needed",
                step("GET", "/users/{OTHER_ID}", headers=headers),
            )


def origin_cases():
    """The browser's word about where a request comes from."""
    for name, header, blocked in (
        ("Sec-Fetch-Site cross-site", ["Sec-Fetch-Site", "cross-site"], True),
        ("Sec-Fetch-Site same-origin", ["Sec-Fetch-Site", "same-origin"], False),
        ("a foreign Origin", ["Origin", "https://evil.example"], True),
        ("a null Origin", ["Origin", "null"], True),
        ("its own Origin", ["Origin", "{ORIGIN}"], False),
    ):
        extra = differs("8", FORBIDDEN) if blocked else {}
        yield case(
            "origin",
            f"change oneself by cookie with {name}",
            step("PATCH", ME, "{}", who="user by cookie", headers=[header], **extra),
        )
        yield case(
            "origin",
            f"change oneself by token with {name}",
            step("PATCH", ME, "{}", who="user", headers=[header]),
        )
        yield case(
            "origin",
            f"read oneself by cookie with {name}",
            step("GET", ME, who="user by cookie", headers=[header]),
        )


def logout_cases():
    """Logouts by both backends."""
    fresh_cookie = [["Cookie", f"{COOKIE}={{FRESH_COOKIE}}"]]
    still = differs("4", UNAUTHORIZED, answer(200, user_body("FRESH")))
    for name, path in (("the cookie", COOKIE_LOGOUT), ("the bearer", BEARER_LOGOUT)):
        yield case(
            "logout",
            f"sign out at {name} route with a token",
            step("POST", path, who="fresh"),
            step("GET", ME, who="fresh", **still),
            fresh={"login": True},
        )
        yield case(
            "logout",
            f"sign out at {name} route with a cookie",
            step("POST", path, headers=fresh_cookie),
            step("GET", ME, headers=fresh_cookie, **still),
            fresh={"cookie": True},
        )
        yield case(
            "logout",
            f"sign out at {name} route with a body that is not JSON",
            step("POST", path, "{", who="fresh"),
            fresh={"login": True},
        )
        for who in ("nobody", "a bad token", "inactive"):
            yield case(
                "logout",
                f"sign out at {name} route as {who}",
                step("POST", path, who=who),
            )


def cases():
    """Return all cases of this file."""
    for part in (token_cases, header_cases, origin_cases, logout_cases):
        yield from part()
