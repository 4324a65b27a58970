# SPDX-License-Identifier: MIT
"""Several machines in one folder: pools that share a database, behind one web
server, as doc/scaling.md tells.

Each machine is a supervisor of its own with its own configuration, run_dir
and TCP sockets. They share secrets, PostgreSQL and, if wanted, Redis, a
replica that takes over, and poolers (pgbouncer, one for each PostgreSQL). The
web server has a site for all machines together, and one for each alone.
"""

import os
import signal

import stack as stacks

PRIMARY = "postgres"
REPLICA = "postgres-2"
POOLERS = {PRIMARY: "pgbouncer", REPLICA: "pgbouncer-2"}
POOLER_PORT = 6432
POOLS = ("api", "password")


class Machine:
    """What differs from one to the next; a client's stack, too."""

    def __init__(self, cluster, number):
        self.cluster = cluster
        self.number = number
        self.name = f"pool-{number}"
        self.run_dir = cluster.path(f"machine-{number}")
        # An address of its own: what others connect from is never its port.
        self.address = f"127.0.0.{number + 1}"
        self.sockets = {
            pool: f"{self.address}:{stacks.free_port(self.address)}"
            for pool in POOLS}
        self.port = None

    # What a client wants to know.

    @property
    def secrets(self):
        return self.cluster.secrets

    @property
    def superuser(self):
        return self.cluster.superuser

    @property
    def base_url(self):
        return f"http://{self.address}:{self.port}"

    def configuration(self):
        """The cluster's, but for what is this machine's."""
        own = {section: dict(values)
               for section, values in self.cluster.settings.items()}
        own["server", None]["run_dir"] = self.run_dir
        for pool, socket in self.sockets.items():
            own["pool", pool]["socket"] = socket
        return self.cluster.render_settings(own)

    def start(self):
        os.makedirs(self.run_dir, exist_ok=True)
        self.cluster.own(self.run_dir)
        file = self.cluster.write(f"{self.name}.conf", self.configuration())
        self.cluster.launch(self.name,
                            [self.cluster.program, "-c", file, "pool"])
        self.cluster.wait_for(self.name, self.is_listening,
                              "open its sockets")

    def is_listening(self):
        return all(map(self.cluster.listening, self.sockets.values()))

    def is_ready(self):
        return stacks.get_status(self.base_url + "/readyz") == 200

    def worker_pids(self):
        return stacks.process_children(
            self.cluster.processes[self.name]["pid"])

    def renew_workers(self):
        """Workers that know nothing of what was."""
        before = set(self.worker_pids())
        self.cluster.handles[self.name].send_signal(signal.SIGHUP)
        if not stacks.wait_until(
                lambda: not before & set(self.worker_pids())):
            raise stacks.Failure(f"{self.name} did not reload")


