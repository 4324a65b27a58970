# SPDX-License-Identifier: MIT
"""tests/stack/up and down, ./start, and the files that they are made of."""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess

import pytest
import requests
import stack as stacks


FOLDER = os.path.join(stacks.TOP, "tests", "stack")


def tool(name, *arguments, **more):
    return subprocess.run([os.path.join(FOLDER, name), *arguments],
                          capture_output=True, text=True, check=False,
                          cwd="/", **more)


def up(*arguments):
    done = tool("up", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def nothing_is_left(told):
    assert not os.path.exists(told["dir"])
    assert not any(map(stacks.process_lives, told["pids"]))
    assert not [p for p in stacks.process_ids()
                if stacks.process_carries(p, told["dir"])]


def test_stacks_side_by_side_leave_nothing_behind(db):
    first, second = up("--db", db), up("--db", db, "--workers", "3")
    try:
        for told in (first, second):
            answer = requests.post(
                told["base_url"] + "/auth/bearer/login", data={
                    "username": told["superuser"]["email"],
                    "password": told["superuser"]["password"]}, timeout=60)
            assert answer.status_code == 200
            assert set(told) >= {
                "base_url", "dir", "api_socket", "password_socket",
                "database_url", "config", "jwt_secret", "reset_secret",
                "verify_secret", "state_secret", "superuser",
                "supervisor_pid", "pids"}
            assert told["supervisor_pid"] in told["pids"]
            assert told["database_url"].startswith(
                {"sqlite": "sqlite:", "postgres": "postgresql://"}[db])
        assert len(stacks.process_children(second["supervisor_pid"])) == 6
        done = tool("down", first["dir"])
        assert (done.returncode, done.stderr) == (0, "")
        nothing_is_left(first)
        assert requests.get(second["base_url"] + "/readyz",
                            timeout=60).status_code == 200
    finally:
        tool("down", first["dir"])
        done = tool("down", second["dir"])
    assert (done.returncode, done.stderr) == (0, "")
    nothing_is_left(second)


def test_what_was_killed_is_cleaned_up_too():
    told = up()
    os.kill(told["supervisor_pid"], 9)

    assert tool("down", told["dir"]).returncode == 0

    nothing_is_left(told)


def test_a_setting_reaches_the_program():
    told = up("--set", "backend.jwt.cookie_secure=false", "--set",
              "server.body_limit=2048", "--set",
              'sessions.allowed_origins={"https://a.example"}')
    try:
        done = subprocess.run([told["program"], "-c", told["config"], "check",
                               "--dump"], check=True, capture_output=True,
                              text=True)
        for line in ('backend "jwt".cookie_secure = false',
                     "server.body_limit = 2048"):
            assert line in done.stdout
        assert "https://a.example" in done.stdout
    finally:
        tool("down", told["dir"])


@pytest.mark.parametrize("arguments", [
    ("--set", "nonsense"), ("--set", "server.nonsense=1"),
    ("--set", "password.passes=0"), ("--build", "/nonexistent")], ids=str)
def test_a_stack_that_cannot_be_is_told_and_leaves_nothing(arguments,
                                                          tmp_path):
    # Started by root it needs a folder that others can enter.
    os.chmod(tmp_path, 0o711)
    for parent in tmp_path.parents[:2]:
        os.chmod(parent, 0o711)

    done = tool("up", *arguments, env={**os.environ,
                                       "TMPDIR": str(tmp_path)})

    assert done.returncode == 1
    assert done.stderr.startswith("tests/stack/up: ")
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_down_refuses_a_folder_that_is_no_stack(tmp_path):
    keep = tmp_path / "keep"
    keep.write_text("dear")

    done = tool("down", str(tmp_path))

    assert done.returncode == 1
    assert keep.read_text() == "dear"


def test_the_nginx_example_is_valid_with_tls_too(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048",
                    "-nodes", "-subj", "/CN=x", "-keyout", tmp_path / "k",
                    "-out", tmp_path / "c"], check=True, capture_output=True)
    with open(os.path.join(stacks.TOP, "nginx.conf.example"),
              encoding="utf-8") as f:
        text = f.read()
    text = text.replace("\tlisten 80;\n", "")
    text = re.sub(r"\t#(listen|ssl_|add_header|set_real_ip|real_ip)", r"\t\1",
                  text)
    text = re.sub(r"/etc/ssl/certs/\S+;", f"{tmp_path}/c;", text)
    text = re.sub(r"/etc/ssl/private/\S+;", f"{tmp_path}/k;", text)
    text = text.replace("listen 443", "listen 127.0.0.1:1443")
    (tmp_path / "site").write_text(text)
    (tmp_path / "conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; include {tmp_path}/site; }}\n")

    done = subprocess.run([stacks.find_command("nginx", "nginx"), "-t", "-e",
                           "stderr", "-p", tmp_path, "-c",
                           tmp_path / "conf"], capture_output=True, text=True,
                          check=False)

    assert done.returncode == 0, done.stderr
    assert "[warn] conflicting" not in done.stderr


