# SPDX-License-Identifier: MIT
"""The measurements, each of a function: what is compared is run in turn, round
by round, so that a change of the machine's mood touches all of it.
"""

import json
import os
import re
import resource
import signal
import statistics
import time

import instructions
import load
import stack as stacks
from cpu import Meter, one_processor
from reference import Reference
from made_user import user_email, user_id
from results import AT_LEAST, AT_MOST
from wires import FastCgiWire
from world import DEAR, PASSWORD, SMALL, WORKERS

SIGNING_IN = 4
MS_EACH = "ms of processor each"
CONNECTIONS = (32, 8)
CHEAP_CLIENTS = (2, 28)
POOL_OF_EIGHT = {"api": 6, "password": 2}
# How often each is looked up a round.
LOOKUPS = 500
# Until password workers have given their memory back.
IDLE_SECONDS = 60


class Bench:
    """What all measurements need."""

    def __init__(self, world, effort, results, say, python=None):
        self.world = world
        self.effort = effort
        self.results = results
        self.say = say
        # The interpreter of the reference, where that is wanted.
        self.python = python
        self.references = {}
        self.login_file = None

    def reference(self, stack):
        """FastAPI Users on a stack's database; None when nobody wants it."""
        if self.python and stack not in self.references:
            self.references[stack] = Reference(self.python, stack,
                                               self.world.files)
        return self.references.get(stack)

    def logins(self):
        """Requests of users whose passwords are dear, on the stack with few
        users, which hashes so from the first call on."""
        if self.login_file is None:
            self.login_file = dear_users(self, self.world.small)
        return self.login_file

    def end(self):
        """Ends what was started here."""
        for one in self.references.values():
            one.end()

    def rounds(self):
        """The numbers of the rounds."""
        return range(self.effort.rounds)

    def load(self, key, title, url, requests, connections, roots=()):
        """One run, kept as a rate, two latencies, and what processor time a
        request took of some process trees."""
        meter = Meter(dict(roots))
        try:
            got = load.run(url, requests, connections, self.effort.seconds)
        except stacks.Failure as e:
            raise stacks.Failure(f"{title}: {e}") from e
        self.results.add(f"{key} rate", title, "requests/s", got.rate)
        self.results.add(f"{key} p50", title, "µs", got.p50)
        self.results.add(f"{key} p99", title, "µs", got.p99)
        spent = meter.per_request(got.requests)
        for name, each in spent.items():
            self.results.add(f"{key} cpu {name}", f"{title}, {name}",
                             "µs of processor a request", each)
        if spent:
            self.results.add(f"{key} cpu", f"{title}, all",
                             "µs of processor a request",
                             sum(spent.values()))
        return got

    def interleave(self, runs):
        """What load() takes of each, in turn, after one short run of each
        program that does not count."""
        for url, requests in dict.fromkeys(run[2:4] for run in runs):
            load.run(url, requests, max(CONNECTIONS), 1)
        for _ in self.rounds():
            for run in runs:
                self.load(*run)


def me_runs(bench, stack, titles):
    """Who am I, by each of the programs, with many connections and few."""
    return [(f"me {stack.db} {name} c={c}", f"{title}, c={c}",
             stack.url(name), bench.world.me[stack], c, stack.roots(name))
            for c in CONNECTIONS for name, title in titles.items()]


def reference_runs(bench, stack):
    """The same by FastAPI Users, where that is wanted."""
    reference = bench.reference(stack)
    return [(f"me {stack.db} reference c={c}", f"FastAPI Users, c={c}",
             reference.url, bench.world.me[stack], c, reference.roots())
            for c in CONNECTIONS] if reference else []


def p1(bench):
    """GET /users/me on PostgreSQL."""
    stack = bench.world.large
    bench.interleave(me_runs(bench, stack, {
        "ours": "FastCGI Users", "select_pg": "epoll ceiling",
        "select_pipeline": "pipeline ceiling"})
        + reference_runs(bench, stack))
    for c in CONNECTIONS:
        for other, what, wanted in (("select_pg", "epoll", 0.85),
                                    ("select_pipeline", "pipeline", 0.85),
                                    ("reference", "reference", 15)):
            bench.results.target(
                "P1", f"c={c} me/{what}", AT_LEAST, wanted,
                f"me postgres ours c={c} rate",
                f"me postgres {other} c={c} rate")


