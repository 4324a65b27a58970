# SPDX-License-Identifier: MIT
"""Providers that fail, lie or are somebody else; the provider is provider.py."""

import fcntl
import hmac
import json
import threading
import time

import pytest

from client import detail, new_email
from oauth_client import OAuth, new_sub, settings_for
from provider import CLIENT_ID, CLIENT_SECRET, jws, query_of, segment
from served import MEMORY


# Providers that are down, slow, or lie.

FAULTS = ["500", "garbage", "huge", "type", "empty", "array", "redirect",
          "close", "refused"]


@pytest.mark.better(16)
@pytest.mark.parametrize("page", ["token", "profile"])
@pytest.mark.parametrize("fault", FAULTS)
def test_v61_a_provider_that_fails_signs_nobody_in(oauth, page, fault):
    email = new_email("nobody")
    oauth.provider.forget()

    answer = oauth.way("test").sign_in(email=email, **{page: fault})

    assert (answer.status_code, detail(answer)) == (400,
                                                    "OAUTH_PROVIDER_ERROR")
    assert "Set-Cookie" not in answer.headers
    assert not oauth.exists(email)
    assert oauth.provider.called("/elsewhere") == []


@pytest.mark.better(16)
@pytest.mark.parametrize("page", ["token", "profile"])
def test_v59_f21_a_slow_provider_costs_a_bounded_time(oauth, page):
    email = new_email("slow")
    started = time.monotonic()

    answer = oauth.way("test").sign_in(email=email, **{page: "slow"})

    assert time.monotonic() - started < 20
    assert (answer.status_code, detail(answer)) == (400,
                                                    "OAUTH_PROVIDER_ERROR")
    assert not oauth.exists(email)


def test_f21_a_slow_provider_leaves_another_pool_alone(new_stack, db,
                                                       provider):
    oauth = OAuth(new_stack(db, workers=1, settings=[
        *settings_for(provider), "oauth.time_limit=12",
        "pool.oauth.workers=2"]), provider)
    user, token = oauth.client.newcomer()
    ways = [oauth.way("plain") for _ in range(3)]
    slow = [threading.Thread(target=w.come_back, args=[b]) for w, b in
            [(w, w.consent(profile="slow")) for w in ways]]
    for t in slow:
        t.start()
    time.sleep(1)

    started = time.monotonic()
    me = oauth.client.get("/users/me", token=token).json()
    took = time.monotonic() - started

    assert me["id"] == user["id"]
    assert took < 6
    for t in slow:
        t.join()


# Where slots.c keeps those of requests that wait for providers.
WAITING = 1 << 26


