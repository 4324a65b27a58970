# SPDX-License-Identifier: MIT
"""Private stacks: the program, a database and a web server in one folder.

A stack needs no rights and touches nothing outside its folder: sockets, logs,
database and process files are all in there. Started by root it runs as
www-data throughout, since neither initdb nor a careful administrator lets a
service run as root.

tests/stack/up, tests/stack/down, ./start and the tests are made of this.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile

from processes import (  # noqa: F401: what stacks offer to those who use them
    MARK, PROGRAM, SECONDS, TOP, UNPRIVILEGED, Failure, end_when_told,
    find_command, find_postgres, find_program, free_port, get_status,
    port_in_use, process_carries, process_children, process_ids,
    process_lives, process_stat, processes, quote, send_signal,
    user_to_run_as, wait_until)
from servers import SERVERS, example, substitute

PREFIX = "fastcgi-users-stack-"
RECORD = "stack.json"
LOCAL = "local.conf"
SUPERUSER = "admin@example.com"
SECRETS = ("jwt", "reset", "verify", "state")
# Longest path that a unix socket takes, less its file name.
FOLDER_LIMIT = 107 - len("/postgres/.s.PGSQL.5432")
# Called with each folder that is made for a stack.
witnesses = []


class Stack:
    """One stack; see describe() for what it tells about itself."""

    def __init__(self, folder=None, db="sqlite", server="nginx", build=None,
                 port=None, workers=None, settings=(), mount="",
                 durable=False, access_log=False, prefix=PREFIX,
                 appended=(), www=None, before="", redis=False, files=(),
                 guarded=(), cluster=None, courier=False):
        if server not in SERVERS:
            raise Failure(f"the server {server} is not one of "
                          f"{', '.join(SERVERS)}")
        self.db = db
        self.server = server
        self.web = SERVERS[server](self)
        self.program_source = find_program(build)
        self.port_wanted = port
        self.port = port
        self.mount = mount
        self.appended = appended
        # SQL that is run in the empty database: what others left in it.
        self.before = before
        # What else the folder holds: {name: text}; settings say @FOLDER@.
        self.files = dict(files)
        self.has_redis = redis
        # What nginx lets users to only: (location, demand, directive).
        self.guarded = guarded
        # Whether a courier runs by itself, for want of a pool's.
        self.courier = courier
        self.durable = durable
        # A folder, in another one of the same user, in which what initdb makes
        # is kept for the next stack: it costs more than all the rest.
        self.cluster = cluster
        self.access_log = access_log
        # A folder of files to serve besides those of the sources.
        self.more_www = www
        self.processes = {}
        self.handles = {}
        self.superuser = None
        self.root_supervisor = False
        self.user = user_to_run_as(folder)
        self.folder = folder or self.make_folder(prefix)
        try:
            self.settings = self.choose_settings(workers, settings)
        except Failure:
            if not folder:
                os.rmdir(self.folder)
            raise

    # The folder and who owns it.

    def own(self, path):
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid,
                     follow_symlinks=False)

    def create(self, name, mode=0o600, flags=os.O_TRUNC):
        """A file of the stack's user, open for writing. Never by a link: the
        folder is that user's, and we may be root."""
        fd = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | flags
                     | os.O_NOFOLLOW, 0o600)
        os.fchmod(fd, mode)
        if self.user:
            os.fchown(fd, self.user.pw_uid, self.user.pw_gid)
        return fd

    def make_subfolder(self, name, mode=0o700):
        try:
            os.mkdir(self.path(name), mode)
        except FileExistsError:
            return
        self.own(self.path(name))

    def make_folder(self, prefix):
        folder = tempfile.mkdtemp(prefix=prefix)
        if len(folder) > FOLDER_LIMIT:
            os.rmdir(folder)
            folder = tempfile.mkdtemp(prefix=prefix, dir="/tmp")
        for tell in witnesses:
            tell(folder)
        self.own(folder)
        return folder

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text, mode=0o600):
        """Writes a file whole or not at all, owned by the stack's user."""
        fd = self.create(name + ".new", mode)
        with os.fdopen(fd, "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.path(name + ".new"), self.path(name))
        return self.path(name)

    def copy_file(self, source, name, mode):
        """Likewise a copy of a file from elsewhere."""
        with open(source, "rb") as original, os.fdopen(
                self.create(name + ".new", mode), "wb") as copy:
            shutil.copyfileobj(original, copy)
        os.rename(self.path(name + ".new"), self.path(name))

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as f:
            return f.read()

    # The configuration.

    def choose_settings(self, workers, extra):
        self.database_url = (
            "sqlite:" + self.path("users.db") if self.db == "sqlite" else
            "postgresql://fastcgi_users@/fastcgi_users?host="
            + self.path("postgres"))
        sections = {
            ("server", None): {"run_dir": self.folder},
            ("database", None): {"url": self.database_url},
            ("openapi", None): {"www": self.path("www")},
            ("secrets", None): {f"{name}_file": self.path(f"{name}.secret")
                                for name in SECRETS},
            ("pool", "api"): {"socket": self.path("api.sock")},
            ("pool", "password"): {"socket": self.path("password.sock")},
            ("backend", "jwt"): {"transport": "cookie"},
            ("backend", "bearer"): {"transport": "bearer"},
            ("limits", None): {"enabled": "false"},  # one network for all
        }
        if self.has_redis:
            sections["redis", None] = {"url": "unix:"
                                       + self.path("redis.sock")}
        if self.web.program is None:
            # Nobody counts processes there, as doc/web-servers.md says.
            sections["oauth", None] = {"max_parallel": 4}
        if workers is not None:
            sections["pool", "api"]["workers"] = workers
            sections["pool", "password"]["workers"] = workers
        for setting in extra:
            name, equals, value = setting.partition("=")
            parts = name.split(".")
            if not equals or len(parts) not in (2, 3) or not all(parts):
                raise Failure(f"--set takes SECTION.SETTING=VALUE or "
                              f"SECTION.TITLE.SETTING=VALUE, not {setting}")
            key = (parts[0], parts[1] if len(parts) == 3 else None)
            sections.setdefault(key, {})[parts[-1]] = value.replace(
                "@FOLDER@", self.folder)
        self.root_supervisor = bool(self.user) and "user" in sections[
            "server", None]
        return sections

    def render_settings(self, settings):
        lines = ["# Written anew at each start of this private stack."]
        for (section, title), values in settings.items():
            lines.append(section + (f" {quote(title)}" if title else "")
                         + " {")
            for name, value in values.items():
                text = str(value)
                lines.append(f"\t{name} = " + (
                    text if text.startswith("{") else quote(text)))
            lines.append("}")
        # Files of this tree, as somebody appends them to his own.
        lines += [self.example(*name.split("/")) for name in self.appended]
        return "\n".join(lines) + "\n"

    def write_secrets(self):
        self.secrets = {}
        for name in SECRETS:
            file = f"{name}.secret"
            if not os.path.exists(self.path(file)):
                self.write(file, secrets.token_urlsafe(48) + "\n")
            self.secrets[name] = self.read(file).split("\n", 1)[0]

    def local_settings(self):
        """What somebody added to a stack that lasts. Not by a link: the
        folder may be another user's, and we root."""
        try:
            fd = os.open(self.path(LOCAL), os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return ""
        with os.fdopen(fd, encoding="utf-8", errors="replace") as f:
            return f"# From {LOCAL}.\n{f.read()}"

    def write_configuration(self):
        self.config = self.write("fastcgi-users.conf", self.render_settings(
            self.settings) + self.local_settings())

    # Running things.

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items()
                if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))
                or name in ("TZ",)}
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                "HOME": self.folder, "TMPDIR": self.folder,
                MARK: self.folder, **kept, **more}

    def as_user(self, privileged=False):
        if not self.user or privileged:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid,
                "extra_groups": []}

    def launch(self, name, command, privileged=False, **more):
        """Starts a process that outlives us, in a session of its own."""
        log = self.create(f"{name}.log", flags=os.O_APPEND)
        try:
            more.setdefault("stdin", subprocess.DEVNULL)
            p = subprocess.Popen(
                command, cwd=self.folder, start_new_session=True,
                stdout=log, stderr=log, env=self.environment(),
                umask=0o077, **self.as_user(privileged), **more)
        finally:
            os.close(log)
        self.handles[name] = p
        found = process_stat(p.pid)
        self.processes[name] = {"pid": p.pid, "start": found and found[3]}
        self.save_record()
        return p

    def run(self, *command, given=None, check=True, variables=()):
        """Runs a command to its end as the stack's user, with more variables
        in its environment."""
        done = subprocess.run(
            command, cwd=self.folder, input=given, text=True,
            errors="replace", stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True, env=self.environment(**dict(variables)),
            umask=0o077, check=False, **self.as_user())
        if check and done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise Failure(f"{' '.join(command)} failed with status "
                          f"{done.returncode}: {said}")
        return done

    def program_command(self, *arguments, **more):
        """`fastcgi-users ARGUMENTS` with this stack's configuration."""
        return self.run(self.program, "-c", self.config, *arguments, **more)

    def still_running(self, name):
        """True, or a Failure that ends with what the process said last."""
        handle = self.handles[name]
        if handle.poll() is None:
            return True
        said = self.read(f"{name}.log").strip().splitlines()[-8:]
        raise Failure(f"{name} ended with status {handle.returncode}: "
                      + "\n".join(said))

    def wait_for(self, name, condition, what):
        def look():
            return condition() or (self.still_running(name) and None)
        if not wait_until(look):
            raise Failure(f"{name} did not {what} within {SECONDS} seconds; "
                          f"its log is {self.path(name + '.log')}")

    # The parts.

    def copy_program(self):
        # A copy, since our user may not reach the build folder, and since a
        # rebuild must not change what runs.
        self.program = self.path(PROGRAM)
        self.copy_file(self.program_source, PROGRAM, 0o755)

    def postgres_start(self):
        tools = find_postgres()
        first = not os.path.exists(self.path("postgres", "data",
                                             "PG_VERSION"))
        if first:
            shutil.rmtree(self.path("postgres"), ignore_errors=True)
            self.make_subfolder("postgres")
            self.postgres_make(tools, self.path("postgres", "data"))
        self.postgres_launch("postgres")
        if first:
            self.run(os.path.join(tools, "createdb"), "-h",
                     self.path("postgres"), "-U", "fastcgi_users",
                     "fastcgi_users")

    def postgres_make(self, tools, data):
        if self.cluster and os.path.exists(self.cluster):
            self.run("cp", "-a", self.cluster, data)
            return
        self.run(os.path.join(tools, "initdb"), "-D", data, "-U",
                 "fastcgi_users", "-A", "trust", "--locale=C",
                 "--encoding=UTF8", "--no-instructions",
                 *([] if self.durable else ["--no-sync"]))
        if self.cluster:
            self.run("cp", "-a", data, self.cluster)

    def postgres_launch(self, name):
        """The server in the folder of that name, which holds its data and
        its socket, until it can be asked."""
        options = ["-c", "listen_addresses=", "-c",
                   "unix_socket_directories=" + self.path(name),
                   "-c", "unix_socket_permissions=0700"]
        if not self.durable:
            options += ["-c", "fsync=off"]
        self.launch(name, [os.path.join(find_postgres(), "postgres"), "-D",
                           self.path(name, "data"), *options])
        self.wait_for(name, lambda: self.postgres_is_ready(name),
                      "get ready")

    def postgres_is_ready(self, name):
        try:
            lines = self.read(os.path.join(name, "data",
                                           "postmaster.pid")).split("\n")
        except OSError:
            return False
        return (len(lines) > 7 and lines[7].strip() == "ready"
                and lines[0] == str(self.processes[name]["pid"]))

    def postgres_stop(self, number=signal.SIGINT, name="postgres"):
        """SIGINT: roll back and go (fast); SIGQUIT: as in a crash."""
        self.handles[name].send_signal(number)
        self.handles[name].wait(SECONDS)
        del self.processes[name]

    def redis_start(self, appends=True):
        """On a socket of ours; what it has said yes to survives a kill, or
        else what it was last told to save."""
        self.launch("redis", [
            find_command("redis-server", "redis-server"), "--port", "0",
            "--unixsocket", self.path("redis.sock"),
            "--unixsocketperm", "700", "--save", "", "--dir", self.folder,
            "--appendonly", "yes" if appends else "no",
            "--appendfsync", "always"])
        self.wait_for("redis", lambda: self.listening(
            self.path("redis.sock")), "open its socket")

    def redis_stop(self, number=signal.SIGKILL):
        self.handles["redis"].send_signal(number)
        self.handles["redis"].wait(SECONDS)
        del self.processes["redis"]
        self.forget_file("redis.sock")

    def ask_redis(self, *words):
        """What redis-cli prints."""
        return self.run(find_command("redis-cli", "redis-tools"), "-s",
                        self.path("redis.sock"), *words).stdout.strip()

    def pool_start(self):
        if self.web.program == "pool":
            self.launch_pool()
        elif self.web.program == "descriptor 0":
            for pool in ("api", "password"):
                self.spawn_pool(pool)

        if self.courier:
            self.courier_start()

    def courier_start(self):
        self.launch("courier", [self.program, "-c", self.config, "courier"])

    def launch_pool(self):
        self.launch("pool", [self.program, "-c", self.config, "pool"],
                    privileged=self.root_supervisor)
        self.wait_for("pool", lambda: all(
            self.listening(self.settings["pool", pool]["socket"])
            for pool in ("api", "password")), "open its sockets")

    def spawn_pool(self, pool):
        """What spawn-fcgi does: a listening socket on descriptor 0."""
        path = self.settings["pool", pool]["socket"]
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            s.listen(511)
            self.own(path)
            workers = int(self.settings["pool", pool].get("workers", 2))
            for i in range(workers):
                self.launch(f"{pool}-{i}",
                            [self.program, "-c", self.config], stdin=s)

    @staticmethod
    def listening(address):
        """A file that is a socket, or ADDRESS:PORT that answers."""
        if "/" in address:
            try:
                return stat.S_ISSOCK(os.stat(address).st_mode)
            except OSError:
                return False
        host, _, port = address.rpartition(":")
        with socket.socket() as s:
            return s.connect_ex((host.strip("[]"), int(port))) == 0

    def web_server_start(self):
        for _ in range(20):
            self.port = self.port_wanted or free_port()
            try:
                self.web.begin()
                break
            except Failure as e:
                taken = "in use" in str(e)
                if taken and self.port_wanted:
                    raise port_in_use(self.port) from None
                if not taken:
                    raise
        else:
            raise Failure("no free port was found")
        self.base_url = f"http://127.0.0.1:{self.port}{self.mount}"

    example = staticmethod(example)
    substitute = staticmethod(substitute)

    def nginx_site(self):
        """What the nginx of a stack serves; others make more of it."""
        return self.web.site()

    def other_sites(self):
        """Lines that include sites besides the program's own: none."""
        return ""

    def copy_www(self):
        """A copy, since our user may not reach the sources."""
        for source in filter(None, (os.path.join(TOP, "www"), self.more_www)):
            for folder, _, names in os.walk(source):
                inside = os.path.join("www", os.path.relpath(folder, source))
                self.make_subfolder(os.path.normpath(inside), 0o755)
                for name in names:
                    self.copy_file(os.path.join(folder, name),
                                   os.path.join(inside, name), 0o644)

    def forget_file(self, name):
        try:
            os.unlink(self.path(name))
        except FileNotFoundError:
            pass

    def get(self, path, seconds=10):
        return get_status(self.base_url + path, seconds)

    # The whole.

    def answers(self):
        """Whether requests get there; a Failure when the pool has ended."""
        if "pool" in self.handles:
            self.still_running("pool")
        return self.get("/readyz") in (200, 404)

    def start(self, superuser_password=None):
        """Up to a first good answer; on failure everything is undone."""
        try:
            self.prepare()
            self.pool_start()
            self.web_server_start()
            if not wait_until(self.answers):
                raise Failure("the stack does not get ready: "
                              + self.last_words())
            # Last: nobody would be told the password of a superuser whom a
            # start made that failed afterwards.
            self.add_superuser(superuser_password)
        except BaseException:
            self.stop()
            raise
        self.save_record()
        return self

    def prepare(self):
        self.write_secrets()
        for name, text in self.files.items():
            self.write(name, text)
        self.write_configuration()
        self.copy_program()
        self.copy_www()
        self.save_record()
        if self.db == "postgres":
            self.postgres_start()
        if self.before:
            self.run_script(self.before)
        if self.has_redis:
            self.redis_start()
        self.program_command("migrate", "apply")

    def has_users(self):
        listed = self.program_command("user", "list", "--json").stdout
        return "@" in listed

    def add_superuser(self, password=None):
        if self.durable and self.has_users():
            return
        password = password or secrets.token_urlsafe(12)
        # A superuser has the fields that the configuration requires, too.
        more = [f"--set={title}=Root"
                for (section, title), values in self.settings.items()
                if section == "field" and values.get("required") == "true"]
        self.program_command("user", "add", SUPERUSER, "--superuser",
                             "--verified", "--password-stdin", *more,
                             given=password + "\n")
        self.superuser = {"email": SUPERUSER, "password": password}

    def program_log(self):
        """All that the program has said, whoever ran it."""
        return "".join(self.read(f"{name}.log") for name in self.handles
                       if name.startswith(("pool", "api-", "password-",
                                           "courier"))
                       or (name == self.web.process
                           and self.web.program is None))

    def last_words(self):
        lines = []
        for name in self.handles:
            lines += self.read(f"{name}.log").strip().splitlines()[-4:]
        return "\n".join(lines)

    def supervisor_pid(self):
        return self.processes.get("pool", {}).get("pid")

    def worker_pids(self):
        supervisor = self.supervisor_pid()
        return process_children(supervisor) if supervisor else []

    def reload(self):
        """Has the pool read its configuration anew, and waits until no worker
        serves with the old one."""
        if not self.web.pooled:
            self.program_restart()
            return
        before = set(self.worker_pids())
        self.write_configuration()
        self.handles["pool"].send_signal(signal.SIGHUP)
        if not wait_until(lambda: not before & set(self.worker_pids())):
            raise Failure("the pool did not reload:\n" + self.last_words())

    def program_restart(self):
        """Likewise where the web server starts the program as it needs it."""
        self.write_configuration()
        ended = [pid for pid in process_ids() if self.runs_program(pid)]
        for pid in ended:
            send_signal(pid, signal.SIGTERM)
        if not wait_until(lambda: not any(map(process_lives, ended))):
            raise Failure("processes of the program do not end")
        if self.courier:
            self.handles["courier"].wait(SECONDS)
            self.courier_start()

    def runs_program(self, pid):
        try:
            return os.path.samefile(f"/proc/{pid}/exe", self.program)
        except OSError:
            return False

    def ask(self, query):
        """The first column of the first row that the database answers."""
        if self.db == "sqlite":
            with contextlib.closing(sqlite3.connect(
                    self.path("users.db"), timeout=30)) as connection:
                with connection:
                    row = connection.execute(query).fetchone()
                return row and row[0]
        return self.run("psql", "-X", "-qtA", "-d", self.database_url, "-c",
                        query).stdout.strip()

    def run_script(self, sql):
        """Runs SQL in the database, which may be none of ours yet."""
        if self.db == "sqlite":
            os.close(self.create("users.db", flags=0))
            with contextlib.closing(sqlite3.connect(
                    self.path("users.db"), timeout=30)) as connection:
                connection.executescript(sql)
            return
        self.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d",
                 self.database_url, "-c", sql)

    def name(self, name):
        """What the table `user` or its column `user.id` is called here, as
        SQL spells it."""
        named = self.settings.get(("tables", None), {})
        usual = name.rpartition(".")[2]
        return f'"{named.get(name.replace(".", "_"), usual)}"'

    def stored_hash(self, user):
        return self.ask(f"SELECT {self.name('user.hashed_password')} "
                        f"FROM {self.name('user')} WHERE "
                        f"{self.name('user.id')} = '{user['id']}'")

    def store_hash(self, user, text):
        self.ask(f"UPDATE {self.name('user')} SET "
                 f"{self.name('user.hashed_password')} = '{text}' WHERE "
                 f"{self.name('user.id')} = '{user['id']}'")

    def describe(self):
        pids = [p["pid"] for p in self.processes.values()]
        pooled = self.web.program is not None
        return {
            "base_url": getattr(self, "base_url", None),
            "dir": self.folder,
            "api_socket": self.settings["pool", "api"]["socket"]
            if pooled else None,
            "password_socket": self.settings["pool", "password"]["socket"]
            if pooled else None,
            "database_url": self.database_url,
            "config": self.path("fastcgi-users.conf"),
            "program": self.path(PROGRAM),
            **{f"{name}_secret": value
               for name, value in getattr(self, "secrets", {}).items()},
            "superuser": self.superuser,
            "supervisor_pid": self.supervisor_pid(),
            "pids": pids + self.worker_pids(),
            "processes": {name: p["pid"]
                          for name, p in self.processes.items()},
        }

    def save_record(self):
        """Ours, not the stack's user's: who ends the stack signals whom the
        record names, and that may be root."""
        me = os.getpid()
        told = {"base_url": self.describe()["base_url"]} if self.durable \
            else self.describe()
        text = json.dumps({
            "by": {"pid": me, "start": process_stat(me)[3]},
            "started": self.processes, **told}) + "\n"
        self.forget_file(RECORD + ".new")
        fd = os.open(self.path(RECORD + ".new"), os.O_WRONLY | os.O_CREAT
                     | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.path(RECORD + ".new"), self.path(RECORD))

    def stop(self):
        stop_processes(self.folder, self.processes)
        for handle in self.handles.values():
            handle.poll()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)


