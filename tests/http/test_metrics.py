# SPDX-License-Identifier: MIT
"""What the pool says of itself: /metrics, /healthz, /readyz."""

import os
import re
import signal
import time

import pytest
import stack as stacks

from client import PASSWORD, detail, new_email, parallel
from commands import execute
from measured import METRICS, MeasuredStack, scrape

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


@pytest.fixture(scope="module")
def measured(house, db):
    return house.make(db, settings=METRICS, kind=MeasuredStack, workers=2)


@pytest.fixture
def client(measured):
    return measured.client


def rise(client, action, *series):
    """By how much series rise while something is done."""
    before = scrape(client)
    action()
    after = scrape(client)
    return [after.of(name, **labels) - before.of(name, **labels)
            for name, labels in series]


def requests_of(route, status):
    return "requests_total", {"route": route, "status": str(status)}


def test_requests_are_counted_by_route_and_status(client):
    user, _ = client.newcomer()
    admin = client.admin()

    def ask():
        for _ in range(3):
            client.get(f"/users/{user['id']}", token=admin)
        client.get("/users/me")
        client.get("/nowhere")
        client.request("PUT", "/users/me")

    assert rise(client, ask, requests_of("users:user", 200),
                requests_of("users:current_user", 401),
                requests_of("none", 404), requests_of("none", 405)) == [
                    3, 1, 1, 1]


def test_a_histogram_holds_each_request_once(client):
    _, token = client.newcomer()
    client.get("/users/me", token=token)
    seen = scrape(client)

    assert seen.kinds["fastcgi_users_request_seconds"] == "histogram"
    for route in ("users:current_user", "auth:{backend}.login"):
        bounds = [("request_seconds_bucket", {"route": route, "le": le})
                  for le in ("0.001", "0.0025", "0.005", "0.01", "0.025",
                             "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5",
                             "10", "+Inf")]
        heights = [seen.of(name, **labels) for name, labels in bounds]
        total = sum(value for (name, labels), value in seen.items()
                    if name == "requests_total"
                    and ("route", route) in labels)
        assert heights == sorted(heights)
        assert heights[-1] == total > 0
        assert seen.of("request_seconds_count", route=route) == total
        assert seen.of("request_seconds_sum", route=route) > 0


def test_sign_ins_are_counted_by_what_became_of_them(client):
    user = client.register()

    def sign_in():
        client.try_login(user["email"])
        client.try_login(user["email"], "wrong" + PASSWORD)
        client.try_login("nobody@example.org")
        client.post("/auth/bearer/login", data={"username": "x"})

    outcomes = [("logins_total", {"by": "password", "outcome": outcome})
                for outcome in ("succeeded", "bad_credentials", "malformed",
                                "unavailable", "refused")]
    assert rise(client, sign_in, *outcomes) == [1, 2, 1, 0, 0]


def test_hashes_and_the_database_are_counted_with_their_time(client):
    names = ("hashes_total", {"outcome": "computed"}), \
        ("hash_seconds_total", {}), ("database_seconds_count", {}), \
        ("database_seconds_sum", {})

    made, hashing, asked, took = rise(
        client, lambda: client.register(new_email()), *names)

    assert (made, asked >= 2) == (1, True)
    assert 0 < hashing < 10 and 0 < took < 10


def test_pools_tell_their_workers_and_connections(measured, client):
    seen = scrape(client)

    for pool in ("api", "password"):
        assert seen.of("workers", pool=pool) == 2
        assert seen.of("workers_started_total", pool=pool) >= 2
    # The one that is asked is busy with that.
    assert seen.of("workers_busy", pool="api") >= 1
    assert seen.of("connections", pool="api") >= 1
    assert seen.of("pools_without_worker") == 0
    assert abs(seen.of("start_time_seconds") - time.time()) < 3600
    version = measured.program_command("version").stdout
    info = next(labels for name, labels in seen if name == "build_info")
    assert dict(info)["version"] in version
    assert dict(info)["database"].startswith(measured.db)


