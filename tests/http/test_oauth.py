# SPDX-License-Identifier: MIT
"""Signing in with a provider's account; the provider is provider.py."""

import time
from urllib.parse import urlsplit

import pytest

from client import PASSWORD, detail, new_email, parallel
from oauth_client import OAuth, Way, new_sub, settings_for
from provider import CLIENT_ID, CLIENT_SECRET, query_of
from renamed import RENAMED


def test_authorize_answers_with_an_address_and_a_cookie(oauth):
    way = oauth.way("plain")

    answer = way.begin()

    assert list(answer.json()) == ["authorization_url"]
    url = answer.json()["authorization_url"]
    assert url.startswith(oauth.provider.url + "/authorize?response_type=code"
                          f"&client_id={CLIENT_ID}&redirect_uri=http%3A%2F%2F")
    asked = query_of(url)
    assert asked["redirect_uri"] == [oauth.stack.base_url
                                     + "/auth/plain/callback"]
    assert asked["scope"] == ["one two"]
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert name.partition("=")[0] == "fastapiusersoauthcsrf"
    assert sorted(a.lower() for a in attributes) == [
        "httponly", "max-age=3600", "path=/", "samesite=lax", "secure"]


def test_a_first_sign_in_makes_a_user_and_a_second_finds_him(oauth):
    email, sub = new_email("first"), new_sub()

    first = oauth.way().sign_in(email=email, sub=sub)
    second = oauth.way().sign_in(email=email, sub=sub)

    assert first.status_code == second.status_code == 200
    assert list(first.json()) == ["access_token", "token_type"]
    me = oauth.me(first)
    assert oauth.me(second)["id"] == me["id"]
    assert (me["email"], me["is_active"], me["is_superuser"],
            me["is_verified"]) == (email, True, False, False)
    assert list(me)[-1] == "oauth_accounts"
    [account] = me["oauth_accounts"]
    assert list(account) == ["id", "oauth_name", "access_token", "expires_at",
                             "refresh_token", "account_id", "account_email"]
    assert (account["oauth_name"], account["account_id"],
            account["account_email"]) == ("test", sub, email)


def test_a_cookie_backend_answers_with_its_cookie(oauth):
    answer = oauth.way("cookie").sign_in()

    assert answer.status_code == 204
    assert answer.headers["Set-Cookie"].startswith("fastapiusersauth=")


def test_tokens_of_the_provider_are_renewed_at_each_sign_in(oauth):
    email, sub = new_email("renewed"), new_sub()
    oauth.way().sign_in(email=email, sub=sub, access_token="first-" + sub)

    answer = oauth.way().sign_in(email="other." + email, sub=sub,
                                 access_token="second-" + sub,
                                 answer={"expires_in": "7200",
                                         "refresh_token": None})

    me = oauth.me(answer)
    assert me["email"] == email
    [account] = me["oauth_accounts"]
    assert account["access_token"] == "second-" + sub
    assert account["refresh_token"] is None
    assert abs(account["expires_at"] - time.time() - 7200) < 60
    assert account["account_email"] == "other." + email


def test_tokens_longer_than_the_column_are_kept_whole(oauth):
    long = "long" * 1000
    sub = new_sub()

    answer = oauth.way().sign_in(sub=sub, access_token=long,
                                 answer={"refresh_token": long})

    [account] = oauth.me(answer)["oauth_accounts"]
    assert account["access_token"] == account["refresh_token"] == long
    answer = oauth.way().sign_in(sub=sub, access_token="short")
    [account] = oauth.me(answer)["oauth_accounts"]
    assert account["access_token"] == "short"
    assert oauth.stack.ask("SELECT count(*) FROM fcu_oauth_token WHERE "
                           f"account = '{account['id']}'") in (0, "0")


def test_a_token_that_nobody_could_keep_is_the_providers_fault(oauth):
    answer = oauth.way().sign_in(access_token="x" * 20000)

    assert (answer.status_code, detail(answer)) == (400,
                                                    "OAUTH_PROVIDER_ERROR")


