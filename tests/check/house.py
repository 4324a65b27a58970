# SPDX-License-Identifier: MIT
"""What the checks share: finding and reading sources, and telling faults."""

import os
import re
import sys

TOP = os.environ.get("srcdir") or os.path.join(os.path.dirname(__file__),
                                               "..", "..")
BUILD = os.environ.get("builddir") or TOP
# Made by the build, also where that is done in the folder of the sources.
GENERATED = {"src/db/migrations.c", "src/core/mail_defaults.c",
             "src/api/page_data.c"}

faults = []


def sources(folder, endings):
    """Paths from the top of the tree, sorted."""
    found = []
    for root, _, names in os.walk(os.path.join(TOP, folder)):
        for name in names:
            path = os.path.relpath(os.path.join(root, name), TOP)
            if name.endswith(endings) and path not in GENERATED:
                found.append(path)
    if not found:
        sys.exit(f"{folder}: no {' '.join(endings)} files: the check sees "
                 "nothing")
    return sorted(found)


def read(path, top=None):
    """A file's text."""
    with open(os.path.join(top or TOP, path), encoding="utf-8") as file:
        return file.read()


def without_comments(text):
    """C source with its comments blanked out; lines stay where they are."""
    pattern = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
                         r"|/\*.*?\*/|//[^\n]*", re.S)

    def blank(found):
        token = found[0]
        return token if token[0] in "\"'" else re.sub(r"[^\n]", " ", token)

    return pattern.sub(blank, text)


def rows(path, macro):
    """The arguments of each MACRO(…) row of a .def file, texts unquoted."""
    text = without_comments(read(path))
    for start in re.finditer(rf"^{macro}\(", text, re.M):
        depth, quoted, at = 1, False, start.end()
        fields, field = [], ""
        while depth:
            c = text[at]
            if c == '"' and text[at - 1] != "\\":
                quoted = not quoted
            elif not quoted and c in "()":
                depth += 1 if c == "(" else -1
            if depth and not quoted and c == "," and depth == 1:
                fields.append(field)
                field = ""
            elif depth:
                field += c
            at += 1
        fields.append(field)
        yield ["".join(re.findall(r'"((?:\\.|[^"])*)"', f))
               if '"' in f else f.strip() for f in fields]


def fault(sentence):
    """Keeps a fault; finish() tells all."""
    faults.append(sentence)


def finish():
    """Ends the check."""
    for sentence in faults:
        print(sentence)
    sys.exit(1 if faults else 0)
