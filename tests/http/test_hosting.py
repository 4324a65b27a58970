# SPDX-License-Identifier: MIT
"""One file, copied into a cgi-bin: what its first request makes, where, and
when it rather does not.

FCU_STATIC names the folder static/ of a build that has it; ./check sets it.
"""

import concurrent.futures
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time

import pytest
import refusing
import requests
import stack as stacks

from client import PASSWORD, SECONDS
from hosting import CHEAP, FOLDER, NAME, NOBODY, STATIC, Account

pytestmark = [
    pytest.mark.skipif(not STATIC, reason="FCU_STATIC names no folder with "
                       "the static program"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can have "
                       "accounts of others"),
]
needs_filter = pytest.mark.skipif(not refusing.CALLS,
                                  reason="no system calls of this machine "
                                  "are known")


@pytest.fixture
def account():
    one = Account()
    yield one
    one.close()


def is_told_nothing(account, answer):
    """The world hears that there is something, and not what or where."""
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "error log" in answer.text
    return account.base not in answer.text and len(
        answer.text.splitlines()) == 1


# The first request.

def test_the_first_request_makes_its_folder_outside_the_document_root(account):
    answer = account.ask("GET", "/healthz")

    assert (answer.status, answer.sentences()) == (200, [])
    assert account.made()[0] == f"account/{FOLDER}"
    assert not [name for name in account.made() if "public_html" in name]
    assert {"fastcgi-users.conf", "jwt.secret", "setup.secret",
            "users.db"} <= set(os.listdir(account.folder))


def test_what_it_makes_is_the_accounts_alone(account):
    account.ask("GET", "/healthz")

    for name in account.made():
        info = os.lstat(os.path.join(account.base, name))
        mode = stat.S_IMODE(info.st_mode)
        assert info.st_uid == account.user.pw_uid, name
        if name.endswith(".htaccess"):
            # The folder keeps others out, and if not, it is for the server.
            assert mode == 0o644
        elif name.endswith("hash.slots"):
            # There is nothing in it but locks.
            assert (mode, info.st_size) == (0o660, 0)
        else:
            assert mode == (0o700 if stat.S_ISDIR(info.st_mode) else 0o600)
    assert "Require all denied" in account.read(".htaccess")


def test_ten_first_requests_at_once_make_one_database(account):
    answers = account.ask_at_once(10, "GET", "/readyz")

    assert [a.status for a in answers] == [200] * 10, answers[0].log
    assert "".join(a.log for a in answers).count("event=home_settled") == 1
    assert not [name for name in account.made() if "half" in name]


def test_ten_first_registrations_at_once_share_one_secret(account):
    body = '{"email": "user@example.org", "password": "%s"}' % PASSWORD
    answers = account.ask_at_once(10, "POST", "/auth/register",
                                  "application/json", body)

    assert sorted(a.status for a in answers) == [201] + [400] * 9
    token = account.log_in("user@example.org")
    assert account.ask("GET", "/users/me", variables=token).status == 200


def test_one_that_is_killed_on_its_way_leaves_nothing_half_done(account):
    for _ in range(15):
        started = subprocess.Popen(
            [account.program], cwd=account.bin, user=account.user.pw_uid,
            group=account.user.pw_gid, extra_groups=[],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={
                "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET",
                "PATH_INFO": "/healthz", "DOCUMENT_ROOT": account.site})
        time.sleep(random.uniform(0, 0.05))
        started.send_signal(signal.SIGKILL)
        started.wait()

    assert account.ask("GET", "/readyz").status == 200
    assert len(account.read("jwt.secret")) == 49
    assert not [name for name in account.made() if "half" in name]


def test_it_is_set_up_by_who_can_read_its_folder(account):
    account.begin()
    assert account.post_form("/setup", secret="x" * 32, password=PASSWORD,
                             email="thief@example.org").status == 403

    made = account.set_up("boss@example.org")

    assert made.status == 201, made.text
    assert made.json["is_superuser"]
    token = account.log_in("boss@example.org")
    assert account.ask("GET", "/users/me", variables=token).json == made.json
    assert account.ask("GET", "/setup").status == 404
    assert "setup.secret" not in os.listdir(account.folder)


def test_the_owner_may_bring_a_secret_of_his_own(account):
    account.begin()
    account.write(account.path("setup.secret"),
                  "uploaded by FTP, with any mode\n", 0o644)

    assert account.set_up().status == 201