def test_an_address_that_is_taken_is_refused(oauth):
    user = oauth.client.register()

    answer = oauth.way().sign_in(email=user["email"].upper())

    assert (answer.status_code, detail(answer)) == (
        400, "OAUTH_USER_ALREADY_EXISTS")
    assert oauth.accounts_of(user) == []


def test_a_verified_address_joins_where_that_is_allowed(oauth):
    user = oauth.verified_user()

    answer = oauth.way("joining").sign_in(email=user["email"])

    assert oauth.me(answer)["id"] == user["id"]
    assert len(oauth.accounts_of(user)) == 1
    # His own password and his other sessions are still his.
    assert oauth.client.login(user["email"])


@pytest.mark.parametrize("verified", [False, None, "false", 0, "yes"])
def test_v62_an_address_that_is_not_verified_joins_nobody(oauth, verified):
    user = oauth.verified_user()

    answer = oauth.way("joining").sign_in(email=user["email"],
                                          verified=verified)

    assert (answer.status_code, detail(answer)) == (
        400, "OAUTH_USER_ALREADY_EXISTS")
    assert oauth.accounts_of(user) == []


@pytest.mark.parametrize("verified, stored", [(True, True), (None, True),
                                              (False, False)])
def test_v62_a_user_is_verified_by_default_unless_the_provider_says_no(
        oauth, verified, stored):
    answer = oauth.way("joining").sign_in(verified=verified)

    assert oauth.me(answer)["is_verified"] is stored


@pytest.mark.better(15)
def test_v50_whoever_took_an_address_first_without_proof_loses_it(oauth):
    email = new_email("victim")
    thief = oauth.client.register(email)
    token = oauth.client.login(email)
    way = oauth.way("plain", token)
    assert way.associate().status_code == 200

    answer = oauth.way("joining").sign_in(email=email)

    me = oauth.me(answer)
    assert me["id"] == thief["id"]
    assert [a["oauth_name"] for a in me["oauth_accounts"]] == ["joining"]
    assert me["is_verified"]
    assert oauth.client.get("/users/me", token=token).status_code == 401
    assert oauth.client.try_login(email).status_code == 400
    # The owner's own session stands, and comes back.
    again = oauth.way("joining").sign_in(
        email=email, sub=me["oauth_accounts"][0]["account_id"])
    assert oauth.me(again)["id"] == me["id"]


def test_an_inactive_user_does_not_enter(oauth):
    email, sub = new_email("inactive"), new_sub()
    me = oauth.me(oauth.way().sign_in(email=email, sub=sub))
    oauth.set(me, is_active=False)

    answer = oauth.way().sign_in(email=email, sub=sub)

    assert (answer.status_code, detail(answer)) == (400,
                                                    "LOGIN_BAD_CREDENTIALS")


def test_v30_who_came_by_a_provider_has_no_password(oauth):
    email = new_email("passwordless")
    oauth.way().sign_in(email=email)

    for password in (" ", "!", "null", PASSWORD):
        assert detail(oauth.client.try_login(email, password)) == \
            "LOGIN_BAD_CREDENTIALS"
    stored = oauth.stack.ask('SELECT hashed_password FROM "user" WHERE '
                             f"email = '{email}'")
    assert stored.startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_v54_an_account_is_known_by_its_id_never_by_its_address(oauth):
    email = new_email("shared")
    first = oauth.way().sign_in(email=email)

    second = oauth.way().sign_in(email=email)

    assert first.status_code == 200
    assert detail(second) == "OAUTH_USER_ALREADY_EXISTS"


def test_the_same_id_at_two_providers_is_two_accounts(oauth):
    sub = new_sub()

    first = oauth.me(oauth.way("test").sign_in(sub=sub, email=new_email()))
    second = oauth.me(oauth.way("post").sign_in(sub=sub, email=new_email()))

    assert first["id"] != second["id"]


