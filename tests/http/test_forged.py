# SPDX-License-Identifier: MIT
"""What clients might send to pass for somebody else, or to get past a guard,
on each web server as its example in etc/ guards."""

import base64
import re

import pytest

from guarded_site import PAGES, SITES

pytestmark = pytest.mark.about(
    "pool", "the sites have web servers of their own, which ask a pool")

# What a client may say it is, asks for, or is asked for.
USERS = ("Remote-User", "Remote-Email", "X-Auth-Request-User",
         "X-Auth-Request-Email", "X-Auth-Request-Superuser", "X-Remote-User",
         "X-Forwarded-User", "X-Forwarded-Email", "Redirect-Remote-User",
         "Variable-Remote-User", "Variable-Remote-Email", "HTTP-Remote-User",
         "HTTP-HTTP-Remote-User", "Auth-User", "Auth-Type", "Logname-User",
         "Users-Id", "Remote-Passwd", "Remote-Addr", "Remote-Ident",
         "Proxy-Authorization", "Proxy", "X-Real-IP", "X-Forwarded-For",
         "Forwarded", "Client-Verified", "Ssl-Client-Verify", "User")
DEMANDS = ("Fcu-Require", "Redirect-Fcu-Require", "HTTP-Fcu-Require",
           "Redirect-Redirect-Fcu-Require", "Variable-Fcu-Require",
           "Users-Require", "Fcgi-Role", "Fcgi-Apache-Role", "Redirect-Status")
PLACES = ("X-Original-URI", "X-Original-URL", "X-Rewrite-URL",
          "X-Forwarded-Uri", "X-Forwarded-Path", "X-Forwarded-Prefix",
          "X-Forwarded-Host", "X-Accel-Redirect", "X-Sendfile", "Location",
          "Script-Name", "Script-Filename", "Path-Info", "Path-Translated",
          "Request-Uri", "Document-Root", "Document-Uri", "Redirect-Url",
          "X-HTTP-Method-Override", "X-Forwarded-Method", "Variable-Location")
VALUES = {**{name: "forged-root" for name in USERS},
          **{name: "forged-verified" for name in DEMANDS},
          **{name: "/public/page.html?forged" for name in PLACES}}
SPELLINGS = (str, str.lower, str.upper, lambda name: name.replace("-", "_"),
             lambda name: name.replace("-", "_").upper(),
             lambda name: name.replace("-", "_", 1))
FORGED = [(spell(name), value) for name, value in VALUES.items()
          for spell in SPELLINGS]
# These would matter if they were said to be nothing, too.
EMPTIED = {spell(name).lower() for name in DEMANDS for spell in SPELLINGS}
# Of a guarded folder F, from outside.
PATHS = """\
/F/page.html
//F/page.html
///F///page.html
/F//page.html
/./F/page.html
/F/./page.html
/.//F/page.html
/x/../F/page.html
/public/../F/page.html
/public/..//F/page.html
/public/..%2fF/page.html
/public/..%2FF/page.html
/public/%2e%2e/F/page.html
/public/%2e%2e%2fF/page.html
/public/%2E%2E%2FF%2Fpage.html
/public%2f..%2fF%2fpage.html
/public/..%5cF/page.html
/public/..%255cF/page.html
/public/..%252fF/page.html
/public/%252e%252e/F/page.html
/public/page.html/../../F/page.html
/public/page.html%2f..%2f..%2fF/page.html
/public/page.html%00/../../F/page.html
/public/..;/F/page.html
/public;/../F/page.html
/;/F/page.html
/F;x/page.html
/F/;x/page.html
/F/page.html;x
/F%2fpage.html
/F%2Fpage.html
/F%252fpage.html
/F%5cpage.html
/F\\page.html
/%2fF/page.html
/%2f%2fF/page.html
/%2e/F/page.html
/%2e%2fF/page.html
/F/.%2fpage.html
/F/%2e/page.html
/F/x/..%2fpage.html
/F/page%2ehtml
/F/page.htm%6c
/%F
/F/page.html/
/F/page.html/x
/F/page.html%00
/F/page.html%00.txt
/F%00/page.html
/%00/F/page.html
/F/page.html%20
/F/page.html.
/F/page.html~
/F/page.html::$DATA
/F%20/page.html
/%20/F/page.html
/F/page.html%0a
/F/page.html%0d%0aX:%20y
/F/page.html?x=/public/
/F/page.html?/../public/page.html
/F/page.html%3f/public/page.html
/F/page.html#/public/page.html
/F/page.html%23/public/page.html
/F/PAGE.HTML
/^F/page.html
/F/
/F
/F/.
/F/..
/F/../F/page.html
/F/env.cgi
/F/env.cgi/
/F/env.cgi/x
/F/env.cgi/../page.html
/F/env.cgi%2f..%2fpage.html
/F/env.cgi%00.html
/F/env.cgi;.html
/F/env.cgi?page.html
/F//env.cgi
/public/../F/env.cgi
/public/..%2fF/env.cgi
/F/%c0%afpage.html
/public/..%c0%afF/page.html
/%c0%ae%c0%ae/F/page.html
/public/%uff0e%uff0e/F/page.html
/%ef%bc%8fF/page.html
http://127.0.0.1/F/page.html
http://elsewhere.example/F/page.html
http://127.0.0.1//F/page.html
http://127.0.0.1/public/../F/page.html
F/page.html
../F/page.html
/../F/page.html
/../../F/page.html
/%2e%2e/F/page.html
*
/.users/check
/.users/check/
/.users/check/superuser
//.users/check
/@users_login
/.files/page.html
//.files/page.html
/public/../.files/page.html
/.files%2fpage.html
/files/page.html
/programs/download.cgi""".split("\n")


