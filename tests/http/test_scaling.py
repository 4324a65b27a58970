# SPDX-License-Identifier: MIT
"""Several machines that share a database, as doc/scaling.md tells."""

import itertools
import json
import time

import pytest

import failover
import stack as stacks
from client import PASSWORD, Client, Load, new_email, parallel
from cluster import PRIMARY, REPLICA, Cluster
from programs import Programs

BACKENDS = ("bearer", "rows", "quick")
EVENTS = ("after_register", "after_login", "after_update")
# Says when it begins and when it ends, and is not in a hurry.
LISTENER = """
event = json.load(sys.stdin)
def say(what):
    with open(HERE + "/heard", "a") as f:
        f.write(json.dumps([what, event["user"]["id"], event["event"],
                            event["id"]]) + "\\n")
say("begin")
time.sleep(0.05)
say("end")
"""


@pytest.fixture(scope="module")
def programs():
    made = Programs()
    made.write("listen", LISTENER)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def cluster(house, programs):
    """Three machines that share PostgreSQL and Redis."""
    made = house.make("postgres", kind=Cluster, redis=True, settings=[
        "backend.rows.strategy=database", "backend.quick.strategy=redis",
        f"hook.ear.program={programs.path('listen')}",
        f"hook.ear.events={{{', '.join(EVENTS)}}}", "courier.processes=2"])
    # Of machines that lose power.
    made.kills_with = {9}
    yield made
    house.end(made)


@pytest.fixture
def machines(cluster):
    """A client of each machine alone."""
    return [Client(machine) for machine in cluster.machines]


def seen_by(machines, token):
    """What each machine says to the token."""
    return [m.get("/users/me", token=token).status_code for m in machines]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_token_of_one_machine_is_good_at_all_until_a_logout_at_any(
        machines, backend):
    first, second, third = machines
    user = first.register()
    token = second.login(user["email"], backend=backend)
    assert seen_by(machines, token) == [200, 200, 200]

    assert third.post(f"/auth/{backend}/logout",
                      token=token).status_code == 204

    # Each of their workers, several times.
    for _ in range(4):
        assert seen_by(machines, token) == [401, 401, 401]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_new_password_at_one_machine_ends_the_other_sessions_at_all(
        machines, backend):
    first, second, third = machines
    user = first.register()
    mine, stolen = (m.login(user["email"], backend=backend)
                    for m in (first, third))
    assert seen_by(machines, stolen) == [200, 200, 200]

    assert second.patch("/users/me", token=mine, json={
        "password": "quite another 9"}).status_code == 200

    for _ in range(4):
        assert seen_by(machines, stolen) == [401, 401, 401]
        assert seen_by(machines, mine) == [200, 200, 200]
    assert third.try_login(user["email"]).status_code == 400
    assert third.login(user["email"], "quite another 9")


def test_of_one_address_registered_at_all_machines_at_once_one_wins(machines):
    for _ in range(5):
        body = {"email": new_email(), "password": PASSWORD}
        answers = parallel(
            lambda m=m: m.post("/auth/register", json=body).status_code
            for m in machines)

        assert sorted(answers) == [201, 400, 400]


def heard(programs):
    return [json.loads(line) for line in programs.read("heard").splitlines()]


def test_couriers_of_all_machines_tell_each_event_once_and_in_order(
        cluster, machines, programs):
    def live(turn):
        """A life at one machine after the other."""
        m = itertools.cycle(machines[turn % 3:] + machines[:turn % 3])
        user = next(m).register()
        token = next(m).login(user["email"])
        assert next(m).patch("/users/me", token=token, json={
            "email": new_email("moved")}).status_code == 200
        return user["id"]

    ids = parallel(lambda n=n: live(n) for n in range(12))

    assert stacks.wait_until(lambda: cluster.ask(
        "SELECT count(*) FROM fcu_outbox") == "0", step=0.1)
    told = heard(programs)
    assert len({row[3] for row in told}) == len(told) / 2
    for user in ids:
        assert [(row[2], row[0]) for row in told if row[1] == user] == [
            (event, when) for event in EVENTS for when in ("begin", "end")]
    sharing = [m for m in cluster.machines
               if "event=event_delivered" in cluster.read(m.name + ".log")]
    assert len(sharing) > 1


