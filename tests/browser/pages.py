#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages in a real browser: chromium, driven by playwright-core.

  FCU_BUILD=.build tests/browser/pages.py [--db postgres] [--shots FOLDER]

Needs chromium, node, npm, python3-requests and python3-aiosmtpd. The stack and
the mail server are those of the HTTP tests; pages.mjs goes every flow, with
JavaScript and without, on a phone and a desktop, light and dark, has axe-core
look at each page, and keeps a picture of each. The last line says how many
passed and failed.
"""

import argparse
import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qs, urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "http"),
                os.path.join(HERE, "..", "stack")]

import stack as stacks  # noqa: E402
from commands import execute  # noqa: E402
from mail_server import MailServer  # noqa: E402

SECONDS = 900
# package, version, SHA-256 of its archive
PACKAGES = (
    ("playwright-core", "1.65.1", "6f5a60be62a4fddfbe7d10c448d8fbd54547da3358f2f8a04211440471ee863e"),
    ("axe-core", "4.14.1", "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"),
)
SETTINGS = ("password.memory_kib=8", "password.passes=1", "password.lanes=1",
            "limits.enabled=false", "mail.from=users@example.org",
            "mail.tls=none",
            "pages.site=Example", "api_keys.enabled=true",
            "users.delete_me=true",
            "admin.page_limit=4",
            "field.name.max=40", "field.name.help=Your name",
            "field.news.type=boolean", "field.news.initial=false",
            "field.news.help=Send me the news")


def fetch(folder):
    """The packages into folder/node_modules, each what it was when this was
    written."""
    for name, version, digest in PACKAGES:
        place = os.path.join(folder, "node_modules", name)
        archive = os.path.join(folder, f"{name}-{version}.tgz")
        subprocess.run(["npm", "pack", "--silent", "--ignore-scripts",
                        f"{name}@{version}"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, timeout=SECONDS)
        with open(archive, "rb") as f:
            if hashlib.sha256(f.read()).hexdigest() != digest:
                raise SystemExit(f"{name} {version} is not what it was")
        os.makedirs(place)
        subprocess.run(["tar", "-xzf", archive, "-C", place,
                        "--strip-components=1", "--no-same-owner"],
                       check=True)


def mailbox(mails):
    """Serves the last mail to an address, for the browser's script."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            to = parse_qs(urlsplit(self.path).query)["to"][0]
            found = [m for m in mails.mails if to in m.recipients]
            body = json.dumps([{"subject": m.subject, "text": m.text}
                               for m in found]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def fill_outbox(stack):
    """With what nobody delivers while this runs."""
    now = int(time.time())
    for state in ("waiting", "dead"):
        execute(stack, "INSERT INTO fcu_outbox (message_id, event, target, "
                "user_key, payload, state, attempts, attempts_before, "
                "created_at, due_at, claimed_until, expires_at, last_error) "
                "VALUES ('msg_1', 'after_register', 'mail:mail', "
                f"'7b2c1d1e-5a3f-4c55-9f0e-3a9d2f6c8b10', '{{}}', '{state}', "
                f"3, 0, {now}, {now + 9000}, 0, {now + 90000}, "
                "'smtp://nowhere.example.org:587: no answer within 30 s')")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", choices=("sqlite", "postgres"),
                        default="sqlite")
    parser.add_argument("--shots", metavar="FOLDER",
                        help="where the pictures go")
    asked = parser.parse_args()
    mails = MailServer()
    box = mailbox(mails)
    with tempfile.TemporaryDirectory(prefix="fastcgi-users-browser-") as work:
        fetch(work)
        stack = stacks.Stack(
            db=asked.db, prefix="fastcgi-users-test-",
            settings=[*SETTINGS, f"mail.url=smtp://127.0.0.1:{mails.port}",
                      "mail.base_url=http://localhost"])
        try:
            stack.start()
            fill_outbox(stack)
            base = stack.base_url.replace("127.0.0.1", "localhost")
            with open(os.path.join(HERE, "pages.mjs"), "rb") as source, \
                    open(os.path.join(work, "pages.mjs"), "wb") as copy:
                copy.write(source.read())
            shots = os.path.abspath(asked.shots or os.path.join(work, "shots"))
            os.makedirs(shots, exist_ok=True)
            done = subprocess.run(
                ["node", os.path.join(work, "pages.mjs")], timeout=SECONDS,
                env={**os.environ, "BASE": base, "SHOTS": shots,
                     "MAILBOX": f"http://127.0.0.1:{box.server_port}/",
                     "SUPERUSER": json.dumps(stack.superuser)}, check=False)
            return done.returncode
        finally:
            stack.stop()
            stack.remove()
            mails.down()


if __name__ == "__main__":
    stacks.end_when_told(KeyboardInterrupt)
    sys.exit(main())
