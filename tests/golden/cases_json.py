"""Cases about JSON bodies: syntax, types of content, schema and echo."""

import base64

from case import (
    FORM,
    JSON,
    ME,
    MULTIPART,
    NOT_UTF8,
    REGISTER,
    TEXT,
    UNREADABLE,
    answer,
    bad_text,
    case,
    differs,
    step,
)

SYNTAX = [
    ("an opening brace alone", "{"),
    ("a closing brace alone", "}"),
    ("an opening brace and blanks", "{  "),
    ("an object whose name has no quotes", "{a:1}"),
    ("an object whose name has single quotes", "{'a':1}"),
    ("an object whose name is a number", "{1:1}"),
    ("an object that starts with a comma", "{,}"),
    ("an object that starts with a colon", "{:1}"),
    ("a name that does not end", '{"a'),
    ("a name of one quote", '{"'),
    ("a name and nothing", '{"a"'),
    ("a name, blanks and nothing", '{"a"  '),
    ("a name and the closing brace", '{"a"}'),
    ("a name and a number without a colon", '{"a" 1}'),
    ("a name and an equals sign", '{"a"=1}'),
    ("a name, a colon and nothing", '{"a":'),
    ("a name, a colon and blanks", '{"a":   '),
    ("a name, a colon and the closing brace", '{"a":}'),
    ("a name, a colon and a comma", '{"a":,"b":1}'),
    ("a member and nothing", '{"a":1'),
    ("a member and a name without a comma", '{"a":1 "b":2}'),
    ("a member and a closing bracket", '{"a":1]'),
    ("a member and a semicolon", '{"a":1;"b":2}'),
    ("a member, a comma and nothing", '{"a":1,'),
    ("a comma before the closing brace", '{"a":1,}'),
    ("a comma and blanks before the closing brace", '{"a":1 , }'),
    ("two commas between members", '{"a":1,,"b":2}'),
    ("a comma and a name without quotes", '{"a":1, b:2}'),
    ("an opening bracket alone", "["),
    ("a closing bracket alone", "]"),
    ("a bracket and a comma", "[,1]"),
    ("an item and nothing", "[1"),
    ("an item and no comma", "[1 2]"),
    ("an item and a closing brace", "[1}"),
    ("an item, a comma and nothing", "[1,"),
    ("a comma before the closing bracket", "[1,]"),
    ("an object and more text", "{} x"),
    ("two objects", "{}{}"),
    ("an object and a closing brace", '{"a":1}}'),
    ("a comma after the object", "{},"),
    ("a line break and text after the object", "{}\n\nx"),
    ("a word", "hello"),
    ("half of null", "nul"),
    ("half of true", "tru"),
    ("false and a letter", "falsee"),
    ("null in capitals", "NULL"),
    ("True as in Python", "True"),
    ("None as in Python", '{"a":None}'),
    ("undefined", '{"a":undefined}'),
    ("a minus sign alone", "-"),
    ("minus and NaN", "-NaN"),
    ("a plus sign", "+1"),
    ("a leading zero", "01"),
    ("a leading zero in a member", '{"a":01}'),
    ("a point without digits after", "1."),
    ("a point without digits before", ".5"),
    ("an exponent without digits", "1e"),
    ("an exponent with a sign only", '{"a":1e+}'),
    ("a hexadecimal number", '{"a":0x10}'),
    ("a number with an underscore", '{"a":1_000}'),
    ("a string that does not end", '"abc'),
    ("a string that ends in a backslash", '"abc\\'),
    ("a string whose closing quote is escaped", '{"a":"b\\"}'),
    ("a single quote string", "{\"a\":'b'}"),
    ("a line feed in a string", '{"a":"b\nc"}'),
    ("a carriage return in a string", '{"a":"b\rc"}'),
    ("a tab in a string", '{"a":"b\tc"}'),
    ("a tab in a name", '{"a\tb":1}'),
    ("a NUL in a string", '{"a":"b\0c"}'),
    ("the character 31 in a string", '{"a":"b\x1fc"}'),
    ("an unknown escape", '{"a":"b\\xc"}'),
    ("an escaped blank", '{"a":"\\ "}'),
    ("an escaped line feed", '{"a":"\\\n"}'),
    ("an escaped single quote", '{"a":"\\\'"}'),
    ("an escape in capitals", '{"a":"\\N"}'),
    ("a unicode escape without digits", '{"a":"\\u"}'),
    ("a unicode escape that ends with the text", '{"a":"\\u'),
    ("a unicode escape of two digits", '{"a":"\\u12"}'),
    ("a unicode escape with a bad digit", '{"a":"\\u12G4"}'),
    ("a unicode escape with a sign", '{"a":"\\u+123"}'),
    ("a unicode escape with a prefix", '{"a":"\\u0x12"}'),
    ("a unicode escape in capitals", '{"a":"\\U0041"}'),
    ("a second unicode escape that is bad", '{"a":"\\ud83d\\u12"}'),
    ("blanks only", "   "),
    ("line breaks only", "\r\n\t"),
    ("blanks before a fault", "\n\t x"),
    ("a form feed before the object", "\x0c{}"),
    ("a vertical tab in the object", "{\x0b}"),
    ("a NUL alone", "\0"),
    ("a NUL after the object", "{}\0"),
    ("a no-break space in the object", "{\u00a0}"),
    ("a fault after a letter of two bytes", '{"é":}'),
    ("a fault after letters of three bytes", '{"日本語":"é" x}'),
    ("a fault after a character of four bytes", '{"a":"😀" x}'),
    ("a fault after an escaped pair", '{"a":"\\ud83d\\ude00" x}'),
    ("a fault after a byte order mark", "\ufeff{x}"),
    ("a byte order mark alone", "\ufeff"),
    ("two byte order marks", "\ufeff\ufeff{}"),
    ("a comment", '{/* */"a":1}'),
    ("a comment after the object", "{} // done"),
    ("an unclosed nest", '{"a":[{"b":'),
    ("a crossed nest", '{"a":[1}]'),
    ("curly quotes", "{\u201ca\u201d:1}"),
    ("a full-width colon", '{"a"\uff1a1}'),
    ("a form body under a JSON type", "email=a@b.co&password=x"),
    ("an XML body under a JSON type", "<user/>"),
]

