"""Cases about the login forms."""

from case import (
    BEARER_LOGIN,
    COOKIE_LOGIN,
    FORM,
    JSON,
    MULTIPART,
    TEXT,
    answer,
    bad_text,
    case,
    differs,
    step,
)

USER = "username={USER_EMAIL}&password={USER_PASSWORD_FORM}"
NOBODY = "username=nobody.{RUN}@example.org&password=x"

PLAIN = [
    ("no field", ""),
    ("only a name", "username=a"),
    ("only a password", "password=b"),
    ("empty values", "username=&password="),
    ("an empty name", "username=&password=b"),
    ("an empty password", "username=a&password="),
    ("names without an equals sign", "username&password"),
    ("ampersands only", "&&&"),
    ("an equals sign only", "="),
    ("names in capitals", "USERNAME=a&PASSWORD=b"),
    ("a blank in a name", "user+name=a&pass+word=b"),
    ("a blank before a name", "+username=a&password=b"),
    ("brackets after a name", "username[]=a&password[]=b"),
    ("a semicolon between fields", "username=a;password=b"),
    ("a line break between fields", "username=a\r\npassword=b"),
    ("an empty password last of two", "username=a&password=b&password="),
    ("JSON under the form type", '{"username":"a","password":"b"}'),
    ("e-mail instead of username", "email={USER_EMAIL}&password=b"),
    ("another grant type", NOBODY + "&grant_type=x"),
    ("a grant type in capitals", NOBODY + "&grant_type=Password"),
    ("a grant type and more", NOBODY + "&grant_type=passwords"),
    ("a grant type and a blank", NOBODY + "&grant_type=password+"),
    ("a grant type and a line feed", NOBODY + "&grant_type=password%0A"),
    ("another grant type last of two", NOBODY + "&grant_type=password&grant_type=x"),
    ("another grant type and no field", "grant_type=client_credentials"),
    ("another grant type and no password", "username=a&grant_type=%C3%A9%22"),
    ("the right grant type and no field", "grant_type=password"),
    ("an encoded name of a field", "user%6eame=a&%70assword="),
]

REFUSED = [
    ("an unknown user", NOBODY),
    ("a wrong password", "username={USER_EMAIL}&password=wrong"),
    ("a wrong password with the right one in it", USER + "x"),
    ("an inactive user", "username={INACTIVE_EMAIL}&password={INACTIVE_PASSWORD_FORM}"),
    ("an inactive user and a wrong password", "username={INACTIVE_EMAIL}&password=x"),
    ("the user's id as the name", "username={USER_ID}&password={USER_PASSWORD_FORM}"),
    ("a name that is not an address", "username=nobody.{RUN}&password=x"),
    ("a blank before the name", "username=+{USER_EMAIL}&password={USER_PASSWORD_FORM}"),
    ("a blank after the name", "username={USER_EMAIL}+&password={USER_PASSWORD_FORM}"),
    ("a display name", "username=U+<{USER_EMAIL}>&password={USER_PASSWORD_FORM}"),
    ("a blank as the password", "username={USER_EMAIL}&password=+"),
    ("a name that is a pattern", "username=%25{RUN}%25&password={USER_PASSWORD_FORM}"),
    ("a right name first of two", "username={USER_EMAIL}&" + NOBODY),
    ("a bad escape in the password", "username={USER_EMAIL}&password=%zz"),
    ("half an escape in the password", "username={USER_EMAIL}&password=%"),
    ("half an escape of one digit", "username={USER_EMAIL}&password=%4"),
    (
        "a very long password",
        {"repeat": [["username={USER_EMAIL}&password=", 1], ["x", 5000]]},
    ),
    ("a very long name", {"repeat": [["password=x&username=", 1], ["x", 5000]]}),
]

