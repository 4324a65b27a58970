# SPDX-License-Identifier: MIT
"""How far long commands are, on a terminal of a test's own."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest
import stack as stacks
from client import new_email
from commands import OK, run

WIDTH = 70
HASH = "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc4OTAxMjM0NQ"


class Terminal:
    """A command whose standard error is a terminal."""

    def __init__(self, stack, *arguments, stdin=subprocess.DEVNULL,
                 environment=()):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, WIDTH, 0, 0))
        self.output = stack.path("progress.out")
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(
                [stack.program, "-c", stack.config, *arguments], stdin=stdin,
                stdout=out, stderr=slave, cwd=stack.folder,
                env=stack.environment(**dict(environment)),
                **stack.as_user())
        os.close(slave)
        self.said = b""

    def read(self):
        """More of what it says; False at its end."""
        try:
            more = os.read(self.master, 65536)
        except OSError:
            more = b""
        self.said += more
        return bool(more)

    def end(self):
        while self.read():
            pass
        status = self.process.wait(60)
        os.close(self.master)
        return status

    def printed(self):
        with open(self.output, encoding="utf-8") as f:
            return f.read()

    def screen(self):
        """What is left to see, its last line too."""
        lines = []
        for line in self.said.decode().split("\n"):
            shown = []
            for part in line.rstrip("\r").split("\r"):
                shown[:len(part)] = part
            lines.append("".join(shown).rstrip())
        return lines


def lines_of(count):
    return "".join(json.dumps({
        "email": new_email(f"u{i}"), "hashed_password": HASH}) + "\n"
        for i in range(count))


@pytest.fixture
def users(stack):
    """A file to import."""
    return stack.write("progress.jsonl", lines_of(5000), 0o644)


def test_an_import_shows_how_far_it_is_and_leaves_nothing(stack, users):
    with open(users, "rb") as given:
        one = Terminal(stack, "user", "import", stdin=given)
        assert one.end() == OK

    assert one.printed() == "5000 imported, 0 there already, 0 refused\n"
    said = one.said.decode()
    assert re.search(r"import: \[[=> ]+\] +0%  0 B of \d+\.\d kB", said)
    assert all(len(part) < WIDTH for part in said.split("\r"))
    assert one.screen() == [""]


def test_refused_lines_stand_on_lines_of_their_own(stack):
    path = stack.write("progress.jsonl", lines_of(10) + "junk\n", 0o644)
    with open(path, "rb") as given:
        one = Terminal(stack, "user", "import", "--skip-bad", stdin=given)
        one.end()

    assert [line.split(":")[1] for line in one.screen() if line] == [
        " line 11"]


def test_an_export_shows_how_many(stack):
    one = Terminal(stack, "user", "export")

    assert one.end() == OK
    assert re.search(r"export: \[.*\d+ of \d+ users", one.said.decode())
    assert one.screen() == [""]


@pytest.mark.parametrize("arguments", (
    ("user", "export"), ("migrate", "apply"), ("adopt",)))
def test_quiet_shows_nothing(stack, arguments):
    one = Terminal(stack, *arguments, "--quiet")

    assert (one.end(), one.said) == (OK, b"")


def test_nothing_is_shown_where_nobody_looks(stack):
    for arguments in (("user", "export"), ("migrate",), ("adopt",)):
        done = run(stack, *arguments)
        assert (done.returncode, done.stderr) == (OK, ""), arguments


def test_migrations_are_named_while_they_are_made(unmigrated):
    one = Terminal(unmigrated, "migrate")

    assert one.end() == OK
    assert re.search(r"unique_email: (\[.*\] +\d+%  )?1 of \d+ steps",
                     one.said.decode())
    assert "the schema is up to date" in one.printed()
    assert one.screen() == [""]


def test_adopting_says_what_it_looks_at(stack):
    one = Terminal(stack, "adopt")

    assert one.end() == OK
    assert "looking at the tables" in one.said.decode()
    assert one.screen() == [""]


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
def test_an_interrupt_takes_the_line_away_and_ends_the_command(
        stack, number):
    reader, writer = os.pipe()
    with open(reader, "rb") as given:
        one = Terminal(stack, "user", "import", "--check", stdin=given)
    try:
        os.write(writer, lines_of(1).encode())
        assert stacks.wait_until(lambda: one.read() and b"check:" in one.said)
        one.process.send_signal(number)
        assert one.end() == -number
    finally:
        os.close(writer)
    assert one.screen() == [""]


def test_it_is_written_ten_times_a_second_at_most(stack, users):
    begin = time.monotonic()
    with open(users, "rb") as given:
        one = Terminal(stack, "user", "import", "--check", stdin=given)
        one.end()
    seconds = time.monotonic() - begin

    # Of one begin and one end each, and a line that takes it away.
    assert one.said.count(b"check:") <= 10 * seconds + 2
