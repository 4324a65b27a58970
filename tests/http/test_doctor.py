# SPDX-License-Identifier: MIT
"""`fastcgi-users check` finds each fault that is planted, and nothing else."""

import json
import os
import re
import signal
import subprocess

import pytest
import stack as stacks

from commands import CONFIG, DATAERR, OK, UNAVAILABLE, USAGE, execute
from keys import Pair
from mail_server import Dialogue, MailServer

# Somebody is told of what mails are for, so nothing is left to say.
QUIET = ("hook.mailer.program=/bin/true", 'hook.mailer.events={"'
         'after_forgot_password", "after_request_verify"}')
SITE = "https://users.example.org"


def mail_at(base_url):
    return ('mail { url = "sendmail:/bin/true" from = "a@example.org" '
            f'base_url = "{base_url}" }}\n')


class Doctor:
    """Runs the check of a stack, with more settings or another command."""

    def __init__(self, stack):
        self.stack = stack

    def run(self, *arguments, settings="", begin=(), mode=0o600):
        path = self.stack.write(
            "more.conf", self.stack.read("fastcgi-users.conf") + settings,
            mode)
        os.chmod(path, mode)
        return self.stack.run(*begin, self.stack.program, "-c", path, "check",
                              *arguments, check=False)

    def findings(self, *arguments, **more):
        """What is no good news, as (level, check, message), and the exit
        status. Nothing of it holds a secret."""
        done = self.run("--json", *arguments, **more)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        said = done.stdout + done.stderr
        for secret in self.stack.secrets.values():
            assert secret not in said
        assert all(set(f) == {"level", "check", "message"} for f in found)
        return [(f["level"], f["check"], f["message"]) for f in found
                if f["level"] != "ok"], done.returncode

    def one(self, level, check, words, status, *arguments, **more):
        """The only finding, which says this; and so does the text."""
        found, returned = self.findings(*arguments, **more)
        assert [f[:2] for f in found] == [(level, check)], found
        message = found[0][2]
        assert re.search(words, message), message
        # What is wrong, then what to do.
        assert re.search(r"[;:?] ?\w", message), message
        assert returned == status
        done = self.run(*arguments, **more)
        begin = "warning: " if level == "warning" else f"{check}: "
        lines = [line for line in done.stderr.splitlines()
                 if line.startswith("fastcgi-users: ")]
        # But for how long something took, or how late it is.
        assert [re.sub(r"\d", "", line) for line in lines] == [
            re.sub(r"\d", "", f"fastcgi-users: {begin}{message}")]
        assert done.returncode == status


@pytest.fixture(scope="module")
def doctor(house, db):
    return Doctor(house.make(db, settings=QUIET))


@pytest.fixture(scope="module")
def small(house):
    """Where the database does not matter."""
    return Doctor(house.make("sqlite", settings=QUIET))


def fresh(house, db, settings=(), **more):
    return Doctor(house.make(db, settings=[*QUIET, *settings], **more))


# Health.


def test_a_healthy_stack_has_no_findings(doctor):
    for arguments in ((), ("--strict",), ("--url", doctor.stack.base_url)):
        assert doctor.findings(*arguments) == ([], OK)
    done = doctor.run("--url", doctor.stack.base_url)
    assert done.stderr == ""
    assert done.stdout.count("ok: ") == len(done.stdout.splitlines()) > 8


def test_nothing_is_changed(house):
    doctor = fresh(house, "sqlite")
    doctor.run("--url", doctor.stack.base_url)

    def state():
        return {name: os.stat(doctor.stack.path(name)).st_mtime_ns
                for name in ("users.db", "jwt.secret", "fastcgi-users.conf")}

    before = state()
    doctor.run("--url", doctor.stack.base_url)
    assert state() == before


@pytest.mark.parametrize("arguments", [
    ("--nonsense",), ("--url",), ("--url", "users.example.org"),
    ("--url", "https://a.example/"), ("--url", "https://a.example?x"),
    ("--url", "ftp://a.example"), ("--dump", "--json"), ("here",)])
def test_a_wrong_line_is_refused(small, arguments):
    done = small.run(*arguments)

    assert done.returncode == USAGE
    assert done.stderr.count("\n") == 1


def test_warnings_count_where_they_shall(small):
    warned = "server { sandbox = false }\n"

    assert small.findings(settings=warned)[1] == OK
    assert small.findings("--strict", settings=warned)[1] == CONFIG