def test_users_register_before_anybody_set_it_up(account):
    account.begin()

    assert account.register().status == 201
    assert not account.register("second@example.org",
                                is_superuser=True).json["is_superuser"]
    assert account.ask("GET", "/setup").status == 200


# Where the folder is.

def test_a_variable_names_another_folder(account):
    other = os.path.join(account.home, "other")

    answer = account.ask("GET", "/readyz",
                         variables={"FASTCGI_USERS_HOME": other + "/"})

    assert answer.status == 200, answer.log
    assert not os.path.exists(account.folder)
    assert os.path.exists(os.path.join(other, "users.db"))


def test_a_file_beside_the_program_names_another_folder(account):
    """As suEXEC lets no variable of SetEnv through."""
    other = os.path.join(account.home, "other")
    account.write(account.program + ".home", other + "\r\n", 0o644)

    assert account.ask("GET", "/readyz").status == 200
    assert os.path.exists(os.path.join(other, "users.db"))
    assert account.execute("user", "list").returncode == 0
    assert not os.path.exists(account.folder)


@pytest.mark.parametrize("named", ["relative/path", "/", "/nowhere/at/all"])
def test_what_is_no_place_for_a_folder_is_refused(account, named):
    answer = account.ask("GET", "/", variables={"FASTCGI_USERS_HOME": named})

    assert answer.status == 500
    assert "is no place for a folder" in answer.sentence()
    assert is_told_nothing(account, answer)


def test_two_programs_of_one_account_share_its_folder(account):
    account.begin()
    account.register()
    second = os.path.join(account.home, "shop", "cgi-bin", "users.cgi")
    os.makedirs(os.path.dirname(second))
    os.link(account.program, second)
    account.own(account.home)

    answer = account.ask("POST", "/auth/bearer/login",
                         "application/x-www-form-urlencoded",
                         f"username=user@example.org&password={PASSWORD}",
                         program=second)
    assert answer.status == 200, answer.log


# What could be downloaded.

@pytest.mark.parametrize("where", ["", "deep/", "../public_html/"])
def test_a_folder_in_the_document_root_is_refused(account, where):
    os.makedirs(os.path.join(account.site, "deep"))
    account.own(account.home)

    answer = account.ask("GET", "/", variables={
        "FASTCGI_USERS_HOME": os.path.join(account.site, where, "data")})

    assert answer.status == 500
    assert "could be downloaded" in answer.sentence()
    assert is_told_nothing(account, answer)
    assert not account.made() or account.made() == [
        "account/public_html/deep"]


def test_a_link_does_not_hide_that_it_is_in_the_document_root(account):
    os.makedirs(os.path.join(account.site, "deep"))
    os.symlink(os.path.join(account.site, "deep"),
               os.path.join(account.home, "safe"))
    account.own(account.home)

    answer = account.ask("GET", "/", variables={
        "FASTCGI_USERS_HOME": os.path.join(account.home, "safe", "data")})

    assert answer.status == 500
    assert "could be downloaded" in answer.sentence()


def test_a_document_root_that_is_a_link_is_looked_behind(account):
    os.symlink(account.home, os.path.join(account.base, "www"))

    answer = account.ask("GET", "/", variables={
        "DOCUMENT_ROOT": os.path.join(account.base, "www") + "/"})

    assert answer.status == 500
    assert "could be downloaded" in answer.sentence()


@pytest.mark.parametrize("variable", ["DOCUMENT_ROOT",
                                      "CONTEXT_DOCUMENT_ROOT"])
def test_it_stops_when_the_web_server_begins_to_serve_it(account, variable):
    account.begin()
    assert account.ask("GET", "/users/me").status == 401

    answer = account.ask("GET", "/users/me",
                         variables={variable: account.home})

    assert answer.status == 500
    assert "could be downloaded" in answer.sentence()
    assert is_told_nothing(account, answer)


def test_a_web_server_that_does_not_tell_what_it_serves_is_not_trusted(
        account):
    answer = account.ask("GET", "/", variables={"DOCUMENT_ROOT": None})

    assert answer.status == 500
    assert "does not tell by DOCUMENT_ROOT" in answer.sentence()
    assert not account.made()


def test_a_database_that_was_moved_to_the_document_root_is_refused(account):
    account.begin()
    account.configure(f"sqlite:{account.site}/users.db",
                      "sqlite:${FASTCGI_USERS_HOME}/users.db")

    answer = account.ask("GET", "/users/me")

    assert answer.status == 500
    assert "could be downloaded" in answer.sentence()
    assert is_told_nothing(account, answer)


