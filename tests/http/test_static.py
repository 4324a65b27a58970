# SPDX-License-Identifier: MIT
"""The program that is one file: what `make static` makes, alone.

FCU_STATIC names the folder static/ of a build that has it; ./check sets it.
"""

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import urllib.parse

import pytest
import stack as stacks

from client import PASSWORD

STATIC = os.environ.get("FCU_STATIC")
pytestmark = pytest.mark.skipif(
    not STATIC, reason="FCU_STATIC names no folder with the static program")
NAME = "fastcgi-users.cgi"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
CONFIGURATION = """\
database { url = "sqlite:%(root)s/users.db" }
secrets { jwt_file = "%(root)s/jwt.secret" }
server { run_dir = "%(root)s/run" }
password { memory_kib = 8 passes = 1 lanes = 1 }
"""


def elf(*options):
    return subprocess.run(["readelf", "-W", *options, program()], text=True,
                          capture_output=True, check=True).stdout


def program():
    return os.path.join(STATIC, stacks.PROGRAM)


class Alone:
    """The program in a folder that holds nothing else but its configuration
    and a secret. Started by root, that folder is all the world it has."""

    def __init__(self):
        self.user = stacks.user_to_run_as()
        self.folder = tempfile.mkdtemp(prefix="fastcgi-users-alone-")
        self.root = "" if self.user else self.folder
        shutil.copy(program(), os.path.join(self.folder, NAME))
        self.write("jwt.secret", secrets.token_urlsafe(48))
        self.write("c.conf", CONFIGURATION % {"root": self.root})
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def run(self, *arguments, given=b"", **environment):
        enter = ["chroot",
                 f"--userspec={self.user.pw_uid}:{self.user.pw_gid}",
                 "--groups=", self.folder] if self.user else []
        done = subprocess.run(
            [*enter, f"{self.root}/{NAME}", *arguments], input=given,
            capture_output=True, check=False, cwd=self.folder,
            env={"PATH": os.environ["PATH"],
                 "FASTCGI_USERS_CONFIG": f"{self.root}/c.conf",
                 **environment})
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def ask(self, method, path, kind="", body="", **more):
        answer = self.run(given=body.encode(), **{
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method,
            "SCRIPT_NAME": "/cgi-bin/users.cgi", "PATH_INFO": path,
            "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1",
            "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), **more})
        head, _, content = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), content and json.loads(content)


@pytest.fixture
def alone():
    one = Alone()
    yield one
    shutil.rmtree(one.folder)


def test_it_asks_for_no_library_and_no_loader():
    assert "INTERP" not in elf("-l")
    assert "NEEDED" not in elf("-d")


def test_it_is_stripped_and_under_ten_megabytes():
    assert ".symtab" not in elf("-S")
    assert os.path.getsize(program()) < 10_000_000


def test_alone_in_an_empty_folder_it_serves_users(alone):
    alone.run("migrate")
    status, user = alone.ask("POST", "/auth/register", JSON, json.dumps(
        {"email": "king@example.org", "password": PASSWORD}))
    assert status == 201, user
    form = urllib.parse.urlencode({"username": user["email"],
                                   "password": PASSWORD})
    status, token = alone.ask("POST", "/auth/bearer/login", FORM, form)
    assert status == 200, token
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token['access_token']}"}
    assert alone.ask("GET", "/users/me", **bearer) == (200, user)
    status, answer = alone.ask("PATCH", "/users/me", JSON,
                               '{"email":"queen@example.org"}', **bearer)
    assert (status, answer["email"]) == (200, "queen@example.org")
    assert alone.ask("GET", "/users/me")[0] == 401
    # All of it is in this folder.
    assert {name.split("-")[0] for name in os.listdir(alone.folder)} <= {
        NAME, "fastcgi", "c.conf", "jwt.secret", "users.db", "run"}
