# SPDX-License-Identifier: MIT
"""How often somebody may try, on the numbers that are shipped. Each network is
an address of its own in 127.0.0.0/8."""

import collections
import fcntl
import json
import re

import pytest
import stack as stacks
from client import detail, new_email, parallel
from commands import OK, USAGE, execute, run
from mailed import reset_token
from networks import Network

MOST, ACCOUNT, STRANGERS, NETWORK = 10, 100, 3, 100
ON = ("limits.enabled=true",)
FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


@pytest.fixture
def stack(house, db):
    return house.get(db, settings=ON)


@pytest.fixture
def network(stack):
    return Network(stack)


@pytest.fixture
def other(stack):
    return Network(stack)


def events(stack, name):
    return [dict(FIELD.findall(line))
            for line in stack.read("pool.log").splitlines()
            if f"event={name} " in line]


def tries(stack, kind):
    return int(stack.ask("SELECT coalesce(sum(used), 0) FROM fcu_limit "
                         f"WHERE kind = '{kind}'"))


@pytest.fixture
def user(stack):
    """Somebody who registered from a network of his own."""
    return Network(stack).register()["email"]


# What happened to others.

def test_one_address_in_thirty_spellings_is_limited_as_one(network):
    """V21: allauth 0.44.0 and 0.51.0; Authelia CVE-2026-47203."""
    email = "mike.ström.limits@bücher.example.com"
    spellings = [
        email, email.replace("k", "\u212a"), email.upper(), email.title(),
        email.replace("ö", "o\u0308"), email.replace("mike", "m\u0131ke"),
        email.replace("mike", "M\u0130KE"),
        email.replace("mike", "\uff2d\uff29\uff2b\uff25"),
        email.replace("bücher", "xn--bcher-kva"),
        email.replace("bücher", "XN--BCHER-KVA"),
        *(email[:i] + email[i:].upper() for i in range(1, 21))]

    answers = [network.guess(one)[0] for one in spellings]

    assert answers == [400] * MOST + [429] * (len(spellings) - MOST)


def test_a_good_sign_in_resets_nobody_elses_count(network, user):
    """V22: allauth 65.8.1: alternately wrong for a victim and right for the
    attacker, from one network."""
    own = network.register()["email"]

    answers = []
    for _ in range(3):
        answers += network.guess(user, times=5)
        network.login(own)

    assert answers == [400] * MOST + [429] * 5


def test_a_good_sign_in_does_not_begin_ones_own_count_anew(network, user):
    """V22: whoever shares a network with the owner gains nothing when he
    signs in."""
    assert network.guess(user, times=MOST - 1) == [400] * (MOST - 1)
    network.login(user)

    assert network.guess(user, times=2) == [400, 429]


@pytest.mark.about("pool", "its log")
def test_addresses_that_a_client_tells_are_not_believed(stack, network, user):
    """V24: allauth 65.14.2: a hundred X-Forwarded-For values are one
    network, and the log tells the real one."""
    answers = collections.Counter(
        network.post("/auth/bearer/login",
                     headers={"X-Forwarded-For": f"198.51.100.{i}",
                              "Forwarded": f"for=198.51.100.{i}",
                              "X-Real-IP": f"198.51.100.{i}"},
                     data={"username": user, "password": "wrong one 1"}
                     ).status_code for i in range(100))

    assert answers == {400: MOST, 429: 100 - MOST}
    told = [e for e in events(stack, "limit_reached")
            if e["client"] == network.address]
    assert len(told) == 100 - MOST
    assert "198.51.100." not in stack.read("pool.log")


@pytest.mark.about("pool", "its log")
def test_parallel_guesses_do_not_beat_the_count(new_stack, db):
    """V25: Keycloak CVE-2024-4629: of two hundred at once no more than the
    limit reach the hash."""
    one = new_stack(db, settings=ON, workers=4)
    network = Network(one)
    email = network.register()["email"]

    answers = collections.Counter(parallel(
        [lambda: network.guess(email)[0]] * 200))

    assert answers == {400: MOST, 429: 200 - MOST}
    assert stacks.wait_until(
        lambda: len(events(one, "login_refused")) == MOST)
    assert tries(one, "sign_in") == 200