def p2(bench):
    """The same on SQLite."""
    bench.interleave(me_runs(bench, bench.world.sqlite, {
        "ours": "FastCGI Users", "select_sqlite": "SQLite epoll ceiling"}))
    for c in CONNECTIONS:
        bench.results.target(
            "P2", f"c={c} me/epoll", AT_LEAST, 0.80,
            f"me sqlite ours c={c} rate",
            f"me sqlite select_sqlite c={c} rate")


def p3(bench):
    """GET /auth/check, by the signature alone, and what the way to a program
    costs at least."""
    stack = bench.world.large
    check = load.me_requests(bench.world.file("check"), stack.secrets["jwt"],
                             bench.world.users, "/auth/check")
    titles = {"ours": "FastCGI Users, check by signature",
              "hello": "hello, records over kept connections",
              "hello_libfcgi": "hello, libfcgi, a connection a request"}
    bench.interleave([
        (f"check {name} c=32", title, stack.url(name), check, 32,
         stack.roots(name)) for name, title in titles.items()])
    bench.results.target("P3", "c=32 check/hello", AT_LEAST, 0.85,
                         "check ours c=32 rate", "check hello c=32 rate")


def dear_users(bench, stack):
    """Users whose passwords cost what they cost by default; the pool hashes
    so from now on."""
    stack.change("password", **DEAR)
    stack.reload()
    emails = [f"dear{i}@bench.example" for i in range(2 * SIGNING_IN)]
    for email in emails:
        status, text = stack.fetch(
            stack.base_url, "/auth/register",
            [("Content-Type", load.JSON)],
            json.dumps({"email": email, "password": PASSWORD}).encode())
        if status != 201:
            raise stacks.Failure(f"registering failed: {status} {text}")
    return load.login_requests(bench.world.file("logins"), emails, PASSWORD)


def log_in(bench, key, title, url, roots):
    """Sign-ins without a pause, a rate and what each costs."""
    meter = Meter(roots)
    got = load.run(url, bench.logins(), SIGNING_IN, bench.effort.hash_seconds)
    bench.results.add(key, title, "a second", got.rate)
    bench.results.add(f"{key} cpu", title, MS_EACH,
                      meter.per_request(got.requests)["program"] / 1000)


def p4(bench):
    """Sign-ins a second, by two password workers."""
    stack = bench.world.small
    bench.logins()
    loop = stack.copy_bench("argon2_loop")
    cores, reference = os.cpu_count(), bench.reference(stack)
    seconds = bench.effort.hash_seconds
    for _ in bench.rounds():
        log_in(bench, "logins", "sign-ins, two password workers",
               stack.base_url, stack.roots("ours"))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        rate, count = map(float, stack.run(loop, str(cores), str(
            seconds)).stdout.split())
        bench.results.add("argon2", f"libargon2 in a loop, {cores} processes",
                          "a second", rate)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        bench.results.add(
            "argon2 cpu", "libargon2 in a loop", MS_EACH,
            (after.ru_utime + after.ru_stime - before.ru_utime
             - before.ru_stime) * 1000 / count)
        if reference:
            log_in(bench, "reference logins", "FastAPI Users, sign-ins, two "
                   "workers", reference.url, reference.roots())
    bench.results.target("P4", "logins/argon2-loop", AT_LEAST, 1.5,
                         "logins", "argon2")


def p5(bench):
    """Who am I, while others sign in, by as many password workers as there
    are by default."""
    stack = bench.world.small
    bench.logins()
    stack.change("pool", "password", workers=max(1, os.cpu_count() - 1))
    stack.reload()
    me, seconds = bench.world.me[stack], bench.effort.seconds
    for _ in bench.rounds():
        for c in CHEAP_CLIENTS:
            bench.load(f"alone c={c}", f"me alone, c={c}", stack.base_url, me,
                       c)
            storm = load.start(stack.base_url, bench.logins(), SIGNING_IN,
                               seconds + 1)
            try:
                time.sleep(0.5)
                bench.load(f"storm c={c}", f"me beside {SIGNING_IN} clients "
                           f"that sign in, c={c}", stack.base_url, me, c)
            finally:
                got = load.finish(storm)
            bench.results.add(f"storm logins c={c}",
                              f"sign-ins meanwhile, c={c}", "a second",
                              got.rate)
    for c in CHEAP_CLIENTS:
        bench.results.target("P5", f"c={c} p99-beside-logins/alone", AT_MOST,
                             2, f"storm c={c} p99", f"alone c={c} p99")