def test_two_first_sign_ins_at_once_make_one_user(oauth):
    for _ in range(3):
        email, sub = new_email("race"), new_sub()
        ways = [oauth.way() for _ in range(6)]
        backs = [w.consent(email=email, sub=sub) for w in ways]

        answers = parallel(lambda w=w, b=b: w.come_back(b)
                           for w, b in zip(ways, backs))

        assert [a.status_code for a in answers] == [200] * 6
        assert len({oauth.me(a)["id"] for a in answers}) == 1
        assert len(oauth.me(answers[0])["oauth_accounts"]) == 1


# Associating.

def test_associating_wants_a_user_first(oauth):
    for path in ("authorize", "callback", "callback?code=x&state=y"):
        answer = oauth.client.get(f"/auth/associate/test/{path}")
        assert (answer.status_code, detail(answer)) == (401, "Unauthorized")


def test_a_signed_in_user_associates_an_account(oauth):
    user, token = oauth.client.newcomer()
    sub = new_sub()

    answer = oauth.way(token=token).associate(sub=sub, email="else@where.org")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["email"]) == (user["id"], user["email"])
    assert [a["account_id"] for a in body["oauth_accounts"]] == [sub]
    # And signs in with it from now on.
    assert oauth.me(oauth.way().sign_in(sub=sub))["id"] == user["id"]


def test_associating_again_renews_the_account(oauth):
    _, token = oauth.client.newcomer()
    sub = new_sub()
    oauth.way(token=token).associate(sub=sub, access_token="one-" + sub)

    answer = oauth.way(token=token).associate(sub=sub,
                                              access_token="two-" + sub)

    [account] = answer.json()["oauth_accounts"]
    assert account["access_token"] == "two-" + sub


@pytest.mark.better(14)
def test_an_account_of_another_user_is_not_associated(oauth):
    sub = new_sub()
    owner = oauth.me(oauth.way().sign_in(sub=sub, email=new_email()))
    user, token = oauth.client.newcomer()

    answer = oauth.way(token=token).associate(sub=sub)

    assert (answer.status_code, detail(answer)) == (
        400, "OAUTH_USER_ALREADY_EXISTS")
    assert oauth.accounts_of(user) == []
    assert len(oauth.accounts_of(owner)) == 1


def test_two_users_who_associate_one_account_at_once_do_not_both_get_it(oauth):
    sub = new_sub()
    users = [oauth.client.newcomer() for _ in range(4)]
    ways = [oauth.way(token=token) for _, token in users]
    backs = [w.consent(sub=sub) for w in ways]

    answers = parallel(lambda w=w, b=b: w.come_back(b)
                       for w, b in zip(ways, backs))

    assert sorted(a.status_code for a in answers) == [200, 400, 400, 400]
    assert sum(len(oauth.accounts_of(u)) for u, _ in users) == 1


def test_a_state_of_another_user_is_a_bad_request(oauth):
    _, thief = oauth.client.newcomer()
    _, victim = oauth.client.newcomer()
    way = oauth.way(token=thief)
    back = way.consent()
    way.token = victim

    answer = way.come_back(back)

    assert (answer.status_code, detail(answer)) == (400, "Bad Request")


def test_associating_may_demand_a_verified_user(oauth):
    user, token = oauth.client.newcomer()
    assert detail(oauth.way("verified", token).begin(403)) == "Forbidden"
    oauth.set(user, is_verified=True)

    assert oauth.way("verified", token).associate().status_code == 200


# What comes back by the browser.

def test_the_providers_own_error_is_told(oauth):
    for path, expected in (
            ("?error=access_denied", "access_denied"),
            ("?error=access_denied&code=1&state=2", "access_denied"),
            ("?error=%22%C3%A4", '"\u00e4'), ("?error=", ""),
            ("", "Bad Request"), ("?state=1", "Bad Request")):
        answer = oauth.client.get("/auth/test/callback" + path)
        assert (answer.status_code, detail(answer)) == (400, expected)


