# SPDX-License-Identifier: MIT
"""The pages, against somebody who makes up links to them."""

from urllib.parse import quote

import pytest

from browsing import Browser
from client import PASSWORD, new_email
from oauth_client import new_sub, through_provider


@pytest.mark.parametrize("where", [
    '/a"b', "/a,b", "/a;b", "/a;Domain=evil.example", "/'", "/a=b&c", "/{x}",
    "/<b>", "/" + "a" * 5000])
def test_any_place_to_return_to_begins_a_way_through_a_provider(oauth, where):
    """A cookie holds fewer characters than an address does."""
    browser = Browser(oauth.client)

    answer = browser.ask("GET", "/sign-in/test?return_to="
                         + quote(where, safe=""))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(oauth.provider.url)
    for line in answer.raw.headers.getlist("Set-Cookie"):
        assert "Domain" not in line and len(line) < 4096


def test_the_longest_place_leaves_room_in_what_a_web_server_reads(oauth):
    """nginx takes 4096 bytes of headers, and providers' addresses are long."""
    browser = Browser(oauth.client)

    answer = browser.ask("GET", "/sign-in/test?return_to=/" + "a" * 999)
    assert answer.status_code == 303
    assert sum(len(f"{k}: {v}\r\n") for k, v in
               answer.raw.headers.items()) < 3000
    assert "a" * 999 in browser.go("/sign-in?return_to=/" + "a" * 999).form(
        "/sign-in")["fields"]["return_to"]
    assert "return_to" not in browser.go(
        "/sign-in?return_to=/" + "a" * 1000).form("/sign-in")["fields"]


def test_a_way_through_a_provider_ends_where_it_was_to_end(oauth):
    browser = Browser(oauth.client)

    through_provider(oauth, browser, "/sign-in/test?return_to="
                     + quote('/account?a"b,c;d=\'e', safe=""),
                     sub=new_sub(), email=new_email("oauth"))
    assert browser.path == '/account?a"b,c;d=\'e'


@pytest.mark.parametrize("cookie", [
    "-", "L2FjY291bnQ", "Ly9ldmlsLmV4YW1wbGU", "/account", "L2EAYg", "!", "a",
    "aHR0cHM6Ly9ldmlsLmV4YW1wbGU", "L2ENClg6IHk", '"', "A" * 3000])
def test_no_cookie_leads_out_of_the_house(oauth, cookie):
    browser = Browser(oauth.client)
    browser.ask("GET", "/sign-in/test")
    answer = browser.ask("GET", "/sign-in/test")
    back = oauth.provider.consent(answer.headers["Location"], sub=new_sub(),
                                  email=new_email("oauth"))
    [name] = [n for n in browser.cookies if n.endswith("fcu_way")]
    browser.cookies[name] = cookie

    answer = browser.ask("GET", "/auth/test/callback", params=back)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/account"
    assert "X" not in answer.headers


def test_a_link_of_another_site_connects_nothing(oauth):
    """CVE-2015-9284: who is at the provider as somebody else would get his
    account taken over."""
    browser = Browser(oauth.client)
    browser.sign_in(oauth.client.register()["email"], PASSWORD)
    stranger = Browser(oauth.client)
    stranger.sign_in(oauth.client.register()["email"], PASSWORD)
    [foreign] = [x for x in stranger.page.links if "/connect/test?" in x]
    before = dict(browser.cookies)

    for path in ("/account/connect/test", "/account/connect/test?form_token=",
                 "/account/connect/test?form_token=x", foreign):
        answer = browser.ask("GET", path)
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/account"
        assert browser.cookies == before


def test_nothing_leads_from_below_a_place_to_beside_it(house, db):
    client = house.get(db, settings=(
        'pages.return_to={"/app", "https://app.example.org"}',
        "pages.after_sign_in=/hello")).client
    browser = Browser(client)
    browser.sign_in(client.register()["email"], PASSWORD)

    def leads_to(where):
        answer = browser.ask("GET", "/sign-in?return_to="
                             + quote(where, safe=""))
        assert answer.status_code == 303
        return answer.headers["Location"]

    for outside in ("/app/..", "/app/%2e%2e/x", "/app/.%2E/x", "/app/..?x",
                    "/app/x/%2e%2e/%2e%2e/y", "/app/..#x", "/app/..%2fx",
                    "/app/%2e%2e%5cx", "/app/.", "/app/%2E", "/app/./x",
                    "https://app.example.org/x/..", "/app/../x"):
        assert leads_to(outside) == "/hello"
    for inside in ("/app/...", "/app/.x", "/app?a=/../b", "/app/x.%2e",
                   "/app/%252e%252e/x", "/app/%", "/app/%2", "/app/%zz",
                   "/app/%2z..", "https://app.example.org/x/..."):
        assert leads_to(inside) == inside


def test_a_program_that_begins_anew_gets_no_page_at_the_end(oauth):
    """A page's way that was given up says nothing of the next one."""
    browser = Browser(oauth.client)
    browser.ask("GET", "/sign-in/test")
    address = browser.ask("GET", "/auth/test/authorize").json()[
        "authorization_url"]
    back = oauth.provider.consent(address, sub=new_sub(),
                                  email=new_email("oauth"))

    answer = browser.ask("GET", "/auth/test/callback", params=back)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"


def test_a_form_that_was_not_taken_is_read_in_another_language(client):
    browser = Browser(client)
    browser.sign_in(client.register()["email"], PASSWORD)
    browser.send("/account/email", email="nobody", current_password="x")
    [link] = [a["href"] for a in browser.page.attributes("a", hreflang="fr")]

    browser.go(link)
    assert browser.answer.status_code == 200
    assert browser.answer.headers["Content-Language"] == "fr"


def test_a_browser_that_tells_its_origin_alone_is_believed(client):
    """Where there is no TLS, and in older ones, that is all they tell; of
    pages that forbid any Referer, it would be "null"."""
    browser = Browser(client)
    email = client.register()["email"]
    browser.go("/sign-in")
    form = {**browser.page.form("/sign-in")["fields"], "username": email,
            "password": PASSWORD}

    assert browser.answer.headers["Referrer-Policy"] == "strict-origin"
    assert client.get("/users/me").headers["Referrer-Policy"] == "no-referrer"
    answer = browser.ask("POST", "/sign-in", data=form,
                         headers={"Origin": "null"})
    assert answer.status_code == 403
    answer = browser.ask("POST", "/sign-in", data=form,
                         headers={"Origin": client.url})
    assert answer.status_code == 303