def test_a_folder_whose_name_the_document_root_begins_with_proves_nothing(
        account):
    home = {"FASTCGI_USERS_HOME": os.path.join(account.home, "public")}
    account.folder = home["FASTCGI_USERS_HOME"]
    assert account.ask("GET", "/healthz", variables=home).status == 200
    account.configure(f"sqlite:{account.site}/users.db",
                      "sqlite:${FASTCGI_USERS_HOME}/users.db")

    answer = account.ask("GET", "/users/me", variables=home)

    assert answer.status == 500
    assert "could be downloaded" in answer.sentence()


def test_without_another_place_it_is_refused_where_permissions_prove_nothing(
        account):
    """The whole account is the document root, and the web server is root."""
    answer = account.ask("GET", "/",
                         variables={"DOCUMENT_ROOT": account.home})

    assert answer.status == 500
    assert "could be downloaded" in answer.sentence()
    assert not account.made()


def test_beside_the_program_permissions_keep_another_web_server_out(account):
    variables = {"DOCUMENT_ROOT": account.home}

    answer = account.ask("GET", "/readyz", suexec=True, variables=variables)

    assert answer.status == 200, answer.log
    beside = account.program + ".private"
    kept_out = subprocess.run(["cat", os.path.join(beside, "users.db")],
                              user=NOBODY, group=NOBODY, extra_groups=[],
                              capture_output=True, check=False)
    assert b"Permission denied" in kept_out.stderr
    # Where it is not another one that asks, this is no proof.
    assert account.ask("GET", "/readyz", variables=variables).status == 500


# Whose it is.

def test_a_program_of_somebody_else_does_not_run_by_itself(account):
    os.chown(account.program, NOBODY, NOBODY)

    answer = account.ask("GET", "/")

    assert answer.status == 500
    assert "suEXEC" in answer.sentence()
    assert is_told_nothing(account, answer)
    assert not account.made()


def test_on_a_server_of_ones_own_it_does_in_a_folder_that_is_named(account):
    os.chown(account.program, 0, 0)

    answer = account.ask("GET", "/readyz", variables={
        "FASTCGI_USERS_HOME": account.folder})

    assert answer.status == 200, answer.log
    # Once, when it is made.
    assert "event=home_shared" in answer.log
    assert "event=home_shared" not in account.ask("GET", "/readyz", variables={
        "FASTCGI_USERS_HOME": account.folder}).log


def test_a_folder_that_others_may_enter_is_refused(account):
    account.begin()
    os.chmod(account.folder, 0o750)

    answer = account.ask("GET", "/")

    assert answer.status == 500
    assert "chmod 700" in answer.sentence()


def test_a_folder_of_somebody_else_is_refused(account):
    account.begin()
    account.own(account.folder, NOBODY)
    os.chmod(account.folder, 0o755)

    answer = account.ask("GET", "/")

    assert answer.status == 500
    assert "it must be the same" in answer.sentence()


def test_a_link_to_anothers_folder_is_not_followed(account):
    theirs = os.path.join(account.base, "theirs")
    os.mkdir(theirs, 0o777)
    account.own(theirs)
    os.symlink(theirs, account.folder)

    answer = account.ask("GET", "/")

    assert answer.status == 503
    assert "cannot open the folder" in answer.sentence()
    assert os.listdir(theirs) == []


@pytest.mark.parametrize("name", ["lock", "settled", "jwt.secret",
                                  "fastcgi-users.conf"])
def test_a_link_in_the_folder_harms_nobody(account, name):
    victim = os.path.join(account.base, "victim")
    account.write(victim, "kept")
    os.mkdir(account.folder, 0o700)
    os.symlink(victim, account.path(name))
    account.own(account.home)

    account.ask("GET", "/")

    with open(victim, encoding="utf-8") as f:
        assert f.read() == "kept"


def test_a_place_where_everybody_may_write_is_refused(account):
    shared = os.path.join(account.base, "shared")
    os.mkdir(shared)
    os.chmod(shared, 0o777)

    answer = account.ask("GET", "/", variables={
        "FASTCGI_USERS_HOME": os.path.join(shared, "data")})

    assert answer.status == 500
    assert "chmod o-w" in answer.sentence()


# A host that lacks something.