@pytest.mark.parametrize("port", ["0", "65536", "99999", "12345678901", "",
                                  "x", "-1"])
def test_a_start_on_a_port_that_cannot_be_is_refused_at_once(port):
    before = sorted(os.listdir(stacks.TOP))
    for arguments in (("--port", port), ("--port=" + port,),
                      ("--stop", "--port", port)):
        done = subprocess.run([os.path.join(stacks.TOP, "start"), *arguments],
                              capture_output=True, text=True, check=False,
                              timeout=10)

        assert done.returncode == 64
        assert done.stderr == ("./start: --port wants a number from 1 to "
                               f"65535, not {port}\n")
    assert not [name for name in set(os.listdir(stacks.TOP)) - set(before)
                if name.startswith(".run")]


class Serve:
    """./start's second half, on a port of its own."""

    def __init__(self, db):
        self.port = stacks.free_port()
        self.db = db
        self.path = os.path.join(stacks.TOP, f".run-{self.port}")

    def __enter__(self):
        return self

    def start(self):
        self.process = subprocess.Popen(
            [os.path.join(FOLDER, "serve"), "--port", str(self.port), "--db",
             self.db, "--build", os.path.dirname(stacks.find_program())],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd="/")
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                return "".join(lines)
        raise AssertionError(self.process.stderr.read())

    def start_in_vain(self):
        """What it says when it cannot."""
        with pytest.raises(AssertionError) as said:
            self.start()
        assert self.process.wait(60) == 1
        return str(said.value)

    def stop(self):
        done = tool("serve", "--stop", "--port", str(self.port))
        assert done.returncode == 0, done.stderr
        self.process.communicate(timeout=60)
        return done.stdout

    def __exit__(self, *_):
        self.process.kill()
        tool("serve", "--stop", "--port", str(self.port))
        folder = os.path.realpath(self.path)
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.islink(self.path):
            os.unlink(self.path)


def paste(said):
    """What a shell says to the transcript."""
    script = "".join(line[2:] + "\n" for line in said.splitlines()
                     if line.startswith("  "))
    done = subprocess.run(["sh", "-u"], input=script, capture_output=True,
                          text=True, check=True, timeout=60,
                          env={"PATH": os.environ["PATH"]})
    return done.stdout.strip().splitlines()


def test_a_start_prints_a_transcript_that_works_and_keeps_the_data(db):
    with Serve(db) as served:
        said = served.start()
        password = re.search(r"with the password (\S+)", said)[1]

        lines = paste(said)

        registered, login, me, patched, shown, verified, deleted = lines
        user = json.loads(registered)
        assert login == "204"
        assert json.loads(me) == user
        changed = json.loads(patched)
        assert changed == {**user, "email": "Queen." + user["email"]}
        assert json.loads(shown) == changed
        assert json.loads(verified) == {**changed, "is_verified": True}
        assert deleted == "204"
        again = subprocess.run(
            [os.path.join(FOLDER, "serve"), "--port", str(served.port)],
            capture_output=True, text=True, check=False)
        assert again.returncode == 1
        assert "served already" in again.stderr
        assert "stopped" in served.stop()
        assert served.process.returncode == 0
        folder = os.path.realpath(served.path)
        assert not [p for p in stacks.process_ids()
                    if stacks.process_carries(p, folder)]

        with open(os.path.join(folder, stacks.LOCAL), "w",
                  encoding="utf-8") as f:
            f.write('routes { users = "/people" }\n')
        said = served.start()

        assert "with the password" not in said
        answer = requests.post(
            f"http://127.0.0.1:{served.port}/auth/bearer/login", timeout=60,
            data={"username": stacks.SUPERUSER, "password": password})
        assert answer.status_code == 200
        assert requests.get(f"http://127.0.0.1:{served.port}/people/me",
                            timeout=60).status_code == 401
        for root, _, files in os.walk(folder):
            for name in files:
                if not os.path.isfile(os.path.join(root, name)):
                    continue
                with open(os.path.join(root, name), "rb") as f:
                    assert password.encode() not in f.read(), name
        served.process.send_signal(2)
        served.process.communicate(timeout=60)
        assert served.process.returncode == 0
        assert not [p for p in stacks.process_ids()
                    if stacks.process_carries(p, folder)]


