# SPDX-License-Identifier: MIT
"""What happened to others, each turned into a test: V and a number tell which
attack or accident that was.
"""

import os
import signal
import subprocess

import pytest
import stack as stacks

from client import PASSWORD, new_email, parallel

ME = b"/users/me"


@pytest.mark.about("pool", "the pool is killed")
def test_a_token_logged_out_stays_so_when_everything_was_killed(new_stack, db):
    """V14."""
    stack = new_stack(db)
    client = stack.client
    _, token = client.newcomer()
    assert client.post("/auth/bearer/logout", token=token).status_code == 204

    stack.kills_with.add(signal.SIGKILL)
    workers = stack.worker_pids()
    for pid in (stack.supervisor_pid(), *workers):
        stacks.send_signal(pid, signal.SIGKILL)
    assert stacks.wait_until(lambda: not any(map(stacks.process_lives,
                                                 workers)))
    stack.handles["pool"].wait()
    if db == "postgres":
        stack.postgres_stop(signal.SIGQUIT)
        stack.postgres_start()
    for name in ("api", "password"):
        stack.forget_file(f"{name}.sock")
    stack.pool_start()

    assert stacks.wait_until(lambda: stack.get("/readyz") == 200)
    assert client.get("/users/me", token=token).status_code == 401


def test_a_logout_outlives_a_redis_server_that_forgets_it(new_stack, db):
    """V14: it starts again from a snapshot of before."""
    stack = new_stack(db, redis=True,
                      settings=["backend.quick.strategy=redis"])
    client = stack.client
    user = client.register()
    stack.redis_stop(signal.SIGTERM)
    stack.redis_start(appends=False)
    assert stacks.wait_until(lambda: client.try_login(
        user["email"], backend="quick").status_code == 200)
    token, other = (client.login(user["email"], backend="quick")
                    for _ in range(2))
    assert stack.ask_redis("SAVE") == "OK"
    assert client.post("/auth/quick/logout", token=token).status_code == 204
    assert stack.ask_redis("EXISTS", f"fastapi_users_token:{token}") == "0"

    stack.redis_stop()
    stack.redis_start(appends=False)

    assert stack.ask_redis("EXISTS", f"fastapi_users_token:{token}") == "1"
    assert stacks.wait_until(lambda: client.get(
        "/users/me", token=other).status_code == 200)
    assert client.get("/users/me", token=token).status_code == 401


def test_garbage_at_the_same_moment_spoils_no_login(client):
    """V31."""
    user = client.register()
    form = b"Content-Type: application/x-www-form-urlencoded"
    garbage = (b"username=%ff%fe&password=%00", b"%", b"username=a&password=",
               b"\xff" * 500, b"username=" + b"a" * 9000)

    def spoil(body):
        return client.raw_request(
            b"POST", b"/auth/bearer/login",
            [tuple(form.split(b": "))], body)[0]

    done = parallel(
        [lambda: client.try_login(user["email"]).status_code] * 20
        + [lambda body=body: spoil(body) for body in garbage * 4])

    assert done[:20] == [200] * 20
    assert all(400 <= status < 500 for status in done[20:])


def test_an_address_that_only_looks_alike_signs_nobody_in(client):
    """V37."""
    client.register("mike.look@example.com")

    for alike in ("m\u0131ke.look@example.com", "\uff4dike.look@example.com",
                  "mi\u212ae.look@example.com", "mike.l\u2126k@example.com",
                  "mike.look@example\u3002com", "mike.look\uff20example.com",
                  "m\u0456ke.look@example.com"):
        assert client.try_login(alike).status_code == 400, alike


def test_a_cookie_from_before_never_becomes_the_session(client):
    """V64."""
    user = client.register()
    _, token = client.newcomer()
    form = {"username": user["email"], "password": PASSWORD}

    given = []
    for planted in ("planted", token):
        answer = client.post("/auth/jwt/login", data=form, cookie=planted,
                             headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 204
        given.append(answer.headers["Set-Cookie"].split(";")[0])

    assert len({*given, f"fastapiusersauth={token}",
                "fastapiusersauth=planted"}) == 4
    assert client.get("/users/me", cookie="planted").status_code == 401


def test_a_query_string_is_no_command_line(stack):
    """V75: old CGI servers hand a query without = over as arguments."""
    for argument in ("--version", "--help", "-h", "check", "pool"):
        done = subprocess.run(
            [stack.program, argument], cwd=stack.folder, capture_output=True,
            check=False, stdin=subprocess.DEVNULL, env=stack.environment(
                GATEWAY_INTERFACE="CGI/1.1", REQUEST_METHOD="GET",
                SCRIPT_NAME="", PATH_INFO="/nowhere", QUERY_STRING=argument,
                SERVER_PROTOCOL="HTTP/1.1", REMOTE_ADDR="127.0.0.1",
                HTTP_HOST="127.0.0.1", FASTCGI_USERS_CONFIG=stack.config),
            **stack.as_user())

        assert done.stdout.startswith(b"Status: 404 "), argument
        assert done.returncode == os.EX_OK


def check_as_cgi(stack, token, headers):
    """The status line; what the web server demands stands last."""
    variables = stack.environment(
        GATEWAY_INTERFACE="CGI/1.1", REQUEST_METHOD="GET", SCRIPT_NAME="",
        PATH_INFO="/auth/check", SERVER_PROTOCOL="HTTP/1.1",
        HTTP_HOST="127.0.0.1", HTTP_AUTHORIZATION=f"Bearer {token}",
        FASTCGI_USERS_CONFIG=stack.config)
    variables.update({f"HTTP_X{i}": "" for i in range(headers)})
    variables["FCU_REQUIRE"] = "superuser"
    done = subprocess.run(
        [stack.program], cwd=stack.folder, capture_output=True, check=False,
        stdin=subprocess.DEVNULL, env=variables, **stack.as_user())
    return done.stdout.split(b"\r\n", 1)[0]


def test_many_headers_push_no_demand_out(stack, client):
    """lighttpd, for one, puts what it is configured to say behind them."""
    _, token = client.newcomer()
    assert check_as_cgi(stack, client.admin(), 10) == b"Status: 204 No Content"
    assert check_as_cgi(stack, token, 10) == b"Status: 403 Forbidden"
    assert check_as_cgi(stack, token, 1000) == b"Status: 400 Bad Request"


@pytest.mark.parametrize("name", (
    b"X-Forwarded-User", b"X_Forwarded_User", b"Remote-User", b"REMOTE_USER",
    b"X-Remote-User", b"X-User-Id", b"X-Email", b"Auth-User"))
def test_a_header_that_names_somebody_is_nobody(client, name):
    """V77."""
    user = client.register(new_email())

    for value in (user["email"], user["id"], "admin@example.com"):
        status, _, _ = client.raw_request(b"GET", ME,
                                          [(name, value.encode())])
        assert status == 401


def test_a_connection_header_takes_no_token_away_from_the_judge(client):
    """V77: nothing is served that would need the token it names."""
    _, token = client.newcomer()

    status, _, _ = client.raw_request(b"GET", ME, [
        (b"Connection", b"close, Authorization"),
        (b"Authorization", b"Bearer " + token.encode()[:-1])])

    assert status == 401