def test_f21_too_many_who_wait_for_providers_are_told_to_come_again(new_oauth):
    oauth = new_oauth(settings=["oauth.max_parallel=1"])
    way = oauth.way()
    back = way.consent()

    with open(oauth.stack.path("hash.slots"), "r+b") as slots:
        fcntl.lockf(slots, fcntl.LOCK_EX, 1, WAITING)
        answer = way.come_back(back)

    assert (answer.status_code, detail(answer)) == (503,
                                                    "Service Unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    # The state was not used up.
    assert way.come_back(back).status_code == 200


@pytest.mark.parametrize("answer", [
    {"access_token": None}, {"access_token": ""}, {"access_token": 1},
    {"access_token": ["x"]}, {"access_token": "a\u0000b"},
    {"error": "invalid_grant"}, {"id_token": ""}, {"id_token": 1}])
def test_v61_an_answer_without_a_token_signs_nobody_in(oauth, answer):
    email = new_email("nobody")

    got = oauth.way("test").sign_in(email=email, answer=answer)

    assert detail(got) == "OAUTH_PROVIDER_ERROR"
    assert not oauth.exists(email)


def test_v61_a_profile_without_an_address_signs_nobody_in(oauth):
    for email in (None, "", "no address", "a@b@c.org", "x <a@example.com>",
                  "a\u0000@example.com", 1, ["a@example.com"]):
        answer = oauth.way("test").sign_in(email=email)
        assert (answer.status_code, detail(answer)) == (
            400, "OAUTH_NOT_AVAILABLE_EMAIL")


def test_v61_a_profile_that_does_not_tell_who_it_is_signs_nobody_in(oauth):
    for sub in (None, "", True, 1.5, ["x"], {"a": 1}, "x" * 400, "a\u0000b"):
        answer = oauth.way("plain").sign_in(
            profile_body={"sub": sub, "email": new_email()})
        assert detail(answer) == "OAUTH_PROVIDER_ERROR", sub


# ID tokens.

def good(oauth, sign=None, **more):
    return oauth.way("test").sign_in(sign=sign, **more)


@pytest.mark.parametrize("index", [0, 1, 2], ids=["RS256", "ES256", "EdDSA"])
def test_id_tokens_of_each_algorithm_are_taken(oauth, index):
    key = oauth.provider.keys[index]

    assert good(oauth, lambda c: jws(key, c)).status_code == 200
    assert good(oauth, lambda c: jws(key, c, kid=None)).status_code == 200


def hs256(provider, secret):
    def sign(claims):
        data = ".".join(segment(json.dumps(p).encode()) for p in (
            {"alg": "HS256", "kid": "key-RS256"}, claims)).encode()
        return data.decode() + "." + segment(
            hmac.new(secret(provider), data, "sha256").digest())
    return sign


def unsigned(alg):
    return lambda claims: ".".join(
        [segment(json.dumps({"alg": alg}).encode()),
         segment(json.dumps(claims).encode()), ""])


def swapped(provider):
    def sign(claims):
        one = jws(provider.keys[0], claims).split(".")
        two = jws(provider.keys[0], {**claims, "sub": "else"}).split(".")
        return ".".join([one[0], one[1], two[2]])
    return sign


FORGED = {
    "a stranger's key": lambda p: lambda c: jws(p.stranger, c),
    "a stranger's key under our kid":
        lambda p: lambda c: jws(p.stranger, c, kid="key-RS256"),
    "v3 another algorithm than the key's":
        lambda p: lambda c: jws(p.keys[0], c, alg="ES256"),
    "v1 no signature": lambda p: unsigned("none"),
    "v1 no signature, spelled otherwise": lambda p: unsigned("nOnE"),
    "v1 the public key as a secret":
        lambda p: hs256(p, lambda p: p.keys[0].public),
    "v3 an empty secret": lambda p: hs256(p, lambda _: b""),
    "our own secret": lambda p: hs256(p, lambda _: CLIENT_SECRET.encode()),
    "another's signature": swapped,
    "an extension that must be understood":
        lambda p: lambda c: jws(p.keys[0], c, crit=["x"], x=1),
    "no token at all": lambda p: lambda c: "x",
}


@pytest.mark.parametrize("how", FORGED)
def test_v3_an_id_token_that_the_provider_did_not_sign_is_refused(oauth, how):
    email = new_email("forged")

    answer = good(oauth, FORGED[how](oauth.provider), email=email)

    assert detail(answer) == "OAUTH_PROVIDER_ERROR"
    assert not oauth.exists(email)


NOW = int(time.time())
WRONG = {
    "v53 another issuer": {"iss": "https://evil.example"},
    "v53 a longer issuer": {"iss": "ISSUER/"},
    "v53 no issuer": {"iss": None},
    "another audience": {"aud": "somebody"},
    "v6 a longer audience": {"aud": CLIENT_ID + "x"},
    "no audience": {"aud": None},
    "several audiences without azp": {"aud": [CLIENT_ID, "other"]},
    "several audiences, meant for another":
        {"aud": [CLIENT_ID, "other"], "azp": "other"},
    "one audience, meant for another": {"azp": "other"},
    "expired": {"exp": NOW - 3600},
    "without exp": {"exp": None},
    "with exp as a text": {"exp": str(NOW + 600)},
    "without iat": {"iat": None},
    "issued in the future": {"iat": NOW + 7200},
    "not valid yet": {"nbf": NOW + 7200},
    "v55 without the nonce": {"nonce": None},
    "v55 with another nonce": {"nonce": "replayed"},
    "without sub": {"sub": None},
    "about another": {"sub": "somebody else"},
}


@pytest.mark.parametrize("what", WRONG)
def test_v53_v55_an_id_token_that_is_not_for_this_is_refused(oauth, what):
    claims = {k: oauth.provider.url + v[6:] if isinstance(v, str)
              and v.startswith("ISSUER") else v
              for k, v in WRONG[what].items()}
    email = new_email("wrong")

    answer = good(oauth, claims=claims, email=email)

    assert detail(answer) == "OAUTH_PROVIDER_ERROR"
    assert not oauth.exists(email)


def test_an_id_token_for_several_is_taken_when_it_is_meant_for_us(oauth):
    answer = good(oauth, claims={"aud": ["other", CLIENT_ID],
                                 "azp": CLIENT_ID})

    assert answer.status_code == 200


def test_v55_an_id_token_of_an_earlier_sign_in_is_refused(oauth):
    seen = []

    def remember(claims):
        seen.append(jws(oauth.provider.keys[0], claims))
        return seen[0]
    sub = new_sub()
    assert good(oauth, remember, sub=sub).status_code == 200

    answer = good(oauth, remember, sub=sub)

    assert detail(answer) == "OAUTH_PROVIDER_ERROR"


def test_v55_an_id_token_must_not_be_left_out(oauth):
    email = new_email("stripped")

    answer = good(oauth, id_token=False, email=email)

    assert (answer.status_code, detail(answer)) == (400,
                                                    "OAUTH_PROVIDER_ERROR")
    assert not oauth.exists(email)


def test_an_id_token_may_be_left_out_where_there_is_no_nonce(new_oauth):
    oauth = new_oauth(settings=["provider.test.nonce=off"])

    assert good(oauth, id_token=False).status_code == 200
    assert good(oauth, claims={"nonce": None}).status_code == 200


def test_franceconnect_is_sent_a_nonce_and_proves_none(presets):
    way = presets.way("franceconnect")
    way.begin()

    assert len(query_of(way.url)["nonce"][0]) == 43


# Discovery and keys.

@MEMORY
def test_what_a_provider_says_of_itself_is_asked_once_in_a_while(new_oauth):
    oauth = new_oauth()
    for _ in range(4):
        assert oauth.way("test").sign_in().status_code == 200

    asked = oauth.provider.called("/.well-known/openid-configuration")
    assert len(asked) == 1
    assert len(oauth.provider.called("/jwks")) == 1


@MEMORY
def test_a_new_key_of_the_provider_is_fetched_but_not_again_and_again(
        new_oauth):
    oauth = new_oauth()
    oauth.provider.published = oauth.provider.keys[1:]
    assert good(oauth, lambda c: jws(oauth.provider.keys[1], c)
                ).status_code == 200
    oauth.provider.published = list(oauth.provider.keys)

    for _ in range(3):
        answer = good(oauth, lambda c: jws(oauth.provider.stranger, c))
        assert detail(answer) == "OAUTH_PROVIDER_ERROR"
    # Just fetched: a kid that is not there makes nobody ask.
    assert len(oauth.provider.called("/jwks")) == 1


@pytest.mark.parametrize("metadata", [
    {"issuer": "https://evil.example"}, {"issuer": None},
    {"token_endpoint": None}, {"token_endpoint": "file:///etc/passwd"},
    {"userinfo_endpoint": "javascript:1"}, {"jwks_uri": 1},
    {"authorization_endpoint": "https://user:word@evil.example/"}])
def test_v53_a_configuration_that_lies_is_not_used(new_oauth, metadata):
    oauth = new_oauth()
    oauth.provider.metadata.update(metadata)

    answer = oauth.client.get("/auth/test/authorize")

    assert (answer.status_code, detail(answer)) == (400,
                                                    "OAUTH_PROVIDER_ERROR")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("listed, pkce, sent", [
    (None, "auto", True), (["S256"], "auto", True), (["plain"], "auto", False),
    ([], "auto", False), (["plain"], "on", True), ([], "on", True),
    (["S256"], "off", False)])
def test_discovery_switches_off_no_pkce_that_is_on(new_oauth, listed, pkce,
                                                   sent):
    oauth = new_oauth(settings=[f"provider.test.pkce={pkce}"])
    if listed is not None:
        oauth.provider.metadata["code_challenge_methods_supported"] = listed
    way = oauth.way("test")

    way.begin()

    asked = query_of(way.url)
    assert ("code_challenge" in asked) is sent
    assert way.come_back(way.consent(begin=False)).status_code == 200


@MEMORY
def test_a_provider_that_is_down_costs_others_nothing(new_oauth):
    oauth = new_oauth()
    oauth.provider.faults["discovery"] = "500"
    for _ in range(5):
        assert detail(oauth.client.get("/auth/test/authorize")) == \
            "OAUTH_PROVIDER_ERROR"
    # It is left alone for some seconds, and the others work.
    assert len(oauth.provider.called(
        "/.well-known/openid-configuration")) == 1
    assert oauth.way("plain").sign_in().status_code == 200
    assert oauth.client.newcomer()


def test_keys_that_are_none_verify_nothing(new_oauth):
    oauth = new_oauth()
    rsa = oauth.provider.keys[0].jwk()
    for published in ([], [{}], ["x"], [{**rsa, "alg": "HS256"}],
                      [{"kty": "oct", "k": "", "kid": rsa["kid"]}]):
        oauth.stack.reload()
        oauth.provider.published = [
            k for k in published if isinstance(k, dict)]
        for sign in (None, hs256(oauth.provider, lambda _: b"")):
            assert detail(good(oauth, sign)) == "OAUTH_PROVIDER_ERROR"


# Presets.

PRESETS = {
    "google": ({"resourceName": "people/1", "emailAddresses": [
        {"value": "other@example.com", "metadata": {"primary": False}},
        {"value": "EMAIL", "metadata": {"primary": True, "verified": True}}]},
        "people/1", "authorization", "Bearer {token}"),
    "github": ({"id": 4711, "email": "EMAIL"}, "4711", "authorization",
               "token {token}"),
    "facebook": ({"id": "fb1", "email": "EMAIL"}, "fb1", None, None),
    "microsoft": ({"id": "ms1", "userPrincipalName": "EMAIL"}, "ms1",
                  "authorization", "Bearer {token}"),
    "discord": ({"id": "d1", "email": "EMAIL", "verified": True}, "d1",
                "authorization", "Bearer {token}"),
    "kakao": ({"id": 99, "kakao_account": {"email": "EMAIL"}}, "99",
              "authorization", "Bearer {token}"),
    "naver": ({"response": {"id": "n1", "email": "EMAIL"}}, "n1",
              "authorization", "Bearer {token}"),
    "franceconnect": ({"sub": "fc1", "email": "EMAIL"}, "fc1",
                      "authorization", "Bearer {token}"),
    "shopify": ({"shop": {"id": 5, "email": "EMAIL"}}, "5",
                "x-shopify-access-token", "{token}"),
}


def with_email(body, email):
    return json.loads(json.dumps(body).replace("EMAIL", email))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_reads_its_provider(presets, name):
    body, account_id, header, value = PRESETS[name]
    email = new_email(name)
    presets.provider.forget()

    answer = presets.way(name).sign_in(
        profile_body=with_email(body, email), access_token=f"t.{name}+/",
        id_token=False)

    assert answer.status_code == 200, answer.text
    me = presets.me(answer)
    assert me["email"] == email
    [account] = me["oauth_accounts"]
    assert account["account_id"] == account_id
    call = presets.provider.called(f"/profile/{name}")[-1]
    assert call["method"] == ("POST" if name in ("kakao", "naver") else "GET")
    if header is None:
        assert call["query"]["access_token"] == f"t.{name}+/"
        assert "authorization" not in call["headers"]
    else:
        assert call["headers"][header] == value.format(token=f"t.{name}+/")


def test_discord_without_a_verified_address_has_none(presets):
    answer = presets.way("discord").sign_in(profile_body={
        "id": "d2", "email": new_email(), "verified": False})

    assert detail(answer) == "OAUTH_NOT_AVAILABLE_EMAIL"


def test_reddit_never_has_an_address(presets):
    answer = presets.way("reddit").sign_in(profile_body={"name": "r1"})

    assert detail(answer) == "OAUTH_NOT_AVAILABLE_EMAIL"


def test_github_is_asked_for_addresses_when_the_profile_has_none(presets):
    email = new_email("hidden")
    for emails in ([{"email": "x@example.com", "primary": False},
                    {"email": email, "primary": True, "verified": True}],
                   [{"email": email, "primary": False}]):
        answer = presets.way("github").sign_in(
            profile_body={"id": 4712, "email": None}, emails_body=emails)
        assert presets.me(answer)["email"] == email
    answer = presets.way("github").sign_in(
        profile_body={"id": 4713, "email": None}, emails_body=[])
    assert detail(answer) == "OAUTH_NOT_AVAILABLE_EMAIL"
    answer = presets.way("github").sign_in(
        profile_body={"id": 4713, "email": None}, emails="500")
    assert detail(answer) == "OAUTH_PROVIDER_ERROR"


def test_linkedin_is_asked_twice(presets):
    email = new_email("linked")

    answer = presets.way("linkedin").sign_in(
        profile_body={"id": "l1"},
        emails_body={"elements": [{"handle~": {"emailAddress": email}}]})

    assert presets.me(answer)["email"] == email


# TLS.

def test_a_provider_is_trusted_by_its_certificate_alone(
        new_stack, tls_provider):
    settings = [s for s in settings_for(tls_provider)
                if s != "oauth.allow_http=true"]
    stack = new_stack(settings=settings, workers=1)
    oauth = OAuth(stack, tls_provider)
    assert detail(oauth.client.get("/auth/test/authorize")) == \
        "OAUTH_PROVIDER_ERROR"
    assert tls_provider.called() == []

    with open(tls_provider.folder + "/ca.pem", encoding="ascii") as f:
        stack.write("ca.pem", f.read())
    stack.settings["oauth", None]["ca_file"] = stack.path("ca.pem")
    stack.reload()

    assert oauth.way("test").sign_in().status_code == 200
    assert oauth.way("plain").sign_in().status_code == 200


def test_v59_private_addresses_are_not_asked_unless_allowed(
        new_stack, provider):
    settings = [s for s in settings_for(provider)
                if s != "oauth.allow_private=true"]
    provider.forget()
    oauth = OAuth(new_stack(settings=settings, workers=1), provider)

    assert detail(oauth.client.get("/auth/test/authorize")) == \
        "OAUTH_PROVIDER_ERROR"
    assert detail(oauth.way("plain").sign_in()) == "OAUTH_PROVIDER_ERROR"
    assert provider.called() == []


def test_v60_a_proxy_header_leads_nowhere(new_stack, provider):
    oauth = OAuth(new_stack(settings=settings_for(provider),
                            server="apache-cgi"), provider)
    provider.forget()

    answer = oauth.client.get("/auth/test/authorize",
                              headers={"Proxy": provider.url + "/proxy"})

    assert answer.status_code == 200
    assert [c["path"] for c in provider.called()] == [
        "/.well-known/openid-configuration"]
    assert oauth.way("test").sign_in().status_code == 200