ACCEPTED = [
    ("the right fields", USER),
    ("the right grant type", USER + "&grant_type=password"),
    ("an empty grant type", USER + "&grant_type="),
    ("the right grant type last of two", USER + "&grant_type=x&grant_type=password"),
    ("scope and client", USER + "&scope=a+b&client_id=1&client_secret=2"),
    ("empty scope and client", USER + "&scope=&client_id=&client_secret="),
    ("a field that nobody knows", USER + "&remember=1&a"),
    (
        "every character of the name escaped",
        "username={USER_EMAIL_ESCAPED}&password={USER_PASSWORD_FORM}",
    ),
    ("the name of a field escaped", USER.replace("username", "%75sern%61me")),
    ("blanks as %20", USER.replace("PASSWORD_FORM", "PASSWORD_ESCAPED")),
    ("the name in capitals", USER.replace("USER_EMAIL", "USER_EMAIL_UPPER")),
    ("the name in small letters", USER.replace("USER_EMAIL", "USER_EMAIL_LOWER")),
    ("stray ampersands", "&&" + USER.replace("&", "&&") + "&"),
    ("a wrong name first of two", "username=nobody&" + USER),
    ("a wrong password first of two", "password=x&" + USER),
    ("a field without a name", "=x&" + USER),
    ("the password first", "password={USER_PASSWORD_FORM}&username={USER_EMAIL}"),
]

TYPES = [
    ("a charset", FORM + "; charset=utf-8"),
    ("another charset", FORM + ";charset=latin1"),
    ("an empty parameter", FORM + ";"),
    ("capitals", FORM.upper()),
    ("blanks", "  " + FORM + "  "),
]

OTHER_TYPES = [
    ("text/plain", TEXT),
    ("JSON", JSON),
    ("two types", FORM + ", text/plain"),
    ("octets", "application/octet-stream"),
    ("half the type", "application/x-www-form"),
    ("multipart/mixed", "multipart/mixed; boundary=XX"),
    ("an empty type", ""),
]


def post(body, kind=FORM, path=BEARER_LOGIN, **extra):
    """Return a login."""
    return step("POST", path, body, kind, **extra)


D = "Content-Disposition: form-data; "


def raw_part(headers, value):
    """Return a part with headers of its own."""
    return f"--XX\r\n{headers}\r\n\r\n{value}\r\n"


def part(name, value, more=""):
    """Return a part of a multipart body."""
    return raw_part(f'{D}name="{name}"{more}', value)


END = "--XX--\r\n"
NAME = part("username", "{USER_EMAIL}")
WORD = part("password", "{USER_PASSWORD}")
BOTH = NAME + WORD

GOOD_PARTS = [
    ("both parts", BOTH + END, MULTIPART),
    ("no line break at the end", BOTH + "--XX--", MULTIPART),
    ("text after the end", BOTH + END + "epilogue\r\n--XX\r\n", MULTIPART),
    ("a quoted boundary", BOTH + END, 'multipart/form-data; boundary="XX"'),
    ("a type in capitals", BOTH + END, "MULTIPART/FORM-DATA; BOUNDARY=XX"),
    ("a charset after the boundary", BOTH + END, MULTIPART + "; charset=utf-8"),
    ("line breaks before the first boundary", "\r\n" + BOTH + END, MULTIPART),
    ("names without quotes", (BOTH + END).replace('"', ""), MULTIPART),
    (
        "headers in small letters",
        (BOTH + END).replace(D, "content-disposition: form-data; "),
        MULTIPART,
    ),
    ("no blank after the colon", (BOTH + END).replace(": ", ":"), MULTIPART),
    (
        "values in capitals",
        (BOTH + END).replace("form-data; name", "FORM-DATA; NAME"),
        MULTIPART,
    ),
    ("an attachment", (BOTH + END).replace("form-data;", "attachment;"), MULTIPART),
    (
        "a parameter more",
        (BOTH + END).replace('"\r\n\r\n', '"; x=y\r\n\r\n'),
        MULTIPART,
    ),
    (
        "a type of a part",
        (BOTH + END).replace(
            '"\r\n\r\n', '"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
        ),
        MULTIPART,
    ),
    (
        "a type before the disposition",
        (BOTH + END).replace(D, "Content-Type: text/plain\r\n" + D),
        MULTIPART,
    ),
    ("a wrong name first of two", part("username", "nobody") + BOTH + END, MULTIPART),
    ("a grant type", BOTH + part("grant_type", "password") + END, MULTIPART),
    ("an empty grant type", BOTH + part("grant_type", "") + END, MULTIPART),
    ("a part nobody knows", BOTH + part("remember", "1") + END, MULTIPART),
    (
        "a file nobody asked for",
        BOTH + part("photo", "x", '; filename="a.png"') + END,
        MULTIPART,
    ),
    (
        "a boundary of signs",
        (BOTH + END).replace("XX", "-'()+_,./:=?"),
        'multipart/form-data; boundary="-\'()+_,./:=?"',
    ),
]