@pytest.mark.about("controls", "it is the web server that refuses them")
def test_the_providers_own_error_is_told_with_control_characters(oauth):
    answer = oauth.client.get("/auth/test/callback?error=%22%0A%C3%A4")

    assert (answer.status_code, detail(answer)) == (400, '"\n\u00e4')


@pytest.mark.parametrize("state", [None, "", "x", "a.b.c"])
def test_a_state_that_is_none_cannot_be_decoded(oauth, state):
    way = oauth.way()
    back = way.consent()
    back["state"] = state

    answer = way.come_back(back)

    assert (answer.status_code, detail(answer)) == (
        400, "ACCESS_TOKEN_DECODE_ERROR")


def test_states_signed_for_something_else_cannot_be_decoded(oauth):
    way = oauth.way()
    good = way.consent()
    for claims in ({"aud": "fastapi-users:auth"}, {"aud": None},
                   {"aud": "fastapi-users:reset"}):
        answer = way.come_back({**good, "state": oauth.state(way, **claims)})
        assert detail(answer) == "ACCESS_TOKEN_DECODE_ERROR"
    answer = way.come_back({**good,
                            "state": oauth.state(way, key="x" * 32)})
    assert detail(answer) == "ACCESS_TOKEN_DECODE_ERROR"


def test_a_state_that_is_too_old_has_expired(oauth):
    way = oauth.way()
    back = way.consent()
    back["state"] = oauth.state(way, exp=int(time.time()) - 1)

    answer = way.come_back(back)

    assert (answer.status_code, detail(answer)) == (
        400, "ACCESS_TOKEN_ALREADY_EXPIRED")


@pytest.mark.parametrize("cookie", [None, "", "x", "other browser"])
def test_v51_a_state_of_another_browser_is_invalid(oauth, cookie):
    way = oauth.way()
    back = way.consent()
    if cookie == "other browser":
        other = oauth.way()
        other.begin()
        cookie = other.cookie
    way.cookie = cookie
    oauth.provider.forget()

    answer = way.come_back(back)

    assert (answer.status_code, detail(answer)) == (400,
                                                    "OAUTH_INVALID_STATE")
    assert oauth.provider.called("/token") == []


def test_v51_an_empty_cookie_does_not_match_an_empty_claim(oauth):
    way = oauth.way()
    back = way.consent()
    for csrf in ("", None):
        back["state"] = oauth.state(way, csrftoken=csrf)
        for cookie in ("", None, '""'):
            way.cookie = cookie
            assert detail(way.come_back(back)) == "OAUTH_INVALID_STATE"


@pytest.mark.better(14)
def test_v52_a_state_is_good_for_its_provider_and_purpose_alone(oauth):
    _, token = oauth.client.newcomer()
    begun = [oauth.way("test"), oauth.way("post"),
             oauth.way("test", token), oauth.way("post", token)]
    oauth.provider.forget()

    for way in begun:
        back = way.consent()
        for other in begun:
            if (other.name, other.token) == (way.name, way.token):
                continue
            stray = Way(oauth, other.name, other.token)
            stray.cookie = way.cookie
            answer = stray.come_back(back)
            assert (answer.status_code, detail(answer)) == (
                400, "OAUTH_INVALID_STATE")
    assert oauth.provider.called("/token") == []


@pytest.mark.better(14)
def test_v52_a_state_of_the_reference_is_invalid_unless_accepted(oauth):
    way = oauth.way("plain")
    back = way.consent()
    back["state"] = oauth.state(way, provider=None, purpose=None)

    assert detail(way.come_back(back)) == "OAUTH_INVALID_STATE"


@pytest.mark.better(14)
def test_v15_a_state_is_used_once_by_whoever_comes_first(oauth):
    way = oauth.way()
    sub = new_sub()
    back = way.consent(sub=sub)
    oauth.provider.forget()

    answers = parallel(lambda: way.come_back(back) for _ in range(50))

    codes = sorted(a.status_code for a in answers)
    assert codes == [200] + [400] * 49
    assert {detail(a) for a in answers if a.status_code == 400} == {
        "OAUTH_INVALID_STATE"}
    assert len(oauth.provider.called("/token")) == 1