def test_a_configuration_that_cannot_be_read_is_an_object_too(small):
    found, status = small.findings(settings="server { nonsense = 1 }\n")

    assert [f[:2] for f in found] == [("fault", "configuration")]
    assert status == CONFIG


# Files and the machine.


def test_a_configuration_that_everybody_may_read(small):
    small.one("fault", "permissions", "everybody may read it; chmod 640",
              CONFIG, mode=0o644)


def test_a_configuration_that_everybody_may_write(small):
    small.one("fault", "permissions", "everybody may write .*; chmod 640",
              CONFIG, mode=0o602)


def test_a_secret_that_everybody_may_read(small):
    path = small.stack.write("open.secret", "k" + "0123456789abcdef" * 4)
    os.chmod(path, 0o644)

    found, status = small.findings(settings=f"""\
secrets {{ state_file = "{path}" }}\n""")

    assert ([f[:2] for f in found], status) == (
        [("fault", "configuration")], CONFIG)
    assert "open.secret" in small.run(settings=f"""\
secrets {{ state_file = "{path}" }}\n""").stderr


def test_a_database_that_everybody_may_read(house):
    doctor = fresh(house, "sqlite")
    os.chmod(doctor.stack.path("users.db"), 0o644)

    doctor.one("fault", "permissions", "holds the users.*; chmod 600", CONFIG)


def shared_file(doctor, name, text):
    """A file in a folder that everybody may write to."""
    doctor.stack.make_subfolder("shared", 0o777)
    os.chmod(doctor.stack.path("shared"), 0o777)
    return doctor.stack.write(f"shared/{name}", text)


def test_a_database_that_may_not_be_written(house):
    doctor = fresh(house, "sqlite")
    os.chmod(doctor.stack.path("users.db"), 0o400)

    doctor.one("fault", "permissions",
               "users.db may not be .*; give it to server.user", CONFIG)


def test_locks_that_may_not_be_written(house):
    doctor = fresh(house, "sqlite")
    os.chmod(doctor.stack.path("hash.slots"), 0o400)

    found, status = doctor.findings()

    assert {f[1] for f in found} == {"permissions", "hashing"}
    assert re.search("/hash.slots .*; .*give it to server.user", found[0][2])
    assert status == CONFIG


def test_a_folder_in_which_no_sqlite_file_can_be_made(house):
    doctor = fresh(house, "sqlite")
    doctor.stack.settings["database", None]["url"] = (
        f"sqlite:{doctor.stack.path('nowhere')}/users.db")
    doctor.stack.write_configuration()

    found, status = doctor.findings()

    assert {f[1] for f in found} == {"database", "schema"}
    assert "write that file and its folder" in found[0][2]
    assert status == UNAVAILABLE


def test_a_folder_in_which_everybody_may_replace_a_secret(small):
    path = shared_file(small, "state.secret", os.urandom(32).hex())

    small.one("fault", "permissions", "may replace .*; chmod o-w", CONFIG,
              settings=f'secrets {{ state_file = "{path}" }}\n')


@pytest.mark.parametrize("settings", [
    'secrets { setup_file = "@" }',
    'backend "more" { secret_file = "@" }',
    'backend "more" { algorithm = EdDSA  key_file = {"@.pem"} }',
    'backend "more" { algorithm = EdDSA  key_file = {"@.own"}\n'
    'public_key_file = {"@.pub"} }',
    'webhook "w" { url = "https://203.0.113.1/"  secret_file = "@.hook"\n'
    'events = {"after_login"} }',
    'provider "p" { preset = github  client_id = "us"\n'
    'client_secret_file = "@" }',
], ids=["setup", "backend", "key", "public key", "webhook", "provider"])
def test_a_folder_in_which_everybody_may_replace_a_sections_own(
        small, tmp_path, settings):
    pair = Pair("EdDSA", tmp_path)
    base = shared_file(small, "own", os.urandom(32).hex())
    shared_file(small, "own.pem", pair.private.decode())
    shared_file(small, "own.pub", pair.public.decode())
    shared_file(small, "own.hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    settings = settings.replace(
        "@.own", small.stack.write("own.pem", pair.private.decode()))

    found, _ = small.findings(settings=settings.replace("@", base) + "\n")

    assert ["everybody may replace" in message for level, check, message
            in found if (level, check) == ("fault", "permissions")] == [True]