WHOLE_BODIES = [
    "null",
    "[]",
    '"x"',
    '""',
    "1",
    "0",
    "-1",
    "1.5",
    "true",
    "false",
    "[{}]",
]

TYPES = [
    ("application/json with a charset", "application/json; charset=utf-8"),
    (
        "application/json with a charset that is wrong",
        "application/json;charset=latin-1",
    ),
    ("application/json with an empty parameter", "application/json;"),
    ("application/json with half a parameter", "application/json; charset"),
    ("application/json in capitals", "APPLICATION/JSON"),
    ("application/json between blanks", "  application/json  "),
    ("application/x+json", "application/x+json"),
    ("application/vnd.api+json", "application/vnd.api+json; v=1"),
    ("application/X+JSON in capitals", "application/X+JSON"),
    ("application/+json", "application/+json"),
    ("text/json", "text/json"),
    ("text/plain", TEXT),
    ("text/x+json", "text/x+json"),
    ("application/jsonx", "application/jsonx"),
    ("application/json-seq", "application/json-seq"),
    ("application/x+json+xml", "application/x+json+xml"),
    ("application without a subtype", "application"),
    ("json without a type", "json"),
    ("an empty type", ""),
    ("two types in a list", "application/json, text/plain"),
    ("two types with a blank", "application/json text/plain"),
    ("a blank after the slash", "application/ json"),
    ("two slashes", "application//json"),
    ("three parts", "application/json/x"),
    ("a quoted type", '"application/json"'),
    ("a form type", FORM),
    ("a multipart type", MULTIPART),
    ("application/octet-stream", "application/octet-stream"),
    ("application/xml", "application/xml"),
]

