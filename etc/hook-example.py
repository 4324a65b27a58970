#!/usr/bin/python3 -I
# SPDX-License-Identifier: MIT
"""A hook that writes a line about each event that it is told of.

    hook "journal" {
            program = "/usr/local/lib/fastcgi-users/hook-example.py"
            arguments = {"/var/lib/fastcgi-users/events.log"}
            events = {after_register, after_login, after_delete}
    }

Nobody but its owner may write the program. What it is told comes at least
once, so it writes the id, which is the same when the same is told again.
"""

import json
import sys

TRY_AGAIN = 75

event = json.load(sys.stdin)
try:
    with open(sys.argv[1], "a", encoding="utf-8") as log:
        log.write(f'{event["time"]} {event["id"]} {event["event"]} '
                  f'{event["user"]["id"]}\n')
except OSError as why:
    print(why, file=sys.stderr)
    sys.exit(TRY_AGAIN)
