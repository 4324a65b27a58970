#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that the manual knows every setting, section, route, problem and log
event, and its synopsis every command, that mandoc has nothing to say about its
pages, and that doc/scaling.md says of every statement what other databases
make of it.
"""

import os
import re
import subprocess

import house

PAGES = ("fastcgi-users.8", "fastcgi-users.conf.5", "fastcgi-users-api.7")
ROUTE_FIELDS = 12  # or more: the last column is a list
# Problems of these statuses never reach a client as themselves.
SILENT = {"500"}


def page(name):
    """A page as people read it: its text without mdoc's escapes."""
    text = house.read(os.path.join("doc", name), house.BUILD)
    return text.replace("\\-", "-").replace("\\&", "").replace("\\(dq", '"')


def items(text):
    """What the page's .It lines speak of."""
    return "\n".join(line for line in text.split("\n")
                     if line.startswith((".It", ".Ss", ".Ic", ".Cm")))


def knows(text, word):
    """Whether a word stands alone in the text."""
    return re.search(rf"(?<![\w/-]){re.escape(word)}(?![\w/-])", text)


def check_settings():
    text = items(page("fastcgi-users.conf.5"))
    for row in house.rows("src/base/config.def", "SECTION_BEGIN"):
        if not knows(text, row[0]):
            house.fault(f"fastcgi-users.conf.5: section {row[0]} is missing")
    settings = list(house.rows("src/base/config.def", "SETTING"))
    if len(settings) < 20:
        house.fault("src/base/config.def: the check finds no settings")
    for row in settings:
        if not knows(text, row[1]):
            house.fault(f"fastcgi-users.conf.5: {row[0]}.{row[1]} is missing")


def check_routes():
    text = page("fastcgi-users-api.7")
    for row in house.rows("src/api/routes.def", "ROUTE"):
        if len(row) < ROUTE_FIELDS:
            house.fault(f"src/api/routes.def: {row[0]} {row[2]} has "
                        f"{len(row)} fields")
        pattern = rf"^\.It .*\b{row[0]}\b.*{re.escape(row[2])}"
        if not re.search(pattern, text, re.M):
            house.fault(f"fastcgi-users-api.7: {row[0]} {row[2]} is missing")
    for row in house.rows("src/base/problems.def", "PROBLEM"):
        if row[1] not in SILENT and row[2] not in text:
            house.fault(f"fastcgi-users-api.7: problem {row[2]} is missing")


def check_synopsis():
    text = page("fastcgi-users.8")
    synopsis = text[text.index(".Sh SYNOPSIS"):text.index(".Sh DESCRIPTION")]
    commands = [row[0] for row in house.rows("src/cmd/commands.def",
                                             "COMMAND")]
    if len(commands) < 10:
        house.fault("src/cmd/commands.def: the check finds no commands")
    for name in commands:
        if not re.search(rf"^\.Cm {name}$", synopsis, re.M):
            house.fault(f"fastcgi-users.8: {name} is missing from the "
                        "SYNOPSIS")


def check_events():
    text = page("fastcgi-users.8")
    for path in house.sources("src", (".c",)):
        code = house.without_comments(house.read(path))
        for event in re.findall(r'log_is\(\s*"([^"]+)"', code):
            if not knows(text, event):
                house.fault(f"fastcgi-users.8: log event {event} ({path}) "
                            "is missing")


def check_statements():
    text = house.read("doc/scaling.md")
    names = [(path, name) for path in house.sources("src", (".c",))
             for name in re.findall(r"struct db_statement \w+ = \{\s*"
                                    r'\.name = "(\w+)"', house.read(path))]
    if len(names) < 40:
        house.fault("src/: the check finds no statements")
    for path, name in names:
        if f"`{name}`" not in text:
            house.fault(f"doc/scaling.md: the statement {name} ({path}) is "
                        "missing from the table of what other databases "
                        "make of each")
    for name in sorted(os.listdir(os.path.join(house.TOP, "sql", "pg"))):
        if f"`{name}`" not in text:
            house.fault(f"doc/scaling.md: the migration {name} is missing")


def check_mandoc():
    mandoc = os.environ.get("MANDOC", "mandoc")
    if mandoc == "none":
        print("mandoc is missing: the pages' syntax was not checked")
        return
    for name in PAGES:
        path = os.path.join(house.BUILD, "doc", name)
        told = subprocess.run([mandoc, "-Tlint", "-Wwarning", path],
                              capture_output=True, text=True, check=False)
        for line in told.stdout.splitlines():
            house.fault(line)


def main():
    check_settings()
    check_routes()
    check_synopsis()
    check_events()
    check_statements()
    check_mandoc()
    house.finish()


if __name__ == "__main__":
    main()
