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