@pytest.mark.about("pool", "its socket")
def test_a_socket_that_everybody_may_use(small):
    small.one("warning", "sockets", "may speak to pool api.*0660", OK,
              settings='pool "api" { mode = "0666" }\n')
    path = small.stack.path("api.sock")
    mode = os.stat(path).st_mode & 0o777
    os.chmod(path, 0o777)
    try:
        small.one("warning", "sockets", "may speak to .*; chmod o-w", OK)
    finally:
        os.chmod(path, mode)


def test_a_port_that_other_machines_may_use(small):
    small.one("warning", "sockets", "other machines.*; let a firewall", OK,
              settings='pool "api" { socket = "0.0.0.0:9009" }\n')


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to a user")
def test_a_program_that_root_may_run_and_the_pool_may_not(house):
    doctor = fresh(house, "sqlite")
    doctor.stack.make_subfolder("closed", 0o700)
    os.chown(doctor.stack.path("closed"), 0, 0)
    program = doctor.stack.write("closed/hook", "#!/bin/sh\n", 0o700)
    os.chown(program, 0, 0)
    os.chmod(program, 0o755)
    path = doctor.stack.write(
        "root.conf", doctor.stack.read("fastcgi-users.conf")
        + f'server {{ user = "{doctor.stack.user.pw_name}" '
        f'run_dir = "{doctor.stack.folder}" }}\n'
        f'hook "closed" {{ program = "{program}" '
        'events = {"after_login"} }\n'
        + mail_at(SITE).replace("/bin/true", program))

    done = subprocess.run(
        [doctor.stack.program, "-c", path, "check"], text=True, check=False,
        capture_output=True, env=doctor.stack.environment())

    assert "programs: the program of hook closed cannot be run by the " \
        "pool's user" in done.stderr
    assert f"mail.url names {program}, which cannot be run" in done.stderr
    assert done.returncode == CONFIG


def test_hashes_that_need_more_memory_than_there_is(small):
    small.one("fault", "memory", "hashes at once take.*; lower", CONFIG,
              settings="password { memory_kib = 1048576 "
              "max_parallel = 1024 }\n")


def test_hashes_that_take_too_long(small):
    small.one("warning", "hashing", r"takes \d+ ms, .*; lower", OK,
              settings="password { memory_kib = 65536 passes = 64 "
              "wait_limit = 1 }\n")


def test_fewer_descriptors_than_connections(small):
    small.one("warning", "descriptors", "raise that .*LimitNOFILE", OK,
              begin=("sh", "-c", 'ulimit -n 64; exec "$@"', "sh"))


def test_workers_without_a_sandbox(small):
    small.one("warning", "sandbox", "; set server.sandbox = true", OK,
              settings="server { sandbox = false }\n")


# Secrets.


def with_secret(doctor, *items):
    return "secrets { %s }\n" % " ".join(
        f'{name} += {{"{text}"}}' for name, text in items)


def test_a_short_secret_that_is_allowed(small):
    small.one("warning", "secrets", "has 9 bytes.*openssl rand", OK,
              settings="secrets { allow_short = true }\n"
              + with_secret(small, ("state", "Xk3.p9qZa")))


def test_a_secret_that_is_hardly_random(small):
    small.one("warning", "secrets", "hardly random; make one", OK,
              settings=with_secret(small, ("state", "abcabdabe" * 5)))


def test_one_secret_for_two_purposes(small):
    shared = os.urandom(32).hex()
    small.one("warning", "secrets",
              "secrets.reset and secrets.state hold the same secret.*; make",
              OK, settings=with_secret(small, ("reset", shared),
                                       ("state", shared)))


# The site.


def test_a_secure_cookie_on_a_site_without_https(small):
    found, status = small.findings("--url", "http://users.invalid")

    assert ("fault", "cookie") in [f[:2] for f in found]
    assert "serve that over https" in str(found)
    assert status == CONFIG


def test_a_cookie_in_the_clear_on_a_site_with_https(small):
    small.one("warning", "cookie", "; set cookie_secure = true", OK,
              settings=mail_at(SITE)
              + 'backend "jwt" { cookie_secure = false }\n')


@pytest.mark.parametrize("domain", ["example.com", "x.users.example.org",
                                    "sers.example.org"])