# Processes.

def read_process(pid, name):
    """A file of a process, or a Failure: those of the pool are sealed."""
    try:
        with open(f"/proc/{pid}/{name}", encoding="ascii") as file:
            return file.read()
    except PermissionError:
        raise stacks.Failure("memory and descriptors of the pool's processes "
                             "can be read by root alone") from None


def pss(pid):
    """A process's proportional share of memory, in MB."""
    found = re.search(r"^Pss: +(\d+) kB", read_process(pid, "smaps_rollup"),
                      re.M)
    return int(found[1]) / 1000


def rss(pid):
    """Its resident memory, in MB."""
    return int(re.search(r"^VmRSS:\s+(\d+) kB", read_process(pid, "status"),
                         re.M)[1]) / 1000


def descriptors(pid):
    """How many files and sockets it has open."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        raise stacks.Failure("memory and descriptors of the pool's processes "
                             "can be read by root alone") from None


def pool_pss(stack):
    """That of all its processes together."""
    pids = {stack.supervisor_pid(), *stack.worker_pids()}
    for pid in list(pids):
        pids.update(stacks.process_children(pid))
    return sum(pss(pid) for pid in pids)


def p6(bench):
    """Memory of a pool of eight that has worked and rests. The other pools
    end here: with them it would share its libraries."""
    stack = bench.world.small
    for other in (bench.world.large, bench.world.sqlite):
        stop_pool(other)
    for name, workers in POOL_OF_EIGHT.items():
        stack.change("pool", name, workers=workers)
    stack.reload()
    load.run(stack.base_url, bench.world.me[stack], 32, 2)
    load.run(stack.base_url, bench.logins(), SIGNING_IN, 2)
    # Until nothing is given back any more.
    stacks.wait_until(lambda: pool_pss(stack) <= 30, IDLE_SECONDS, 1)
    reference = bench.reference(stack)
    if reference:
        for pid in reference.workers():
            bench.results.add("reference pss", "FastAPI Users, a worker",
                              "MB (PSS)", pss(pid))
        bench.results.add("reference start", "FastAPI Users, start to first "
                          "answer", "ms", reference.start_ms)
    for pid in stack.workers_of("api"):
        bench.results.add("api pss", "an api worker", "MB (PSS)", pss(pid))
    bench.results.add("pool pss", "pool of 6 api and 2 password workers, "
                      "idle", "MB (PSS)", pool_pss(stack))
    bench.results.target("P6", "api-worker-MB", AT_MOST, 3, "api pss")
    bench.results.target("P6", "pool-of-8-MB", AT_MOST, 30, "pool pss")


def first_answer(stack, headers):
    """Milliseconds from a pool's start to its first answer, which needs the
    database."""
    wire = FastCgiWire(stack.settings["pool", "api"]["socket"])
    begun = time.monotonic()
    stack.launch("pool", [stack.program, "-c", stack.config, "pool"])
    while True:
        try:
            answer = wire.send("GET", "/users/me", headers)
            break
        except OSError:
            stack.still_running("pool")
            if time.monotonic() > begun + 30:
                raise stacks.Failure("the pool does not answer") from None
            time.sleep(0.0005)
    took = (time.monotonic() - begun) * 1000
    if answer.status != 200:
        raise stacks.Failure(f"the first answer is {answer.status}")
    return took


def stop_pool(stack):
    """Ends the pool and waits until it has."""
    handle = stack.handles["pool"]
    if handle.poll() is None:
        handle.send_signal(signal.SIGTERM)
        handle.wait(stacks.SECONDS)


def p7(bench):
    """A pool's start, while the database is up."""
    stack = bench.world.small
    stack.change("pool", "api", workers=WORKERS)
    stack.write_configuration()
    headers = [load.cookie(stack.secrets["jwt"], 1)]
    for _ in range(bench.effort.starts):
        stop_pool(stack)
        bench.results.add("start", "pool of 4 api and 2 password workers, "
                          "start to first answer", "ms",
                          first_answer(stack, headers))
    bench.results.target("P7", "start-ms", AT_MOST, 50, "start")


