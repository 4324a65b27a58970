#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every statement in some sources, as rows of an array in C: statements.py
COMPILER ARGUMENT... -- SOURCE... The compiler's preprocessor puts their macros
in. What looks like a statement and is not understood is an error, so none
escapes.
"""

import re
import subprocess
import sys

MENTION = re.compile(r"\bstruct\s+db_statement\s+\w*\s*(?:\[[^]]*\]\s*)?=")
STATEMENT = re.compile(r"\bconst\s+struct\s+db_statement\s+\w+\s*=\s*"
                       r"(\{\s*\.name\s*=.*?\n?\});", re.S)


def main():
    border = sys.argv.index("--")
    compiler, sources = sys.argv[1:border], sys.argv[border + 1:]
    count = 0
    for source in sources:
        text = subprocess.run([*compiler, "-E", "-P", source], text=True,
                              check=True, stdout=subprocess.PIPE).stdout
        found = STATEMENT.findall(text)
        if len(found) != len(MENTION.findall(text)):
            sys.exit(f"{source}: {len(MENTION.findall(text))} statements, of "
                     f"which {len(found)} are understood")
        for row in found:
            print(row + ",")
        count += len(found)
    if count < 30:
        sys.exit(f"only {count} statements were found")


if __name__ == "__main__":
    main()