def test_a_cookie_of_another_domain(small, domain):
    small.one("fault", "cookie", "; set cookie_domain to users.example.org",
              CONFIG, settings=mail_at(SITE)
              + f'backend "jwt" {{ cookie_domain = "{domain}" }}\n')


@pytest.mark.parametrize("domain", ["", "users.example.org", "example.org",
                                    "EXAMPLE.org"])
def test_a_cookie_of_the_sites_domain_is_good(small, domain):
    assert small.findings(settings=mail_at(SITE) + (
        f'backend "jwt" {{ cookie_domain = "{domain}" }}\n')) == ([], OK)


class Changed(stacks.Stack):
    """nginx with more lines where it hands requests on."""

    lines = ""

    def nginx_site(self):
        return super().nginx_site().replace(
            '\t\tfastcgi_param HTTP_PROXY "";\n',
            '\t\tfastcgi_param HTTP_PROXY "";\n' + self.lines, 1)


class Hiding(Changed):
    lines = '\t\tfastcgi_param HTTP_AUTHORIZATION "";\n'


class Pretending(Changed):
    lines = "\t\tfastcgi_param HTTPS on;\n"


def test_a_hidden_authorization_header(house):
    doctor = fresh(house, "sqlite", kind=Hiding)

    doctor.one("fault", "authorization", "CGIPassAuth On", CONFIG, "--url",
               doctor.stack.base_url)


def test_a_web_server_that_says_https_where_there_is_none(house):
    doctor = fresh(house, "sqlite", kind=Pretending)

    doctor.one("warning", "https", "; pass the variable HTTPS", OK, "--url",
               doctor.stack.base_url)


def test_a_site_that_is_somebody_elses(small):
    small.one("fault", "site", "leads to something else", CONFIG, "--url",
              small.stack.base_url + "/elsewhere")
    # The pool there has another secret.
    small.one("fault", "site", "with other secrets", CONFIG, "--url",
              small.stack.base_url, settings=f"""\
secrets {{ jwt_file = "" jwt = {{"{os.urandom(40).hex()}"}} }}\n""")


def test_a_site_that_nobody_serves(small):
    small.one("fault", "site", "cannot be reached.*; does the web server run",
              UNAVAILABLE, "--url",
              f"http://127.0.0.1:{stacks.free_port()}")


@pytest.mark.about("pool", "a pool that ends")
def test_a_site_whose_pool_is_gone(house):
    doctor = fresh(house, "sqlite")
    stacks.send_signal(doctor.stack.supervisor_pid(), signal.SIGTERM)
    assert stacks.wait_until(lambda:
        doctor.stack.get("/healthz") == doctor.stack.web.pool_gone)

    doctor.one("fault", "site",
               f"answers {doctor.stack.web.pool_gone}; does the pool run",
               UNAVAILABLE, "--url", doctor.stack.base_url)


def test_the_question_to_the_site_is_nobody_elses(small):
    client = small.stack.client

    for query in ("", "?", "?1", "?1.x", "?" + "9" * 30 + ".x",
                  "?1795640400." + "A" * 43):
        for method in ("GET", "POST", "DELETE"):
            answer = client.request(method, "/auth/probe" + query)
            assert answer.status_code == 404, query


# The database.


def test_a_database_that_is_away(house):
    doctor = fresh(house, "postgres")
    doctor.stack.postgres_stop()

    found, status = doctor.findings()

    assert {f[1] for f in found} == {"database", "schema"}
    assert "is it running" in found[0][2]
    assert status == UNAVAILABLE


def test_a_migration_that_is_pending(house, db):
    doctor = fresh(house, db)
    execute(doctor.stack, "DELETE FROM fcu_schema_version WHERE version = "
                          "(SELECT max(version) FROM fcu_schema_version)")

    doctor.one("fault", "schema", "1 migration is pending; run .* migrate",
               CONFIG)


def test_a_field_that_is_not_in_the_table(doctor):
    doctor.one("fault", "schema", 'lacks the column "motto".*; run', CONFIG,
               settings='field "motto" { }\n')


def test_an_index_that_is_missing(house, db):
    doctor = fresh(house, db)
    for index in ("ix_accesstoken_created_at", "fcu_user_email_lower"):
        execute(doctor.stack, f"DROP INDEX {index}")
        found, status = doctor.findings()
        assert [f[:2] for f in found] == [("fault", "index")]
        assert status == CONFIG
        # What it says to do helps.
        execute(doctor.stack, found[0][2].partition("SQL: ")[2])
        assert doctor.findings() == ([], OK)


