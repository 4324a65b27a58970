# SPDX-License-Identifier: MIT
"""What is measured: stacks with seeded databases, and the ceiling programs
beside them, behind the same web server with the same configuration.
"""

import json
import os
import shutil
import tempfile
import urllib.error
import urllib.request

import load
import stack as stacks
from instructions import CHEAP, GUARD
from made_user import user_email, user_id

# As many as the ceilings were measured with.
WORKERS = 4
PIPELINES = 2
PASSWORD = "correct horse battery"
DEAR = {"memory_kib": 65536, "passes": 3, "lanes": 4}
PREFIX = "fastcgi-users-bench-"
SMALL = 10_000

# name: (processes, whether it needs to know where the database is)
CEILINGS = {
    "postgres": {"select_pg": WORKERS, "select_pipeline": PIPELINES,
                 "hello": WORKERS, "hello_libfcgi": WORKERS},
    "sqlite": {"select_sqlite": WORKERS},
}
TIDY = {"postgres": ('VACUUM ANALYZE "user"', "CHECKPOINT"),
        "sqlite": ("PRAGMA wal_checkpoint(TRUNCATE)",)}
FOLLOWS_DATABASE = {"select_pg", "select_pipeline", "select_sqlite"}


class BenchStack(stacks.Stack):
    """A stack with ceiling programs beside the pool."""

    def __init__(self, db, build, ceilings=()):
        self.build = build
        self.ceilings = {name: CEILINGS[db][name] for name in ceilings}
        self.site_urls = {}
        super().__init__(
            db=db, build=build, prefix=PREFIX,
            settings=[*CHEAP, *GUARD, f"pool.api.workers={WORKERS}",
                      "pool.password.workers=2"])

    def copy_bench(self, name):
        """One of the programs of the bench, where the stack's user finds
        it."""
        source = os.path.join(self.build, "tests", "bench", name)
        if not os.path.exists(source):
            raise stacks.Failure(f"{source} is missing: run make bench in the "
                                 "build folder")
        self.copy_file(source, name, 0o755)
        return self.path(name)

    def copy_static(self):
        """The program of `make static`, or None where it was not made."""
        source = os.path.join(self.build, "static", stacks.PROGRAM)
        if not os.path.exists(source):
            return None
        self.copy_file(source, "fastcgi-users.cgi", 0o755)
        return self.path("fastcgi-users.cgi")

    @property
    def place(self):
        """Where the ceiling programs find the database."""
        if self.db == "sqlite":
            return self.path("users.db")
        return (f"host={self.path('postgres')} user=fastcgi_users "
                "dbname=fastcgi_users")

    def pool_start(self):
        """The pool, and the ceilings with it."""
        super().pool_start()
        for name, processes in self.ceilings.items():
            socket = self.path(f"{name}.sock")
            more = [self.place] if name in FOLLOWS_DATABASE else []
            self.launch(name, [self.copy_bench(name), socket, str(processes),
                               *more])
            self.wait_for(name, lambda path=socket: self.listening(path),
                          "open its socket")

    def other_sites(self):
        """The same site once more for each ceiling, on a port of its own."""
        lines = ""
        for name in self.ceilings:
            port = stacks.free_port()
            path = self.write(f"nginx-site-{name}.conf",
                              self.site_of(name, port), 0o644)
            self.site_urls[name] = f"http://127.0.0.1:{port}"
            lines += f"\tinclude {path};\n"
        return lines

    def site_of(self, name, port):
        """All that comes there goes to the ceiling's socket."""
        text = self.nginx_site().replace("fastcgi_users", f"site_{name}")
        for pool in ("api", "password"):
            text = self.substitute(
                text, self.settings["pool", pool]["socket"],
                self.path(f"{name}.sock"))
        if name == "hello_libfcgi":
            # It serves one connection at a time, so none may be kept.
            text = self.substitute(text, "fastcgi_keep_conn on;",
                                   "fastcgi_keep_conn off;")
        return self.substitute(text, f"listen 127.0.0.1:{self.port};",
                               f"listen 127.0.0.1:{port};")

    def url(self, name):
        """Of the program itself (ours), or a ceiling's."""
        return self.base_url if name == "ours" else self.site_urls[name]

    def roots(self, name):
        """Whose processor time an answer takes: {what: process}."""
        names = {"program": "pool" if name == "ours" else name,
                 "nginx": "nginx"}
        if self.db == "postgres" and not name.startswith("hello"):
            names["PostgreSQL"] = "postgres"
        return {what: self.processes[one]["pid"]
                for what, one in names.items()}

    def change(self, section, title=None, **values):
        """Settings of the pool from the next reload on."""
        self.settings.setdefault((section, title), {}).update(values)

    def workers_of(self, pool):
        """The living workers of one pool, by what the log told of them."""
        living = set(self.worker_pids())
        found = {int(line.rpartition("pid=")[2].split()[0])
                 for line in self.read("pool.log").splitlines()
                 if "event=worker_started" in line
                 and f" pool={pool} " in line}
        return sorted(found & living)

    def seed(self, count):
        """So many users, all with the hash of one; the database is tidied up
        behind that, as it does itself in time."""
        hashed = self.ask("SELECT hashed_password FROM \"user\" WHERE email "
                          f"= '{stacks.SUPERUSER}'")
        self.run("sh", "-c", '"$0" "$1" 1 "$2" | "$3" -c "$4" user import',
                 self.copy_bench("make_users"), str(count), hashed,
                 self.program, self.config)
        for command in TIDY[self.db]:
            self.run_script(command)

    def fetch(self, url, path, headers=(), body=None):
        """The status and the text of an answer."""
        request = urllib.request.Request(url + path, data=body,
                                         headers=dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()


class World:
    """The stacks of one bench: one on PostgreSQL with many users, one with
    few, one on SQLite."""

    def __init__(self, build, users, sqlite_users, say):
        self.users = users
        self.sqlite_users = sqlite_users
        self.stacks = []
        self.files = tempfile.mkdtemp(prefix=PREFIX)
        try:
            say(f"PostgreSQL with {users:,} users")
            self.large = self.add("postgres", build, CEILINGS["postgres"])
            self.large.seed(users)
            say(f"PostgreSQL with {SMALL:,} users")
            self.small = self.add("postgres", build)
            self.small.seed(SMALL)
            say(f"SQLite with {sqlite_users:,} users")
            self.sqlite = self.add("sqlite", build, CEILINGS["sqlite"])
            self.sqlite.seed(sqlite_users)
            self.write_requests()
            self.check_answers()
        except BaseException:
            self.remove()
            raise

    def add(self, db, build, ceilings=()):
        """One more stack, started."""
        made = BenchStack(db, build, ceilings)
        self.stacks.append(made)
        made.start()
        return made

    def count(self, stack):
        """How many users a stack has."""
        return {self.large: self.users, self.small: SMALL,
                self.sqlite: self.sqlite_users}[stack]

    def write_requests(self):
        """Files of requests: who am I, for each stack."""
        self.me = {stack: load.me_requests(
            self.file(f"me-{i}"), stack.secrets["jwt"], self.count(stack))
            for i, stack in enumerate(self.stacks)}

    def file(self, name):
        """A path for a file that the bench needs."""
        return os.path.join(self.files, name)

    def check_answers(self):
        """Whoever answers, answers with the user who asks; else it would
        be another thing that is measured."""
        for stack in self.stacks:
            number = self.count(stack) // 2
            path = f"/users/me?{user_id(number)}"
            who = [load.cookie(stack.secrets["jwt"], number)]
            for name in ("ours", *stack.ceilings):
                status, text = stack.fetch(stack.url(name), path, who)
                wanted = None if name.startswith("hello") else (
                    user_email(number))
                if status != 200 or (wanted and json.loads(text).get(
                        "email") != wanted):
                    raise stacks.Failure(f"{name} answers {status} {text}")
            status, text = stack.fetch(stack.base_url, "/auth/check", who)
            if status != 204:
                raise stacks.Failure(f"check answers {status} {text}")

    def remove(self):
        """Ends everything."""
        for stack in self.stacks:
            stack.remove()
        shutil.rmtree(self.files)