BAD_PARTS = [
    ("no boundary in the type", BOTH + END, "multipart/form-data"),
    ("an empty boundary", BOTH + END, "multipart/form-data; boundary="),
    ("an empty quoted boundary", BOTH + END, 'multipart/form-data; boundary=""'),
    ("another boundary", BOTH + END, "multipart/form-data; boundary=YY"),
    ("a boundary in small letters", BOTH + END, "multipart/form-data; boundary=xx"),
    ("an empty body", "", MULTIPART),
    ("the end only", END, MULTIPART),
    ("half a boundary", "--X", MULTIPART),
    ("a boundary only", "--XX", MULTIPART),
    ("a boundary and a line break", "--XX\r\n", MULTIPART),
    ("text only", "garbage", MULTIPART),
    ("text before the first boundary", "preamble\r\n" + BOTH + END, MULTIPART),
    ("line feeds only", (BOTH + END).replace("\r\n", "\n"), MULTIPART),
    ("a form under the multipart type", USER, MULTIPART),
    ("no end", NAME, MULTIPART),
    ("half of a header", BOTH[:30], MULTIPART),
    ("half of a value", NAME[:-5], MULTIPART),
    ("the second part cut", NAME + WORD[:60], MULTIPART),
    (
        "an empty name and password",
        part("username", "") + part("password", "") + END,
        MULTIPART,
    ),
    ("no password", NAME + END, MULTIPART),
    (
        "no disposition",
        raw_part("Content-Type: text/plain", "x") + WORD + END,
        MULTIPART,
    ),
    (
        "no name",
        raw_part("Content-Disposition: form-data", "x") + WORD + END,
        MULTIPART,
    ),
    ("no header", "--XX\r\n\r\nx\r\n" + END, MULTIPART),
    (
        "an extended name",
        raw_part(D + "name*=utf-8''username", "x") + WORD + END,
        MULTIPART,
    ),
    (
        "a name in single quotes",
        raw_part(D + "name='username'", "x") + WORD + END,
        MULTIPART,
    ),
    (
        "an escaped quote in a name",
        raw_part(D + 'name="user\\"name"', "x") + WORD + END,
        MULTIPART,
    ),
    (
        "a header without a colon",
        raw_part(D + 'name="username"\r\nbad', "x") + WORD + END,
        MULTIPART,
    ),
    (
        "a blank in the name of a header",
        raw_part(D + 'name="username"\r\nX Y: z', "x") + WORD + END,
        MULTIPART,
    ),
    (
        "an empty file as the name",
        part("username", "", '; filename=""') + WORD + END,
        MULTIPART,
    ),
    ("another grant type", BOTH + part("grant_type", "x") + END, MULTIPART),
    ("JSON under the multipart type", "{}", MULTIPART),
]


CLAIMS = {
    "sub": "{USER_ID}",
    "aud": ["fastapi-users:auth"],
    "exp": "{NOW+3600}",
}


def form_cases():
    """Urlencoded logins."""
    for name, body in PLAIN:
        yield case("login", f"sign in with {name}", post(body))
    for name, body in REFUSED:
        yield case("login", f"sign in with {name}", post(body))
    for name, body in ACCEPTED:
        yield case("login", f"sign in with {name}", post(body, claims=CLAIMS))
    yield case("login", "sign in without a body", post(None))
    yield case("login", "sign in without a type", post(USER, None))
    for name, kind in TYPES:
        yield case("login", f"sign in with {name} in the type", post(USER, kind))
    for name, kind in OTHER_TYPES:
        yield case("login", f"sign in with {name} as the type", post(USER, kind))
    yield case(
        "login",
        "sign in with JSON",
        post('{"username":"{USER_EMAIL}","password":"{USER_PASSWORD}"}', JSON),
    )
    yield case(
        "login",
        "sign in with the fields in the query",
        post(None, path=BEARER_LOGIN + "?username=a&password=b"),
    )
    yield case(
        "login",
        "sign in with a bad token at hand",
        post(USER, who="a bad token"),
    )


