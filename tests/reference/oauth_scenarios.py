"""Ways through a provider and back, as data; the provider is that of tests/http.

A step with `consent` lets somebody consent at the provider before it is sent:
{CODE} and {STATE} are what the browser brings back then.
"""

from case import ME, case, step
from scenarios import admin, by_cookie, mine, sign_up

COOKIE = "fastapiusersoauthcsrf"
LOGIN, ASSOCIATE = "/auth/test", "/auth/associate/test"
BACK = "code={CODE}&state={STATE}"
HEAD = '{"alg":"HS256","typ":"JWT"}'
AUD = '"aud":"fastapi-users:oauth-state"'
EXP = '"exp":{NOW+3600}'
CSRF = '"csrftoken":"{CSRF}"'
HERE = '"provider":"test","purpose":"login"'

STATES = {
    "good": f"{{{CSRF},{HERE},{AUD},{EXP}}}",
    "of another cookie": f'{{"csrftoken":"x",{HERE},{AUD},{EXP}}}',
    "without a cookie": f"{{{HERE},{AUD},{EXP}}}",
    "with an empty cookie": f'{{"csrftoken":"",{HERE},{AUD},{EXP}}}',
    "that has expired": f'{{{CSRF},{HERE},{AUD},"exp":{{NOW-1}}}}',
    "made to sign in": f'{{{CSRF},{HERE},"aud":["fastapi-users:auth"],{EXP}}}',
    "made to verify": f'{{{CSRF},{HERE},"aud":"fastapi-users:verify",{EXP}}}',
    "without aud": f"{{{CSRF},{HERE},{EXP}}}",
    "as the reference makes it": f"{{{CSRF},{AUD},{EXP}}}",
}


def specs():
    """Return the descriptions of tokens."""
    return {
        f"state {name}": {"key": "state", "header": HEAD, "payload": payload}
        for name, payload in STATES.items()
    }


def way(name, *steps, **extra):
    """Return a case of this kind of application."""
    return case("oauth", name, *steps, needs="oauth", **extra)


def begin(path=LOGIN, query="", headers=(), **who):
    """Return the first step; where the browser is sent to is kept."""
    return step(
        "GET", f"{path}/authorize{query}", headers=headers,
        save={"AUTH_URL": "authorization_url"}, save_cookie="CSRF", **who,
    )  # fmt: skip


def back(query=BACK, path=LOGIN, cookie="{CSRF}", headers=(), **consent):
    """Return the way back; an empty consent is one of somebody new."""
    lines = [list(one) for one in headers]
    if cookie is not None:
        lines.append(["Cookie", f"{COOKIE}={cookie}"])
    consent = {"sub": "sub.{RUN}", "email": "way.{RUN}@example.org", **consent}
    return step(
        "GET", f"{path}/callback?{query}", headers=lines,
        consent=consent, save_cookie="WAY_COOKIE",
    )  # fmt: skip


def me():
    """Return what who has come back asks first."""
    return by_cookie("GET", ME, cookie="WAY_COOKIE", save={"NEW_ID": "id"})


def header(token="FRESH_TOKEN"):
    """Return the header of somebody who is signed in."""
    return [["Authorization", f"Bearer {{{token}}}"]]


def ways_in():
    """Sign-ins that lead somewhere, or to a plain refusal."""
    yield way("somebody new", begin(), back(), me())
    yield way("the same again", begin(), back(), me(), begin(), back(), me())
    yield way(
        "the same with another address",
        begin(), back(), me(), begin(), back(email="new.{RUN}@example.org"), me(),
    )  # fmt: skip
    yield way("an address that is taken", begin(), back(email="{USER_EMAIL}"))
    yield way("one in other letters", begin(), back(email="{USER_EMAIL_UPPER}"))
    yield way("no address", begin(), back(email=None))
    yield way(
        "registered afterwards", begin(), back(), sign_up("way.{RUN}@example.org"), me()
    )
    yield way(
        "somebody who is locked",
        begin(), back(), me(),
        admin("PATCH", "/users/{NEW_ID}", '{"is_active":false}'),
        begin(), back(), me(),
    )  # fmt: skip
    yield way(
        "somebody who was deleted",
        begin(), back(), me(), admin("DELETE", "/users/{NEW_ID}"), me(), begin(), back(),
        me(),
    )  # fmt: skip
    yield way(
        "a password of one's own",
        begin(), back(), me(),
        by_cookie("PATCH", ME, '{"password":"a long password"}', "WAY_COOKIE"), me(),
    )  # fmt: skip
    for address in ("Way.{RUN}@Example.ORG", "wäy.{RUN}@example.org"):
        yield way(f"the address {address}", begin(), back(email=address), me())