@pytest.fixture(scope="module", params=SITES)
def site(request, house):
    kind = SITES[request.param]
    made = house.make("sqlite", settings=kind.settings())
    try:
        yield kind(made)
    finally:
        house.end(made)


@pytest.fixture(scope="module")
def user(site):
    return site.users.register()


@pytest.fixture(scope="module")
def cookie(site, user):
    return site.users.login_cookie(user["email"])


def judge(answer, user, odd=False):
    """A program that ran was told of this user, and what a client sent
    stands only where headers stand."""
    told = dict(line.split("=", 1) for line in answer.splitlines()
                if "=" in line)
    assert told["REMOTE_USER"] == user["id"]
    assert told["REMOTE_EMAIL"] == user["email"]
    for name, value in told.items():
        assert not name.startswith(("Variable", "VARIABLE")), name
        if "forged" in value:
            assert name.startswith("HTTP_"), (name, value)
            assert name != "HTTP_PROXY", value
        if name in ("HTTP_REMOTE_USER", "HTTP_REMOTE_EMAIL"):
            assert odd or value == "", (name, value)


def secrets_in(text):
    return [name for name, page in PAGES.items() if name != "public"
            and page.strip() in text] + (
                ["program"] if "GATEWAY_INTERFACE=" in text else [])


def test_no_header_lets_a_stranger_in(site):
    for name, value in FORGED:
        answer = site.get("/members/page.html", headers={name: value})
        assert answer.status_code in (site.refusal, 400), name
        assert not secrets_in(answer.text), name


def test_no_header_takes_a_demand_away(site, cookie):
    for name, value in FORGED:
        for said in {value, "" if name.lower() in EMPTIED else value}:
            answer = site.get("/admins/page.html", cookie=cookie,
                              headers={name: said})
            assert answer.status_code in (site.forbidden, 400), (name, said)
            assert not secrets_in(answer.text), (name, said)


def test_no_header_makes_somebody_else_of_a_user(site, user, cookie):
    for name, value in FORGED[::2]:
        answer = site.get("/members/env.cgi", cookie=cookie,
                          headers={name: value})
        if answer.status_code == 200:
            judge(answer.text, user)
        else:
            assert answer.status_code == 400, (name, value)


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


AUTHORIZATIONS = (
    basic("forged-root:x"), basic("forged-root:"), basic(":"), basic("x"),
    basic("forged-root"), "Basic forged-root", "Basic", "basic ====",
    "Bearer forged", "Bearer", "bearer  ", "BEARER forged", "Bearer\tforged",
    'Digest username="forged-root", realm="members"', "Negotiate forged",
    "forged-root", "Bearer forged, Basic forged", "Bearer a.b.c",
    "Bearer " + "forged" * 900, 'Bearer "forged"', "Token forged", "")


def test_no_authorization_makes_somebody_else_of_a_user(site, user, cookie):
    for value in AUTHORIZATIONS:
        headers = {"Authorization": value}
        answer = site.get("/members/env.cgi", cookie=cookie, headers=headers)
        assert answer.status_code == 200, value
        judge(answer.text, user)
        for path in ("/members/page.html", "/members/env.cgi"):
            answer = site.get(path, headers=headers)
            assert site.is_login(answer), value
        answer = site.get("/admins/page.html", headers=headers, cookie=cookie)
        assert answer.status_code == site.forbidden, value


def whole(answer):
    """An answer whose body comes in pieces, with its body in one."""
    head, between, rest = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return answer
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[:int(size, 16)]
        rest = rest[int(size, 16) + 2:]
    return head + between + body


def ask(site, *headers, path=b"/members/env.cgi", method=b"GET",
        version=b"HTTP/1.1", body=b""):
    """The text of what comes back, "" for a connection that is closed."""
    lines = [b" ".join((method, path, version)).rstrip()]
    if version == b"HTTP/1.1":
        lines += [b"Host: 127.0.0.1", b"Connection: close"]
    return whole(site.bytes_of(b"\r\n".join([*lines, *headers, b"", body]))
                 ).decode("latin-1")