class Cluster(stacks.Stack):
    """A stack of several machines."""

    def __init__(self, db="postgres", machines=3, replica=False, pooler=False,
                 settings=(), **more):
        self.has_replica = replica
        self.has_pooler = pooler
        more.setdefault("workers", 2)
        super().__init__(db=db, settings=[
            *(["database.prepared=false"] if pooler else ()), *settings],
            **more)
        servers = [PRIMARY, *([REPLICA] if replica else ())]
        self.database_url = self.url_of(*servers)
        self.settings["database", None]["url"] = self.database_url
        self.machines = [Machine(self, n + 1) for n in range(machines)]

    # PostgreSQL, one or two.

    def url_of(self, *servers):
        """Of one server, or of whichever takes writes; by the poolers."""
        folders = [POOLERS[s] if self.has_pooler else s for s in servers]
        port = f"&port={POOLER_PORT}" if self.has_pooler else ""
        return ("postgresql://fastcgi_users@/fastcgi_users?host="
                + ",".join(map(self.path, folders)) + port)

    def ask_server(self, server, query):
        """The first column of what one server says, without a pooler."""
        return self.run("psql", "-X", "-qtA", "-h", self.path(server), "-U",
                        "fastcgi_users", "-d", "fastcgi_users", "-c",
                        query).stdout.strip()

    def ask(self, query):
        return self.run("psql", "-X", "-qtA", "-d", self.database_url
                        + "&target_session_attrs=read-write", "-c",
                        query).stdout.strip()

    def postgres_start(self):
        super().postgres_start()
        if self.has_replica:
            self.replica_make()
        if self.has_pooler:
            for server in [PRIMARY, *([REPLICA] if self.has_replica else ())]:
                self.pooler_start(server)

    def replica_make(self):
        """A copy that follows, and that a commit waits for."""
        self.make_subfolder(REPLICA)
        self.run(os.path.join(stacks.find_postgres(), "pg_basebackup"), "-h",
                 self.path(PRIMARY), "-U", "fastcgi_users", "-D",
                 self.path(REPLICA, "data"), "-R", "-c", "fast", "--no-sync")
        self.postgres_launch(REPLICA)
        self.ask_server(PRIMARY, "ALTER SYSTEM SET "
                                 "synchronous_standby_names = '*'")
        self.ask_server(PRIMARY, "SELECT pg_reload_conf()")
        if not stacks.wait_until(self.is_synchronous):
            raise stacks.Failure("the replica does not follow")

    def is_synchronous(self):
        return self.ask_server(PRIMARY, "SELECT count(*) FROM "
                               "pg_stat_replication WHERE sync_state = 'sync'"
                               ) == "1"

    def power_off(self, name):
        """Ends it with all its processes, as a machine that loses power."""
        children = stacks.process_children(self.processes[name]["pid"])
        self.handles[name].kill()
        for child in children:
            stacks.send_signal(child, signal.SIGKILL)
        self.handles[name].wait(stacks.SECONDS)
        stacks.wait_until(lambda: not any(map(stacks.process_lives,
                                              children)))
        del self.processes[name]

    def fall_silent(self, name):
        """Says nothing any more, and refuses nobody, as a machine whose
        network is gone; power_off is what ends it."""
        pid = self.processes[name]["pid"]
        for process in [pid, *stacks.process_children(pid)]:
            stacks.send_signal(process, signal.SIGSTOP)

    def promote(self, server=REPLICA):
        """What Patroni does when it has made sure that the other is gone."""
        self.run(os.path.join(stacks.find_postgres(), "pg_ctl"), "promote",
                 "-w", "-D", self.path(server, "data"))

    def come_back_as_standby(self, server=PRIMARY, primary=REPLICA):
        """A former primary, started as Patroni does: it takes no writes."""
        self.write(f"{server}/data/standby.signal", "")
        with os.fdopen(self.create(f"{server}/data/postgresql.auto.conf",
                                   flags=os.O_APPEND), "w") as f:
            f.write("synchronous_standby_names = ''\nprimary_conninfo = "
                    f"'host={self.path(primary)} user=fastcgi_users'\n"
                    "recovery_target_timeline = 'latest'\n")
        self.forget_file(f"{server}/data/postmaster.pid")
        self.postgres_launch(server)

    # Poolers.

    def pooler_start(self, server):
        name = POOLERS[server]
        self.make_subfolder(name)
        self.write(f"{name}/users.txt", '"fastcgi_users" ""\n')
        file = self.write(f"{name}/pgbouncer.ini", f"""\
[databases]
fastcgi_users = host={self.path(server)}
[pgbouncer]
unix_socket_dir = {self.path(name)}
listen_port = {POOLER_PORT}
auth_type = trust
auth_file = {self.path(name, "users.txt")}
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
query_wait_timeout = 2
""")
        self.launch(name, [stacks.find_command("pgbouncer", "pgbouncer"),
                           file])
        self.wait_for(name, lambda: self.listening(self.path(
            name, f".s.PGSQL.{POOLER_PORT}")), "open its socket")

    def pooler_stop(self, server=PRIMARY, number=signal.SIGTERM):
        name = POOLERS[server]
        self.handles[name].send_signal(number)
        self.handles[name].wait(stacks.SECONDS)
        del self.processes[name]

    # Machines, and the web server before them.

    def pool_start(self):
        for machine in self.machines:
            machine.start()

    def worker_pids(self):
        return [pid for machine in self.machines
                if machine.name in self.processes
                for pid in machine.worker_pids()]

    def nginx_site(self):
        """The example once for all machines, and once for each."""
        for machine in self.machines:
            machine.port = stacks.free_port(machine.address)
        return "\n".join([
            self.site(self.machines, "all", f"127.0.0.1:{self.port}"),
            *(self.site([m], str(m.number), f"{m.address}:{m.port}")
              for m in self.machines)])

    def site(self, machines, name, listen):
        text = self.example("nginx.conf.example")
        for pool in POOLS:
            servers = "\n\t".join(
                f"server {m.sockets[pool]} max_fails=1 fail_timeout=1s;"
                for m in machines)
            text = self.substitute(
                text, f"server unix:/run/fastcgi-users/{pool}.sock "
                "max_fails=0;", servers)
        for old, new in (
                ("listen 80;", f"listen {listen};"),
                ("fastcgi_next_upstream error;",
                 "fastcgi_next_upstream error timeout;"),
                ("fastcgi_next_upstream_tries 2;",
                 "fastcgi_next_upstream_tries 3;")):
            text = self.substitute(text, old, new)
        # Names of upstreams and variables are those of the whole server.
        return text.replace("fastcgi_users_", f"fastcgi_users_{name}_")

    def start(self, superuser_password=None):
        super().start(superuser_password)
        for machine in self.machines:
            if not stacks.wait_until(machine.is_ready):
                raise stacks.Failure(f"{machine.name} does not get ready")
        return self