def test_a_machine_that_loses_power_costs_no_answer_to_who_reads(cluster):
    machine = cluster.machines[1]
    _, token = cluster.client.newcomer()

    with Load(cluster.client, 4, token=token) as load:
        load.wait_for(200)
        cluster.power_off(machine.name)
        load.wait_for(200)
        assert not machine.is_ready()
        machine.start()
        already = cluster.read(machine.name + ".log").count("event=request")
        assert stacks.wait_until(lambda: cluster.read(
            machine.name + ".log").count("event=request") > already + 20)
        load.wait_for(200)

    assert load.bad() == []
    assert stacks.wait_until(machine.is_ready)


def test_migrations_begun_at_all_machines_at_once_are_made_once(cluster):
    url = cluster.database_url
    cluster.ask("CREATE DATABASE another")
    cluster.settings["database", None]["url"] = url.replace(
        "/fastcgi_users?", "/another?")
    try:
        file = cluster.write("another.conf",
                             cluster.render_settings(cluster.settings))
    finally:
        cluster.settings["database", None]["url"] = url

    said = parallel(lambda: cluster.run(
        cluster.program, "-c", file, "migrate", "apply").stdout
        for _ in cluster.machines)

    done = "\n".join(said)
    assert done.count("0001") == 1, done
    assert cluster.run(cluster.program, "-c", file, "migrate",
                       "status").returncode == 0


def test_a_database_that_is_serializable_is_served(cluster, machines):
    """The isolation of CockroachDB."""
    def collided():
        return any("code=40001" in cluster.read(m.name + ".log")
                   for m in cluster.machines)

    cluster.ask("ALTER DATABASE fastcgi_users SET "
                "default_transaction_isolation = 'serializable'")
    try:
        for machine in cluster.machines:
            machine.renew_workers()
        for m in machines:
            m.admin()
        parallel(lambda m=m: life(m, "rows") for m in machines * 4)
        user = machines[0].register()
        for _ in range(50):
            answers = parallel(lambda m=m: m.try_login(
                user["email"], backend="rows").status_code
                for m in machines * 3)
            assert set(answers) <= {200, 503} and 200 in answers, answers
            if collided():
                break
        assert collided()
    finally:
        cluster.ask("ALTER DATABASE fastcgi_users RESET "
                    "default_transaction_isolation")
        for machine in cluster.machines:
            machine.renew_workers()


# PostgreSQL goes, and its replica takes over.

def life(client, backend="bearer"):
    """The main flows, by one client."""
    user = client.register()
    token = client.login(user["email"], backend=backend)
    assert client.get("/users/me", token=token).json() == user
    moved = client.patch("/users/me", token=token,
                         json={"email": new_email("moved")})
    assert moved.status_code == 200
    assert client.post(f"/auth/{backend}/logout",
                       token=token).status_code == 204
    assert client.get("/users/me", token=token).status_code == 401
    assert client.delete(f"/users/{user['id']}",
                         token=client.admin()).status_code == 204


def registers(client, email):
    """Whether the address is taken in the end; 503 means to come again."""
    def ask():
        answer = client.post("/auth/register", json={
            "email": email, "password": PASSWORD})
        assert answer.status_code in (201, 503), answer.text
        return answer.status_code == 201
    return stacks.wait_until(ask, step=0.1)


def register_at_each(cluster, times=6):
    """Addresses that each machine acknowledged, several times."""
    made = []
    for machine in cluster.machines * times:
        made.append(new_email())
        assert registers(Client(machine), made[-1])
    return made


