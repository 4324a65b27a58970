# SPDX-License-Identifier: MIT
"""FastAPI Users with its best settings, on the database of a stack of ours:
both programs take each other's tokens and hashes. Nothing stands before it:
uvicorn is asked itself, which costs it no web server.
"""

import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import environment
import stack as stacks

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
REQUIREMENTS = (HERE / "requirements.txt",
                TESTS / "reference" / "requirements.txt",
                TESTS / "golden" / "requirements.txt")
WORKERS = 2
# Connections of each worker to the database: none of 32 clients waits.
POOL = 16


def install(build):
    """The interpreter that has it."""
    try:
        return environment.environment(Path(build) / "bench-venv",
                                       REQUIREMENTS)
    except environment.Failure as e:
        raise stacks.Failure(str(e)) from e


def version(python):
    """What is installed."""
    done = subprocess.run([str(python), "-m", "pip", "list"], text=True,
                          capture_output=True, check=False)
    found = dict(re.findall(r"^(\S+) +(\S+)$", done.stdout, re.M))
    return ", ".join(f"{name} {found.get(name, '?')}" for name in (
        "fastapi-users", "fastapi", "uvicorn", "uvloop", "httptools",
        "asyncpg"))


class Reference:
    """It, running."""

    def __init__(self, python, stack, folder):
        self.stack = stack
        self.port = stacks.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = os.path.join(folder, f"reference-{self.port}.log")
        # Milliseconds until it answered.
        begun = time.monotonic()
        self.process = self.start(python)
        try:
            self.wait()
        except BaseException:
            self.end()
            raise
        self.start_ms = (time.monotonic() - begun) * 1000

    def start(self, python):
        """Starts uvicorn."""
        command = [str(python), "-m", "uvicorn", "reference_app:app",
                   "--port", str(self.port), "--workers", str(WORKERS),
                   "--loop", "uvloop", "--http", "httptools",
                   "--log-level", "critical", "--no-access-log"]
        secrets = {f"{name.upper()}_SECRET": value
                   for name, value in self.stack.secrets.items()}
        database = ("postgresql+asyncpg://fastcgi_users@/fastcgi_users?host="
                    + self.stack.path("postgres"))
        # What reference_app.py sets up by default but for the settings here.
        variables = {"REFERENCE_DATABASE": database, "POOL": str(POOL),
                     "BEARER_SECRET": secrets["JWT_SECRET"],
                     "PYTHONDONTWRITEBYTECODE": "1", **secrets}
        with open(self.log_path, "w", encoding="utf-8") as log:
            return subprocess.Popen(command, cwd=TESTS / "golden", stdout=log,
                                    stderr=log, start_new_session=True,
                                    env={**os.environ, **variables})

    def answers(self):
        """Whether it refuses who is not signed in."""
        if self.process.poll() is not None:
            with open(self.log_path, encoding="utf-8") as log:
                raise stacks.Failure("FastAPI Users does not start: "
                                     + log.read()[-600:])
        try:
            urllib.request.urlopen(self.url + "/users/me", timeout=10).close()
        except urllib.error.HTTPError as e:
            return e.code == 401
        except OSError:
            return False
        return True

    def wait(self):
        """Until it answers."""
        if not stacks.wait_until(self.answers):
            raise stacks.Failure("FastAPI Users does not answer")

    def roots(self):
        """Whose processor time an answer takes: {what: process}."""
        return {"program": self.process.pid,
                "PostgreSQL": self.stack.processes["postgres"]["pid"]}

    def workers(self):
        """The processes that answer."""
        return [pid for pid in stacks.process_children(self.process.pid)
                if stacks.process_children(pid) or "spawn_main" in
                read_command(pid)]

    def end(self):
        """Ends it."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def read_command(pid):
    """The command line of a process."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