def test_the_limit_holds_on_every_way_to_sign_in(network, user):
    """V26: Keycloak CVE-2026-9798: what was tried on one route counts on
    the others."""
    for backend in ("jwt", "bearer"):
        assert network.guess(user, MOST // 2, backend=backend) == [400] * (
            MOST // 2)

    for backend in ("jwt", "bearer"):
        assert network.try_login(user, backend=backend).status_code == 429


@pytest.mark.parametrize("db, server", (("postgres", "nginx-fd0"),
                                        ("sqlite", "apache-cgi")))
def test_the_limit_holds_whatever_carries_the_request(house, db, server):
    """V26: Keycloak CVE-2026-9798: a process of its own for each request."""
    one = Network(house.get(db, server, settings=ON))

    assert one.guess(new_email(), MOST + 2) == [400] * MOST + [429] * 2


def test_a_thousand_guesses_elsewhere_do_not_stop_the_owner(
        stack, network, other, user):
    """V27: Keycloak's documentation of its lockout: from one network, whose
    refused tries do not use up the account's either."""
    answers = collections.Counter(parallel(
        [lambda: tuple(network.guess(user, 50))] * 20))

    assert sum(answers.values()) == 20
    assert network.try_login(user).status_code == 429
    assert other.try_login(user).status_code == 200
    assert other.guess(user, MOST + 1) == [400] * MOST + [429]


def test_an_attack_from_many_networks_does_not_stop_the_owner(
        stack, network, other, user):
    """V27: past the account's cap every network still has a few tries, and
    his own has all of them."""
    network.login(user)
    for _ in range(ACCOUNT // MOST):
        assert Network(stack).guess(user, MOST) == [400] * MOST

    stranger = Network(stack)
    assert stranger.guess(user, STRANGERS + 1) == [400] * STRANGERS + [429]
    assert stranger.try_login(user).status_code == 429
    assert other.guess(user, STRANGERS - 1) == [400] * (STRANGERS - 1)
    assert other.try_login(user).status_code == 200
    assert network.guess(user, MOST - 1) == [400] * (MOST - 1)
    assert network.try_login(user).status_code == 200


def test_one_password_is_not_tried_on_everybody(stack, network, other, user):
    """Who has signed in from that network before is kept out by nobody."""
    newcomer = Network(stack).register()["email"]
    network.login(user)

    answers = [network.guess(new_email())[0] for _ in range(NETWORK + 5)]

    assert answers == [400] * NETWORK + [429] * 5
    refused = network.try_login(newcomer)
    assert (refused.status_code, detail(refused)) == (429, "Too Many Requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 900
    assert not listed(stack, "--account", newcomer,
                      "--network", network.address)
    assert network.try_login(user).status_code == 200
    assert other.try_login(newcomer).status_code == 200
    (row,) = [row for row in listed(stack, "--network", network.address)
              if row["kind"] == "network"]
    assert row["reached"] and row["account"] is None


def test_good_sign_ins_and_refused_ones_use_up_no_network(stack, network):
    for email in (network.register()["email"], network.register()["email"]):
        network.guess(email, MOST + 20)
        network.login(network.register()["email"])

    (row,) = [row for row in listed(stack, "--network", network.address)
              if row["kind"] == "network"]
    assert (row["tries"], row["reached"]) == (2 * MOST, False)


def test_a_network_may_try_as_much_as_it_is_allowed(house, db):
    one = Network(house.get(db, settings=(*ON, "limits.network=0")))

    assert {one.guess(new_email())[0] for _ in range(NETWORK + 5)} == {400}


# What is counted, and what is said.

def test_a_refusal_says_when_to_come_again(network):
    email = new_email()
    network.guess(email, MOST)

    answer = network.try_login(email)

    assert (answer.status_code, detail(answer)) == (429, "Too Many Requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 900
    assert answer.headers["Content-Type"] == "application/json"


def test_who_has_no_account_is_limited_as_who_has_one(network, user):
    """Neither the statuses nor the answers tell them apart."""
    def seen(email):
        answers = [network.try_login(email, "wrong password 1")
                   for _ in range(MOST + 2)]
        return [(a.status_code, a.text, sorted(a.headers)) for a in answers]

    assert seen(user) == seen(new_email())


def test_good_sign_ins_are_not_limited(network, user):
    for _ in range(MOST + 5):
        network.login(user)


def test_a_right_password_is_refused_like_a_wrong_one(network, user):
    network.guess(user, MOST)

    assert network.try_login(user).status_code == 429


def test_a_new_password_by_mail_begins_the_count_anew_there(
        stack, network, other):
    """Who forgot his password has tried in vain before; others have not
    asked for the mail."""
    user = Network(stack).register()
    for one in (network, other):
        one.guess(user["email"], MOST + 1)

    assert network.post("/auth/reset-password", json={
        "token": reset_token(stack.client, user),
        "password": "another horse 9"}).status_code == 200

    assert network.try_login(user["email"],
                             "another horse 9").status_code == 200
    assert other.try_login(user["email"],
                           "another horse 9").status_code == 429


def test_a_window_that_ended_begins_anew(stack, network, user):
    assert network.guess(user, MOST + 1)[-1] == 429

    execute(stack, "UPDATE fcu_limit SET ends_at = 1")

    assert network.guess(user, MOST + 1) == [400] * MOST + [429]


OTHERS = {
    "sign_up": ("POST", "/auth/register", 10,
                lambda: {"json": {"email": new_email(), "password": "1"}}),
    "forgot": ("POST", "/auth/forgot-password", 10,
               lambda: {"json": {"email": new_email()}}),
    "verify": ("POST", "/auth/request-verify-token", 10,
               lambda: {"json": {"email": new_email()}}),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_costs_or_tells_something_is_limited_by_network(
        network, other, kind):
    method, path, most, body = OTHERS[kind]
    statuses = [network.request(method, path, **body()).status_code
                for _ in range(most + 2)]

    assert 429 not in statuses[:most]
    assert statuses[most:] == [429, 429]
    assert other.request(method, path, **body()).status_code != 429


def test_ways_to_providers_are_limited_by_network(oauth, house, provider):
    from oauth_client import settings_for
    one = house.get(oauth.stack.db, settings=[
        *settings_for(provider), *ON, "limits.oauth=2"])
    network, other = Network(one), Network(one)
    path = next(path for path in network.get("/openapi.json").json()["paths"]
                if path.endswith("/authorize")
                and "associate" not in path)

    statuses = [network.get(path).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert other.get(path).status_code == 200


def test_the_description_tells_of_429_where_there_is_one(stack, house, db):
    def told(one):
        paths = one.client.get("/openapi.json").json()["paths"]
        return {path for path, methods in paths.items()
                for what in methods.values() if "429" in what["responses"]}

    assert told(stack) == {
        "/auth/jwt/login", "/auth/bearer/login", "/auth/register",
        "/auth/forgot-password", "/auth/request-verify-token"}
    assert told(house.get(db)) == set()


# When things go wrong.

def test_nobody_gets_in_while_nothing_can_be_counted(new_stack, db):
    one = new_stack(db, settings=ON, workers=1)
    network = Network(one)
    email = network.register()["email"]
    execute(one, "ALTER TABLE fcu_limit RENAME TO elsewhere")

    answer = network.try_login(email)

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert network.post("/auth/register", json={}).status_code == 503
    execute(one, "ALTER TABLE elsewhere RENAME TO fcu_limit")
    assert network.try_login(email).status_code == 200


def test_a_sign_in_that_could_not_be_judged_is_taken_back(new_stack):
    one = new_stack( workers=1, settings=(
        *ON, "password.wait_limit=1", "password.max_parallel=1"))
    network = Network(one)
    email = network.register()["email"]
    with open(one.path("hash.slots"), "r+b") as slots:
        fcntl.lockf(slots, fcntl.LOCK_EX, 1, 0)
        assert network.try_login(email).status_code == 503

    assert [tries(one, kind) for kind in (
        "sign_in", "network", "account")] == [0, 0, 0]


@pytest.mark.about("pool", "its log")
def test_what_is_not_limited_costs_no_statement(new_stack):
    one = new_stack( settings=(*ON, "log.level=debug"), workers=1)
    network = Network(one)
    email = network.register()["email"]

    def names(path, act):
        act()
        assert stacks.wait_until(lambda: any(
            e["path"] == path for e in events(one, "request")))
        ids = [e["request"] for e in events(one, "request")
               if e["path"] == path]
        return [e["name"] for e in events(one, "statement")
                if e.get("request") == ids[-1]]

    token = []
    login = names("/auth/bearer/login",
                  lambda: token.append(network.login(email)))
    me = names("/users/me", lambda: network.get("/users/me", token=token[0]))

    # Now and then a request clears away what is old, whichever it is.
    assert [n for n in login if n.startswith("limit_")
            and n != "limit_purge"] == [
        *["limit_count"] * 3, "limit_give_back"]
    assert login[0] == "limit_count"
    assert not [n for n in me if n.startswith("limit_")]


# Who is asking.

@pytest.mark.about("pool", "its log")
def test_a_trusted_proxy_tells_who_is_asking(new_stack):
    """V24: allauth 65.14.2: the last address that no trusted one told."""
    one = new_stack( settings=(
        *ON, "server.trusted_proxies={127.0.0.0/8, 192.0.2.0/24}"))
    network = Network(one)
    email = new_email()

    def ask(told):
        return network.post("/auth/bearer/login",
                            headers={"X-Forwarded-For": told},
                            data={"username": email, "password": "wrong 12"}
                            ).status_code

    first = [ask(f"203.0.113.{i}, 198.51.100.7, 192.0.2.{i}")
             for i in range(MOST + 1)]

    assert first == [400] * MOST + [429]
    assert ask("198.51.100.7, 198.51.100.8") == 400
    assert ask("198.51.100.7") == 429
    assert "client=198.51.100.7" in one.read("pool.log")


# The command.

def listed(stack, *arguments):
    done = run(stack, "limits", "list", "--json", *arguments)
    assert done.returncode == OK, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_command_lists_and_clears(stack, network, user):
    network.guess(user, MOST + 1)

    (mine,) = [row for row in listed(stack, "--account", user.upper())
               if row["kind"] == "sign_in"]
    assert (mine["tries"], mine["reached"]) == (MOST + 1, True)
    assert mine["until"] and mine["known_until"] is None
    assert mine in listed(stack, "--network", f"::ffff:{network.address}")
    assert mine in listed(stack)
    assert user not in run(stack, "limits", "list").stdout
    assert network.address not in run(stack, "limits", "list").stdout

    done = run(stack, "limits", "clear", "--account", user)
    assert (done.returncode, done.stdout) == (OK, "2\n")
    assert listed(stack, "--account", user) == []
    assert network.try_login(user).status_code == 200
    (mine,) = listed(stack, "--account", user)
    assert (mine["tries"], mine["reached"]) == (0, False)
    assert mine["known_until"] and mine["until"] is None


def test_a_network_can_be_cleared(stack, network, other, user):
    for one in (network, other):
        one.guess(user, MOST + 1)

    done = run(stack, "limits", "clear", "--network", network.address)

    assert (done.returncode, done.stdout) == (OK, "2\n")
    assert network.try_login(user).status_code == 200
    assert other.try_login(user).status_code == 429


@pytest.mark.parametrize("arguments", (
    ("clear",), ("clear", "--all", "--account", "a@example.org"),
    ("list", "--all"), ("list", "--network", "nowhere"), ("forget",), ()))
def test_a_command_that_says_not_enough_does_nothing(stack, arguments):
    done = run(stack, "limits", *arguments)

    assert (done.returncode, done.stdout) == (USAGE, "")


@pytest.mark.better(18)
def test_limits_can_be_switched_off(house, db):
    one = Network(house.get(db))

    assert one.guess(new_email(), MOST * 3) == [400] * MOST * 3
