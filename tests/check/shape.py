#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves the shape of the sources: short functions, files of a bearable size,
the licence line, headers that say what they guard, nothing left out of the
build, nothing left over.
"""

import os
import re

import house

FUNCTION_LIMIT = 60
TEST_FUNCTION_LIMIT = 100
# The design says 400; past these a file must be split.
FILE_LIMITS = {"src/": 600, "src/db/": 800, "src/store/": 800, "tests/": 1000}
# Long by nature: tables.
LONG_FILES = {"src/core/common_passwords.def", "src/base/config.def"}

LICENCE = "SPDX-License-Identifier: MIT"
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
SIGNATURE = re.compile(r"^([a-z_][a-z0-9_]*)\(")


def functions(text):
    """Name, first line and length of each function definition."""
    name, start, named = None, 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        found = SIGNATURE.match(line)
        if found:
            name, named = found[1], number
        elif line == "{":
            start = named if name else number
        elif line == "}" and start:
            yield name or "?", start, number - start + 1
            name, start = None, 0


def check_c(path, text):
    limit = FUNCTION_LIMIT if path.startswith("src/") else TEST_FUNCTION_LIMIT
    for name, line, length in functions(text):
        if length > limit:
            house.fault(f"{path}:{line}: {name} has {length} lines, more than "
                        f"{limit}")
    if re.search(r"^[a-z].*\b[a-z_]+\([^;]*\)\s*\{$", text, re.M):
        house.fault(f"{path}: a definition's name must start its line")


def check_header(path, text):
    stem = os.path.basename(path)[:-2].upper().replace("-", "_")
    if f"#ifndef {stem}_H\n#define {stem}_H\n" not in text:
        house.fault(f"{path}: the guard must be {stem}_H")


def check_own_header(path, text):
    """A source that has a header of its name includes it first."""
    own = path[len("src/"):-2] + ".h"
    first = re.search(r'^#include "([^"]+)"|^#include <([^>]+)>', text, re.M)
    if os.path.exists(os.path.join(house.TOP, "src", own)) and first and \
            first[1] != own:
        house.fault(f'{path}: must include "{own}" before anything else')


def check_text(path, text):
    lines = text.split("\n")
    if not path.endswith(".py") and LICENCE not in "\n".join(lines[:2]):
        house.fault(f"{path}:1: the licence line is missing: {LICENCE}")
    limit = max(FILE_LIMITS[f] for f in FILE_LIMITS if path.startswith(f))
    if len(lines) > limit and path not in LONG_FILES:
        house.fault(f"{path}: {len(lines)} lines, more than {limit}")
    for number, line in enumerate(lines, 1):
        if LEFT_OVER.search(line):
            house.fault(f"{path}:{number}: a mark was left over")
        if line != line.rstrip():
            house.fault(f"{path}:{number}: blanks at the end")


def check_makefile():
    makefile = house.read("Makefile.am")
    wanted = house.sources("src", (".c", ".h", ".def"))
    wanted += house.sources("sql", (".sql",))
    wanted += [path[:-2] for path in
               house.sources("tests/unit", (".c",)) +
               house.sources("tests/fuzz", (".c",))
               if os.path.basename(path).startswith(("test_", "fuzz_"))]
    wanted += [path for path in house.sources("tests/check", (".py", ".sh"))
               if os.path.basename(path) != "house.py"]
    words = set(re.split(r"[\s\\]+", makefile))
    for path in wanted:
        if path not in words:
            house.fault(f"Makefile.am: {path} is missing")
    for word in words:
        if re.match(r"src/.*\.(c|h|def)$", word) and word not in wanted and \
                word not in house.GENERATED:
            house.fault(f"Makefile.am: {word} does not exist")


def main():
    ours = house.sources("src", (".c", ".h", ".def"))
    tests = house.sources("tests", (".c", ".h", ".py", ".sh"))
    for path in ours + tests:
        text = house.read(path)
        check_text(path, text)
        if path.endswith(".c"):
            check_c(path, text)
        if path.endswith(".h"):
            check_header(path, text)
    for path in ours:
        if path.endswith(".c"):
            check_own_header(path, house.read(path))
    check_makefile()
    house.finish()


if __name__ == "__main__":
    main()