def test_a_promoted_replica_has_all_that_was_acknowledged(new_stack):
    cluster = new_stack("postgres", kind=Cluster, replica=True)
    cluster.kills_with = {9}
    user, token = cluster.client.newcomer()
    workers = set(cluster.worker_pids())

    counts = failover.run(cluster, 100, 100)

    assert set(counts["statuses"]) <= {201, 503}, counts
    assert counts["lost"] == 0 and counts["acknowledged"] >= 200, counts
    assert set(cluster.worker_pids()) == workers
    clients = [Client(machine) for machine in cluster.machines]
    assert seen_by(clients, token) == [200, 200, 200]
    life(cluster.client)

    # The former primary comes back as Patroni lets it: read-only. Workers
    # that know nothing of what was ask it first, and write elsewhere.
    cluster.come_back_as_standby()
    for machine in cluster.machines:
        machine.renew_workers()
    made = register_at_each(cluster)
    assert failover.found_in(cluster, REPLICA, made) == set(made)
    assert cluster.ask_server(PRIMARY, "SELECT pg_is_in_recovery()") == "t"
    assert seen_by(clients, token) == [200, 200, 200]


def turn_read_only(cluster):
    """Connections stay, and so do reads."""
    cluster.ask_server(PRIMARY, "ALTER SYSTEM SET "
                                "default_transaction_read_only = on")
    cluster.ask_server(PRIMARY, "SELECT pg_reload_conf()")
    assert stacks.wait_until(lambda: cluster.ask_server(
        PRIMARY, "SHOW transaction_read_only") == "on")


@pytest.mark.parametrize("change", [
    turn_read_only, lambda cluster: cluster.fall_silent(PRIMARY)],
    ids=["read-only", "silent"])
def test_a_server_that_takes_no_writes_any_more_is_left(new_stack, change):
    cluster = new_stack("postgres", kind=Cluster, replica=True, machines=1,
                        workers=1, settings=["database.statement_limit=1"])
    cluster.kills_with = {9}
    before = register_at_each(cluster)
    cluster.promote()

    change(cluster)

    made = register_at_each(cluster)
    cluster.power_off(PRIMARY)
    assert failover.found_in(cluster, REPLICA, before + made) == {
        *before, *made}


# With poolers between.

@pytest.fixture(scope="module")
def pooled(house):
    """A pooler before each of two servers; the last test changes them."""
    made = house.make("postgres", kind=Cluster, replica=True, pooler=True)
    made.kills_with = {9}
    yield made
    house.end(made)


def test_through_a_pooler_all_is_the_same_and_its_restart_costs_503_at_most(
        pooled):
    cluster = pooled
    for machine in cluster.machines:
        life(Client(machine))
    user, token = cluster.client.newcomer()
    workers = set(cluster.worker_pids())

    with Load(cluster.client, 6, token=token) as load, \
            failover.Registrations(cluster.port, 3) as writers:
        for _ in range(2):
            load.wait_for(100)
            cluster.pooler_stop()
            load.wait_for(20)
            cluster.pooler_start(PRIMARY)
            back = time.monotonic()
            assert writers.wait_for(30, back)

    assert load.bad(200, 503) == []
    assert set(writers.statuses()) <= {201, 503}
    emails = [answer.email for answer in writers.acknowledged()]
    assert failover.found_in(cluster, PRIMARY, emails) == set(emails)
    assert set(cluster.worker_pids()) == workers
    life(cluster.client)


def test_a_server_demoted_behind_its_pooler_is_left_for_the_promoted(pooled):
    cluster = pooled
    before = register_at_each(cluster)

    # Nobody asks anything meanwhile, so nobody hears of it, and the pooler
    # keeps the workers' connections.
    cluster.power_off(PRIMARY)
    cluster.promote()
    cluster.come_back_as_standby()

    made = register_at_each(cluster)
    assert failover.found_in(cluster, REPLICA, before + made) == {
        *before, *made}
    life(cluster.client)
