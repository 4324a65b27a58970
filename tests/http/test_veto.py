# SPDX-License-Identifier: MIT
"""Hooks that are asked before something is done, and may refuse it."""

import json
import os
import signal
import time

import pytest
import stack as stacks

from client import PASSWORD, detail, new_email, parallel
from conftest import WAYS, name_way
from programs import Programs

# Says no to what it finds in the password, or else in the address, in as many
# ways as there are.
JUDGE = r"""
event = json.load(sys.stdin)
with open(HERE + "/seen", "a") as f:
    f.write(json.dumps([event, dict(os.environ), sys.argv[1:]]) + "\n")
word = event.get("password", event["user"]["email"])
if "naughty" in word:
    print("Password is naughty\nand more")
    sys.exit(1)
if "polite" in word:
    print(json.dumps({"reason": "Bitte nicht \u00fc\"\\"}))
    sys.exit(1)
if "silent" in word:
    sys.exit(1)
if "crash" in word:
    print(word, json.dumps(word), file=sys.stderr)
    raise ValueError("oh\x1b[31m no")
if "killed" in word:
    os.kill(os.getpid(), signal.SIGKILL)
if "forever" in word:
    time.sleep(600)
if "slow" in word:
    time.sleep(3)
if "wait" in word:
    open(HERE + "/waiting", "w").close()
    while not os.path.exists(HERE + "/go"):
        time.sleep(0.01)
if "rubbish" in word:
    sys.stdout.buffer.write(b"\xff\xfe")
    sys.stdout.flush()
    os._exit(1)
"""
SETTINGS = ("hook.judge.events={validate_password, before_delete}",
            "hook.judge.arguments={\"a b\", \"$HOME\"}",
            "hook.judge.timeout=2")


@pytest.fixture(scope="module")
def programs():
    made = Programs()
    made.write("judge", JUDGE)
    yield made
    made.remove()


@pytest.fixture(scope="module", params=WAYS, ids=name_way)
def client(request, house, programs):
    settings = (*SETTINGS, f"hook.judge.program={programs.path('judge')}")
    db, server, more = request.param
    return house.get(db, server, (*settings, *more)).client


@pytest.fixture(scope="module")
def pooled(house, programs):
    settings = (*SETTINGS, f"hook.judge.program={programs.path('judge')}")
    return house.get("sqlite", settings=settings).client


def register(client, password, email=None):
    return client.post("/auth/register", json={
        "email": email or new_email(), "password": password})


def seen(programs):
    return [json.loads(line) for line in programs.read("seen").splitlines()]


def log_of(stack):
    return "\n".join(stack.read(f"{name}.log") for name in stack.handles)


def test_a_password_that_the_hook_allows_is_taken(client):
    user = client.register()
    token = client.login(user["email"])

    assert client.patch("/users/me", token=token,
                        json={"password": "another fine one"}
                        ).status_code == 200


@pytest.mark.parametrize("word, reason", [
    ("naughty", "Password is naughty"),
    ("polite", "Bitte nicht ü\"\\"),
])
def test_a_refusal_reaches_the_client_with_its_reason(client, word, reason):
    email = new_email()
    answer = register(client, f"a {word} password", email)

    assert answer.status_code == 400
    assert detail(answer) == {"code": "REGISTER_INVALID_PASSWORD",
                              "reason": reason}
    assert client.try_login(email, f"a {word} password").status_code == 400

    user, token = client.newcomer()
    answer = client.patch("/users/me", token=token,
                          json={"password": f"a {word} password"})
    assert answer.status_code == 400
    assert detail(answer) == {"code": "UPDATE_USER_INVALID_PASSWORD",
                              "reason": reason}
    assert client.try_login(user["email"]).status_code == 200


@pytest.mark.parametrize("word", ["silent", "crash", "killed", "forever",
                                  "rubbish"])
def test_a_hook_that_fails_is_no_consent(pooled, word):
    email = new_email()
    begin = time.monotonic()
    answer = register(pooled, f"a {word} password", email)

    assert answer.status_code == 503
    assert detail(answer) == "Service Unavailable"
    assert "Retry-After" in answer.headers
    assert time.monotonic() - begin < 30
    assert pooled.try_login(email, f"a {word} password").status_code == 400
    pooled.register()