# Ending a stack, from the same process or from another.

def gentle(name):
    """What PostgreSQL calls fast; with SIGTERM it would wait for clients."""
    return signal.SIGINT if name.startswith("postgres") else signal.SIGTERM


def stop_processes(folder, started):
    """Web server first, database last; whoever lingers is killed."""
    ours = {name: p for name, p in started.items()
            if process_lives(p["pid"], p["start"])}
    sessions = {p["pid"] for p in ours.values()}
    for name in sorted(ours, key=lambda name: (
            name.startswith(("postgres", "redis")),
            name not in ("nginx", "apache", "lighttpd"))):
        pid, start = ours[name]["pid"], ours[name]["start"]
        send_signal(pid, gentle(name))
        wait_until(lambda: not process_lives(pid, start), 40)
    left = [p[0] for p in processes()
            if p[0] != os.getpid() and (p[3] in sessions
                                        or process_carries(p[0], folder))]
    for pid in left:
        send_signal(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(process_lives, left)), 10)


def read_record(folder):
    """The record, if we wrote it ourselves; None when there is none."""
    try:
        fd = os.open(os.path.join(folder, RECORD),
                     os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, encoding="utf-8") as f:
            found = os.fstat(fd)
            if found.st_uid != os.geteuid() or not stat.S_ISREG(
                    found.st_mode):
                raise Failure(f"{folder}/{RECORD} was not written by you: "
                              "end that stack as who started it")
            return json.load(f)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as e:
        raise Failure(f"the record of the stack in {folder} cannot be read: "
                      f"{e}") from e


def take_down(folder):
    """Ends the stack in a folder and removes the folder."""
    folder = os.path.realpath(folder)
    record = read_record(folder)
    if record is None:
        raise Failure(f"{folder} holds no stack")
    stop_processes(folder, record["started"])
    shutil.rmtree(folder)


def is_ours(path):
    try:
        return os.lstat(path).st_uid == os.geteuid()
    except OSError:
        return False


def all_folders():
    """Folders of stacks of ours, wherever temporary files are kept."""
    found = set()
    for place in {tempfile.gettempdir(), "/tmp"}:
        for name in os.listdir(place):
            folder = os.path.join(place, name)
            if name.startswith(PREFIX) and is_ours(os.path.join(folder,
                                                                RECORD)):
                found.add(os.path.realpath(folder))
    return sorted(found)
