#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves the house plan: a file includes from its own folder or a lower level,
each library's header appears in one file, and no room does what is another's.
"""

import re

import house

LEVELS = {"base": 0, "db": 1, "remote": 1, "store": 2, "core": 3, "http": 3,
          "api": 4, "gate": 4, "cmd": 5, "main": 6}
# Beyond the levels: what a file of a room may take from a room beside it.
BESIDE = {("http", "core/ctx.h")}
# What a room may take from a lower one, where that is not everything.
ONLY = {"gate": {"base", "http"}, "http": {"base"}}

LIBRARIES = {
    "libpq-fe.h": ("db/pg",),
    "sqlite3.h": "db/sqlite.c",
    "fcgiapp.h": "gate/libfcgi.c",
    "fcgi_stdio.h": None,
    "argon2.h": "core/password.c",
    "sodium.h": "core/password.c",
    "crypt.h": "core/password.c",
    "cJSON.h": "base/json.c",
    "cjson/cJSON.h": "base/json.c",
    "openssl/": ("base/crypto", "base/jws_key"),
    "confuse.h": "base/config.c",
    "curl/": ("remote/http_client.c", "remote/smtp.c"),
    "uni": "core/email",
    "seccomp.h": "gate/sandbox.c",
    "ares.h": "remote/resolver.c",
    "hiredis/": "remote/redis.c",
}
# Found by the start of their name.
FAMILIES = ("hiredis/", "openssl/", "curl/", "uni")
NOT_LIBRARIES = {"unistd.h"}

CLOCKS = r"\b(time|gettimeofday|clock_gettime|clock_now)\s*\("
SQL = r'"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|ALTER TABLE)\b'
NEVER = {  # room: (what, why)
    # V78: values travel as parameters, never escaped into a text.
    "db": [(r"\b(PQescape\w*|PQexec|sqlite3_v?mprintf)\s*\(",
            "SQL put together from values")],
    "base": [(SQL, "SQL")],
    "store": [(CLOCKS, "the clock"), (r"\bgetenv\s*\(", "the environment")],
    "core": [(CLOCKS, "the clock"), (r"\bgetenv\s*\(", "the environment"),
             (SQL, "SQL")],
    "http": [(SQL, "SQL"), (r"\b(malloc|calloc|realloc|free)\s*\(", "the heap")],
    "api": [(SQL, "SQL"), (r"\b(malloc|calloc|realloc|free)\s*\(", "the heap"),
            (r"\bsocket\s*\(", "sockets")],
    "gate": [(SQL, "SQL")],
    "cmd": [(SQL, "SQL")],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def room_of(path):
    """base/arena.c is in base; main.c is main."""
    return path.split("/")[0] if "/" in path else "main"


def judge_own(path, target):
    """What is wrong with including one of our headers, or None."""
    room, other = room_of(path), room_of(target)
    if other not in LEVELS or "/" not in target:
        return f'"{target}" is not named from src/'
    if other == room or (room, target) in BESIDE:
        return None
    if LEVELS[other] >= LEVELS[room]:
        return (f'"{target}" is of level {LEVELS[other]}, not below '
                f"{room}'s {LEVELS[room]}")
    if room in ONLY and other not in ONLY[room]:
        return f'"{target}": {room} takes nothing from {other}'
    return None


def judge_library(path, target):
    """What is wrong with including a system's or library's header."""
    name = next((f for f in FAMILIES if target.startswith(f)), target)
    if name not in LIBRARIES or target in NOT_LIBRARIES:
        return None
    home = LIBRARIES[name]
    if home is None:
        return f"<{target}> is not to be used"
    homes = home if isinstance(home, tuple) else (home,)
    if any(path == one if one.endswith(".c") else path.startswith(one)
           for one in homes):
        return None
    return f"<{target}> belongs to src/{' and src/'.join(homes)} alone"


def check_never(path, room, code):
    """What a room leaves to others."""
    for pattern, what in NEVER.get(room, ()):
        for found in re.finditer(pattern, code):
            number = code.count("\n", 0, found.start()) + 1
            house.fault(f"{path}:{number}: {room} must not touch {what}")


def main():
    for path in house.sources("src", (".c", ".h", ".def")):
        text = house.read(path)
        short = path[len("src/"):]
        for number, line in enumerate(text.splitlines(), 1):
            found = INCLUDE.match(line)
            if found:
                judge = judge_own if found[1] == '"' else judge_library
                why = judge(short, found[2])
                if why:
                    house.fault(f"{path}:{number}: {why}")
        check_never(path, room_of(short), house.without_comments(text))
    house.finish()


if __name__ == "__main__":
    main()