def test_the_settings_of_the_policy_come_before_the_hook(client, programs):
    before = len(seen(programs))
    answer = register(client, "naughty")

    assert detail(answer)["reason"] == (
        "Password should be at least 8 characters")
    assert len(seen(programs)) == before


def test_the_hook_hears_who_and_what_and_nothing_else(client, programs):
    email = new_email()
    user = register(client, "something äöü good", email).json()
    event, environment, arguments = seen(programs)[-1]

    assert list(event) == ["event", "time", "user", "password"]
    assert event["event"] == "validate_password"
    assert event["password"] == "something äöü good"
    assert event["user"] == {
        "id": None, "email": email, "is_active": True, "is_superuser": False,
        "is_verified": False}
    assert arguments == ["a b", "$HOME"]
    assert set(environment) - {"LC_CTYPE"} == {
        "PATH", "LANG", "HOME", "FASTCGI_USERS_HOOK"}

    token = client.login(email, "something äöü good")
    client.patch("/users/me", token=token, json={"password": PASSWORD})
    event = seen(programs)[-1][0]
    assert event["password"] == PASSWORD and event["user"] == user


def ends_of(log, event):
    return [x for x in log.splitlines()
            if f"event=hook_ended hook=judge type={event} status=1" in x]


def test_the_log_knows_the_failure_and_no_password(pooled):
    register(pooled, "a crash of s\u00e9cret-\"4711\"")
    log = log_of(pooled.stack)

    assert ends_of(log, "validate_password")
    assert "-4711" not in log and "-\"4711" not in log
    assert "cret-" not in log


def test_the_log_knows_what_a_program_said_that_heard_no_secret(pooled):
    user = pooled.register(new_email("crash"))
    pooled.delete(f"/users/{user['id']}", token=pooled.admin())
    log = log_of(pooled.stack)

    assert "ValueError: oh\\x1b[31m no" in ends_of(log, "before_delete")[-1]
    assert "\x1b" not in log


def test_a_user_may_be_kept_from_deletion(client):
    for word, status in (("naughty", 403), ("crash", 503), ("good", 204)):
        user = client.register(new_email(word))
        answer = client.delete(f"/users/{user['id']}", token=client.admin())
        assert answer.status_code == status
        if status == 403:
            assert detail(answer) == {"code": "DELETE_USER_REFUSED",
                                      "reason": "Password is naughty"}
        found = client.get(f"/users/{user['id']}", token=client.admin())
        assert found.status_code == (404 if status == 204 else 200)


def test_a_hook_may_be_slower_than_the_queue_for_hashing(new_stack, programs):
    client = new_stack("sqlite", settings=(
        "hook.judge.events={validate_password}", "hook.judge.timeout=25",
        f"hook.judge.program={programs.path('judge')}",
        "password.wait_limit=1", "server.request_limit=30")).client
    user, token = client.newcomer()

    answer = client.patch("/users/me", token=token,
                          json={"password": "a slow but fine one"})

    assert answer.status_code == 200
    client.login(user["email"], "a slow but fine one")


@pytest.mark.parametrize("change, status, text", [
    ({"is_superuser": False}, 403, "Forbidden"),
    ({"is_active": False}, 401, "Unauthorized"),
])
def test_rights_that_are_lost_while_the_hook_is_asked_delete_nobody(
        new_stack, db, programs, change, status, text):
    for name in ("waiting", "go"):
        programs.forget(name)
    client = new_stack(db, settings=(
        "hook.judge.events={before_delete}", "hook.judge.timeout=25",
        "server.request_limit=30",
        f"hook.judge.program={programs.path('judge')}")).client
    user = client.register(new_email("wait"))
    other, token = client.newcomer()
    client.patch(f"/users/{other['id']}", token=client.admin(),
                 json={"is_superuser": True})

    def demote():
        assert stacks.wait_until(
            lambda: os.path.exists(programs.path("waiting")))
        answer = client.patch(f"/users/{other['id']}", token=client.admin(),
                              json=change)
        open(programs.path("go"), "w", encoding="utf-8").close()
        return answer

    answer, changed = parallel(
        [lambda: client.delete(f"/users/{user['id']}", token=token), demote])

    assert changed.status_code == 200
    assert (answer.status_code, detail(answer)) == (status, text)
    assert client.get(f"/users/{user['id']}",
                      token=client.admin()).status_code == 200