def test_headers_said_twice_or_without_end_forge_nothing(site, user, cookie):
    mine = b"Cookie: fastapiusersauth=" + cookie.encode()
    wrong = b"Cookie: fastapiusersauth=forged"
    other = b"Remote-User: forged-root"
    several = [
        [other, mine, other], [other, other, mine], [mine, wrong],
        [wrong, mine], [mine, b"Remote-User: a", b"remote-user: forged-root"],
        [b"Remote-User:forged-root", mine], [b"Remote-User : forged", mine],
        [b"Remote-User:\tforged-root", mine], [b" Remote-User: forged", mine],
        [mine, b" Remote-User: forged"], [b"Remote-User\0: forged", mine],
        [b"Remote-User: forged\0root", mine], [b"Remote-User: \xff", mine],
        [b"\xa0Remote-User: forged", mine], [b"Remote\tUser: forged", mine],
        [b"Remote User: forged", mine], [b"Remote.User: forged", mine],
        [b"Remote-User\r: forged", mine], [b"X: y\rRemote-User: forged", mine],
        [b"X: y\nRemote-User: forged", mine], [b"FCU_REQUIRE: ", mine],
        [mine, b"Cookie: REMOTE_USER=forged"],
        [mine, b"Cookie: fastapiusersauth="], [b"Cookie: ; =; ", mine],
        [b"Connection: Cookie, Remote-User", mine],
        [b"Connection: close, FCU_REQUIRE", mine],
        [b"Expect: 100-continue", mine], [b"Range: bytes=0-9", mine],
        [b"Upgrade: h2c", b"HTTP2-Settings: x", mine],
        [b"If-None-Match: *", mine], [b"Host: elsewhere.example", mine],
        [b"X-F-%d: forged" % i for i in range(90)] + [mine],
        [b"X-F-%d: forged" % i for i in range(3000)] + [mine],
        [b"X-Long: " + b"forged" * 1200, mine],
        [b"X-Long: " + b"forged" * 20000, mine],
        [b"Remote-User: forged-" + b"x" * 7000, mine],
        [b"Cookie: a=" + b"b" * 7000, mine],
        [b"Remote-User-%d: forged" % i for i in range(500)] + [mine],
        [mine] + [b"Remote-User: forged"] * 90,
    ]
    smuggled = (b"0\r\n\r\nGET /admins/page.html HTTP/1.1\r\n"
                b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n")
    for length in (b"5", b"0", b"500"):
        both = (b"Transfer-Encoding: chunked", b"Content-Length: " + length)
        for headers in (both, (*both, mine)):
            text = ask(site, *headers, path=b"/members/page.html",
                       body=smuggled)
            assert not set(secrets_in(text)) - {"members"}, headers
            assert mine in headers or not secrets_in(text), headers
    ran = 0
    for headers in several:
        text = ask(site, *headers)
        if "GATEWAY_INTERFACE=" in text:
            odd = any(re.match(rb"Remote[^-_A-Za-z0-9]+User", header)
                      for header in headers)
            judge(text.partition("\r\n\r\n")[2], user,
                  odd and site.takes_odd_names)
            ran += 1
        for without in (ask(site, *(h for h in headers if h != mine)),
                        ask(site, *headers, path=b"/admins/page.html"),
                        ask(site, *headers, path=b"/admins/env.cgi")):
            assert not secrets_in(without), headers[:3]
    assert ran >= 10


def paths_of(folder):
    encoded = f"%{ord(folder[0]):02x}{folder[1:]}/page.html"
    for path in PATHS:
        yield (path.replace("/^F", "/" + folder.upper())
               .replace("/%F", "/" + encoded).replace("F/", folder + "/")
               .replace("F%", folder + "%").replace("F;", folder + ";")
               .replace("F\\", folder + "\\")
               .replace("/F", "/" + folder)).encode()


def test_no_path_leads_past_the_guard(site, cookie):
    mine = b"Cookie: fastapiusersauth=" + cookie.encode()
    for path in paths_of("members"):
        for version in (b"HTTP/1.1", b"HTTP/1.0", b""):
            assert not secrets_in(ask(site, path=path, version=version)), path
        for method in (b"HEAD", b"POST", b"get", b"TRACE"):
            assert not secrets_in(ask(site, path=path, method=method)), path
    for path in paths_of("admins"):
        found = secrets_in(ask(site, mine, path=path))
        assert not found, (path, found)
    for path in (b"/members/page.html\0", b"/public/page.html\0/members/",
                 b"/members/page.html HTTP/1.1 x", b"/\xff/../members/page.html",
                 b"/members/page.html\t", b"/public/\\..\\members\\page.html"):
        assert not secrets_in(ask(site, path=path)), path


def test_the_way_in_is_open_to_who_may_go_it(site, user, cookie):
    """Or nothing of all this would prove anything."""
    mine = b"Cookie: fastapiusersauth=" + cookie.encode()

    assert PAGES["members"].strip() in ask(site, mine,
                                           path=b"/members/page.html")
    judge(ask(site, mine).partition("\r\n\r\n")[2], user)
    assert PAGES["public"] == site.get("/public/page.html").text
    assert PAGES["admins"] == site.get("/admins/page.html",
                                       token=site.users.admin()).text