NUMBERS = [
    "1", "-1", "0", "-0", "007"[2:], "12345678901234567890", "-12345678901234567890",
    "9223372036854775807", "9223372036854775808", "100000000000000000000000000000",
    "1.0", "1.50", "-0.0", "0.1", "0.30000000000000004", "123456789.123456789",
    "1e0", "1e5", "1E5", "1e+5", "1e15", "1e16", "1e21", "1e22", "123456789012345680.0",
    "9007199254740993.0", "1e-4", "1e-5", "1e-7", "0.0001", "0.00001", "0.00001234",
    "5e-324", "1e-400", "2.2250738585072014e-308", "1.7976931348623157e308", "3.14e2",
    "1.0000000000000001", "0.1e1", "1e05",
]  # fmt: skip

TEXTS = [
    ("letters of two bytes", '"é"'),
    ("an escaped letter", '"\\u00e9"'),
    ("an escaped pair", '"\\ud83d\\ude00"'),
    ("an escaped pair in capitals", '"\\uD83D\\uDE00"'),
    ("an emoji", '"😀"'),
    ("escaped slashes and quotes", '"\\/\\"\\\\"'),
    ("the short escapes", '"\\b\\f\\n\\r\\t"'),
    ("control characters", '"\\u0001\\u001f\\u007f\\u0080"'),
    ("markup", '"<script>&amp;\'"'),
    ("line separators", '"\\u2028\\u2029"'),
    ("a byte order mark", '"\\ufeff"'),
    ("a noncharacter", '"\\uffff"'),
]

SHAPES = [
    ("an empty object", "{}"),
    ("an empty list", "[]"),
    ("an object with lists", '{"b":1,"a":[1,{"c":null}],"d":"x"}'),
    ("an object with a name twice", '{"b":1,"a":2,"b":3}'),
    ("an object with names in two cases", '{"A":1,"a":2}'),
    ("an object with an empty name", '{"":1}'),
    ("a list of all kinds", '[1,-2.5,true,false,null,"x",[],{}]'),
    ("blanks between everything", '[ 1 , { "a" : 2 } ]'),
    ("true", "true"),
    ("false", "false"),
    ("null", "null"),
]

GOOD_FLAGS = [
    "true", "false", '"true"', '"True"', '"TRUE"', '"tRuE"', '"t"', '"T"', '"y"',
    '"Y"', '"yes"', '"YES"', '"yeS"', '"on"', '"ON"', '"oN"', '"1"', '"0"', '"off"',
    '"OFF"', '"n"', '"N"', '"no"', '"No"', '"f"', '"F"', '"false"', '"False"',
    '"FALSE"', "1", "0", "-0", "1.0", "0.0", "-0.0", "1e0", "10e-1", "0e5",
    "1.0000000000000001",
]  # fmt: skip

BAD_FLAGS = [
    "2", "-1", "10", "255", "4294967296", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "-9223372036854775809",
    "12345678901234567890123", "0.5", "1.5", "-1.0", "2.0", "1e5", "1e15", "1e19",
    "1e300", "0.9999999999999999", '""', '" "', '"x"', '" true"', '"true "', '"01"',
    '"00"', '"1.0"', '"2"', '"-1"', '"+1"', '"tru"', '"yep"', '"ok"', '"enabled"',
    '"null"', '"none"', '"ｔｒｕｅ"', '"\\u0131"', '"oﬀ"', "[]", "[true]", "[1]",
    "{}", '{"a":true}',
]  # fmt: skip

NOT_TEXT = ["null", "1", "1.5", "true", "false", "[]", '["a@b.co"]', "{}", '{"a":1}']


def register(body, kind=JSON, **extra):
    """Return a registration by nobody."""
    return step("POST", REGISTER, body, kind, **extra)


