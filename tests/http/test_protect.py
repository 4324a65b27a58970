# SPDX-License-Identifier: MIT
"""Files and CGI programs for users only, on each web server as its example in
etc/ guards them."""

import time

import pytest

from client import access_claims, new_email
from guarded_site import FOLDERS, PAGES, SITES, Caddy

pytestmark = pytest.mark.about(
    "pool", "the sites have web servers of their own, which ask a pool")


@pytest.fixture(scope="module", params=SITES)
def site(request, house, db):
    kind = SITES[request.param]
    made = house.make(db, settings=kind.settings())
    try:
        yield kind(made)
    finally:
        house.end(made)


def environment(answer):
    """What the CGI program was told."""
    assert answer.status_code == 200, answer.text
    return dict(line.split("=", 1)
                for line in answer.content.decode().split("\n")
                if "=" in line)


def change(site, user, **members):
    assert site.users.patch(f"/users/{user['id']}", token=site.users.admin(),
                            json=members).status_code == 200


def test_a_stranger_is_told_where_to_sign_in(site):
    for folder in FOLDERS:
        for path in ("page.html", "env.cgi", "", "not-there"):
            answer = site.get(f"/{folder}/{path}")
            assert site.is_login(answer), (folder, path, answer.text)
    assert site.get("/public/page.html").text == PAGES["public"]


def test_a_user_gets_the_file_and_the_program_by_token_and_by_cookie(site):
    user, token = site.users.newcomer()
    cookie = site.users.login_cookie(user["email"])

    for way in ({"token": token}, {"cookie": cookie}):
        answer = site.get("/members/page.html", **way)
        assert answer.text == PAGES["members"]
        assert not [name for name in answer.headers
                    if name.lower().startswith(("variable-", "remote-"))]
        told = environment(site.get("/members/env.cgi?a=b", **way))
        assert told["REMOTE_USER"] == user["id"]
        assert told["REMOTE_EMAIL"] == user["email"]
        assert told["QUERY_STRING"] == "a=b"


def test_a_program_gets_the_body_of_its_request(site):
    token = site.users.newcomer()[1]

    for size in (1, 70000):
        told = environment(site.post("/members/env.cgi", token=token,
                                     data="b" * size))
        assert told["REQUEST_METHOD"] == "POST"
        assert told["BODY"] == str(size)
        assert site.is_login(site.post("/members/env.cgi", data="b" * size))


def test_an_address_in_another_script_reaches_the_program(site):
    user = site.users.register(new_email("müller.日本"))

    told = environment(site.get("/members/env.cgi",
                                token=site.users.login(user["email"])))

    assert told["REMOTE_EMAIL"] == user["email"]


def test_what_is_demanded_is_looked_at(site):
    user, token = site.users.newcomer()

    for verified, superuser in ((False, False), (True, False), (False, True),
                                (True, True)):
        change(site, user, is_verified=verified, is_superuser=superuser)
        for folder, may in (("members", True), ("verified", verified),
                            ("admins", superuser)):
            for page in ("page.html", "env.cgi"):
                answer = site.get(f"/{folder}/{page}", token=token)
                expected = 200 if may else site.forbidden
                assert answer.status_code == expected, (
                    folder, page, verified, superuser)
                assert may or PAGES[folder] not in answer.text


def test_a_folder_in_a_guarded_one_demands_more(site):
    """By a parameter, that is, but for nginx."""
    token = site.users.newcomer()[1]

    for headers in ({}, {"Fcu-Require": "", "FCU_REQUIRE": "verified"}):
        answer = site.get("/members/strict/page.html", token=token,
                          headers=headers)
        assert answer.status_code == site.forbidden
        assert PAGES["members"] not in answer.text
        assert site.is_login(site.get("/members/strict/page.html",
                                      headers=headers))
        assert site.get("/members/strict/page.html", headers=headers,
                        token=site.users.admin()).text == PAGES["members"]