def test_a_home_that_may_not_be_written_is_one_sentence(account):
    os.chmod(account.home, 0o555)

    answer = account.ask("GET", "/")

    assert answer.status == 503
    assert re.fullmatch(r"cannot make the folder \S+: Permission denied; the "
                        r"program runs as user number \d+", answer.sentence())
    assert is_told_nothing(account, answer)


@needs_filter
def test_a_file_system_that_is_read_only_is_one_sentence(account):
    answer = account.ask("GET", "/", refused=["mkdir=EROFS"])

    assert answer.status == 503
    assert "Read-only file system" in answer.sentence()
    assert is_told_nothing(account, answer)


@needs_filter
def test_a_folder_that_became_read_only_is_one_sentence(account):
    account.begin()
    account.ask("GET", "/")

    answer = account.ask("GET", "/", refused=[
        "faccessat:2=2=EROFS", "faccessat2:2=2=EROFS"])

    assert answer.status == 503
    assert "cannot write in" in answer.sentence()
    assert "Read-only file system" in answer.sentence()


@needs_filter
def test_a_full_disk_at_the_first_request_is_one_sentence(account):
    answer = account.ask("GET", "/", refused=["write:0=>2=ENOSPC"])

    assert answer.status == 503
    assert "No space left on device" in answer.sentence()
    assert is_told_nothing(account, answer)
    assert account.ask("GET", "/readyz").status == 200
    assert len(account.read("jwt.secret")) == 49


@needs_filter
def test_a_full_disk_under_the_database_is_said_and_passes(account):
    account.begin()
    account.register("first@example.org")

    answer = account.ask("POST", "/auth/register", "application/json",
                         '{"email": "second@example.org", "password": '
                         f'"{PASSWORD}"}}', refused=["pwrite64=ENOSPC"])

    assert answer.status == 503, answer.log
    assert "No space left on device" in answer.log
    assert account.register("second@example.org").status == 201


OLD_KERNEL = ("seccomp=ENOSYS", "prctl:0=22=EINVAL")


@needs_filter
def test_a_kernel_without_filters_runs_the_cgi_program(account):
    account.begin()

    answer = account.ask("GET", "/readyz", refused=OLD_KERNEL)

    assert (answer.status, answer.sentences()) == (200, [])


@needs_filter
def test_a_kernel_without_filters_is_one_sentence_of_the_pool(account):
    account.begin()
    wrapped = ["/usr/bin/python3", refusing.__file__, *OLD_KERNEL, "--"]

    done = account.execute("pool", wrapped=wrapped)

    assert done.returncode == 78
    assert done.stderr.decode().count("fastcgi-users: ") == 1
    assert "server.sandbox = false" in done.stderr.decode()


@needs_filter
def test_by_configuration_the_pool_goes_without_filters(account):
    account.begin()
    account.configure("\nserver { sandbox = false }\n")
    started = subprocess.Popen(
        ["/usr/bin/python3", refusing.__file__, *OLD_KERNEL, "--",
         account.program, "pool"], env={}, stderr=subprocess.PIPE, text=True,
        user=account.user.pw_uid, group=account.user.pw_gid, extra_groups=[])
    try:
        for line in started.stderr:
            if "event=worker_started" in line:
                break
        else:
            pytest.fail("no worker started")
    finally:
        started.terminate()
        said = started.stderr.read()
        started.wait(60)
    assert "worker_failed" not in said


# What the owner changes.

def test_a_mistake_in_the_configuration_is_told_with_its_line(account):
    account.begin()
    account.configure("\nserver { prefixx = 1 }\n")

    answer = account.ask("GET", "/")

    assert answer.status == 500
    assert re.search(r"fastcgi-users.conf:\d+: there is no setting",
                     answer.sentence())
    assert is_told_nothing(account, answer)


def test_a_field_that_is_configured_gets_its_column_by_the_next_request(
        account):
    account.begin()
    account.configure('\nfield "nickname" { type = text }\n')

    answer = account.register(nickname="King")

    assert (answer.status, answer.json["nickname"]) == (201, "King")


def test_a_new_program_brings_the_database_up_to_date(account):
    account.begin()
    account.ask("GET", "/")
    stamp = account.read("settled")
    account.write(account.path("settled"), "5" + stamp[1:])

    answer = account.ask("GET", "/readyz")

    assert answer.status == 200
    assert "event=home_settled" in answer.log
    assert account.read("settled") == stamp