def refusals():
    """Ways back that lead nowhere."""
    for query in (
        "", "code={CODE}", "state={STATE}", "error=access_denied",
        "error=access_denied&state={STATE}", "error=&state={STATE}",
        BACK + "&error=access_denied", "code=&state={STATE}", BACK + "x", BACK + ".x",
        "code={CODE}&state=", "code={CODE}&state=a.b.c", "code={CODE}&state=a",
        BACK + "&code=other", "error=a&error=b", BACK + "&code_verifier=",
        BACK + "&x=y", "code={CODE}&state={USER_TOKEN}",
    ):  # fmt: skip
        yield way(f"back with {query or 'nothing'}", begin(), back(query))
    for cookie in (None, "", "x", "{CSRF}x", '"{CSRF}"', "{CSRF}; a=b"):
        yield way(f"back with the cookie {cookie}", begin(), back(cookie=cookie))
    for name in STATES:
        yield way(
            f"back with a state {name}",
            begin(), back(f"code={{CODE}}&state={{TOKEN:state {name}}}"),
        )  # fmt: skip
    yield way(
        "back without having been away", step("GET", f"{LOGIN}/callback?code=a&state=b")
    )
    for method in ("POST", "HEAD", "DELETE", "OPTIONS"):
        for end in ("authorize", "callback"):
            yield way(f"{method} {end}", step(method, f"{LOGIN}/{end}"))
            yield way(f"{method} associate {end}", step(method, f"{ASSOCIATE}/{end}"))
    for path in (LOGIN, LOGIN + "/", LOGIN + "/authorize/", "/auth/other/authorize",
                 ASSOCIATE, LOGIN + "/callback/?code=a"):  # fmt: skip
        yield way(f"GET {path}", step("GET", path))
    for query in ("?scopes=openid", "?scopes=email&scopes=openid", "?scopes=", "?scope=x",
                  "?scopes=admin"):  # fmt: skip
        yield way(f"authorize with {query}", begin(query=query))


def faults():
    """A provider that fails."""
    for page in ("token", "profile"):
        for fault in ("500", "refused", "garbage"):
            yield way(f"a {page} page that is {fault}", begin(), back(**{page: fault}))
    yield way("a code of nobody", begin(), back("code=nobody&state={STATE}"))


def associations():
    """Accounts for who is signed in already."""
    mine_ = header()
    fresh = {"login": True, "cookie": True}
    yield way("associate as nobody", begin(ASSOCIATE), back(path=ASSOCIATE))
    yield way(
        "associate",
        begin(ASSOCIATE, headers=mine_), back(path=ASSOCIATE, headers=mine_),
        mine("GET", ME), mine("PATCH", ME, '{"password":"another password"}'),
        fresh=fresh,
    )  # fmt: skip
    yield way(
        "associate twice",
        begin(ASSOCIATE, headers=mine_), back(path=ASSOCIATE, headers=mine_),
        begin(ASSOCIATE, headers=mine_), back(path=ASSOCIATE, headers=mine_),
        mine("GET", ME),
        fresh=fresh,
    )  # fmt: skip
    yield way(
        "associate two accounts",
        begin(ASSOCIATE, headers=mine_), back(path=ASSOCIATE, headers=mine_),
        begin(ASSOCIATE, headers=mine_),
        back(path=ASSOCIATE, headers=mine_, sub="other.{RUN}", email="o.{RUN}@example.org"),
        mine("GET", ME), admin("GET", "/users/{FRESH_ID}"),
        fresh=fresh,
    )  # fmt: skip
    yield way(
        "associate, then sign in by it",
        begin(ASSOCIATE, headers=mine_), back(path=ASSOCIATE, headers=mine_),
        begin(), back(), me(),
        fresh=fresh,
    )  # fmt: skip
    yield way(
        "associate with the state of a sign-in",
        begin(headers=mine_), back(path=ASSOCIATE, headers=mine_), fresh=fresh,
    )  # fmt: skip
    yield way(
        "associate with the state of another",
        begin(ASSOCIATE, headers=header("USER_TOKEN")),
        back(path=ASSOCIATE, headers=mine_), fresh=fresh,
    )  # fmt: skip
    yield way(
        "come back from associating as nobody",
        begin(ASSOCIATE, headers=mine_), back(path=ASSOCIATE), fresh=fresh,
    )  # fmt: skip
    yield way(
        "associate without an address",
        begin(ASSOCIATE, headers=mine_),
        back(path=ASSOCIATE, headers=mine_, email=None), fresh=fresh,
    )  # fmt: skip
    yield way(
        "associate while inactive",
        begin(ASSOCIATE, headers=header("INACTIVE_TOKEN")),
    )  # fmt: skip


def cases():
    """Return the scenarios."""
    groups = (ways_in, refusals, faults, associations)
    return [one for group in groups for one in group()]