def test_no_counter_falls_when_workers_die_retire_or_are_replaced(
        house, db, client):
    one = house.make(db, settings=METRICS, kind=MeasuredStack, workers=2)
    one.kills_with = {signal.SIGKILL}
    token = one.client.admin()
    before = scrape(one.client)

    def check():
        nonlocal before
        parallel([lambda: one.client.get("/users/me", token=token)] * 20)
        after = scrape(one.client)
        fallen = {key: (value, after.get(key))
                  for key, value in before.counters().items()
                  if after.get(key, -1) < value}
        assert not fallen
        before = after

    check()
    for _ in range(3):
        old = one.worker_pids()
        for pid in old:
            stacks.send_signal(pid, signal.SIGKILL)
        assert stacks.wait_until(
            lambda: one.get("/readyz") == 200 and len(one.worker_pids()) ==
            len(old) and not set(one.worker_pids()) & set(old))
        check()
    for _ in range(2):
        one.reload()
        check()

    assert before.of("workers_lost_total", pool="api") == 6
    assert before.of("reloads_total", outcome="taken") == 2
    asked = sum(1 for line in one.read("pool.log").splitlines()
                if "route=users:current_user" in line
                and "event=request" in line)
    # What a worker had not finished when it was killed may be in neither.
    counted = before.of("requests_total", route="users:current_user",
                        status="200")
    assert counted == asked >= 120


def test_a_refused_reload_is_counted(house):
    one = house.make("sqlite", settings=METRICS, kind=MeasuredStack)
    with open(one.config, "a", encoding="utf-8") as f:
        f.write("nonsense { }\n")
    stacks.send_signal(one.supervisor_pid(), signal.SIGHUP)

    assert stacks.wait_until(lambda: scrape(one.client).of(
        "reloads_total", outcome="refused") == 1)


def test_the_outbox_is_counted_by_the_courier(house, db):
    one = house.make(db, kind=MeasuredStack, settings=(
        *METRICS, "webhook.away.url=http://127.0.0.1:1/",
        "webhook.away.allow_http=true", "webhook.away.allow_private=true",
        "webhook.away.events={after_register}",
        'webhook.away.secret={"whsec_' + "QUFB" * 8 + '"}'))
    one.client.register()

    # The superuser was registered too.
    assert stacks.wait_until(lambda: scrape(one.client).of(
        "outbox_events", state="waiting") == 2, seconds=30)
    seen = scrape(one.client)
    assert seen.of("events_total", outcome="postponed") >= 1
    assert seen.of("outbox_events", state="dead") == 0
    assert abs(seen.of("outbox_counted_time_seconds") - time.time()) < 60


def test_without_a_courier_nothing_is_said_of_the_outbox(house):
    one = house.make("sqlite", kind=MeasuredStack,
                     settings=(*METRICS, "courier.processes=0"))

    assert not [name for name, _ in scrape(one.client)
                if name.startswith("outbox_")]


def test_scraping_asks_the_database_nothing(house):
    one = house.make("postgres", kind=MeasuredStack, settings=METRICS)
    scrape(one.client)
    before = scrape(one.client)
    one.postgres_stop()

    after = scrape(one.client)

    assert after.of("database_seconds_count") == \
        before.of("database_seconds_count")


# What the guide says for each, for who asks from this machine.
TOLD = {
    "apache-fcgi": ("</VirtualHost>", """<Location "/metrics">
SetEnv FCU_METRICS on
Require ip 127.0.0.1
</Location>
</VirtualHost>"""),
    "lighttpd": ("", """
$HTTP["remoteip"] == "127.0.0.1" {
	$HTTP["url"] == "/metrics" {
		setenv.add-environment = ( "FCU_METRICS" => "on" )
	}
}
"""),
}


class ToldStack(stacks.Stack):
    """A stack whose web server says it."""

    def web_server_start(self):
        site, (old, new) = self.web.site, TOLD[self.server]
        self.web.site = lambda: (site().replace(old, new) if old
                                 else site() + new)
        self.web.more_modules = (*getattr(self.web, "more_modules", ()),
                                 "authz_host")
        super().web_server_start()


@pytest.mark.parametrize("server", TOLD)
def test_other_servers_tell_it_as_the_guide_says(house, server):
    one = house.make("sqlite", kind=ToldStack, server=server,
                     settings=METRICS)

    assert scrape(one.client).of("start_time_seconds") > 0
    assert one.client.get("/readyz").status_code == 200


HEADERS = ("FCU_METRICS", "FCU-METRICS", "Fcu-Metrics", "HTTP_FCU_METRICS",
           "X-FCU-METRICS", "REDIRECT_FCU_METRICS", "REDIRECT-FCU-METRICS")


@pytest.mark.parametrize("server", ["nginx", "apache-cgi", "nginx-fd0"])
def test_no_client_gets_at_it_where_the_server_does_not_say_so(house, server):
    one = house.get("sqlite", server=server, settings=METRICS)

    assert one.client.get("/metrics").status_code == 404
    for name in HEADERS:
        answer = one.client.get("/metrics", headers={name: "on"})
        assert (answer.status_code, detail(answer)) == (404, "Not Found")
    assert one.client.get("/metrics?FCU_METRICS=on").status_code == 404