def test_addresses_that_differ_in_case_only(house, db):
    doctor = fresh(house, db)
    doctor.stack.client.register("anna@example.org")
    user = doctor.stack.client.register("other@example.org")
    execute(doctor.stack, "DROP INDEX fcu_user_email_lower")
    execute(doctor.stack, "UPDATE \"user\" SET email = 'ANNA@example.org' "
                          f"WHERE email = '{user['email']}'")

    found, status = doctor.findings()

    assert [f[:2] for f in found] == [("fault", "clash"), ("fault", "index")]
    assert "anna@example.org belongs to several users" in found[0][2]
    assert status == DATAERR


@pytest.mark.parametrize("seconds, level, status, words", [
    (600, "fault", CONFIG, r"\d{3} seconds ahead of"),
    (-600, "fault", CONFIG, r"\d{3} seconds behind"),
    (20, "warning", OK, r"\d+ seconds ahead of")])
def test_a_database_whose_clock_is_wrong(house, seconds, level, status,
                                         words):
    doctor = fresh(house, "postgres")
    execute(doctor.stack, "CREATE SCHEMA wrong; CREATE FUNCTION wrong.now() "
            "RETURNS timestamptz LANGUAGE sql AS $$ SELECT "
            f"clock_timestamp() + interval '{seconds} seconds' $$")
    url = doctor.stack.database_url + \
        "&options=-csearch_path%3Dwrong,pg_catalog,public"

    doctor.one(level, "clock", words + ".*; let both follow", status,
               settings=f'database {{ url = "{url}" }}\n')


# Other servers.


class Asking(MailServer):
    """Wants a password, and does not mind who listens."""

    def dialogue(self):
        made = Dialogue(self, loop=self.loop, auth_required=True,
                        authenticator=self.judge, auth_require_tls=False)
        self.connections.add(made)
        return made


def mail_by(server, **more):
    return "mail { %s }\n" % " ".join(f'{name} = "{value}"' for name, value in {
        "url": f"smtp://127.0.0.1:{server.port}", "tls": "none",
        "from": "a@example.org", "base_url": SITE, **more}.items())


@pytest.fixture
def mail_server():
    made = Asking(users={"anna": "her password"})
    yield made
    made.end()


def test_a_mail_server_that_takes_us_gets_no_mail(small, mail_server):
    settings = mail_by(mail_server, user="anna", password="her password")

    assert small.findings(settings=settings) == ([], OK)
    assert "AUTH" in mail_server.verbs and "QUIT" in mail_server.verbs
    assert not {"MAIL", "RCPT", "DATA"} & set(mail_server.verbs)


def test_a_mail_server_that_is_down(small, mail_server):
    mail_server.down()

    small.one("fault", "mail", "does not take us: .*; is it running",
              UNAVAILABLE, settings=mail_by(mail_server))


def test_a_mail_server_that_wants_another_password(small, mail_server):
    found, _ = small.findings(settings=mail_by(
        mail_server, user="anna", password="not hers at all"))

    assert [f[:2] for f in found] == [("fault", "mail")]
    assert "not hers at all" not in str(found)


def test_a_mail_server_without_tls(small, mail_server):
    small.one("fault", "mail", "does not take us: .*mail.tls", UNAVAILABLE,
              settings=mail_by(mail_server, tls="required"))


def test_a_webhook_that_nobody_hears(small):
    small.one("fault", "webhook", "of webhook away cannot be reached: .*; is",
              UNAVAILABLE, settings=f"""\
webhook "away" {{ url = "https://127.0.0.1:{stacks.free_port()}/"
	secret = {{"whsec_{"QUFB" * 8}"}} events = {{"after_login"}}
	allow_private = true }}
""")


def test_a_provider_that_cannot_be_reached(small):
    address = f"https://127.0.0.1:{stacks.free_port()}"
    small.one("fault", "provider", "provider corp cannot be reached: ",
              UNAVAILABLE, settings=f"""\
oauth {{ allow_private = true }}
provider "corp" {{ preset = "oauth2" client_id = "x" client_secret = "y"
	authorize_url = "{address}/a" token_url = "{address}/t"
	profile_url = "{address}/p" id_path = "id" email_path = "email" }}
""")