def test_v56_no_token_is_taken_from_the_browser(oauth):
    way = oauth.way()
    way.begin()

    answer = oauth.client.get("/auth/test/callback", params={
        "access_token": "x", "id_token": "a.b.c", "state": way.state})

    assert (answer.status_code, detail(answer)) == (400, "Bad Request")


def test_an_issuer_that_is_told_must_be_the_right_one(oauth):
    way = oauth.way()
    assert way.come_back({**way.consent(),
                          "iss": oauth.provider.url}).status_code == 200
    for issuer in ("https://evil.example", oauth.provider.url + "/", ""):
        way = oauth.way()
        answer = way.come_back({**way.consent(), "iss": issuer})
        assert detail(answer) == "OAUTH_PROVIDER_ERROR"


# What compat.conf switches off.

def test_a_state_of_the_reference_is_taken_where_that_is_accepted(new_oauth):
    oauth = new_oauth(settings=["oauth.accept_plain_state=true"])
    way = oauth.way("plain")
    back = way.consent()
    back["state"] = oauth.state(way, provider=None, purpose=None)
    assert way.come_back(back).status_code == 200

    # It says whom it associates, or signs in: one is not the other.
    user, token = oauth.client.newcomer()
    way = oauth.way("plain", token)
    back = way.consent()
    back["state"] = oauth.state(way, provider=None, purpose=None)
    assert detail(way.come_back(back)) == "OAUTH_INVALID_STATE"
    back["state"] = oauth.state(way, provider=None, purpose=None,
                                sub=user["id"])
    way.token = None
    assert detail(way.come_back(back)) == "OAUTH_INVALID_STATE"
    way.token = token
    assert way.come_back(back).status_code == 200


def test_a_stranger_keeps_what_is_his_where_nothing_is_voided(new_oauth):
    oauth = new_oauth(settings=["oauth.void_unverified=false"])
    user, token = oauth.client.newcomer()

    answer = oauth.way("joining").sign_in(email=user["email"])

    me = oauth.me(answer)
    assert (me["id"], me["is_verified"]) == (user["id"], False)
    assert oauth.client.get("/users/me", token=token).status_code == 200


def test_users_and_accounts_may_be_numbered_and_otherwise_named(
        new_stack, db, provider):
    oauth = OAuth(new_stack(db, settings=[*settings_for(provider),
                                          *RENAMED]), provider)
    sub = new_sub()

    first = oauth.me(oauth.way().sign_in(sub=sub))
    again = oauth.me(oauth.way().sign_in(sub=sub, access_token="x" * 2000))

    assert first["id"] == again["id"]
    assert isinstance(first["oauth_accounts"][0]["id"], int)
    [account] = again["oauth_accounts"]
    assert account["access_token"] == "x" * 2000
    _, token = oauth.client.newcomer()
    assert oauth.way(token=token).associate().status_code == 200


def test_accounts_are_shown_as_configured(new_stack, provider):
    never = new_stack(settings=[*settings_for(provider),
                                "oauth.accounts_in_answers=never"])
    always = new_stack(settings=["oauth.accounts_in_answers=always"])

    assert "oauth_accounts" not in never.client.register()
    assert always.client.register()["oauth_accounts"] == []


# What goes to the provider.

def test_pkce_and_nonce_go_to_the_provider_and_stay_secret(oauth):
    way = oauth.way()
    way.begin()
    asked = query_of(way.url)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == len(asked["nonce"][0]) == 43
    oauth.provider.forget()

    assert way.come_back(way.consent(begin=False)).status_code == 200

    [call] = oauth.provider.called("/token")
    verifier = call["form"]["code_verifier"]
    assert len(verifier) == 43
    assert verifier not in way.url and verifier not in way.cookie


