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

with open(os.path.join(GOLDEN, "golden.json"), encoding="utf-8") as recorded:
    ALL = json.load(recorded)
CASES = [case for case in ALL["cases"] if not case.get("later")]


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


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['group']}: {case['name']}")
def test_reference(player, case):
    try:
        differences = player(case.get("policy", False)).play(case)
    except Skip as e:
        pytest.skip(str(e))
    assert differences == []