def test_it_is_not_there_unless_it_is_switched_on(house):
    one = house.make("sqlite", kind=MeasuredStack)

    assert one.client.get("/metrics").status_code == 404
    assert one.client.post("/metrics").status_code == 404


def test_the_manual_lists_what_is_told_and_nothing_else(client, measured):
    with open(os.path.join(TOP, "doc", "monitoring.md"),
              encoding="utf-8") as f:
        listed = dict(re.findall(
            r"^\| `([a-z_]+)(?:\{[^`]*\})?` "
            r"\| (counter|gauge|histogram|summary) \|", f.read(), re.M))
    told = dict(scrape(client).kinds)
    told |= {f"fastcgi_users_{name}": "gauge" for name in
             ("outbox_events", "outbox_counted_time_seconds")}

    assert {name.removeprefix("fastcgi_users_"): kind
            for name, kind in told.items()} == listed


def test_there_is_a_series_for_every_row_of_the_table():
    with open(os.path.join(TOP, "src", "base", "metrics.def"),
              encoding="utf-8") as f:
        rows = re.findall(r'^METRIC\(\w+, \w+, \w+, \w+, "(\w+)", '
                          r'"((?:[^"\\]|\\.)*)",\n\t"(.*)"\)$', f.read(),
                          re.M)

    assert len(rows) == len({(name, labels) for name, labels, _ in rows})
    first = {}
    for name, _, said in rows:
        family = re.sub("_(sum|count)$", "", name)
        assert bool(said) == (family not in first), name
        first[family] = said


def test_every_status_that_there_is_is_counted_by_itself():
    with open(os.path.join(TOP, "src", "base", "tally.c"),
              encoding="utf-8") as f:
        known = set(re.findall(r"\d+", re.search(
            r"tally_statuses\[TALLY_STATUSES\] = \{(.*?)\}", f.read(),
            re.S)[1]))
    with open(os.path.join(TOP, "src", "base", "problems.def"),
              encoding="utf-8") as f:
        used = set(re.findall(r"^PROBLEM\(\w+, (\d+)", f.read(), re.M))
    with open(os.path.join(TOP, "src", "api", "routes.def"),
              encoding="utf-8") as f:
        used |= set(re.findall(r"^      (\d+), [A-Z]", f.read(), re.M))

    assert used and used <= known


# Health.


def test_health_can_be_switched_off(house):
    one = house.get("sqlite", settings=("routes.health=false",))

    for path in ("/healthz", "/readyz"):
        assert one.client.get(path).status_code == 404


def reason(client):
    answer = client.get("/readyz")
    if answer.status_code == 200:
        return answer.json()["status"]
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert detail(answer)["code"] == "NOT_READY"
    return detail(answer)["reason"]


def test_readiness_tells_that_the_database_is_away(house):
    one = house.make("postgres")
    assert reason(one.client) == "ready"
    one.postgres_stop()

    assert stacks.wait_until(lambda: reason(one.client) == "database")
    assert one.client.get("/healthz").status_code == 200


def test_readiness_tells_that_the_schema_is_not_the_programs(house, db):
    one = house.make(db)
    assert reason(one.client) == "ready"
    execute(one, "DELETE FROM fcu_schema_version WHERE version = "
                 "(SELECT max(version) FROM fcu_schema_version)")

    assert stacks.wait_until(lambda: reason(one.client) == "schema")


@pytest.mark.about("pool", "one of its workers is killed")
def test_readiness_tells_that_a_pool_has_no_worker(house):
    one = house.make("sqlite", workers=1)
    one.kills_with = {signal.SIGKILL}
    assert reason(one.client) == "ready"
    # Whoever comes next cannot open what it needs.
    os.remove(one.path("hash.slots"))
    os.mkdir(one.path("hash.slots"))
    stacks.send_signal(next(
        pid for pid in one.worker_pids()
        if f"pool=password pid={pid}\n" in one.read("pool.log")),
        signal.SIGKILL)

    assert stacks.wait_until(lambda: reason(one.client) == "workers")
    os.rmdir(one.path("hash.slots"))
    assert stacks.wait_until(lambda: reason(one.client) == "ready")


def test_readiness_is_looked_for_once_a_second_at_most(house):
    one = house.make("sqlite", kind=MeasuredStack, settings=METRICS)
    reason(one.client)

    # A look takes several statements.
    assert rise(one.client,
                lambda: parallel([lambda: reason(one.client)] * 100),
                ("database_seconds_count", {}))[0] < 100