def test_a_verifier_of_the_browsers_own_counts_only_without_ours(oauth):
    way = oauth.way("plain")
    way.come_back({**way.consent(), "code_verifier": "of-the-browser"})
    assert oauth.provider.called("/token")[-1]["form"]["code_verifier"] == \
        "of-the-browser"
    way = oauth.way()
    answer = way.come_back({**way.consent(), "code_verifier": "of-the-browser"})
    assert answer.status_code == 200
    assert oauth.provider.called("/token")[-1]["form"]["code_verifier"] != \
        "of-the-browser"


def test_our_secret_is_told_as_the_provider_wants_it(oauth):
    oauth.provider.forget()
    assert oauth.way("test").sign_in().status_code == 200
    assert oauth.way("post").sign_in().status_code == 200

    basic, post = oauth.provider.called("/token")

    assert basic["headers"]["authorization"].startswith("Basic ")
    assert "client_secret" not in basic["form"]
    assert "authorization" not in post["headers"]
    assert post["form"]["client_secret"] == CLIENT_SECRET
    assert list(post["form"])[:3] == ["grant_type", "code", "redirect_uri"]


@pytest.mark.better(14)
@pytest.mark.about("controls", "it is the web server that refuses them")
def test_v63_a_scope_with_control_characters_is_not_asked_for(oauth):
    answer = oauth.client.get("/auth/plain/authorize?scopes=%00&scopes=%FF")

    asked = query_of(answer.json()["authorization_url"])
    assert asked["scope"] == ["one two"]


def test_v63_only_configured_scopes_are_asked_for(oauth):
    for query, scope in (
            ("", "one two"), ("?scopes=two", "two"),
            ("?scopes=two&scopes=two&scopes=one", "two one"),
            ("?scopes=extra&scopes=one", "extra one"),
            ("?scopes=admin", "one two"), ("?scopes=one%20admin", "one two"),
            ("?scopes=admin&scopes=one", "one"), ("?scopes=", "one two"),
            ("?scopes=%FF", "one two"),
            ("?redirect_uri=https://evil.example&client_id=x&state=y&"
             "response_type=token&prompt=none&nonce=n", "one two")):
        answer = oauth.client.get("/auth/plain/authorize" + query)
        asked = query_of(answer.json()["authorization_url"])
        assert asked["scope"] == [scope]
        assert sorted(asked) == ["audience", "client_id", "redirect_uri",
                                 "response_type", "scope", "state"]
        assert all(len(values) == 1 for values in asked.values())
        assert asked["audience"] == ["a b&c"]


def test_v55_a_request_does_not_leave_out_openid(oauth):
    for query, scope in (
            ("", "openid email"), ("?scopes=email", "email openid"),
            ("?scopes=extra", "extra openid"), ("?scopes=admin",
                                                "openid email"),
            ("?scopes=openid&scopes=extra", "openid extra")):
        answer = oauth.client.get("/auth/asking/authorize" + query)
        asked = query_of(answer.json()["authorization_url"])
        assert asked["scope"] == [scope]


def test_a_configured_redirect_is_used_for_both_calls(oauth):
    way = oauth.way("elsewhere")
    way.begin()
    assert query_of(way.url)["redirect_uri"] == ["https://app.example/back"]
    assert way.come_back(way.consent(begin=False)).status_code == 200
    _, token = oauth.client.newcomer()
    way = oauth.way("elsewhere", token)
    way.begin()
    assert query_of(way.url)["redirect_uri"] == ["https://app.example/assoc"]


def test_v57_no_host_but_a_plain_one_gets_into_the_redirect(oauth):
    for host in (b"evil.example/x", b"a@evil.example", b"evil.example\\x",
                 b"evil.example?x", b"evil example"):
        status, _, body = oauth.client.raw(
            b"GET /auth/plain/authorize HTTP/1.1\r\nHost: " + host
            + b"\r\nConnection: close\r\n\r\n")
        assert status == 400
        assert b"evil" not in body


