# SPDX-License-Identifier: MIT
"""The recorded answers of the reference, one test a case."""

import json
import os
import sys

import pytest

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                      "golden")
sys.path.insert(0, GOLDEN)
from player import Player, Skip  # noqa: E402

# Marks of a case, and why such a case is not played here.
NOT_PLAYED = {
    "direct": "the web server judges this request by itself",
}

# The two backends have a secret each.
SECRET = "a secret of the backend bearer, and of no other"
BEARER = 'backend.bearer.secret={"%s"}' % SECRET

with open(os.path.join(GOLDEN, "golden.json"), encoding="utf-8") as recorded:
    ALL = json.load(recorded)


def title(case):
    return f"{case['group']}: {case['name']}"


def marks(case):
    return [pytest.mark.skip(reason=reason)
            for mark, reason in NOT_PLAYED.items() if case.get(mark)]


CASES = [pytest.param(case, id=title(case), marks=marks(case))
         for case in ALL["cases"]]
DIRECT = [pytest.param(case, id=title(case))
          for case in ALL["cases"] if case.get("direct")]


@pytest.fixture(scope="session")
def player(house, db, www):
    """Plays cases on a stack: ordinary ones, or those with a policy."""
    players = {}

    def get(policy):
        if policy not in players:
            stack = house.get(db, settings=(BEARER,)) if policy else house.get(
                db, settings=(BEARER, "password.policy=none"), www=www)
            keys = dict(stack.secrets, bearer=SECRET)
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


@pytest.mark.parametrize("case", DIRECT)
def test_the_web_server_lets_nothing_odd_through(player, case):
    """Resolved or refused, a stranger gets what the program would say."""
    asked = player(False)
    for step in case["steps"]:
        request = dict(step["request"], headers=[])
        got = asked.send(request)
        assert 400 <= got.status < 500
        assert got.all("content-type") == ["application/json"]
        assert list(json.loads(got.body)) == ["detail"]