def test_a_start_has_pages_and_the_limits_of_an_install():
    with Serve("sqlite") as served:
        pages = re.search(r"http\S+/sign-in", served.start())[0]
        assert "<form" in requests.get(pages, timeout=60).text

        statuses = [requests.post(
            f"http://127.0.0.1:{served.port}/auth/bearer/login", timeout=60,
            data={"username": "nobody@example.com", "password": "guess"}
            ).status_code for _ in range(11)]

        assert statuses == [400] * 10 + [429]


def test_a_start_on_a_taken_port_leaves_nothing_behind():
    with Serve("sqlite") as served, socket.socket() as s:
        s.bind(("127.0.0.1", served.port))
        s.listen()

        said = served.start_in_vain()

        assert said.strip() == (f"./start: port {served.port} is in use: "
                                "choose another with --port")
        assert not os.path.lexists(served.path)


def test_a_start_that_failed_loses_no_password(db):
    with Serve(db) as served:
        os.mkdir(served.path)
        if os.geteuid() == 0:
            user = pwd.getpwnam(stacks.UNPRIVILEGED)
            os.chown(served.path, user.pw_uid, user.pw_gid)
        with socket.socket() as s:
            s.bind(("127.0.0.1", served.port))
            s.listen()
            said = served.start_in_vain()
            assert said.strip() == (f"./start: port {served.port} is in use: "
                                    "choose another with --port")

        said = served.start()

        password = re.search(r"with the password (\S+)", said)[1]
        answer = requests.post(
            f"http://127.0.0.1:{served.port}/auth/bearer/login", timeout=60,
            data={"username": stacks.SUPERUSER, "password": password})
        assert answer.status_code == 200
        served.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root signals others")
def test_nobody_but_who_started_it_says_whom_a_stop_signals():
    user = pwd.getpwnam(stacks.UNPRIVILEGED)
    with Serve("sqlite") as served, subprocess.Popen(
            ["sleep", "600"], start_new_session=True) as victim:
        served.start()
        path = os.path.join(served.path, stacks.RECORD)
        try:
            found = os.stat(path)
            assert (found.st_uid, found.st_mode & 0o777) == (0, 0o600)
            with open(path, encoding="utf-8") as f:
                record = f.read()
            marked = {"pid": victim.pid,
                      "start": stacks.process_stat(victim.pid)[3]}
            subprocess.run(
                ["/usr/bin/python3", "-c", "import os, sys; "
                 "os.unlink(sys.argv[1]); "
                 "open(sys.argv[1], 'w').write(sys.argv[2])",
                 os.path.realpath(path),
                 json.dumps({"by": marked, "started": {"x": marked}})],
                check=True, user=user.pw_uid, group=user.pw_gid,
                extra_groups=[], cwd="/")

            done = tool("serve", "--stop", "--port", str(served.port))

            assert done.returncode == 1
            assert "not written by you" in done.stderr
            assert victim.poll() is None
            assert served.process.poll() is None
        finally:
            victim.kill()
        os.unlink(path)
        with open(path, "w", encoding="utf-8") as f:
            f.write(record)
        assert "stopped" in served.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works as another")
def test_a_stop_spares_who_merely_looks_around_in_the_folder():
    with Serve("sqlite") as served:
        served.start()
        with subprocess.Popen(["sleep", "600"],
                              cwd=os.path.realpath(served.path)) as looking:
            try:
                assert "stopped" in served.stop()
                assert looking.poll() is None
            finally:
                looking.kill()
