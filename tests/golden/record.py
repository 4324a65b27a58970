"""Start the reference, play every case and write golden.json.

    record.py [PORT]

Run it with an interpreter that has the packages of the reference.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import cases_email
import cases_form
import cases_json
import cases_later
import cases_pages
import cases_path
import cases_token
import cases_user
from player import COMPARED, HTTP_FAILURE, WILD, Player

HERE = Path(__file__).resolve().parent
SHORTEST = 8
MODULES = (
    cases_json,
    cases_form,
    cases_token,
    cases_user,
    cases_path,
    cases_email,
    cases_later,
    cases_pages,
)
SECRETS = {
    name: f"golden-{name}-secret-0123456789abcdef0123456789"
    for name in ("jwt", "bearer", "reset", "verify")
}
ROOT = {"email": "root@example.org", "password": "the root of all tests"}
PACKAGES = (
    "fastapi-users", "fastapi-users-db-sqlalchemy", "fastapi", "starlette", "pydantic",
    "pydantic-core", "email-validator", "idna", "python-multipart", "pwdlib",
    "argon2-cffi", "PyJWT", "SQLAlchemy", "aiosqlite", "uvicorn", "h11",
)  # fmt: skip


class Recorder(Player):
    """A player that keeps the answers instead of comparing them."""

    def abstract(self, text):
        """Put placeholders where values of this run are."""
        text = re.sub(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+", "{ANY_TOKEN}", text)
        known = {
            k: v
            for k, v in self.vars.items()
            if len(v) >= SHORTEST and not k.startswith("ROOT")
        }
        for name in sorted(known, key=lambda k: (-len(known[k]), k)):
            text = text.replace(known[name], f"{{{name}}}")
        return re.sub(WILD["{ANY_UUID}"], self.unknown_uuid, text)

    @staticmethod
    def unknown_uuid(match):
        """Keep the ids that a case wrote itself."""
        return match[0] if match[0].startswith("00000000") else "{ANY_UUID}"

    def play_step(self, step, reference):
        """Play one step and write down its answer."""
        if "mailed" in step:
            for name, event in step["mailed"].items():
                self.vars[name] = self.mailed(event)
        got = self.send(step["request"])
        headers = {}
        for name in COMPARED:
            found = [self.abstract(v) for v in got.all(name)]
            if found:
                headers[name] = found[0] if len(found) == 1 else found
        step["answer"] = {"status": got.status, "headers": headers}
        if got.body:
            step["answer"]["body"] = (
                "{ANY}"
                if step.get("unread")
                else self.abstract(got.body.decode("utf-8"))
            )
        if got.status < HTTP_FAILURE:
            self.take(step, got)
        return []


def environment(folder, refuse):
    """Return the environment of the reference."""
    out = {
        **os.environ,
        "REFERENCE_DATABASE": f"{folder}/reference.db",
        "TOKEN_LOG": f"{folder}/tokens",
        "PYTHONDONTWRITEBYTECODE": "1",
        "REFUSE": "1" if refuse else "0",
    }
    out.update({f"{name.upper()}_SECRET": text for name, text in SECRETS.items()})
    return out


def start(folder, port, refuse):
    """Start the reference and return its process."""
    command = [sys.executable, "-m", "uvicorn", "reference_app:app"]
    command += ["--port", str(port), "--log-level", "critical"]
    Path(folder, "tokens").touch()
    return subprocess.Popen(
        command,
        cwd=HERE,
        env=environment(folder, refuse),
        stderr=subprocess.DEVNULL,
    )


def make_root(player, folder):
    """Register the superuser of the state file."""
    for _ in range(100):
        try:
            player.json(201, "POST", "/auth/register", ROOT)
            break
        except OSError:
            time.sleep(0.1)
    with sqlite3.connect(f"{folder}/reference.db") as database:
        database.execute("UPDATE user SET is_superuser = 1")


def collect():
    """Return all cases and all token descriptions."""
    found = [one for module in MODULES for one in module.cases()]
    tokens = {**cases_token.specs(), **cases_later.specs()}
    names = [(one["group"], one["name"]) for one in found]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise SystemExit("cases of the same name: " + ", ".join(twice))
    return found, tokens


def play(found, tokens, port, refuse):
    """Record the cases against one start of the reference."""
    with tempfile.TemporaryDirectory() as folder:
        state = {
            "superuser": ROOT,
            "secrets": SECRETS,
            "token_log": f"{folder}/tokens",
        }
        player = Recorder(f"http://127.0.0.1:{port}", state, tokens)
        server = start(folder, port, refuse)
        try:
            make_root(player, folder)
            player.prepare()
            for one in found:
                player.play(one)
        finally:
            server.terminate()
            server.wait()


def versions():
    """Return the versions of the packages that were recorded."""
    out = {"python": sys.version.split()[0]}
    out.update({name: version(name) for name in PACKAGES})
    return out


def write(found, tokens):
    """Write golden.json, one case or token a line."""

    def line(value):
        return json.dumps(value, ensure_ascii=True)

    parts = [
        '"versions": ' + line(versions()),
        '"tokens": {\n'
        + ",\n".join(f"{line(k)}: {line(v)}" for k, v in tokens.items())
        + "\n}",
        '"cases": [\n' + ",\n".join(line(one) for one in found) + "\n]",
    ]
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    HERE.joinpath("golden.json").write_text(text, encoding="ascii")


def main():
    """Record everything."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8917
    found, tokens = collect()
    for refuse in (False, True):
        play(
            [c for c in found if c.get("policy", False) == refuse], tokens, port, refuse
        )
    write(found, tokens)
    print(f"{len(found)} cases written")


if __name__ == "__main__":
    main()