def cookie_cases():
    """Logins that set the cookie."""
    yield case(
        "login",
        "sign in by cookie",
        post(USER, path=COOKIE_LOGIN, claims=CLAIMS),
    )
    yield case(
        "login",
        "sign in by cookie with a wrong password",
        post("username={USER_EMAIL}&password=x", path=COOKIE_LOGIN),
    )
    yield case("login", "sign in by cookie without fields", post("", path=COOKIE_LOGIN))
    yield case(
        "login",
        "sign in by cookie as an inactive user",
        post(
            "username={INACTIVE_EMAIL}&password={INACTIVE_PASSWORD_FORM}",
            path=COOKIE_LOGIN,
        ),
    )
    yield case(
        "login",
        "sign in by cookie and read oneself",
        post(USER, path=COOKIE_LOGIN, save_cookie="FRESH_COOKIE"),
        step(
            "GET", "/users/me", headers=[["Cookie", "fastapiusersauth={FRESH_COOKIE}"]]
        ),
    )
    yield case(
        "login",
        "sign in and read oneself",
        post(USER, save={"FRESH_TOKEN": "access_token"}),
        step("GET", "/users/me", who="fresh"),
    )


def multipart_cases():
    """Multipart logins."""
    for name, body, kind in GOOD_PARTS + BAD_PARTS:
        yield case("multipart", f"sign in by multipart with {name}", post(body, kind))
    yield case(
        "multipart",
        "sign in by multipart with a file as the name",
        post(
            part("username", "{USER_EMAIL}", '; filename="f"') + WORD + END,
            MULTIPART,
            **differs("open", answer(422, FILE_ERROR)),
        ),
    )
    yield case(
        "multipart",
        "sign in by multipart with a password that holds half a boundary",
        post(NAME + part("password", "a\r\n--X\r\n--Y") + END, MULTIPART),
    )
    yield case(
        "multipart",
        "sign in by multipart with a transfer encoding, which is ignored",
        post(
            NAME
            + raw_part(
                D + 'name="password"\r\nContent-Transfer-Encoding: base64', "eA=="
            )
            + END,
            MULTIPART,
        ),
    )


FILE_ERROR = (
    '{"detail":[{"type":"string_type","loc":["body","username"],'
    '"msg":"Input should be a valid string","input":"{ANY}"}]}'
)


def text_cases():
    """Characters beyond ASCII, and bytes that are none."""
    new = '{"email":"uml.{RUN}@example.org","password":"pässwörd"}'
    name = "username=uml.{RUN}@example.org"
    yield case(
        "login",
        "sign in with an escaped umlaut in the password",
        step("POST", "/auth/register", new, save={"NEW_ID": "id"}),
        post(name + "&password=p%C3%A4ssw%C3%B6rd"),
    )
    yield case(
        "login",
        "sign in with a raw umlaut in the password",
        step(
            "POST",
            "/auth/register",
            new.replace("uml.", "raw."),
            save={"NEW_ID": "id"},
        ),
        post(name.replace("uml.", "raw.") + "&password=pässwörd"),
    )
    yield case(
        "login",
        "sign in by multipart with an umlaut in the password",
        step(
            "POST",
            "/auth/register",
            new.replace("uml.", "part."),
            save={"NEW_ID": "id"},
        ),
        post(
            part("username", "part.{RUN}@example.org")
            + part("password", "pässwörd")
            + END,
            MULTIPART,
        ),
    )
    for name, text, shown in (
        ("a NUL", "a%00b", "a\\ufffdb"),
        ("a byte that is not UTF-8", "a%FFb", "a\\ufffdb"),
        ("a surrogate", "a%ED%A0%80b", "a\\ufffd\\ufffd\\ufffdb"),
        ("an overlong form", "a%C0%AFb", "a\\ufffd\\ufffdb"),
    ):
        for field, body in (
            ("username", f"username={text}&password=x"),
            ("password", f"username={{USER_EMAIL}}&password={text}"),
        ):
            yield case(
                "bad text",
                f"sign in with {name} in the {field}",
                post(body, **differs("5", bad_text(field, shown))),
            )
    yield case(
        "bad text",
        "sign in by multipart with a NUL in the name",
        post(
            part("username", "a\0b") + part("password", "x") + END,
            MULTIPART,
            **differs("5", bad_text("username", "a\\ufffdb")),
        ),
    )
    yield case(
        "bad text",
        "sign in with a NUL in a field nobody reads",
        post(USER + "&scope=%00", **differs("5", bad_text("scope", "\\ufffd"))),
    )


def cases():
    """Return all cases of this file."""
    for some in (form_cases, cookie_cases, multipart_cases, text_cases):
        yield from some()
