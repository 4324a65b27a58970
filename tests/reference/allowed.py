"""The differences that are allowed, and nothing but data.

Each names the item of the list "Better on purpose" in README.md, why, and what
must be so for it to apply: `when` names questions about the request (in
judge.py), `reference` and `ours` the statuses, `in` the parts that may differ
(all when left out), `says` texts of which our answer has one.  Everything must
hold.

An item "open" is a difference that the contract leaves open.
"""

ALLOWED = (
    {
        "item": 2,
        "why": "null in a PATCH changes nothing",
        "when": ["a change with null"],
        "reference": [500],
        "ours": [200, 400],
    },
    {
        "item": 5,
        "why": "U+0000 and unpaired surrogates are refused wherever they stand",
        "when": ["bad text in JSON"],
        "reference": [200, 201, 400, 404, 422, 500],
        "ours": [422],
        "says": ["string_unicode", "\ufffd"],
    },
    {
        "item": 5,
        "why": "a body that is not UTF-8 is refused as one that is not JSON",
        "when": ["a body that is not UTF-8"],
        "reference": [400, 422, 500],
        "ours": [422],
    },
    {
        "item": 5,
        "why": "a form with U+0000 or bytes that are not UTF-8 is refused",
        "when": ["bad text in a form"],
        "reference": [200, 204, 400, 422, 500],
        "ours": [422, 400],
    },
    {
        "item": 5,
        "why": "U+0000 in a path is refused before anything else",
        "when": ["U+0000 in the path"],
        "reference": [307, 401, 403, 404, 405],
        "ours": [400],
    },
    {
        "item": 6,
        "why": "HEAD works wherever GET does",
        "when": ["HEAD"],
        "reference": [405],
        "ours": [200, 401, 403, 404],
    },
    {
        "item": 8,
        "why": "an unsafe request from another site that carries our cookie",
        "when": ["a cookie from another site"],
        "reference": [200, 201, 204, 400, 401, 403, 404, 422],
        "ours": [403],
        "says": ['{"detail":"Forbidden"}'],
    },
    {
        "item": 10,
        "why": "an ambiguous token is a bad token",
        "when": ["an ambiguous token"],
        "reference": [200, 204, 400, 403, 404, 422, 500],
        "ours": [401],
    },
    {
        "item": 10,
        "why": "an ambiguous token is a bad token, when it was mailed too",
        "when": ["an ambiguous token", "a mailed token"],
        "reference": [200, 400, 500],
        "ours": [400],
        "says": ["_BAD_TOKEN"],
    },
    {
        "item": 10,
        "why": "a fingerprint that is none makes a bad token",
        "when": ["a mailed token"],
        "reference": [500],
        "ours": [400],
        "says": ["RESET_PASSWORD_BAD_TOKEN"],
    },
    {
        "item": 13,
        "why": "a mailed token without exp is a bad token",
        "when": ["a mailed token without end"],
        "reference": [200],
        "ours": [400],
        "says": ["_BAD_TOKEN"],
    },
    {
        "item": 10,
        "why": "an ambiguous token is no token, so the other one of two counts",
        "when": ["an ambiguous token", "two tokens"],
    },
    {
        "item": 10,
        "why": "numbers that JSON cannot write are shown as null, not answered 500",
        "when": ["an absurd number"],
        "reference": [500],
        "ours": [422],
    },
    {
        "item": 10,
        "why": "a number too large for an id is nobody's, not answered 500",
        "when": ["a large number in the path"],
        "reference": [500],
        "ours": [404],
    },
    {
        "item": 11,
        "why": "a password of more than 4,096 bytes is not hashed",
        "when": ["a long password"],
        "reference": [200, 201, 400],
        "ours": [400, 413],
    },
    {
        "item": 11,
        "why": "a body of more than a mebibyte is not read",
        "when": ["a large body"],
        "ours": [413],
    },
    {
        "item": 11,
        "why": "JSON of more than 64 levels, 256 members or 10,000 values is not taken",
        "when": ["large JSON"],
        "ours": [400],
    },
    {
        "item": 11,
        "why": "a header that decides who asks must not be given in two ways",
        "when": ["two who ask"],
        "ours": [400],
    },
    {
        "item": 16,
        "why": "Allow names every method of the path",
        "when": [],
        "reference": [405],
        "ours": [405],
        "in": ["allow"],
    },
    {
        "item": 17,
        "why": "one's own address may change in case only",
        "when": ["a change of an address"],
        "reference": [400],
        "ours": [200],
    },
    {
        "item": "open",
        "why": "a file where text is wanted: the reference shows its own insides",
        "when": ["a file in a form"],
        "reference": [422],
        "ours": [422],
        "in": ["body"],
        "says": ['"string_type"'],
    },
    {
        "item": "open",
        "why": "no route has control characters or broken UTF-8 in it; for the"
        " reference a line feed at the end of a path is nothing",
        "when": ["a path with bytes that belong in none"],
        "ours": [404],
    },
    {
        "item": "open",
        "why": "where a slash is cut off, %, ? and # stay escaped",
        "when": ["a path with %, ? or # escaped"],
        "reference": [307],
        "ours": [307],
        "in": ["location"],
    },
)