def syntax_cases():
    """Every fault of syntax and its place."""
    for name, text in SYNTAX:
        yield case("json syntax", f"register with {name}", register(text))
    for name, data, place, error in (
        ("UTF-16 with a byte order mark", "fffe7b007d00", 0, "Invalid UTF-8"),
        (
            "UTF-16 without a byte order mark",
            "7b007d00",
            1,
            "Expecting property name enclosed in double quotes",
        ),
        ("big-endian UTF-16", "007b007d", 0, "Expecting value"),
        ("UTF-32", "fffe00007b0000007d000000", 0, "Invalid UTF-8"),
    ):
        yield case(
            "json syntax",
            f"register with {name}",
            register(
                {"base64": _base64(data)},
                **differs("open", bad_syntax(place, error)),
            ),
        )
    for name, data in (
        ("a byte that is not UTF-8 in a string", b'{"email":"\xff"}'),
        ("a byte that is not UTF-8 outside a string", b"\xff"),
        ("an overlong form", b'{"email":"\xc0\xaf"}'),
        ("a cut character at the end", b'{"email":"\xe2\x82'),
        ("a code point over the last one", b'{"email":"\xf4\x90\x80\x80"}'),
        ("a raw surrogate in UTF-8", b'{"email":"\xed\xa0\x80"}'),
    ):
        yield case(
            "json syntax",
            f"register with {name}",
            register({"base64": _base64(data.hex())}, **differs("5", NOT_UTF8)),
        )
    yield from size_cases()


def size_cases():
    """Deep bodies, long numbers, many members and many values."""
    for depth in (10, 50, 60, 64):
        text = "[" * depth + "]" * depth
        yield case("json syntax", f"register with {depth} nested lists", register(text))
    for depth in (65, 100):
        yield case(
            "json syntax",
            f"register with {depth} nested lists",
            register("[" * depth + "]" * depth, **differs("open", UNREADABLE)),
        )
    for name, parts in (
        ("10,000 nested lists", [["[", 10000], ["]", 10000]]),
        ("10,000 opening brackets", [["[", 10000]]),
        ("10,000 nested objects", [['{"a":', 10000], ["1", 1], ["}", 10000]]),
        ("an integer of 5,000 digits", [['{"email":', 1], ["1", 5000], ["}", 1]]),
    ):
        yield case("json syntax", f"register with {name}", register({"repeat": parts}))
    start, end = '{"email":1,"password":"x","x":', "}"
    for name, parts, number in (
        ("an integer of 4,300 digits", [["1", 4300]], None),
        ("an integer of 4,301 digits", [["1", 4301]], None),
        ("a fraction of 5,000 digits", [["0.", 1], ["1", 5000]], None),
        ("an object of 256 members", [[members(256), 1]], None),
        ("an object of 257 members", [[members(257), 1]], "open"),
        ("10,000 values", [["[1", 1], [",1", 9995], ["]", 1]], None),
        ("10,001 values", [["[1", 1], [",1", 9996], ["]", 1]], "open"),
    ):
        yield case(
            "json syntax",
            f"register with {name} in a member that nobody knows",
            register(
                {"repeat": [[start, 1], *parts, [end, 1]]},
                **(differs(number, UNREADABLE) if number else {}),
            ),
        )


def members(count):
    """Return an object of so many members."""
    return "{" + ",".join(f'"m{number}":1' for number in range(count)) + "}"


def bad_syntax(place, error):
    """Return the 422 for what is not JSON."""
    return answer(
        422,
        '{"detail":[{"type":"json_invalid","loc":["body",%d],"msg":"JSON decode error",'
        '"input":{},"ctx":{"error":"%s"}}]}' % (place, error),
    )


def no_object(shown):
    """Return the 422 for a body that is no object."""
    return answer(
        422,
        '{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should'
        ' be a valid dictionary or object to extract fields from","input":%s}]}'
        % shown,
    )


def no_address(shown, more=""):
    """Return the 422 for an address that is no text."""
    return answer(
        422,
        '{"detail":[{"type":"string_type","loc":["body","email"],'
        '"msg":"Input should be a valid string","input":%s}%s]}' % (shown, more),
    )


NO_FLAG = (
    ',{"type":"bool_type","loc":["body","is_active"],'
    '"msg":"Input should be a valid boolean","input":null}'
)


