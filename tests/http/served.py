# SPDX-License-Identifier: MIT
"""Which web server the tests run behind.

FCU_SERVER names one of tests/stack/servers.py for a whole run; otherwise it is
nginx, but for tests that name others. What is about a part that is not there
is skipped by the mark `about`, which says why.
"""

import os

import pytest
import stack as stacks

CHOSEN = os.environ.get("FCU_SERVER")
SERVER = CHOSEN or "nginx"
if SERVER not in stacks.SERVERS:
    raise SystemExit(f"FCU_SERVER is {SERVER}, which is none of "
                     + ", ".join(stacks.SERVERS))
WEB = stacks.SERVERS[SERVER]

# What a test can be about, and where that is.
PARTS = {
    "nginx": SERVER == "nginx",
    # The supervisor, its workers and its courier.
    "pool": WEB.program == "pool",
    # A socket that tests speak FastCGI to.
    "socket": WEB.program is not None,
    # nginx asks again for what a dead worker did not read, lighttpd keeps no
    # connections to them.
    "second try": not WEB.keeps_dead,
    # %00 to %1F and %7F, in a query too, reach the program.
    "controls": 400 not in WEB.own_refusals,
    # What a process learned is there at the next request.
    "memory": WEB.remembers,
    # A header with nothing in it reaches the program.
    "empty headers": WEB.hands_empty_headers,
}
MEMORY = pytest.mark.about("memory", "a process for each request remembers "
                           "nothing from one to the next")
CONTROL = pytest.mark.about("controls", "it is the web server that refuses it")


def servers(*usual):
    """Those that a test names; in a run behind another, that one."""
    return (SERVER,) if CHOSEN else usual


def skip_what_is_not_here(items):
    for item in items:
        for mark in item.iter_markers("about"):
            part, why = mark.args
            if not PARTS[part]:
                item.add_marker(pytest.mark.skip(
                    reason=f"behind {SERVER}: {why}"))