# Storage.

def test_tokens_are_stored_encrypted_when_there_is_a_key(new_oauth):
    oauth = new_oauth(settings=[
        'secrets.provider_tokens={"0Lk3xR7vQ9mT2bYw5sHc8nJf1dPg4zAe"}'])
    sub = new_sub()
    answer = oauth.way().sign_in(sub=sub, access_token="visible-" + sub)

    stored = oauth.stack.ask("SELECT access_token FROM oauth_account WHERE "
                             f"account_id = '{sub}'")
    assert stored.startswith("fcu.") and sub not in stored
    [account] = oauth.me(answer)["oauth_accounts"]
    assert account["access_token"] == "visible-" + sub
    assert account["refresh_token"] == "refresh-visible-" + sub
    # A row of the reference's is read as it is.
    oauth.stack.ask("UPDATE oauth_account SET access_token = 'plain' WHERE "
                    f"account_id = '{sub}'")
    assert oauth.me(answer)["oauth_accounts"][0]["access_token"] == "plain"


def test_v80_nothing_secret_gets_into_the_log(oauth):
    sub = new_sub()
    way = oauth.way()
    back = way.consent(sub=sub, access_token="secret-" + sub)
    assert way.come_back(back).status_code == 200

    log = oauth.stack.program_log()
    verifier = oauth.provider.called("/token")[-1]["form"]["code_verifier"]
    for secret in ("secret-" + sub, back["code"], back["state"], way.cookie,
                   CLIENT_SECRET, verifier):
        assert secret not in log


def test_head_is_answered_like_get(oauth):
    answer = oauth.client.request("HEAD", "/auth/plain/authorize")

    assert answer.status_code == 200
    assert answer.content == b""
    assert urlsplit(oauth.provider.url).scheme == "http"


def test_new_secrets_lose_nothing_that_is_under_way(new_oauth):
    oauth = new_oauth(settings=[
        'secrets.provider_tokens={"0Lk3xR7vQ9mT2bYw5sHc8nJf1dPg4zAe"}'])
    sub = new_sub()
    answer = oauth.way().sign_in(sub=sub, access_token="kept-" + sub)
    way, other = oauth.way(), oauth.way()
    back, stale = way.consent(), other.consent()
    secrets = oauth.stack.settings["secrets", None]
    old = oauth.stack.secrets["state"]

    def change(state, tokens):
        oauth.stack.write("state.secret", "\n".join(state) + "\n")
        secrets["provider_tokens"] = "{" + ", ".join(
            f'"{t}"' for t in tokens) + "}"
        oauth.stack.reload()

    new = "a-newer-secret-for-states-of-more-than-32-bytes"
    change([new, old], ["aQ7wE2rT9yU4iO1pS6dF3gH8jK5lZ0xC",
                        "0Lk3xR7vQ9mT2bYw5sHc8nJf1dPg4zAe"])
    assert way.come_back(back).status_code == 200
    [account] = oauth.me(answer)["oauth_accounts"]
    assert account["access_token"] == "kept-" + sub

    change([new], ["aQ7wE2rT9yU4iO1pS6dF3gH8jK5lZ0xC"])
    assert detail(other.come_back(stale)) == "ACCESS_TOKEN_DECODE_ERROR"
    assert oauth.way().sign_in().status_code == 200
    # What no secret opens is not shown, and fails nothing.
    [account] = oauth.me(answer)["oauth_accounts"]
    assert account["access_token"] == account["refresh_token"] == ""


def test_used_states_are_forgotten_when_they_would_have_expired(oauth):
    oauth.stack.ask("INSERT INTO fcu_revoked_token (token_hash, expires_at) "
                    f"VALUES ('{new_sub()}', 1700000000)")

    assert oauth.way().sign_in().status_code == 200

    assert int(oauth.stack.ask("SELECT count(*) FROM fcu_revoked_token WHERE "
                               "expires_at = 1700000000")) == 0