def cgi_variables(stack, number):
    """The environment of a CGI program that is asked who asks."""
    name, value = load.cookie(stack.secrets["jwt"], number)
    return {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "", "PATH_INFO": "/users/me",
            "QUERY_STRING": user_id(number),
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1", f"HTTP_{name.upper()}": value,
            "FASTCGI_USERS_CONFIG": stack.config,
            "PGHOST": stack.path("postgres"), "PGUSER": "fastcgi_users",
            "PGDATABASE": "fastcgi_users"}


def hosted_variables(stack, number):
    """The same where the program looks after a folder of its own."""
    stack.make_subfolder("hosted", 0o700)
    stack.write("hosted/fastcgi-users.conf",
                stack.read("fastcgi-users.conf"))
    return cgi_variables(stack, number) | {
        "FASTCGI_USERS_CONFIG": "",
        "FASTCGI_USERS_HOME": stack.path("hosted"),
        "DOCUMENT_ROOT": stack.path("www"),
        "CONTEXT_DOCUMENT_ROOT": stack.path("cgi-bin")}


# What each database is measured with, and beside what.
CGI_TITLES = {"ours": "FastCGI Users", "static": "FastCGI Users, static",
              "hosted": "FastCGI Users, static, a folder of its own",
              "cgi_nothing": "does nothing",
              "cgi_nothing_static": "does nothing, static",
              "cgi_select": "connects, selects, ends"}
CGI_CEILINGS = {"SQLite": ("cgi_nothing", "cgi_nothing_static"),
                "PostgreSQL": ("cgi_select",)}
CGI_WANTED = {"SQLite": 3, "PostgreSQL": 1.2}
CGI_OURS = {"SQLite": ("static", "hosted", "ours"),
            "PostgreSQL": ("static", "ours")}


def host(stack, static):
    """The program in a folder of programs, beside which nothing lies."""
    stack.make_subfolder("cgi-bin", 0o755)
    path = stack.path("cgi-bin", "fastcgi-users.cgi")
    if not os.path.exists(path):
        os.link(static, path)
    return path


def cgi_programs(stack, db):
    """{name: path}: ours, also the static one where there is one, and the
    ceilings."""
    programs = {"ours": stack.program}
    static = stack.copy_static()
    if static:
        programs["static"] = static
        if "hosted" in CGI_OURS[db]:
            programs["hosted"] = host(stack, static)
    return programs | {name: stack.copy_bench(name)
                       for name in CGI_CEILINGS[db]}


def run_cgi(bench, stack, db, name, path):
    """Many runs of one of them, one after the other."""
    said = stack.run(stack.copy_bench("cgi_runner"),
                     str(bench.effort.cgi_runs), path,
                     variables=(hosted_variables if name == "hosted"
                                else cgi_variables)(stack, 7)).stdout
    told = [list(map(int, line.split())) for line in said.splitlines()]
    key, title = f"cgi {name} {db}", f"CGI, {CGI_TITLES[name]}, {db}"
    bench.results.add(key, title, "µs", statistics.median(
        took for took, _ in told))
    bench.results.add(f"{key} cpu", title, "µs of processor each",
                      statistics.mean(spent for _, spent in told))


def p8(bench):
    """CGI programs without a web server."""
    runs = [(stack, db, name, path)
            for stack, db in ((bench.world.sqlite, "SQLite"),
                              (bench.world.large, "PostgreSQL"))
            for name, path in cgi_programs(stack, db).items()]
    for _ in bench.rounds():
        for one in runs:
            run_cgi(bench, *one)
    for db, ceilings in CGI_CEILINGS.items():
        for ours in CGI_OURS[db]:
            for ceiling in ceilings:
                what = f"{db.lower()} {ours}/{ceiling}"
                if f"cgi {ours} {db}" in bench.results.series:
                    bench.results.target(
                        "P8", what, AT_MOST, CGI_WANTED[db],
                        f"cgi {ours} {db}", f"cgi {ceiling} {db}")
                else:
                    bench.results.absent(
                        "P8", what, AT_MOST, CGI_WANTED[db],
                        "there is no static program: run make static first")