def not_finite_cases():
    """Numbers that JSON does not have are shown as null."""
    for text in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1E999"):
        yield case(
            "json syntax",
            f"register with {text} as the address",
            register(
                f'{{"email":{text},"password":"x"}}',
                **differs("open", no_address("null")),
            ),
        )
    for text in ("NaN", "Infinity", "1e400"):
        yield case(
            "json syntax",
            f"register with {text} as the body",
            register(text, **differs("open", no_object("null"))),
        )
    for text in ("nan", "inf", "infinity", "+Infinity", "-Inf"):
        yield case(
            "json syntax",
            f"register with {text} as the address",
            register(f'{{"email":{text}}}'),
        )


def type_cases():
    """What the Content-Type makes of a body."""
    good = '{"email":"nope","password":"x"}'
    for name, kind in TYPES:
        yield case("content type", f"register with {name}", register(good, kind))
    yield case("content type", "register without a type", register(good, None))
    for name, text in (
        ("an empty body", ""),
        ("a blank", " "),
        ("a brace", "{"),
        ("an empty object", "{}"),
        ("null", "null"),
        ("an emoji", "😀"),
    ):
        for kind in (JSON, TEXT, None):
            yield case(
                "content type",
                f"register with {name} under {kind or 'no type'}",
                register(text, kind),
            )
    yield case("content type", "register without any body", register(None))
    yield case(
        "content type",
        "register without any body but a type",
        step("POST", REGISTER, headers=[["Content-Type", JSON]]),
    )
    yield case(
        "content type",
        "register with quotes and line breaks as text",
        register('a "quoted"\r\n\tline \\ é \u2028', TEXT),
    )
    yield case(
        "content type",
        "register with a NUL as text",
        register("a\0b", TEXT, **differs("5", no_object('"a\\ufffdb"'))),
    )
    yield case(
        "content type",
        "register with bytes that are not UTF-8 as text",
        register(
            {"base64": _base64("ff41")},
            TEXT,
            **differs("5", no_object('"\\ufffdA"')),
        ),
    )


def schema_cases():
    """Bodies of the wrong shape."""
    for text in WHOLE_BODIES:
        yield case("schema", f"register with {text} as the body", register(text))
    for text in (
        "{}",
        '{"email":"a@b.co"}',
        '{"password":"x"}',
        '{"x":1,"id":5}',
        '{"Email":"a@b.co","PASSWORD":"x"}',
        '{"email ":"a@b.co","password":"x"}',
        '{"e-mail":"a@b.co","password":"x"}',
        '{"\\u0065mail":1,"password":"x"}',
        '{"email":1,"email":2,"password":"x"}',
        '{"email":"nope","password":"x","email":"worse"}',
        '{"email":"nope"}',
        '{"is_verified":"z","is_superuser":"w","is_active":"q","email":"x"}',
        '{"email":1,"password":2,"is_active":3,"is_superuser":4,"is_verified":5}',
        '{"email":null,"password":null,"is_active":null,"is_superuser":null,"is_verified":null}',
        '{"email":"nope","password":"x","is_active":null}',
        '{"email":"nope","password":"x","id":"not checked","hashed_password":1}',
        '{"user":{"email":"a@b.co","password":"x"}}',
        '{"email":{"email":"a@b.co"},"password":["x"]}',
    ):
        yield case("schema", f"register with {text}", register(text))
    for text in NOT_TEXT:
        yield case(
            "schema",
            f"register with {text} as the address",
            register(f'{{"email":{text},"password":"x"}}'),
        )
        yield case(
            "schema",
            f"register with {text} as the password",
            register(f'{{"email":"nope","password":{text}}}'),
        )
        yield case(
            "schema",
            f"register with {text} as the only member",
            register(f'{{"password":{text}}}'),
        )
    yield case(
        "schema",
        "register with an empty password and a bad address",
        register('{"email":"nope","password":""}'),
    )


