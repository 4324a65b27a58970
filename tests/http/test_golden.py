# SPDX-License-Identifier: MIT
"""The recorded answers of the reference, one test a case."""

import json
import os
import re
import sys

import pytest

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                      "golden")
sys.path.insert(0, GOLDEN)
from player import Player, Skip  # noqa: E402

# Cases whose recorded answer is not ours, and why. Each must differ: one that
# begins to agree fails here until its line is taken out.
DIFFERENT = [
    (r"(forgot|reset)-password|request-verify|/verify|after verify",
     "these routes are not there yet"),
    (r"^json syntax: .*(not UTF-8|overlong form|cut character|the last one)"
     r"|^order: .* not UTF-8",
     "invalid UTF-8 is 422 here: contract, better on purpose, 5"),
    (r"(token|key) of the other backend|the tokens swapped",
     "one list of secrets signs for all backends here"),
    (r"a password of 100,000 letters", "longer than what is hashed here"),
    (r"^path id: .* (a NUL|a NUL after it|a percent sign alone)$"
     r"|^path: .*(/\.\./|%2e)|^method: (TRACE|[Pp]ost|get) ",
     "the web server refuses or rewrites this itself"),
]

with open(os.path.join(GOLDEN, "golden.json"), encoding="utf-8") as recorded:
    ALL = json.load(recorded)


def title(case):
    return f"{case['group']}: {case['name']}"


def marks(case):
    return [pytest.mark.xfail(reason=reason, strict=True)
            for pattern, reason in DIFFERENT if re.search(pattern,
                                                          title(case))]


CASES = [pytest.param(case, id=title(case), marks=marks(case))
         for case in ALL["cases"] if not case.get("later")]


@pytest.fixture(scope="session")
def player(house, db):
    """Plays cases on a stack: ordinary ones, or those with a policy."""
    players = {}

    def get(policy):
        if policy not in players:
            stack = house.get(db, settings=(
                () if policy else ("password.policy=none",)))
            keys = dict(stack.secrets, bearer=stack.secrets["jwt"])
            players[policy] = Player(
                stack.base_url, {"superuser": stack.superuser,
                                 "secrets": keys}, ALL["tokens"])
            players[policy].prepare()
        return players[policy]

    return get


@pytest.mark.parametrize("case", CASES)
def test_reference(player, case):
    try:
        differences = player(case.get("policy", False)).play(case)
    except Skip as e:
        pytest.skip(str(e))
    assert differences == []
