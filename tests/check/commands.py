#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that src/cmd/commands.def, the options that the commands parse, what
the program says of itself, the manual and the completion of shells tell the
same.
"""

import os
import re
import subprocess

import house

PROGRAM = os.path.join(house.BUILD, "fastcgi-users")
SHELLS = {"bash": "etc/completion/fastcgi-users.bash",
          "zsh": "etc/completion/_fastcgi-users"}
# What is read without getopt_long: the options as they stand in the source.
PARSED = re.compile(r'\{"([a-z-]+)", (?:no|required|optional)_argument,')
COMPARED = re.compile(r'strcmp\([^;]*?"--([a-z-]+)"\)')


def rows(name):
    return list(house.rows("src/cmd/commands.def", name))


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True,
                          text=True, check=False, timeout=60)


def spelled(command, action):
    return " ".join(filter(None, (command, action)))


def check_sources(commands, options):
    """No option is parsed that is not in the table, nor the reverse."""
    parsed = set()
    for path in house.sources("src/cmd", (".c",)):
        text = house.read(path)
        parsed |= set(PARSED.findall(text)) | set(COMPARED.findall(text))
    listed = {row[2] for row in options}
    for name in sorted(listed - parsed):
        house.fault(f"src/cmd/commands.def: nothing parses --{name}")
    for name in sorted(parsed - listed - {"help"}):
        house.fault(f"src/cmd/commands.def: --{name} is missing")
    declared = set(re.findall(r"command_run command_(\w+);",
                              house.read("src/cmd/command.h")))
    for name in sorted(declared - {row[0] for row in commands}
                       - {"cgi", "fastcgi"}):
        house.fault(f"src/cmd/commands.def: the command {name} is missing")


def items_of_manual():
    """{"user add": the text of its item} of the section COMMANDS."""
    text = house.read(os.path.join("doc", "fastcgi-users.8"), house.BUILD)
    text = text.replace("\\-", "-")
    text = text[text.index(".Sh COMMANDS"):]
    text = text[:text.index("\n.Sh ", 1)]
    found = {}
    for item in re.split(r"^\.It ", text, flags=re.M)[1:]:
        words = re.match(r"Cm ([a-z]+)((?: [a-z]+)?)", item)
        if words:
            found[words[0][3:]] = item
    return found


def check_manual(actions, options):
    items = items_of_manual()
    taken = {}
    for command, action, name, *_ in options:
        taken.setdefault(spelled(command, action), set()).add(name)
    for command, action, *_ in actions:
        whole = spelled(command, action)
        item = items.get(whole) or items.get(command)
        if item is None or action and not re.search(rf"\b{action}\b", item):
            house.fault(f"fastcgi-users.8: the command {whole} is missing")
            continue
        told = set(re.findall(r"\bFl -([a-z-]+)", item))
        for name in sorted(taken.get(whole, set()) - told):
            if command not in ("outbox",) or "filters" not in item:
                house.fault(f"fastcgi-users.8: {whole} --{name} is missing")
        # An item without an action in its first line is about all of them.
        whose = taken.get(whole, set()) if whole in items else set().union(
            *(names for about, names in taken.items()
              if about.split()[0] == command))
        for name in sorted(told - whose - {"help"}):
            house.fault(f"fastcgi-users.8: {whole} has no --{name}")


def check_help(commands, actions, options):
    """Each says what it takes, on standard output, and takes nothing else."""
    for command, _ in commands:
        done = run(command, "--help")
        if done.returncode != 0 or done.stderr or not done.stdout:
            house.fault(f"{command} --help: {done}")
    for command, action, *_ in actions:
        words = [command, *filter(None, (action,))]
        done = run(*words, "--help")
        wanted = {row[2] for row in options if row[:2] == [command, action]}
        told = set(re.findall(r"^  --([a-z-]+)", done.stdout, re.M))
        of_all = not action and any(a[0] == command and a[1] for a in actions)
        if done.returncode != 0 or done.stderr or (
                not of_all and told != wanted):
            house.fault(f"{' '.join(words)} --help: {done}")
        done = run("-c", "/nowhere", *words, "--no-such-option")
        if done.returncode != 64 or done.stdout or done.stderr.count(
                "\n") != 1:
            house.fault(f"{' '.join(words)} --no-such-option: {done}")


def check_completion():
    for shell, path in SHELLS.items():
        if run("completion", shell).stdout != house.read(path):
            house.fault(f"{path} is not what the program prints: run make "
                        "completion")


def main():
    commands, actions, options = map(rows, ("COMMAND", "ACTION", "OPTION"))
    if len(options) < 20:
        house.fault("src/cmd/commands.def: the check finds no options")
    check_sources(commands, options)
    check_manual(actions, options)
    check_help(commands, actions, options)
    check_completion()
    house.finish()


if __name__ == "__main__":
    main()