def flag_cases():
    """What counts as true and false, and what does not."""
    for text in GOOD_FLAGS:
        yield case(
            "flags",
            f"register takes {text} as a flag and finds only the address bad",
            register(f'{{"email":1,"password":"x","is_active":{text}}}'),
        )
        yield case(
            "flags",
            f"a superuser sets a flag with {text}",
            step(
                "PATCH",
                "/users/{FLAGGED_ID}",
                f'{{"is_verified":{text}}}',
                who="superuser",
            ),
        )
    for text in BAD_FLAGS:
        yield case(
            "flags",
            f"register refuses {text} as a flag",
            register(f'{{"email":1,"password":"x","is_superuser":{text}}}'),
        )
    for text in ("2", '"x"', "0.5", "[]"):
        for field in ("is_active", "is_superuser", "is_verified"):
            yield case(
                "flags",
                f"one's own {field} as {text} is refused though ignored",
                step("PATCH", ME, f'{{"{field}":{text}}}', who="user"),
            )
    for text in ("NaN", "1e400"):
        yield case(
            "flags",
            f"register refuses {text} as a flag",
            register(
                f'{{"email":1,"password":"x","is_active":{text}}}',
                **differs("open", no_address("1", NO_FLAG)),
            ),
        )


def echo_cases():
    """How values come back as input."""
    for text in NUMBERS:
        yield case(
            "echo",
            f"the number {text} comes back",
            register(f'{{"email":{text},"password":"x"}}'),
        )
    for name, text in TEXTS:
        yield case(
            "echo",
            f"{name} come back in a body without an address",
            register(f'{{"note":{text},"password":"x"}}'),
        )
        yield case(
            "echo",
            f"{name} come back as a flag",
            register(f'{{"email":1,"password":"x","is_active":{text}}}'),
        )
    for name, text in SHAPES:
        yield case(
            "echo",
            f"{name} comes back as the address",
            register(f'{{"email":{text},"password":"x"}}'),
        )
        yield case(
            "echo",
            f"{name} comes back beside a missing member",
            register(f'{{"note":{text},"email":"nope"}}'),
        )
    yield case(
        "echo",
        "a body with a name twice comes back with the last value at the first place",
        register('{"x":1,"y":2,"x":3}'),
    )
    yield case(
        "echo",
        "a number of 200 digits comes back",
        register('{"email":' + "1234567890" * 20 + "}"),
    )


def unicode_cases():
    """Text that must never be stored."""
    bad = [
        ("a NUL", "a\\u0000b", "a\\ufffdb"),
        ("a high surrogate alone", "a\\ud800b", "a\\ufffdb"),
        ("a low surrogate alone", "a\\udc00b", "a\\ufffdb"),
        ("a pair in the wrong order", "\\ude00\\ud83d", "\\ufffd\\ufffd"),
        ("a high surrogate at the end", "ab\\ud83d", "ab\\ufffd"),
    ]
    for number, (name, text, shown) in enumerate(bad):
        email = f"bad{number}.{{RUN}}@example.org"
        yield case(
            "bad text",
            f"register with {name} in the password",
            register(
                f'{{"email":"{email}","password":"{text}"}}',
                **differs("5", bad_text("password", shown)),
            ),
        )
        yield case(
            "bad text",
            f"register with {name} in the address",
            register(
                f'{{"email":"{text}@example.org","password":"x"}}',
                **differs("5", bad_text("email", f"{shown}@example.org")),
            ),
        )
        yield case(
            "bad text",
            f"change one's password to one with {name}",
            step(
                "PATCH",
                ME,
                f'{{"password":"{text}"}}',
                who="fresh",
                **differs("5", bad_text("password", shown)),
            ),
            fresh={"login": True},
        )
        yield case(
            "bad text",
            f"change one's address to one with {name}",
            step(
                "PATCH",
                ME,
                f'{{"email":"{text}@example.org"}}',
                who="user",
                **differs("5", bad_text("email", f"{shown}@example.org")),
            ),
        )


def _base64(digits):
    """Return hexadecimal bytes in base64."""
    return base64.b64encode(bytes.fromhex(digits)).decode()


def cases():
    """Return all cases of this file."""
    for part in (
        syntax_cases,
        not_finite_cases,
        type_cases,
        schema_cases,
        flag_cases,
        echo_cases,
        unicode_cases,
    ):
        yield from part()