def test_a_key_reaches_nobody_who_becomes_a_superuser_meanwhile(
        new_stack, db, programs):
    """What a key may not do to a superuser is judged where it is done."""
    stack = new_stack(db, settings=(
        "hook.judge.events={validate_password, before_delete}",
        "hook.judge.timeout=15", "server.request_limit=40",
        "api_keys.enabled=true",
        f"hook.judge.program={programs.path('judge')}"))
    client = stack.client
    key = client.post("/users/me/keys", token=client.admin(), json={
        "name": "x", "scope": "users:write"}).json()["key"]

    def while_promoted(user, ask):
        for name in ("waiting", "go"):
            programs.forget(name)

        def promote():
            assert stacks.wait_until(
                lambda: os.path.exists(programs.path("waiting")))
            stack.program_command("user", "set", user["email"],
                                  "--superuser")
            open(programs.path("go"), "w", encoding="utf-8").close()

        answer, _ = parallel([ask, promote])
        return answer.status_code

    taken = client.register()
    assert while_promoted(taken, lambda: client.patch(
        f"/users/{taken['id']}", token=key,
        json={"password": "please wait a little"})) == 403
    assert client.try_login(taken["email"]).status_code == 200
    gone = client.register(new_email("wait"))
    assert while_promoted(gone, lambda: client.delete(
        f"/users/{gone['id']}", token=key)) == 403
    assert client.try_login(gone["email"]).status_code == 200


def test_commands_ask_the_hook_too(pooled):
    stack = pooled.stack
    told = stack.program_command("user", "add", new_email(),
                                 "--password-stdin", check=False,
                                 given="a naughty password\n")
    assert told.returncode == 65
    assert "the password is refused: Password is naughty" in told.stderr

    told = stack.program_command("user", "add", new_email(),
                                 "--password-stdin", check=False,
                                 given="a crash of a password\n")
    assert told.returncode == 75

    user = pooled.register(new_email("naughty"))
    told = stack.program_command("user", "delete", user["id"], check=False)
    assert told.returncode == 65
    assert "the user is not deleted: Password is naughty" in told.stderr


@pytest.mark.about("pool", "the supervisor replaces it")
def test_a_worker_whose_asker_was_killed_is_replaced(new_stack, programs):
    stack = new_stack("sqlite", settings=(
        *SETTINGS, f"hook.judge.program={programs.path('judge')}"), workers=1)
    client = stack.client
    workers = set(stack.worker_pids())
    for worker in workers:
        for asker in stacks.process_children(worker):
            os.kill(asker, signal.SIGKILL)

    answer = register(client, PASSWORD)
    assert answer.status_code == 503
    assert stacks.wait_until(lambda: workers - set(stack.worker_pids()))
    assert stacks.wait_until(
        lambda: register(client, PASSWORD).status_code == 201, step=0.2)


@pytest.mark.about("pool", "workers are killed")
def test_an_asker_ends_with_its_worker(new_stack, programs):
    stack = new_stack("sqlite", settings=(
        *SETTINGS, f"hook.judge.program={programs.path('judge')}"), workers=1)
    stack.kills_with.add(signal.SIGKILL)
    for worker in stack.worker_pids():
        askers = stacks.process_children(worker)
        assert len(askers) == 1
        os.kill(worker, signal.SIGKILL)
        assert stacks.wait_until(
            lambda: not any(map(stacks.process_lives, askers)))


def has_open(pid, path):
    folder = f"/proc/{pid}/fd"
    try:
        return path in [os.readlink(f"{folder}/{fd}")
                        for fd in os.listdir(folder)]
    except OSError:
        return False


def test_a_courier_asks_nobody_and_so_forks_no_asker(new_stack, programs):
    stack = new_stack("sqlite", settings=(
        *SETTINGS, f"hook.judge.program={programs.path('judge')}"))
    courier = stack.launch("courier",
                           [stack.program, "-c", stack.config, "courier"])
    # An asker would be there before the database is.
    assert stacks.wait_until(
        lambda: has_open(courier.pid, stack.path("users.db")))
    children = stacks.process_children(courier.pid)
    courier.send_signal(signal.SIGHUP)
    courier.send_signal(signal.SIGTERM)

    assert stacks.wait_until(lambda: courier.poll() is not None)
    assert courier.returncode == 0 and not children
