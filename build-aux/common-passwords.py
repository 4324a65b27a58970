#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes src/core/common_passwords.def from a list of passwords by frequency.

Usage: common-passwords.py passwords.json > src/core/common_passwords.def

The list is src/passwords.json of the npm package
@zxcvbn-ts/language-common 4.1.3 (MIT licence). That list leaves out
repetitions and sequences, which are added here.
"""

import json
import string
import sys

LONG = 3700  # of eight characters or more
SHORT = 1100  # of fewer
SIZE = 15  # longest that is kept

HEAD = """\
/* SPDX-License-Identifier: MIT */
/*
 * Common passwords in lower case, sorted by bytes, at most {size} characters
 * each. Made by build-aux/common-passwords.py from the passwords of
 * @zxcvbn-ts/language-common 4.1.3:
 * Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc.
 * Copyright (c) 2021 @zxcvbn-ts
 * Both under the MIT licence.
 */
"""


def sequences():
    """Repetitions and runs, forwards and backwards."""
    for c in string.digits + string.ascii_lowercase:
        for n in range(6, 13):
            if n in (6, 7, 8, 10) or c in "01":
                yield c * n
    for run in ("01234567890", "12345678901", "abcdefghijkl"):
        for n in range(6, len(run) + 1):
            yield run[:n]
            yield run[:n][::-1]


def chosen(words):
    added = set(sequences())
    room = {False: SHORT, True: LONG}
    for word in words:
        word = word.lower()
        is_long = len(word) >= 8
        plain = all(c in string.ascii_lowercase + string.digits + "!@#$*-_."
                    for c in word)
        if plain and len(word) <= SIZE and room[is_long] and word not in added:
            room[is_long] -= 1
            added.add(word)
    return sorted(added)


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        words = chosen(json.load(source))
    print(HEAD.format(size=SIZE), end="")
    line = ""
    for word in words:
        item = f'"{word}",'
        if len(line) + len(item) > 80:
            print(line)
            line = ""
        line += item
    print(line)


main()
