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

# All but what points to one, declares one, or says what one is.
MENTION = re.compile(r"\bstruct\s+db_statement\b(?!\s*(?:[*{]|\w+\s*;))")
SQL = re.compile(r"\.sql\s*=\s*\"")
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
        most = max(len(MENTION.findall(text)), len(SQL.findall(text)))
        if len(found) != most:
            sys.exit(f"{source}: {most} statements, of which {len(found)} "
                     "are understood")
        for row in found:
            print(row + ",")
        count += len(found)
    if count < 30:
        sys.exit(f"only {count} statements were found")


if __name__ == "__main__":
    main()