def look_up(bench, stacks_of):
    """What the store asks of the databases, turn by turn: a session's user,
    an address, a page behind any user."""
    first = bench.world.small
    configurations = [word for count, stack in stacks_of.items()
                      for word in (stack.config, str(count))]
    with one_processor(stacks_of.values()):
        said = first.run(first.copy_bench("lookups"), str(LOOKUPS),
                         *configurations).stdout
    for one in map(json.loads, said.splitlines()):
        count = one.pop("count")
        for name, took in one.items():
            bench.results.add(f"growth store-{name} {count} p50",
                              f"store, {name}, {count:,} users", "µs",
                              took / 1000)


def p9(bench):
    """The same requests where there are few users and many."""
    many = bench.world.users
    stacks_of = {SMALL: bench.world.small, many: bench.world.large}
    files = {}
    for count, stack in stacks_of.items():
        emails = [user_email(n) for n in load.spread(count, 5000)]
        files["me", count] = bench.world.me[stack]
        # Cheap hashes: what grows is the look-up, if anything does.
        files["login", count] = load.login_requests(
            bench.world.file(f"login-{count}"), emails,
            stack.superuser["password"])
    for _ in bench.rounds():
        for (what, count), file in files.items():
            bench.load(f"growth {what} {count}",
                       f"{what}, {count:,} users, c=1",
                       stacks_of[count].base_url, file, 1,
                       stacks_of[count].roots("ours"))
        look_up(bench, stacks_of)
    for what in ("me", "login", "store-session", "store-email",
                 "store-page"):
        bench.results.target(
            "P9", f"{what} p50 {SMALL}->{many}", AT_MOST, 1.25,
            f"growth {what} {many} p50", f"growth {what} {SMALL} p50")


def p10(bench):
    """Instructions a request, beside those recorded."""
    recorded = instructions.read_record()
    for name, count in instructions.measure(bench.world.large.build).items():
        bench.results.add(f"instructions {name}", name, "instructions",
                          count)
        if name in recorded:
            bench.results.add(f"recorded {name}", f"{name}, recorded",
                              "instructions", recorded[name])
            bench.results.target("P10", name.replace(" ", "-"), AT_MOST, 1.1,
                                 f"instructions {name}", f"recorded {name}")


def at_rest(stack):
    """Memory and descriptors of the api workers together, when the web server
    has let go of all connections."""
    stack.handles["nginx"].send_signal(signal.SIGHUP)
    counts = []

    def steady():
        counts.append(sum(map(descriptors, stack.workers_of("api"))))
        return counts[-4:] == [counts[-1]] * 4

    stacks.wait_until(steady, 30, 0.25)
    pids = stack.workers_of("api")
    return pids, sum(map(rss, pids)), counts[-1]


def p11(bench):
    """Very many requests, and what they leave behind."""
    stack, me = bench.world.large, bench.world.me[bench.world.large]
    load.run(stack.base_url, me, 32, 2)
    pids, memory, files = at_rest(stack)
    done = 0
    while done < bench.effort.requests:
        done += load.run(stack.base_url, me, 32, 5).requests
    pids_after, memory_after, files_after = at_rest(stack)
    if pids != pids_after:
        raise stacks.Failure("workers were replaced under load:\n"
                             + stack.last_words())
    what = f"after {done:,} requests"
    for key, title, unit, before, after in (
            ("rss", "memory of the api workers", "MB (RSS)", memory,
             memory_after),
            ("files", "descriptors of the api workers", "descriptors", files,
             files_after)):
        bench.results.add(f"{key} before", f"{title}, before", unit, before)
        bench.results.add(f"{key} after", f"{title}, {what}", unit, after)
    bench.results.target("P11", "rss after/before", AT_MOST, 1.02,
                         "rss after", "rss before")
    bench.results.target("P11", "descriptors after/before", AT_MOST, 1,
                         "files after", "files before")


# In the order in which they are made: cheap hashes first, since a pool that
# hashes dearly does so until it is told otherwise.
MEASURES = (p1, p2, p3, p9, p11, p8, p4, p5, p6, p7, p10)
