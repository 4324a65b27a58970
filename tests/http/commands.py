# SPDX-License-Identifier: MIT
"""What tests of commands share: running them, and their exit codes."""

OK, USAGE, DATAERR, NOUSER, UNAVAILABLE, TEMPFAIL, CONFIG = (
    0, 64, 65, 67, 69, 75, 78)


def run(stack, *arguments, given=None):
    return stack.program_command(*arguments, given=given, check=False)


def run_with(stack, settings, *arguments, given=None):
    """The same with more settings, which win over the stack's."""
    path = stack.write("more.conf",
                       stack.read("fastcgi-users.conf") + settings)
    return stack.run(stack.program, "-c", path, *arguments, given=given,
                     check=False)


def execute(stack, sql):
    """SQL by somebody else than the program."""
    if stack.db == "sqlite":
        return stack.run(
            "/usr/bin/python3", "-c", "import sqlite3, sys; "
            "sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])",
            stack.path("users.db"), sql)
    return stack.run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-h",
                     stack.path("postgres"), "-U", "fastcgi_users", "-c", sql,
                     "fastcgi_users")


def complaints(done):
    """What is said on standard error, warnings left aside."""
    return [line for line in done.stderr.strip().splitlines()
            if not line.startswith("fastcgi-users: warning: ")]


def one_sentence(done):
    """The only complaint there is."""
    lines = complaints(done)
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("fastcgi-users: "), done.stderr
    return lines[0]
