# SPDX-License-Identifier: MIT
"""Ways to the tests' provider and back, as a browser goes them."""

import itertools
import secrets
import time
from urllib.parse import parse_qs, urlsplit

from client import new_email
from provider import CLIENT_ID, CLIENT_SECRET

COOKIE = "fastapiusersoauthcsrf"
numbers = itertools.count(1)


def new_sub():
    """An account that no other test has."""
    return f"sub-{next(numbers)}-{secrets.token_hex(4)}"


def settings_for(provider):
    """Providers that all are provider.py's, each configured otherwise."""
    discovered = {"preset": "openid", "backend": "bearer",
                  "discovery_url": provider.url
                  + "/.well-known/openid-configuration"}
    explicit = {"preset": "oauth2", "backend": "bearer", "pkce": "off",
                "authorize_url": provider.url + "/authorize",
                "token_url": provider.url + "/token",
                "profile_url": provider.url + "/userinfo",
                "id_path": "sub", "email_path": "email"}
    providers = {
        "test": discovered,
        "post": {**discovered, "token_auth": "client_secret_post"},
        "cookie": {**discovered, "backend": "jwt"},
        "joining": {**discovered, "associate_by_email": "true",
                    "is_verified_by_default": "true"},
        "verified": {**discovered, "requires_verification": "true"},
        "asking": {**discovered, "allowed_scopes": "{extra}"},
        "elsewhere": {**discovered,
                      "redirect_url": "https://app.example/back",
                      "associate_redirect_url": "https://app.example/assoc"},
        "plain": {**explicit, "scopes": "{one, two}",
                  "allowed_scopes": "{extra}",
                  "authorize_extra": '{"audience=a b&c"}'},
    }
    return spell(providers)


def preset_settings(provider):
    """Every preset, its addresses turned to provider.py."""
    providers = {}
    for name in ("google", "github", "facebook", "microsoft", "discord",
                 "linkedin", "kakao", "naver", "reddit", "franceconnect",
                 "shopify"):
        profile = f"{provider.url}/profile/{name}"
        if name == "facebook":
            profile += "?fields=id%2Cemail&access_token={token}"
        providers[name] = {"preset": name, "backend": "bearer",
                           "authorize_url": provider.url + "/authorize",
                           "token_url": provider.url + "/token",
                           "profile_url": profile}
    for name in ("github", "linkedin"):
        providers[name]["emails_url"] = provider.url + "/emails"
    return spell(providers)


def spell(providers):
    settings = ["oauth.allow_http=true", "oauth.allow_private=true",
                "oauth.time_limit=4"]
    for title, values in providers.items():
        values = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
                  **values}
        settings += [f"provider.{title}.{name}={value}"
                     for name, value in values.items()]
    return settings


class Way:
    """One way to a provider and back, to sign in or, with a token, to
    associate."""

    def __init__(self, oauth, name="test", token=None):
        self.oauth, self.name, self.token = oauth, name, token
        self.url = self.cookie = self.state = None

    @property
    def path(self):
        return f"/auth/{'associate/' if self.token else ''}{self.name}"

    def begin(self, status=200):
        answer = self.oauth.client.get(self.path + "/authorize",
                                       token=self.token)
        assert answer.status_code == status, answer.text
        if status == 200:
            self.url = answer.json()["authorization_url"]
            self.state = parse_qs(urlsplit(self.url).query)["state"][0]
            self.cookie = answer.headers["Set-Cookie"].split(
                ";")[0].partition("=")[2]
        return answer

    def consent(self, begin=True, **who):
        if begin:
            self.begin()
        who.setdefault("sub", new_sub())
        who.setdefault("email", new_email("oauth"))
        return self.oauth.provider.consent(self.url, **who)

    def come_back(self, back):
        headers = {}
        if self.cookie is not None:
            headers["Cookie"] = f"{COOKIE}={self.cookie}"
        return self.oauth.client.get(
            self.path + "/callback", token=self.token, headers=headers,
            params={k: v for k, v in back.items() if v is not None})

    def sign_in(self, **who):
        return self.come_back(self.consent(**who))

    associate = sign_in


class OAuth:
    """A stack and the provider that it knows."""

    def __init__(self, stack, provider):
        self.stack, self.provider = stack, provider
        self.client = stack.client

    def way(self, name="test", token=None):
        return Way(self, name, token)

    def me(self, answer):
        """The user whom a sign-in has signed in."""
        assert answer.status_code == 200, answer.text
        got = self.client.get("/users/me",
                              token=answer.json()["access_token"])
        assert got.status_code == 200, got.text
        return got.json()

    def set(self, user, **flags):
        answer = self.client.patch(f"/users/{user['id']}", json=flags,
                                   token=self.client.admin())
        assert answer.status_code == 200, answer.text

    def verified_user(self):
        user = self.client.register()
        self.set(user, is_verified=True)
        return user

    def accounts_of(self, user):
        return self.client.get(f"/users/{user['id']}",
                               token=self.client.admin()
                               ).json()["oauth_accounts"]

    def exists(self, email):
        return int(self.stack.ask('SELECT count(*) FROM "user" WHERE '
                                  f"email = '{email}'")) > 0

    def state(self, way, key=None, **claims):
        """A state of our own making, good but for what is said."""
        if way.cookie is None:
            way.begin()
        claims = {"csrftoken": way.cookie, "provider": way.name,
                  "purpose": "associate" if way.token else "login",
                  "aud": "fastapi-users:oauth-state",
                  "exp": int(time.time()) + 600, **claims}
        return self.client.sign(
            {k: v for k, v in claims.items() if v is not None},
            key=key or self.stack.secrets["state"])


def through_provider(oauth, browser, path, **who):
    """A browser goes there, to the provider, and back."""
    answer = browser.ask("GET", path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(oauth.provider.url)
    back = oauth.provider.consent(answer.headers["Location"], **who)
    callback = "/auth/associate/" if "connect" in path else "/auth/"
    name = path.partition("?")[0].rpartition("/")[2]
    browser.path = f"{callback}{name}/callback"
    return browser.follow(browser.ask("GET", browser.path, params=back))