def test_a_database_that_was_deleted_is_not_made_anew(account):
    """An empty one would not be what its owner misses."""
    account.begin()
    account.register()
    os.unlink(account.path("users.db"))

    answer = account.ask("GET", "/readyz")

    assert answer.status == 503
    assert "there is no file" in answer.log


def test_the_whole_folder_can_be_moved(account):
    account.begin()
    account.register()
    os.rename(account.home, account.home + "2")
    account.home += "2"
    for name in ("site", "bin", "program", "folder"):
        setattr(account, name, getattr(account, name).replace(
            "/account/", "/account2/"))

    assert account.log_in("user@example.org")


def test_postgresql_of_the_host_gets_its_tables_by_the_next_request(account):
    host = stacks.Stack(db="postgres")
    try:
        host.write_secrets()
        host.write_configuration()
        host.copy_program()
        host.postgres_start()
        account.begin()
        account.configure("postgresql://fastcgi_users@/fastcgi_users?host="
                          + host.path("postgres"),
                          "sqlite:${FASTCGI_USERS_HOME}/users.db")

        assert account.set_up("boss@example.org").status == 201
        token = account.log_in("boss@example.org")
        assert account.ask("GET", "/users/me", variables=token).status == 200
    finally:
        host.remove()


# The command line, and what cron does.

def test_commands_find_the_folder_that_requests_use(account):
    account.begin()
    account.register()

    listed = account.execute("user", "list")

    assert b"user@example.org" in listed.stdout
    assert account.execute("check").returncode == 0


def test_a_command_makes_the_folder_too(account):
    done = account.execute("user", "add", "boss@example.org", "--superuser",
                           "--generate")

    assert done.returncode == 0, done.stderr
    assert account.ask("GET", "/setup").status == 404
    account.configure(CHEAP)
    assert account.register().status == 201


def test_cron_sends_the_mail_that_requests_ask_for(account):
    account.begin()
    account.register()
    mailer = os.path.join(account.home, "mailer")
    account.write(mailer, f"#!/bin/sh\ncat >>{account.home}/mails\n", 0o755)
    account.configure(f"""
mail {{
    url = "sendmail:{mailer}"
    from = "accounts@example.org"
    base_url = "https://www.example.org"
}}
""")
    assert account.ask("POST", "/auth/forgot-password", "application/json",
                       '{"email": "user@example.org"}').status == 202

    done = account.execute("courier", "--once")

    assert done.returncode == 0, done.stderr
    with open(os.path.join(account.home, "mails"), encoding="utf-8") as f:
        assert "https://www.example.org/reset-password?token=" in f.read(
        ).replace("=\n", "").replace("=3D", "=")


def test_it_takes_no_argument_from_a_query_string(account):
    answer = account.ask("GET", "/healthz", variables={
        "QUERY_STRING": "version"})

    assert answer.status == 200
    assert NAME in os.listdir(account.bin)


# Behind a real web server, where there is nothing else.

MODULES = "/usr/lib/apache2/modules"
APACHE = """\
ServerRoot "{work}"
DefaultRuntimeDir "{work}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{work}/apache.pid"
ErrorLog "{work}/apache.log"
Mutex file:{work}
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
User {user.pw_name}
Group #{user.pw_gid}
StartServers 2
<Directory "/">
    Require all granted
    AllowOverride None
    CGIPassAuth On
</Directory>
"""
# Its world is the folder of an account with one file in it.
IN_JAIL = """\
LoadModule cgi_module {modules}/mod_cgi.so
ChrootDir "{account.base}"
DocumentRoot "/account/public_html"
ScriptAlias "/cgi-bin/" "/account/public_html/cgi-bin/"
"""
BY_FCGID = """\
LoadModule fcgid_module {modules}/mod_fcgid.so
FcgidIPCDir "{work}"
FcgidProcessTableFile "{work}/processes"
DocumentRoot "{root}"
Alias "/cgi-bin/" "{account.bin}/"
<Directory "{account.bin}">
    SetHandler fcgid-script
    Options +ExecCGI
</Directory>
"""