def test_who_is_ended_is_let_in_no_more_at_once(site):
    def inactive(user, token):
        change(site, user, is_active=False)

    def deleted(user, token):
        site.users.delete(f"/users/{user['id']}", token=site.users.admin())

    def signed_out(user, token):
        site.users.post("/auth/bearer/logout", token=token)

    for end in (inactive, deleted, signed_out):
        user, token = site.users.newcomer()
        assert site.get("/members/page.html", token=token).status_code == 200
        end(user, token)
        assert site.is_login(site.get("/members/page.html", token=token)), end


def test_every_method_is_guarded(site):
    token = site.users.newcomer()[1]

    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
                   "PROPFIND", "TRACE", "get"):
        for page in ("page.html", "env.cgi"):
            stranger = site.request(method, f"/members/{page}")
            assert stranger.status_code >= 300, (method, page)
            assert PAGES["members"] not in stranger.text
            lesser = site.request(method, f"/admins/{page}", token=token)
            assert lesser.status_code >= 400, (method, page)
            assert PAGES["admins"] not in lesser.text
    assert site.request("HEAD", "/members/page.html",
                        token=token).status_code == 200


def test_a_pool_that_is_gone_lets_nobody_in(house):
    for name, kind in SITES.items():
        if name == "apache-fcgid":
            continue
        made = house.make("sqlite", settings=kind.settings())
        one = kind(made)
        token = one.users.newcomer()[1]
        assert one.get("/members/page.html", token=token).status_code == 200
        handle = made.handles["pool"]
        handle.terminate()
        handle.wait(60)
        answer = one.get("/members/page.html", token=token)
        assert answer.status_code in (500, 502, 503), name
        assert PAGES["members"] not in answer.text
        house.end(made)


@pytest.mark.parametrize("name", SITES)
def test_a_trusted_signature_is_good_until_it_expires(house, name):
    kind = SITES[name]
    made = house.make("sqlite", settings=[
        *kind.settings(), "guard.trust_signature=true",
        'guard.headers={"Remote-User=id"}',
        'guard.variables={"REMOTE_USER=id"}'])
    one = kind(made)
    user = one.users.register()
    now = int(time.time())
    token = one.users.sign(access_claims(user, exp=now + 3600, iat=now))
    expired = one.users.sign(access_claims(user, exp=now - 1, iat=now - 3600))
    change(one, user, is_active=False)

    told = environment(one.get("/members/env.cgi", token=token))
    assert told["REMOTE_USER"] == user["id"]
    # A demand reads the user.
    assert one.is_login(one.get("/verified/page.html", token=token))
    assert one.is_login(one.get("/members/page.html", token=expired))
    house.end(made)


def test_nginx_sends_the_file_that_a_guarded_program_names(house, db):
    made = house.make(db, settings=SITES["nginx"].settings())
    one = SITES["nginx"](made)
    token = one.users.newcomer()[1]

    assert one.get("/downloads/page.html", token=token).text == PAGES["files"]
    assert one.is_login(one.get("/downloads/page.html"))
    for way in ({}, {"token": token}):
        assert one.get("/.files/page.html", **way).status_code == 404
        for path in ("/.users/check", "/.users/check/superuser"):
            assert one.get(path, **way).status_code == 404
    house.end(made)


def test_caddy_lets_users_in_and_believes_no_header(house):
    made = house.make("sqlite", settings=Caddy.settings())
    one = Caddy(made)
    user, token = one.users.newcomer()
    admin = one.users.admin()
    forged = {"Remote-User": "root", "Remote_User": "root",
              "REMOTE_EMAIL": "root", "FCU_REQUIRE": "", "Fcu-Require": ""}

    assert one.get("/public/page.html").text == PAGES["public"]
    for folder in FOLDERS:
        assert one.is_login(one.get(f"/{folder}/page.html", headers=forged))
    for headers in ({}, forged):
        told = one.post("/members/told", token=token, headers=headers,
                        data="a body that is the guarded one's")
        assert told.text.split() == [user["id"]]
        assert one.get("/members/page.html", token=token,
                       headers=headers).text == PAGES["members"]
        for folder in ("verified", "admins"):
            assert one.get(f"/{folder}/page.html", token=token,
                           headers=headers).status_code == 403
            assert one.get(f"/{folder}/page.html", token=admin,
                           headers=headers).text == PAGES[folder]
    house.end(made)
