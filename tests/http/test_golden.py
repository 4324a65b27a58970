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
from programs import Programs  # noqa: E402
from served import SERVER, WEB  # noqa: E402

# Marks of a case, and why such a case is not played here.
NOT_PLAYED = {
    "direct": "the web server judges this request by itself",
}

# The two backends have a secret each.
SECRET = "a secret of the backend bearer, and of no other"
BEARER = 'backend.bearer.secret={"%s"}' % SECRET
# Routes that the reference does not have.
OURS = ("admin.routes=false", "admin.keep_superuser=false",
        "users.etag=false", "idempotency.enabled=false")
# The reference lets a mailed token outlive a change of the address.
MAILED = ("hook.mail.events={after_forgot_password, after_request_verify}",
          "tokens.reset_names_email=false")
MAIL = """
event = json.load(sys.stdin)
names = {"after_forgot_password": "forgot-password",
         "after_request_verify": "request-verify"}
with open(HERE + "/tokens", "a") as f:
    f.write(json.dumps({"event": names[event["event"]],
                        "email": event["user"]["email"],
                        "token": event["token"]}) + "\\n")
"""

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
def mailer(db):
    """A hook that writes down what would be mailed."""
    made = Programs()
    made.write("mail", MAIL)
    made.write("tokens", "")
    os.truncate(made.path("tokens"), 0)
    os.chmod(made.path("tokens"), 0o666)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def player(house, db, www, mailer):
    """Plays cases on a stack: ordinary ones, or those with a policy."""
    players = {}

    def get(policy):
        if policy not in players:
            settings = (BEARER, *OURS, *MAILED,
                        f"hook.mail.program={mailer.path('mail')}")
            stack = house.get(db, settings=settings) if policy else house.get(
                db, settings=("password.policy=none", *settings), www=www)
            keys = dict(stack.secrets, bearer=SECRET)
            players[policy] = Player(
                stack.base_url, {"superuser": stack.superuser,
                                 "secrets": keys,
                                 "token_log": mailer.path("tokens")},
                ALL["tokens"])
            players[policy].prepare()
        return players[policy]

    return get


CONTROL = re.compile("%[01][0-9a-f]|%7f", re.I)


def refused_before(case, differences):
    """Whether the web server itself said no, in a way that it cannot be told
    to leave: lighttpd to some requests, and Apache before any .htaccess."""
    controls = any(CONTROL.search(step["request"]["path"])
                   for step in case["steps"])
    return (any(differences[0].endswith(f", got {status}")
                for status in WEB.own_refusals if status != 400 or controls)
            or (not WEB.speaks_json and "</html>" in differences[-1]))


@pytest.mark.parametrize("case", CASES)
def test_reference(player, case):
    try:
        differences = player(case.get("policy", False)).play(case)
    except Skip as e:
        pytest.skip(str(e))
    if differences and refused_before(case, differences):
        pytest.skip(f"behind {SERVER}: it refuses this itself")
    assert differences == []


@pytest.mark.parametrize("case", DIRECT)
def test_the_web_server_lets_nothing_odd_through(player, case):
    """Resolved or refused, a stranger gets what the program would say."""
    asked = player(False)
    for step in case["steps"]:
        request = dict(step["request"], headers=[])
        got = asked.send(request)
        assert 400 <= got.status < 500 or got.status in WEB.own_refusals
        if not WEB.speaks_json and "</html>" in got.text():
            continue
        assert got.all("content-type") == ["application/json"]
        assert list(json.loads(got.body)) == ["detail"]
