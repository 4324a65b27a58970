# SPDX-License-Identifier: MIT
"""The CGI path under valgrind, with a build that has no sanitizers.

FCU_PLAIN_BUILD names that build; ./check sets it.
"""

import json
import os
import shutil
import subprocess

import pytest
import stack as stacks

from client import PASSWORD

PLAIN = os.environ.get("FCU_PLAIN_BUILD")
pytestmark = pytest.mark.skipif(
    not PLAIN or not shutil.which("valgrind"),
    reason="FCU_PLAIN_BUILD names no build, or valgrind is missing")
SUPPRESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            "valgrind.supp")
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Cgi:
    """Runs the program as a web server would, under valgrind."""

    def __init__(self, stack):
        self.stack = stack
        # A copy, since the stack's user may not reach this folder.
        with open(SUPPRESSIONS, encoding="utf-8") as f:
            self.suppressions = stack.write("valgrind.supp", f.read())

    def __call__(self, method, path, kind=None, body="", **headers):
        data = body.encode()
        environment = {
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method,
            "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
            "FASTCGI_USERS_CONFIG": self.stack.config,
            **{f"HTTP_{k.upper()}": v for k, v in headers.items()}}
        if kind:
            environment |= {"CONTENT_TYPE": kind,
                            "CONTENT_LENGTH": str(len(data))}
        done = subprocess.run(
            ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
             "--show-leak-kinds=definite,indirect",
             "--errors-for-leak-kinds=definite,indirect",
             "--suppressions=" + self.suppressions, self.stack.program],
            input=data, capture_output=True, check=False,
            cwd=self.stack.folder,
            env=self.stack.environment(**environment),
            **self.stack.as_user())
        assert done.returncode == 0, done.stderr.decode()
        head, _, content = done.stdout.replace(b"\r\n", b"\n").partition(
            b"\n\n")
        status = int(head.split(b"\n")[0].split()[1])
        return status, content


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def cgi(request):
    made = stacks.Stack(db=request.param, build=PLAIN, settings=[
        "password.memory_kib=8", "password.passes=1", "password.lanes=1"])
    try:
        made.prepare()
        made.add_superuser()
        yield Cgi(made)
    finally:
        made.remove()


def test_a_life_without_memory_errors(cgi):
    admin = cgi.stack.superuser

    assert cgi("GET", "/healthz")[0] == 200
    assert cgi("GET", "/readyz")[0] == 200
    assert json.loads(cgi("GET", "/openapi.json")[1])["openapi"] == "3.1.0"
    assert cgi("GET", "/openapi.json", if_none_match="*")[0] == 304
    status, body = cgi("POST", "/auth/register", JSON, json.dumps({
        "email": "J\u00f6rg@b\u00fccher.de", "password": PASSWORD}))
    assert status == 201
    user = json.loads(body)
    assert cgi("POST", "/auth/jwt/login", FORM,
               f"username={admin['email']}&password="
               f"{admin['password']}")[0] == 204
    status, body = cgi("POST", "/auth/bearer/login", FORM,
                       f"username={admin['email']}&password="
                       f"{admin['password']}")
    assert status == 200
    bearer = "Bearer " + json.loads(body)["access_token"]
    assert cgi("GET", "/users/me", authorization=bearer)[0] == 200
    path = f"/users/{user['id']}"
    assert json.loads(cgi("GET", path, authorization=bearer)[1]) == user
    assert cgi("PATCH", path, JSON, '{"password":"another horse 9"}',
               authorization=bearer)[0] == 200
    assert cgi("DELETE", path, authorization=bearer)[0] == 204
    assert cgi("POST", "/auth/bearer/logout",
               authorization=bearer)[0] == 204
    assert cgi("GET", "/users/me", authorization=bearer)[0] == 401


def test_refusals_without_memory_errors(cgi):
    for want, got in (
            (404, cgi("GET", "/nowhere")),
            (405, cgi("PUT", "/users/me")),
            (307, cgi("GET", "/users/me/")),
            (401, cgi("GET", "/users/me", cookie="fastapiusersauth=a.b.c")),
            (422, cgi("POST", "/auth/register", JSON, "{" * 3000)),
            (422, cgi("POST", "/auth/register", JSON,
                      '{"email":"a\\u0000@b.co","password":1}')),
            (422, cgi("POST", "/auth/bearer/login", FORM, "username=%zz")),
            (400, cgi("POST", "/auth/bearer/login", FORM,
                      "username=nobody&password=nothing")),
            (400, cgi("POST", "/auth/bearer/login",
                      "multipart/form-data; boundary=b", "rubbish"))):
        assert got[0] == want, got
