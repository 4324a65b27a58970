#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Signs in by a provider in a real browser, and says what the browser saw.

  FCU_BUILD=.build tests/browser/oauth_login.py [--db postgres]

Needs chromium, chromium-driver and python3-requests (Debian). The stack and
the provider are those of the HTTP tests; the browser is driven by WebDriver,
and goes every step by itself: it asks for the way, is sent to the provider,
clicks there, is sent back, and shows who it is. Exit code 0: all was as it
must be.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time

import requests

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "http"),
                os.path.join(HERE, "..", "stack")]

import stack as stacks  # noqa: E402
from oauth_client import COOKIE, new_sub, settings_for  # noqa: E402
from provider import Provider  # noqa: E402

SECONDS = 60
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
CHEAP = ["password.memory_kib=8", "password.passes=1", "password.lanes=1"]


class Browser:
    """A browser of its own: no cookies, no history."""

    def __init__(self, driver, folder):
        self.driver = driver
        self.folder = folder

    def __enter__(self):
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage",
                            f"--user-data-dir={self.folder}"]}
        made = self.call("POST", "", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options}}}, new=True)
        self.session = made["sessionId"]
        self.name = "{browserName} {browserVersion}".format(
            **made["capabilities"])
        return self

    def __exit__(self, *_):
        self.call("DELETE", "")

    def call(self, method, path, body=None, new=False):
        where = "/session" if new else f"/session/{self.session}{path}"
        answer = requests.request(
            method, self.driver + where, timeout=SECONDS,
            json=body if method == "POST" else None).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(answer["message"])
        return answer

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    @property
    def url(self):
        return self.call("GET", "/url")

    def text(self):
        return self.call("POST", "/execute/sync", {
            "script": "return document.body.innerText", "args": []})

    def cookies(self):
        return {c["name"]: c for c in self.call("GET", "/cookie")}

    def click(self, selector):
        found = self.call("POST", "/element", {
            "using": "css selector", "value": selector})
        self.call("POST", f"/element/{found[ELEMENT]}/click", {})

    def wait(self, condition):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):
                found = condition()
                if found:
                    return found
            time.sleep(0.05)
        raise AssertionError(f"in vain; the browser is at {self.url}")


@contextlib.contextmanager
def driver(folder):
    """chromedriver(1) on a port that it chooses."""
    log = os.path.join(folder, "driver.log")
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(["chromedriver", "--port=0"], stdout=out,
                                   stderr=out)
    try:
        deadline = time.monotonic() + SECONDS
        port = None
        while port is None and time.monotonic() < deadline:
            time.sleep(0.05)
            with open(log, encoding="utf-8") as f:
                for line in f:
                    if "started successfully on port" in line:
                        port = line.rstrip(".\n").rpartition(" ")[2]
        if port is None:
            raise RuntimeError("chromedriver does not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def say(text):
    print(f"oauth_login: {text}", flush=True)


def go(browser, base, name):
    """To the provider and, by a click there, back."""
    browser.open(f"{base}/auth/{name}/authorize")
    browser.open(json.loads(browser.text())["authorization_url"])
    browser.wait(lambda: "Sign in as" in browser.text())
    say(f"at the provider, {browser.url.partition('?')[0]}: "
        f"{browser.text()!r}")
    browser.click("button")


def check_cookie(browser, stack, provider):
    """The login of a cookie backend answers nothing: the browser stays where
    it was, and is signed in."""
    go(browser, stack.base_url, "cookie")
    browser.wait(lambda: any(c["path"] == "/token" for c in provider.calls)
                 and browser.open(stack.base_url + "/users/me") is None
                 and "oauth_accounts" in browser.text())
    me = json.loads(browser.text())
    say(f"/users/me shows {me['email']}, {len(me['oauth_accounts'])} account "
        f"of {me['oauth_accounts'][0]['oauth_name']}")
    cookie = browser.cookies()["fastapiusersauth"]
    assert cookie["httpOnly"] and cookie["secure"] \
        and cookie["sameSite"] == "Lax"
    csrf = browser.cookies()[COOKIE]
    assert csrf["httpOnly"] and csrf["secure"] and csrf["sameSite"] == "Lax"
    say("both cookies are HttpOnly, Secure and SameSite=Lax")


def check_bearer(browser, stack):
    go(browser, stack.base_url, "test")
    browser.wait(lambda: "access_token" in browser.text())
    answer = json.loads(browser.text())
    assert answer["token_type"] == "bearer"
    say(f"the callback shows a bearer token of {len(answer['access_token'])} "
        "characters")
    return browser.url


def check_other_browser(browser, url):
    """The same address in a browser that did not begin the way."""
    browser.open(url)
    assert json.loads(browser.text()) == {"detail": "OAUTH_INVALID_STATE"}
    assert COOKIE not in browser.cookies()
    say("another browser with that address: " + browser.text())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--db", default="sqlite",
                        choices=["sqlite", "postgres"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, \
            contextlib.closing(Provider(folder)) as provider:
        provider.shows_page = True
        provider.faults["consent"] = {"sub": new_sub(),
                                      "email": "browser@example.com"}
        stack = stacks.Stack(db=asked.db, prefix="fastcgi-users-test-",
                             settings=[*CHEAP, *settings_for(provider)])
        try:
            stack.start()
            with driver(folder) as address:
                with Browser(address, folder + "/one") as browser:
                    say(f"{browser.name}, {asked.db}")
                    check_cookie(browser, stack, provider)
                    provider.faults["consent"] = {
                        "sub": new_sub(), "email": "bearer@example.com"}
                    url = check_bearer(browser, stack)
                with Browser(address, folder + "/two") as browser:
                    check_other_browser(browser, url)
        finally:
            stack.remove()
    say("all is well")


if __name__ == "__main__":
    main()
