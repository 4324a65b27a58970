# SPDX-License-Identifier: MIT
"""An account on a host: a home, a document root, and in it one file."""

import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

import stack as stacks

from client import PASSWORD, SECONDS

STATIC = os.environ.get("FCU_STATIC")
NAME = "fastcgi-users.cgi"
FOLDER = "fastcgi-users"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
HERE = os.path.dirname(os.path.abspath(__file__))
# Whom nothing belongs to: what a web server runs as where CGI programs run as
# their owners.
NOBODY = 65534
# The least that hashing can cost; appended to the configuration.
CHEAP = "\npassword { memory_kib = 8 passes = 1 lanes = 1 }\n"
# suexec: the child becomes the account's once its parent is nobody's any more.
SUEXEC = """\
import os, sys
user, group, nobody = map(int, sys.argv[1:4])
ready, go = os.pipe()
child = os.fork()
if child == 0:
    os.read(ready, 1)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    os.execv(sys.argv[4], sys.argv[4:])
os.setresuid(nobody, nobody, nobody)
os.write(go, b".")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


class Answer:
    """What a CGI program said to the web server, and to its error log."""

    def __init__(self, done):
        self.code = done.returncode
        self.log = done.stderr.decode()
        assert "Sanitizer" not in self.log, self.log
        head, _, self.content = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1]) if head else None
        self.headers = dict(line.split(": ", 1) for line in lines[1:])

    @property
    def text(self):
        return self.content.decode()

    @property
    def json(self):
        return json.loads(self.content)

    def sentences(self):
        """What is meant for the owner."""
        return [line.removeprefix("fastcgi-users: ")
                for line in self.log.splitlines()
                if line.startswith("fastcgi-users: ")]

    def sentence(self):
        lines = self.sentences()
        assert len(lines) == 1, self.log
        return lines[0]


class Account:
    """Root is needed: an account's folders are in one that is not its own."""

    def __init__(self):
        self.user = stacks.user_to_run_as()
        self.base = tempfile.mkdtemp(prefix="fastcgi-users-host-")
        os.chmod(self.base, 0o755)
        self.home = os.path.join(self.base, "account")
        self.site = os.path.join(self.home, "public_html")
        self.bin = os.path.join(self.site, "cgi-bin")
        self.program = os.path.join(self.bin, NAME)
        self.folder = os.path.join(self.home, FOLDER)
        os.makedirs(self.bin)
        shutil.copy(os.path.join(STATIC, stacks.PROGRAM), self.program)
        self.own(self.home)

    def own(self, top, owner=None):
        ids = (self.user.pw_uid, self.user.pw_gid) if owner is None else (
            owner, owner)
        os.chown(top, *ids)
        for folder, folders, files in os.walk(top):
            for name in folders + files:
                os.chown(os.path.join(folder, name), *ids,
                         follow_symlinks=False)

    def close(self):
        shutil.rmtree(self.base)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def write(self, path, text, mode=0o600):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def configure(self, text, before=None):
        """Appends to the configuration, or puts the text for another."""
        old = self.read("fastcgi-users.conf")
        assert before is None or before in old
        self.write(self.path("fastcgi-users.conf"),
                   old.replace(before, text) if before else old + text)

    def begin(self):
        """After the first request, with cheap hashes."""
        assert self.ask("GET", "/healthz").status == 200
        self.configure(CHEAP)
        return self

    def execute(self, *arguments, given=b"", wrapped=(), suexec=False,
                environment=None, program=None):
        command = [*wrapped, program or self.program, *arguments]
        who = {"user": self.user.pw_uid, "group": self.user.pw_gid,
               "extra_groups": []}
        if suexec:
            command = [sys.executable, "-c", SUEXEC, str(self.user.pw_uid),
                       str(self.user.pw_gid), str(NOBODY), *command]
            who = {}
        return subprocess.run(command, input=given, capture_output=True,
                              check=False, timeout=SECONDS, cwd=self.bin,
                              env=environment or {}, **who)

    def ask(self, method, path, kind="", body="", refused=(), variables=(),
            **more):
        environment = {
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method,
            "SCRIPT_NAME": f"/cgi-bin/{NAME}", "PATH_INFO": path,
            "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1",
            "DOCUMENT_ROOT": self.site, "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(body.encode())), **dict(variables)}
        wrapped = [sys.executable, os.path.join(HERE, "refusing.py"),
                   *refused, "--"] if refused else []
        return Answer(self.execute(
            given=body.encode(), wrapped=wrapped, environment={
                name: value for name, value in environment.items()
                if value is not None}, **more))

    def ask_at_once(self, count, *arguments, **more):
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.ask(*arguments, **more),
                                 range(count)))

    def post_form(self, path, **fields):
        return self.ask("POST", path, FORM, urllib.parse.urlencode(fields))

    def set_up(self, email="boss@example.org"):
        return self.post_form("/setup", email=email, password=PASSWORD,
                              secret=self.read("setup.secret").strip())

    def register(self, email="user@example.org", **more):
        return self.ask("POST", "/auth/register", JSON, json.dumps(
            {"email": email, "password": PASSWORD, **more}))

    def log_in(self, email):
        answer = self.post_form("/auth/bearer/login", username=email,
                                password=PASSWORD)
        assert answer.status == 200, answer.text
        return {"HTTP_AUTHORIZATION":
                f"Bearer {answer.json['access_token']}"}

    def made(self):
        """Everything that is in the base folder but what was put there."""
        return sorted(
            os.path.relpath(path, self.base) for path in glob.glob(
                os.path.join(self.base, "**"), recursive=True,
                include_hidden=True)
            if os.path.basename(path) not in (
                "", "account", "public_html", "cgi-bin", NAME))
