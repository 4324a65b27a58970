# SPDX-License-Identifier: MIT
"""The address that makes the first superuser, once."""

import concurrent.futures
import json
import os
import re
import shutil
import tempfile
import time

import pytest
import stack as stacks

from client import PASSWORD, new_email
from commands import run

SECRET = "a secret of the owner's own"


class Site:
    """A stack that nobody administers yet, and the file that opens it."""

    def __init__(self, stack, path):
        self.stack = stack
        self.client = stack.client
        self.path = path

    def reopen(self, secret=SECRET, mode=0o600):
        for line in run(self.stack, "user", "list",
                        "--json").stdout.splitlines():
            user = json.loads(line)
            if user["is_superuser"]:
                run(self.stack, "user", "delete", user["id"])
        for name in (self.path, self.path + ".tries"):
            if os.path.exists(name):
                os.unlink(name)
        if secret is not None:
            with open(self.path, "w", encoding="utf-8") as f:
                f.write(secret + "\n")
            os.chmod(self.path, mode)
            user = stacks.user_to_run_as()
            if user:
                os.chown(self.path, user.pw_uid, user.pw_gid)

    def send(self, secret=SECRET, email=None, password=PASSWORD, **more):
        return self.client.post("/setup", data={
            "secret": secret, "email": email or new_email("boss"),
            "password": password, **more})

    def is_closed(self):
        answers = [self.client.get("/setup"), self.send()]
        return [(a.status_code, a.json()) for a in answers] == [
            (404, {"detail": "Not Found"})] * 2


@pytest.fixture(scope="module")
def sites(house):
    """One for each database, made when it is asked for."""
    made = {}

    def get(db):
        if db not in made:
            folder = tempfile.mkdtemp(prefix="fastcgi-users-setup-")
            user = stacks.user_to_run_as()
            if user:
                os.chown(folder, user.pw_uid, user.pw_gid)
            path = os.path.join(folder, "setup.secret")
            made[db] = Site(house.make(
                db, settings=[f"secrets.setup_file={path}"], workers=2), path)
        return made[db]

    yield get
    for site in made.values():
        house.end(site.stack)
        shutil.rmtree(os.path.dirname(site.path))


@pytest.fixture
def site(sites, db):
    one = sites(db)
    one.reopen()
    return one


def test_the_secret_makes_a_superuser_who_may_do_everything(site):
    answer = site.send(email="Boss@Example.com")

    assert answer.status_code == 201, answer.text
    user = answer.json()
    assert (user["is_superuser"], user["is_verified"], user["is_active"]) == (
        True, True, True)
    token = site.client.login(user["email"])
    assert site.client.get(f"/users/{user['id']}", token=token).json() == user


def test_it_is_good_once(site):
    assert site.send().status_code == 201

    assert site.is_closed()
    assert not os.path.exists(site.path)


def test_of_many_at_once_one_makes_a_superuser(site):
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: site.send(), range(10)))

    assert sorted(a.status_code for a in answers) == [201] + [404] * 9


def test_without_the_file_the_address_is_not_there(site):
    site.reopen(secret=None)

    assert site.is_closed()


def test_where_a_superuser_is_the_secret_opens_nothing_and_goes(site):
    run(site.stack, "user", "add", new_email(), "--superuser", "--generate")

    assert site.is_closed()
    assert not os.path.exists(site.path)


@pytest.mark.parametrize("wrong", ["x", SECRET[:-1], SECRET + "x",
                                   SECRET.upper(), "b" + SECRET[1:]])
def test_another_secret_is_refused(site, wrong):
    answer = site.send(secret=wrong)

    assert (answer.status_code, answer.json()) == (
        403, {"detail": "Forbidden"})
    assert site.send().status_code == 201


def test_after_twenty_wrong_tries_the_right_one_is_refused_too(site):
    for _ in range(20):
        assert site.send(secret="wrong").status_code == 403

    assert site.is_closed()
    assert "20 wrong tries" in site.stack.program_log()


def test_tries_at_once_are_all_counted(site):
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: site.send(secret="wrong"),
                                range(40)))

    assert sorted(a.status_code for a in answers) == [403] * 20 + [404] * 20


def test_a_file_that_is_put_there_anew_opens_it_again(site):
    for _ in range(20):
        site.send(secret="wrong")
    os.utime(site.path + ".tries", (0, 0))

    assert site.send().status_code == 201


def test_a_refused_password_spends_nothing(site):
    answer = site.send(password="short")

    assert answer.status_code == 400
    assert answer.json()["detail"]["code"] == "REGISTER_INVALID_PASSWORD"
    assert site.send().status_code == 201


def test_a_short_secret_opens_nothing(site):
    site.reopen(secret="nineteen characters")

    assert site.is_closed()


def test_a_secret_that_others_may_read_opens_nothing(site):
    folder = os.path.dirname(site.path)
    kept = os.stat(folder).st_mode & 0o777
    site.reopen(mode=0o644)
    try:
        os.chmod(folder, 0o755)
        assert site.is_closed()
    finally:
        os.chmod(folder, kept)


def test_what_is_no_file_opens_nothing(site):
    os.rename(site.path, site.path + ".moved")
    os.symlink(site.path + ".moved", site.path)

    assert site.is_closed()


def test_the_page_has_labels_and_no_script(site):
    answer = site.client.get("/setup")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "<script" not in answer.text and "style" not in answer.text
    assert 'lang="en"' in answer.text and "<h1>" in answer.text
    inputs = re.findall(r'<input id="(\w+)"', answer.text)
    labels = re.findall(r'<label for="(\w+)"', answer.text)
    assert inputs == labels == ["secret", "email", "password", "repeated"]
    # Nothing of it is told to who merely finds the page.
    assert SECRET not in answer.text and site.path not in answer.text


def test_the_page_is_answered_by_a_page(site):
    wrong = site.send(secret="<wrong>", email="<b>@example.com", page="1",
                      repeated=PASSWORD)
    differs = site.send(page="1", repeated=PASSWORD + "x")
    refused = site.send(page="1", secret="wrong")
    weak = site.send(page="1", password="short", repeated="short")
    right = site.send(page="1", repeated=PASSWORD)

    assert [a.status_code for a in (wrong, differs, refused, weak, right)] == [
        422, 422, 403, 400, 201]
    assert all(a.headers["Content-Type"].startswith("text/html")
               for a in (wrong, differs, refused, weak, right))
    assert "<b>" not in wrong.text and "&lt;b&gt;@example.com" in wrong.text
    assert "not the same" in differs.text
    assert "not the secret" in refused.text
    assert 'role="alert"' in weak.text and "characters" in weak.text
    assert 'role="status"' in right.text
    assert site.is_closed()


def test_neither_secret_nor_password_is_logged(site):
    site.send(secret="another secret of nobody's")
    site.send()
    time.sleep(0.1)

    log = site.stack.program_log()
    assert "event=setup_done" in log and "event=setup_refused" in log
    assert SECRET not in log and "nobody's" not in log and PASSWORD not in log


def test_where_it_is_not_configured_there_is_no_such_address(client):
    assert client.get("/setup").status_code == 404
    assert client.post("/setup", data={}).status_code == 404