class Apache:
    """With an account's program behind it."""

    def __init__(self, account, more, **values):
        self.work = tempfile.mkdtemp(prefix="fastcgi-users-apache-")
        os.chown(self.work, account.user.pw_uid, account.user.pw_gid)
        self.port = stacks.free_port()
        self.url = f"http://127.0.0.1:{self.port}/cgi-bin/{NAME}"
        conf = os.path.join(self.work, "apache.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write((APACHE + more).format(
                work=self.work, port=self.port, user=account.user,
                account=account, modules=MODULES, **values))
        # Without looking for a DocumentRoot, which is in the chroot.
        self.server = subprocess.Popen(
            [stacks.find_command("apache2", "apache2"), "-d", self.work, "-f",
             conf, "-T", "-DFOREGROUND"], stdout=subprocess.DEVNULL,
            # It ends its whole group of processes.
            stderr=subprocess.DEVNULL, start_new_session=True)

    def wait(self):
        assert stacks.wait_until(
            lambda: self.server.poll() is not None
            or stacks.get_status(f"http://127.0.0.1:{self.port}/") != 0)
        assert self.server.poll() is None

    def request(self, method, path, **more):
        more.setdefault("timeout", SECONDS)
        return requests.request(method, self.url + path, **more)

    def log(self):
        with open(os.path.join(self.work, "apache.log"),
                  encoding="utf-8") as f:
            return f.read()

    def close(self):
        self.server.terminate()
        self.server.wait(60)
        shutil.rmtree(self.work)


@pytest.fixture
def apache(account):
    """Starts one."""
    made = []

    def start(more, **values):
        made.append(Apache(account, more, **values))
        made[-1].wait()
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def jail(apache):
    return apache(IN_JAIL)


def test_behind_apache_in_an_empty_chroot_it_is_all_that_is_needed(account,
                                                                   jail):
    assert account.made() == []

    ready = jail.request("GET", "/readyz")
    assert ready.status_code == 200, jail.log()
    assert "<form" in jail.request("GET", "/setup").text
    secret = account.read("setup.secret").strip()
    boss = jail.request("POST", "/setup", data={
        "email": "boss@example.org", "password": PASSWORD, "secret": secret})
    assert boss.status_code == 201, boss.text
    token = jail.request("POST", "/auth/bearer/login", data={
        "username": "boss@example.org", "password": PASSWORD})
    assert token.status_code == 200, token.text
    me = jail.request("GET", "/users/me", headers={
        "Authorization": f"Bearer {token.json()['access_token']}"})
    assert (me.status_code, me.json()) == (200, boss.json())
    assert jail.request("GET", "/setup").status_code == 404

    # All there is in this world, besides the file: what it made.
    top = {name.split("/")[1] for name in account.made()}
    assert top == {FOLDER}
    for name in os.listdir(account.folder):
        for where in (f"/{FOLDER}/{name}", f"/../{FOLDER}/{name}",
                      f"/cgi-bin/../../{FOLDER}/{name}"):
            assert stacks.get_status(
                f"http://127.0.0.1:{jail.port}{where}") in (400, 403, 404)


def test_behind_apache_ten_first_requests_at_once_are_answered(account, jail):
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: jail.request("GET", "/readyz"),
                                range(10)))

    assert [a.status_code for a in answers] == [200] * 10, jail.log()


def test_behind_apache_the_owner_finds_the_reason_in_its_error_log(account,
                                                                   jail):
    os.chmod(account.home, 0o555)

    answer = jail.request("GET", "/users/me")

    assert (answer.status_code, answer.headers["Content-Type"]) == (
        503, "text/plain; charset=utf-8")
    assert "fastcgi-users:" in answer.text and "/account" not in answer.text
    assert ("fastcgi-users: cannot make the folder /account/fastcgi-users: "
            "Permission denied") in jail.log()


def test_by_mod_fcgid_one_process_serves_from_the_same_folder(account,
                                                              apache):
    account.begin()
    account.register()
    account.write(os.path.join(account.bin, "users.fcgi"),
                  f"#!/bin/sh\nexec ./{NAME}\n", 0o755)

    server = apache(BY_FCGID, root=account.site)
    server.url = server.url.replace(NAME, "users.fcgi")

    assert [server.request("GET", "/readyz").status_code
            for _ in range(3)] == [200] * 3, server.log()
    login = server.request("POST", "/auth/bearer/login", data={
        "username": "user@example.org", "password": PASSWORD})
    assert login.status_code == 200, login.text


def test_by_mod_fcgid_a_folder_that_is_served_is_refused(account, apache):
    account.begin()

    server = apache(BY_FCGID, root=account.home)
    answer = server.request("GET", "/readyz")

    assert answer.status_code == 500
    assert "error log" in answer.text and account.base not in answer.text
    assert "could be downloaded" in server.log()
