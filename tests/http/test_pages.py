# SPDX-License-Identifier: MIT
"""The pages, in a browser without JavaScript."""

import os
import pathlib
import re
import tempfile

import pytest
import stack as stacks

from browsing import Browser, Document
from client import PASSWORD, new_email
from commands import run_with
from mail_server import MailServer
from mailed import reset_token, verify_token
from oauth_client import new_sub, through_provider
from served import CONTROL

HERE = os.path.dirname(os.path.abspath(__file__))
TEXTS = os.path.join(HERE, "..", "..", "www", "pages", "text")
FIELDS = ("field.nickname.max=20", "field.age.type=integer",
          "field.age.min=18", "field.news.type=boolean",
          "field.news.initial=false", "field.colour.type=choice",
          'field.colour.choices={"red", "green"}', "field.note.read=admin",
          "field.note.write=admin")
NEW_PASSWORD = "another horse 9 staple"
OPEN_PAGES = ("/sign-in", "/sign-up", "/forgot-password",
              "/reset-password?token=x", "/reset-password",
              "/verify?token=x", "/verify", "/request-verify")
XSS = ('"><script>alert(1)</script>', "'><img src=x onerror=alert(1)>",
       "javascript:alert(1)", "</title><script>alert(1)</script>",
       "<svg/onload=alert(1)>", "{{7*7}}", "&lt;script&gt;", "\u202eevil",
       "</textarea><script>alert(1)</script>", "' onfocus=alert(1) x='",
       pytest.param("\x01\x02", marks=CONTROL), "%3Cscript%3E", "<!--", "]]>",
       "@title@")


def text_of(language, key):
    with open(os.path.join(TEXTS, f"{language}.txt"), encoding="utf-8") as f:
        for line in f:
            name, _, text = line.rstrip("\n").partition(" = ")
            if name == key:
                return text
    raise KeyError(key)


def said(page):
    return [a for a in page.tags if a[1].get("role") in ("status", "alert")]


@pytest.fixture
def folder():
    """One that the program's user may enter, too."""
    with tempfile.TemporaryDirectory(prefix="fastcgi-users-texts-") as path:
        os.chmod(path, 0o755)
        yield pathlib.Path(path)


@pytest.fixture
def mail_server():
    made = MailServer()
    yield made
    made.end()


@pytest.fixture
def browser(client):
    return Browser(client)


@pytest.fixture
def member(client, browser):
    """(browser, user) of somebody who is signed in."""
    user = client.register()
    browser.sign_in(user["email"], PASSWORD)
    assert "/account" in browser.path
    return browser, user


@pytest.fixture
def custom(house, db):
    return house.get(db, settings=FIELDS).client


def test_a_stranger_makes_an_account_signs_out_and_in_again(browser):
    email = new_email()

    page = browser.sign_up(email, PASSWORD)
    assert browser.path == "/account"
    assert email in page.text
    assert text_of("en", "said.signed_up") in page.text
    assert text_of("en", "said.signed_up") not in browser.go("/account").text

    page = browser.send("/sign-out")
    assert browser.path == "/sign-in"
    assert text_of("en", "said.signed_out") in page.text
    assert browser.go("/account").form("/sign-in")

    browser.sign_in(email, PASSWORD)
    assert email in browser.page.text


def test_who_must_confirm_his_address_is_sent_a_mail_and_told_so(
        new_stack, db, mail_server):
    client = new_stack(db, workers=1, settings=(
        f"mail.url=smtp://127.0.0.1:{mail_server.port}", "mail.tls=none",
        "mail.from=users@example.org", "mail.base_url=http://localhost",
        "backend.jwt.requires_verification=true",
        "pages.after_sign_in=/app/")).client
    browser = Browser(client)
    email = new_email()

    browser.go("/sign-up?return_to=/inbox")
    page = browser.send("/sign-up", email=email, password=PASSWORD)
    assert browser.path == "/sign-in?return_to=%2Finbox"
    assert text_of("en", "said.confirm_first") in page.text
    assert text_of("en", "said.signed_up") not in page.text
    page = browser.send("/sign-in", username=email, password=PASSWORD)
    assert text_of("en", "fault.not_verified") in page.text
    assert "/request-verify" in page.links
    assert stacks.wait_until(lambda: mail_server.to(email))
    browser.go("/verify?token=" + mail_server.to(email)[0].token)
    assert text_of("en", "said.verified") in browser.send("/verify").text
    form = browser.go("/sign-in").form("/sign-in")
    answer = browser.ask("POST", "/sign-in", data={
        **form["fields"], "username": email, "password": PASSWORD})
    assert answer.headers["Location"] == "/app/"


def test_nobody_is_promised_a_mail_that_is_not_sent(house, db):
    browser = Browser(house.get(db, settings=(
        "backend.jwt.requires_verification=true",
        "routes.verify=false")).client)
    email = new_email()

    page = browser.sign_up(email, PASSWORD)
    assert browser.path == "/sign-in"
    assert text_of("en", "said.made") in page.text
    page = browser.send("/sign-in", username=email, password=PASSWORD)
    assert text_of("en", "fault.not_verified") in page.text
    assert "/request-verify" not in page.links


def test_what_was_entered_survives_a_mistake_but_for_the_password(browser):
    page = browser.sign_up("nobody@nowhere", PASSWORD)

    assert browser.answer.status_code == 422
    assert page.form("/sign-up")["fields"]["email"] == "nobody@nowhere"
    assert page.form("/sign-up")["fields"]["password"] == ""
    assert PASSWORD not in browser.answer.text
    [field] = page.attributes("input", name="email")
    assert field["aria-invalid"] == "true"
    assert field["aria-describedby"] == "sign_up-email-fault"
    assert page.attributes("div", id="sign_up-email-fault")


@pytest.mark.parametrize("password, key", [
    ("short", "fault.password_short"), ("password1", "fault.password_common"),
    ("", "fault.missing")])
def test_a_bad_new_password_is_told_beside_its_field(browser, password, key):
    page = browser.sign_up(new_email(), password)

    assert browser.answer.status_code in (400, 422)
    assert text_of("en", key).replace("{min}", "8") in page.text
    assert page.attributes("div", id="sign_up-password-fault")


def test_an_address_that_is_taken_is_told_beside_its_field(client, browser):
    page = browser.sign_up(client.register()["email"], PASSWORD)

    assert browser.answer.status_code == 400
    assert text_of("en", "fault.email_taken") in page.text


@pytest.mark.parametrize("email, password", [
    (None, "wrong password 1"), ("nobody@example.com", PASSWORD)])
def test_a_wrong_sign_in_says_the_same_whoever_it_is(client, browser, email,
                                                     password):
    page = browser.sign_in(email or client.register()["email"], password)

    assert browser.answer.status_code == 400
    assert text_of("en", "fault.credentials") in page.text
    assert "fastapiusersauth" not in browser.cookies


def test_who_is_signed_in_is_not_asked_again(member):
    browser, _ = member

    for path in ("/sign-in", "/sign-up"):
        browser.go(path)
        assert browser.path == "/account"


def test_a_page_that_needs_somebody_comes_back_after_the_sign_in(client,
                                                                 browser):
    user = client.register()
    browser.go("/account")
    assert browser.path == "/sign-in?return_to=%2Faccount"

    browser.send("/sign-in", username=user["email"], password="wrong one 1")
    browser.send("/sign-in", username=user["email"], password=PASSWORD)
    assert browser.path == "/account"


@pytest.mark.parametrize("where", [
    "//evil.example", "/\\evil.example", "https://evil.example", "evil",
    "javascript:alert(1)", "/%0d%0aSet-Cookie: a=b", "https:evil.example",
    "///evil.example", "",
    *(pytest.param(where, marks=CONTROL) for where in (
        "\t//evil.example", "/a\r\nX: y", "/\tb")),
    "/..//evil.example", "\\/evil.example", "http:/evil.example"])
def test_nobody_is_sent_where_he_must_not_be(client, browser, where):
    from urllib.parse import quote
    user = client.register()
    browser.go("/sign-in?return_to=" + quote(where, safe=""))
    form = browser.page.form("/sign-in")
    answer = browser.ask("POST", "/sign-in", data={
        **form["fields"], "username": user["email"], "password": PASSWORD,
        "return_to": where})

    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location.startswith("/") and not location.startswith("//")
    assert "evil" not in location or location.startswith("/%0d%0a")
    assert "X" not in answer.headers


def test_return_to_leads_only_to_the_places_that_are_listed(house, db):
    client = house.get(db, settings=(
        'pages.return_to={"/app", "https://app.example.org"}',
        "pages.after_sign_in=/hello")).client
    user = client.register()

    def leads_to(where):
        browser = Browser(client)
        browser.go("/sign-in")
        form = browser.page.form("/sign-in")
        answer = browser.ask("POST", "/sign-in", data={
            **form["fields"], "username": user["email"],
            "password": PASSWORD, "return_to": where})
        assert answer.status_code == 303
        return answer.headers["Location"]

    for allowed in ("/app", "/app/x?y=1", "/app?x", "https://app.example.org",
                    "https://app.example.org/deep"):
        assert leads_to(allowed) == allowed
    for refused in ("/apple", "/", "https://app.example.org.evil.example",
                    "https://app.example.org@evil.example",
                    "http://app.example.org", "/app/../x"):
        assert leads_to(refused) == "/hello"
    policy = client.get("/sign-in").headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https://app.example.org")


def test_a_page_is_come_back_to_whatever_places_are_listed(house, db):
    client = house.get(db, settings=(
        'pages.return_to={"/app"}', "pages.after_sign_in=/app/",
        "pages.prefix=/me"), mount="/users-app").client
    browser = Browser(client)

    for path in ("/me/account", "/me/admin/users/x?y=1"):
        browser.go(path)
        assert browser.path.startswith("/users-app/me/sign-in?return_to=")
        answer = browser.ask("POST", "/me/sign-in", data={
            **browser.page.form("/sign-in")["fields"],
            "username": client.stack.superuser["email"],
            "password": client.stack.superuser["password"]})
        assert answer.headers["Location"] == "/users-app" + path
        browser.cookies.clear()
    for path in ("/me/account", "/users-app/me/accounts",
                 "/users-app/me/sign-up", "/users-app/me/account/../x"):
        browser.go("/me/sign-in?return_to=" + path)
        assert "return_to" not in browser.page.form("/sign-in")["fields"]


def test_browsers_let_a_form_lead_to_where_a_sign_in_ends(house, db):
    client = house.get(db, settings=(
        "pages.after_sign_in=https://app.example.org:8443/a?b=c;d",)).client
    browser = Browser(client)

    form = browser.go("/sign-up").form("/sign-up")
    policy = browser.answer.headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https://app.example.org:8443")
    answer = browser.ask("POST", "/sign-up", data={
        **form["fields"], "email": new_email(), "password": PASSWORD})
    assert answer.headers["Location"] == (
        "https://app.example.org:8443/a?b=c;d")


def test_a_forgotten_password_is_asked_for_and_set_anew(client, browser):
    user = client.register()

    browser.go("/sign-in")
    assert "/forgot-password" in browser.page.links
    browser.go("/forgot-password")
    page = browser.send("/forgot-password", email=user["email"])
    assert text_of("en", "said.forgot") in page.text

    token = reset_token(client, user)
    for _ in range(3):  # a scanner of mails looks at links, too
        page = browser.go(f"/reset-password?token={token}")
    page = browser.send("/reset-password", password="short")
    assert page.form("/reset-password")["fields"]["token"] == token
    page = browser.send("/reset-password", password=NEW_PASSWORD)
    assert text_of("en", "said.reset") in page.text
    assert client.try_login(user["email"], NEW_PASSWORD).status_code == 200

    browser.go(f"/reset-password?token={token}")
    page = browser.send("/reset-password", password=PASSWORD + "x")
    assert text_of("en", "fault.reset_token") in page.text


@pytest.mark.parametrize("prefix, mount", [("", ""), ("/me", "/users-app")])
def test_the_links_of_mails_lead_to_the_pages_wherever_they_are(
        new_stack, db, mail_server, prefix, mount):
    client = new_stack(db, workers=1, mount=mount, settings=(
        f"mail.url=smtp://127.0.0.1:{mail_server.port}", "mail.tls=none",
        "mail.from=users@example.org",
        f"mail.base_url=http://localhost{mount}",
        f"pages.prefix={prefix}")).client
    browser = Browser(client)
    email = new_email()

    browser.go(f"{prefix}/sign-up")
    browser.send("/sign-up", email=email, password=PASSWORD)
    browser.send("/account/verify")
    browser.send("/sign-out")
    browser.go(f"{prefix}/forgot-password")
    browser.send("/forgot-password", email=email)
    assert stacks.wait_until(lambda: len(mail_server.to(email)) == 2)
    links = [m.link.removeprefix("http://localhost")
             for m in mail_server.to(email)]
    assert sorted(link.partition("?")[0] for link in links) == [
        f"{mount}{prefix}/reset-password", f"{mount}{prefix}/verify"]
    for link in links:
        browser.go(link)
        page = browser.send(link.partition("?")[0],
                            **({"password": NEW_PASSWORD}
                               if "reset" in link else {}))
        assert text_of("en", "said.reset" if "reset" in link
                       else "said.verified") in page.text


def test_an_address_is_verified_by_a_press_of_the_button_alone(client,
                                                               browser):
    user = client.register()
    token = verify_token(client, user)

    browser.go(f"/verify?token={token}")
    assert client.get("/users/me", token=client.login(
        user["email"])).json()["is_verified"] is False
    page = browser.send("/verify")
    assert text_of("en", "said.verified") in page.text
    assert client.get("/users/me", token=client.login(
        user["email"])).json()["is_verified"] is True


def test_a_link_without_its_token_offers_a_new_one(browser):
    page = browser.go("/reset-password")
    assert not [f for f in page.forms if "reset" in f["action"]]
    assert "/forgot-password" in page.links

    page = browser.go("/verify")
    assert not page.forms
    assert "/request-verify" in page.links


def test_the_address_changes_with_the_current_password_only(client, member):
    browser, user = member
    email = new_email()

    page = browser.send("/account/email", email=email,
                        current_password="wrong one 1")
    assert browser.answer.status_code == 400
    assert text_of("en", "fault.current_password") in page.text
    assert page.form("/account/email")["fields"]["email"] == email
    page = browser.send("/account/email", email=email, current_password="")
    assert text_of("en", "fault.missing") in page.text

    page = browser.send("/account/email", email=email,
                        current_password=PASSWORD)
    assert text_of("en", "said.email") in page.text
    assert client.try_login(user["email"]).status_code == 400
    assert client.try_login(email).status_code == 200


def test_a_new_password_keeps_this_session_and_ends_the_others(client,
                                                               member):
    browser, user = member
    other = client.login(user["email"])

    page = browser.send("/account/password", password=NEW_PASSWORD,
                        current_password=PASSWORD)
    assert text_of("en", "said.password") in page.text
    assert user["email"] in browser.go("/account").text
    assert client.get("/users/me", token=other).status_code == 401
    assert client.try_login(user["email"], NEW_PASSWORD).status_code == 200


def test_signing_out_everywhere_ends_every_session(client, member):
    browser, user = member
    other = client.login(user["email"])
    mine = browser.cookies["fastapiusersauth"]

    page = browser.send("/account/sign-out")
    assert text_of("en", "said.everywhere") in page.text
    assert client.get("/users/me", token=other).status_code == 401
    assert client.get("/users/me", cookie=mine).status_code == 401
    assert "fastapiusersauth" not in browser.cookies


def test_configured_fields_are_filled_in_and_changed(custom):
    browser = Browser(custom)
    email = new_email()
    browser.go("/sign-up")
    assert "note" not in browser.page.form("/sign-up")["fields"]

    page = browser.send("/sign-up", email=email, password=PASSWORD, age="7",
                        nickname="x" * 21)
    assert text_of("en", "fault.too_small").replace("{min}", "18") in page.text
    assert text_of("en", "fault.too_long").replace("{max}", "20") in page.text
    assert page.form("/sign-up")["fields"]["age"] == "7"

    browser.send("/sign-up", email=email, password=PASSWORD, age="42",
                 nickname="Zoë <b>", colour="green", news="true")
    page = browser.go("/account")
    fields = page.form("/account/profile")["fields"]
    assert {k: fields[k] for k in ("age", "nickname", "colour", "news")} == {
        "age": "42", "nickname": "Zoë <b>", "colour": "green",
        "news": "true"}

    page = browser.send("/account/profile", age="43", nickname="", colour="",
                        news="false")
    assert text_of("en", "said.profile") in page.text
    me = custom.get("/users/me", token=custom.login(email)).json()
    assert (me["age"], me["nickname"], me["colour"], me["news"]) == (
        43, None, None, False)


def test_what_is_not_changed_at_sign_up_has_its_initial_value(house, db):
    custom = house.get(db, settings=(
        "field.news.type=boolean", "field.news.initial=true",
        "field.colour.type=choice", 'field.colour.choices={"red", "green"}',
        "field.colour.initial=green", "field.plan.initial=free",
        "field.plan.write=admin")).client
    browser = Browser(custom)
    email = new_email()

    fields = browser.go("/sign-up").form("/sign-up")["fields"]
    assert (fields["news"], fields["colour"]) == ("true", "green")
    assert "plan" not in fields
    browser.sign_up(email, PASSWORD)
    me = custom.get("/users/me", token=custom.login(email)).json()
    assert (me["news"], me["colour"], me["plan"]) == (True, "green", "free")

    email = new_email()
    browser.send("/sign-out")
    browser.go("/sign-up")
    browser.send("/sign-up", email=email, password=PASSWORD, news="false",
                 colour="red")
    me = custom.get("/users/me", token=custom.login(email)).json()
    assert (me["news"], me["colour"]) == (False, "red")


def test_what_nobody_can_take_away_is_not_said_to_be_saved(house, db):
    custom = house.get(db, settings=(
        "field.name.required=true", "field.name.min=2",
        "field.plan.initial=free", "field.nickname.max=20")).client
    browser = Browser(custom)
    boss = Browser(custom)
    browser.go("/sign-up")
    browser.send("/sign-up", email=new_email(), password=PASSWORD,
                 name="Zoe")
    boss.sign_in(custom.stack.superuser["email"],
                 custom.stack.superuser["password"])
    user = custom.get("/users/me",
                      cookie=browser.cookies["fastapiusersauth"]).json()
    boss.go(f"/admin/users/{user['id']}")

    for who, form in ((browser, "/account/profile"), (boss, "/details")):
        for field in ("name", "plan"):
            page = who.send(form, **{field: "", "nickname": "z"})
            assert who.answer.status_code == 422, (form, field)
            [fault] = page.attributes("div", **{"class": "fault",
                                                "role": None})
            assert fault["id"].endswith(f"-{field}-fault")
            who.go("/account" if who is browser
                   else f"/admin/users/{user['id']}")
    assert [bool(a.get("required") is None and "required" in a)
            for n in ("name", "plan", "nickname")
            for a in boss.page.attributes("input", name=n)] == [
                True, True, False]
    assert text_of("en", "said.profile") in browser.send(
        "/account/profile", nickname="").text


def test_nobody_is_shown_a_field_that_superusers_alone_see(house, db):
    """Nor is it taken away when the rest of the profile is saved."""
    custom = house.get(db, settings=("field.rating.read=admin",
                                     "field.nickname.max=20")).client
    browser = Browser(custom)
    email = new_email()
    browser.go("/sign-up")
    browser.send("/sign-up", email=email, password=PASSWORD,
                 rating="came by a friend")
    user = custom.get("/users/me", token=custom.login(email)).json()
    assert "rating" not in user

    page = browser.go("/account")
    assert "came by a friend" not in browser.answer.text
    assert "rating" not in page.form("/account/profile")["fields"]
    browser.send("/account/profile", nickname="Zoe")
    seen = custom.get(f"/users/{user['id']}", token=custom.admin()).json()
    assert (seen["rating"], seen["nickname"]) == ("came by a friend", "Zoe")


def test_forms_are_taken_from_our_own_pages_only(client, browser):
    user = client.register()
    browser.go("/sign-in")
    form = browser.page.form("/sign-in")["fields"]
    good = {**form, "username": user["email"], "password": PASSWORD}

    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"},
                    {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site"}):
        answer = browser.ask("POST", "/sign-in", data=good, headers=headers)
        assert answer.status_code == 403, headers
        assert "fastapiusersauth" not in browser.cookies
    for token in ("", "x", form["form_token"][:-1], None,
                  form["form_token"] + "x", form["form_token"].upper()):
        sent = {k: v for k, v in {**good, "form_token": token}.items()
                if v is not None}
        answer = browser.ask("POST", "/sign-in", data=sent)
        assert answer.status_code == 403
        assert text_of("en", "fault.form_expired") in answer.text
    # Another browser's form, and another form's token.
    other = Browser(client)
    other.go("/sign-up")
    answer = other.ask("POST", "/sign-in", data=good)
    assert answer.status_code == 403
    other.go("/sign-in")
    answer = other.ask("POST", "/sign-up", data={
        "email": new_email(), "password": PASSWORD,
        "form_token": other.page.form("/sign-in")["fields"]["form_token"]})
    assert answer.status_code == 403


def test_a_form_is_bound_to_the_session_it_was_made_for(client, member):
    browser, _ = member
    stranger = Browser(client)
    stranger.sign_in(client.register()["email"], PASSWORD)
    token = stranger.page.form("/account/sign-out")["fields"]["form_token"]

    answer = browser.ask("POST", "/account/sign-out",
                         data={"form_token": token})
    assert answer.status_code == 403
    assert browser.go("/account").form("/account/sign-out")


def test_limits_hold_for_pages_as_for_the_api(house, db):
    """V26."""
    client = house.get(db, settings=(
        "limits.enabled=true", "limits.sign_in=3", "limits.forgot=2",
        "pages.site=Limited")).client
    email = client.register()["email"]

    browser = Browser(client)
    for _ in range(3):
        browser.sign_in(email, "wrong one 1")
        assert browser.answer.status_code == 400
    page = browser.sign_in(email, PASSWORD)
    assert browser.answer.status_code == 429
    assert int(browser.answer.headers["Retry-After"]) > 0
    assert text_of("en", "fault.too_often") in page.text
    assert client.try_login(email).status_code == 429

    for status in (200, 200, 429):
        browser.go("/forgot-password")
        browser.send("/forgot-password", email=email)
        assert browser.answer.status_code == status


@pytest.mark.parametrize("header, language", [
    ("de", "de"), ("de-AT,en;q=0.5", "de"), ("xx, fr;q=0.3, es;q=0.8", "es"),
    ("xx", "en"), ("", "en"), ("fr;q=0, es;q=0.001", "es"), ("*", "en"),
    ("d", "en"), ("deutsch", "en"), (",;q=,,q=1", "en")])
def test_the_language_is_the_one_that_the_browser_wants(client, header,
                                                        language):
    answer = client.get("/sign-in", headers={"Accept-Language": header})

    assert answer.headers["Content-Language"] == language
    page = Document(answer.text)
    assert page.attributes("html")[0]["lang"] == language
    assert text_of(language, "sign_in.forgot") in page.text


def test_a_language_that_was_chosen_is_kept(browser):
    browser.go("/reset-password?token=abc&return_to=%2Fx")
    [link] = [a["href"] for a in browser.page.attributes("a", hreflang="fr")]
    assert "token=abc" in link

    browser.go(link)
    assert browser.answer.headers["Content-Language"] == "fr"
    assert browser.page.form("/reset-password")["fields"]["token"] == "abc"
    browser.go("/sign-in")
    assert browser.answer.headers["Content-Language"] == "fr"
    browser.go("/sign-in?language=xx")
    assert browser.answer.headers["Content-Language"] == "fr"


def test_a_field_that_is_called_language_leaves_the_pages_in_theirs(house,
                                                                    db):
    client = house.get(db, settings=(
        "field.language.type=choice",
        'field.language.choices={"de", "fr"}')).client
    boss = Browser(client)
    user = client.register()
    boss.sign_in(client.stack.superuser["email"],
                 client.stack.superuser["password"])

    boss.go(f"/admin/users/{user['id']}")
    page = boss.send("/details", language="fr")
    assert text_of("en", "said.user_changed") in page.text
    assert page.form("/details")["fields"]["language"] == "fr"
    page = boss.send("/details", language="fr", email="nobody")
    assert text_of("en", "fault.summary") in page.text
    assert not [name for name in boss.cookies if "language" in name]


def test_a_folder_adds_languages_and_changes_texts(new_stack, db, folder):
    (folder / "ar.txt").write_text(
        "language.name = العربية\nlanguage.direction = rtl\n"
        "sign_in.title = تسجيل الدخول\n", encoding="utf-8")
    (folder / "en.txt").write_text("# ours\nsign_in.button = Come in\n")
    client = new_stack(db=db, settings=[f"pages.texts={folder}"]).client

    answer = client.get("/sign-in", headers={"Accept-Language": "ar-EG"})
    page = Document(answer.text)
    assert page.attributes("html") == [{"lang": "ar", "dir": "rtl"}]
    assert "تسجيل الدخول" in page.text and "Come in" in page.text
    assert [a["hreflang"] for a in page.attributes("a") if "hreflang" in a
            ] == ["ar", "de", "en", "es", "fr"]


@pytest.mark.parametrize("name, text, why", [
    ("x.txt", "", "bears the name of a language"),
    ("ar.txt", "sign_in.titel = x\n", 'ar.txt:1: no text is called '
     '"sign_in.titel"'),
    ("ar.txt", "\nnonsense\n", 'ar.txt:2: a line is "key = text"'),
    ("ar.txt", "language.direction = up\n", "a direction is ltr or rtl")])
def test_a_wrong_file_of_texts_is_told_with_its_line(stack, folder, name,
                                                     text, why):
    (folder / name).write_text(text)

    done = run_with(stack, f'pages {{ texts = "{folder}" }}', "check")
    assert done.returncode != 0
    assert why in done.stderr


def test_who_wants_no_language_that_there_is_has_the_configured_one(
        new_stack, stack, db, folder):
    (folder / "ar.txt").write_bytes(
        b"# From Windows.\r\n\r\nlanguage.direction = rtl\r\n"
        b"sign_in.title = Dukhul\r\n")
    client = new_stack(db, settings=(
        f"pages.texts={folder}", "pages.language=ar")).client

    page = client.get("/sign-in", headers={"Accept-Language": "xx"}).text
    assert "<h1>Dukhul</h1>" in page and 'dir="rtl"' in page
    for settings in ('pages { language = "ar" }', 'pages { language = "" }'):
        done = run_with(stack, settings, "check")
        assert done.returncode != 0
        assert "pages.language: there are no texts for" in done.stderr
    done = run_with(stack, f'pages {{ language = "ar" texts = "{folder}" }}',
                    "check")
    assert "no texts" not in done.stderr


@pytest.mark.parametrize("path", OPEN_PAGES)
@pytest.mark.parametrize("language", ["de", "en", "es", "fr"])
def test_every_page_is_whole_in_every_language(client, path, language):
    answer = client.get(path, headers={"Accept-Language": language})
    page = Document(answer.text)

    assert answer.status_code == 200
    assert "{" not in page.text and not re.search(r"\b[a-z]+\.[a-z_]+\b",
                                                  page.text)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    labels = {a["for"] for a in page.attributes("label")}
    for _, a in page.tags:
        if a.get("type") in ("text", "email", "password"):
            assert a["id"] in labels
    for tag, a in page.tags:
        assert not [n for n in a if n.startswith("on")], (tag, a)
        assert "style" not in a
    assert len(page.attributes("h1")) == 1


def test_every_language_says_everything():
    def keys(name):
        with open(os.path.join(TEXTS, name), encoding="utf-8") as f:
            return {line.split(" = ")[0]: sorted(re.findall(r"{\w+}", line))
                    for line in f if " = " in line and line[0] != "#"}

    english = keys("en.txt")
    names = sorted(os.listdir(TEXTS))
    assert names == ["de.txt", "en.txt", "es.txt", "fr.txt"]
    for name in names:
        assert keys(name) == english


@pytest.mark.parametrize("payload", XSS)
def test_nothing_that_was_sent_comes_back_as_markup(client, payload):
    from urllib.parse import quote
    browser = Browser(client, headers={
        "User-Agent": "x", "Referer": "http://x/" + quote(payload)})
    plain = set(t for t, _ in browser.go("/sign-up").tags)

    def look():
        page = browser.page
        assert set(t for t, _ in page.tags) <= plain | {"div", "p", "small"}
        for _, a in page.tags:
            assert not [n for n in a if n.startswith("on")]
        scripts = page.attributes("script")
        assert len(scripts) == 1 and "src" in scripts[0]

    for path in OPEN_PAGES:
        start = path.partition("?")[0]
        for name in ("token", "return_to", "language", payload):
            browser.go(f"{start}?{quote(name)}={quote(payload)}")
            look()
    for path, form in (("/sign-up", {"email": payload, "password": payload}),
                       ("/sign-in", {"username": payload,
                                     "password": payload}),
                       ("/reset-password?token=x",
                        {"token": payload, "password": payload})):
        browser.go(path)
        browser.send(path.partition("?")[0], **form)
        look()
    for name in ("fcu_said", "fcu_language", "fcu_form", "fcu_way"):
        for prefix in ("", "__Host-"):
            browser.cookies[prefix + name] = quote(payload)
    browser.go("/sign-in")
    look()


@pytest.mark.parametrize("value", ["\x00", "a" * 5000, "\xff\xfe", "é" * 400,
                                   "a@" + "b" * 3000 + ".example", "\u202e"])
def test_odd_bytes_in_any_field_are_a_clear_answer(browser, value):
    for path in ("/sign-in", "/sign-up", "/forgot-password",
                 "/request-verify"):
        fields = browser.go(path).form(path)["fields"]
        for name in fields:
            answer = browser.ask("POST", path, data={
                **fields, name: value.encode("latin-1", "replace")})
            assert answer.status_code in (303, 400, 403, 422), (path, name)
            if answer.status_code != 303:
                Document(answer.text)


@pytest.mark.parametrize("name, kind", [
    ("pages.css", "text/css; charset=utf-8"),
    ("pages.js", "text/javascript; charset=utf-8"),
    ("logo.svg", "image/svg+xml")])
def test_files_are_kept_by_browsers_until_they_change(client, name, kind):
    page = client.get("/sign-in").text
    [address] = set(re.findall(rf'"(/pages/{re.escape(name)}\?v=[^"]*)"',
                               page))

    answer = client.get(address)
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == (
        "public, max-age=31536000, immutable")
    with open(os.path.join(TEXTS, "..", name), "rb") as f:
        assert answer.content == f.read()
    again = client.get(f"/pages/{name}", headers={
        "If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""
    assert client.get(f"/pages/{name}?v=1").headers[
        "Cache-Control"] == "no-cache"
    assert client.get("/pages/none.css").status_code == 404


def test_pages_are_never_kept_framed_or_told_on(client):
    answer = client.get("/sign-in")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy


def test_where_the_password_changes_is_where_programs_look_for_it(client):
    answer = client.get("/.well-known/change-password")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/account#account-password"


@pytest.mark.parametrize("password, word", [
    ("short", "too_short"), ("password1", "common"), ("horse8 ba", "fair"),
    ("aaaaaaaaaaaaaaaaaaaaaa", "fair"), ("tr0ub4dor&3xy", "good"),
    ("correct horse battery staple", "strong")])
def test_the_strength_of_a_password_is_judged_as_when_it_is_set(
        client, browser, password, word):
    answer = client.post("/password-strength", data={"password": password})

    assert answer.json() == word
    taken = client.post("/auth/register", json={
        "email": new_email(), "password": password}).status_code == 201
    assert taken == (word not in ("too_short", "common"))


def test_without_pages_there_are_none(house, db):
    off = house.get(db, settings=("pages.enabled=false",)).client
    bearer = house.get(db, settings=(
        "backend.jwt.transport=bearer",)).client

    for client in (off, bearer):
        for path in ("/sign-in", "/account", "/pages/pages.css",
                     "/.well-known/change-password"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert answer.json() == {"detail": "Not Found"}


def test_under_a_prefix_every_address_has_it(house, db):
    client = house.get(db, settings=("pages.prefix=/me",),
                       mount="/users-app").client
    browser = Browser(client)

    page = browser.go("/me/sign-in")
    for _, a in page.tags:
        for name in ("href", "src", "action"):
            if not a.get(name, "?").startswith(("?", "#")):
                assert a[name].startswith("/users-app/me/"), a
    user = client.register()
    browser.send("/sign-in", username=user["email"], password=PASSWORD)
    assert browser.path == "/users-app/me/account"


def test_a_provider_signs_one_in_and_leads_where_one_wanted(oauth):
    browser = Browser(oauth.client)
    email = new_email("oauth")

    browser.go("/sign-in?return_to=%2Faccount%3Fhere")
    [link] = [x for x in browser.page.links if "/sign-in/test?" in x]
    through_provider(oauth, browser, link, sub=new_sub(), email=email)
    assert browser.path == "/account?here"
    assert email in browser.page.text
    assert "fcu_way" not in " ".join(browser.cookies)


def test_an_account_elsewhere_is_connected_on_the_accounts_page(oauth):
    browser = Browser(oauth.client)
    user = oauth.client.register()
    browser.sign_in(user["email"], PASSWORD)
    elsewhere = new_email("elsewhere")

    [link] = [x for x in browser.page.links if "/connect/test?" in x]
    through_provider(oauth, browser, link, sub=new_sub(), email=elsewhere)
    assert browser.path == "/account"
    assert text_of("en", "said.connected") in browser.page.text
    assert elsewhere in browser.page.text
    assert oauth.accounts_of(user)


def test_a_failed_way_through_a_provider_ends_on_a_page(oauth):
    browser = Browser(oauth.client)
    browser.ask("GET", "/sign-in/test")

    answer = browser.ask("GET", "/auth/test/callback?error=access_denied")
    assert answer.status_code == 400
    assert text_of("en", "fault.provider") in answer.text
    taken = oauth.client.register()["email"]
    answer = through_provider(oauth, browser, "/sign-in/test", sub=new_sub(),
                              email=taken)
    assert answer.status_code == 400
    assert text_of("en", "fault.provider_taken") in Document(answer.text).text
    assert browser.ask("GET", "/sign-in/nobody").status_code == 404
    # Where no page began it, the API answers as ever.
    answer = browser.ask("GET", "/auth/test/callback?error=access_denied")
    assert answer.json() == {"detail": "access_denied"}


def test_an_api_key_is_shown_once_used_and_revoked(house, db):
    client = house.get(db, settings=("api_keys.enabled=true",
                                     "api_keys.max_per_user=2")).client
    browser = Browser(client)
    browser.sign_up(new_email(), PASSWORD)

    page = browser.send("/account/keys", name="", scope="me:read",
                        expires_in="2592000")
    assert browser.answer.status_code == 422
    assert page.attributes("div", id="account-keys-name-fault")
    page = browser.send("/account/keys", name="backup <1>", scope="me:read",
                        expires_in="2592000")
    assert browser.answer.status_code == 201
    [key] = re.findall(r"fcu_[0-9a-f_]+", page.text)
    assert client.get("/users/me", token=key).status_code == 200
    assert client.patch("/users/me", token=key,
                        json={}).status_code in (401, 403)

    page = browser.go("/account")
    assert key not in browser.answer.text and "backup <1>" in page.text
    stranger = Browser(client)
    stranger.sign_up(new_email(), PASSWORD)
    theirs = stranger.page.form("/account/keys")["fields"]
    assert stranger.ask("POST", "/account/keys/revoke", data={
        "form_token": theirs["form_token"],
        "key": key.split("_")[1]}).status_code == 403
    browser.send("/account/keys", name="two", scope="me:read",
                 expires_in="2592000")
    page = browser.send("/account/keys", name="three", scope="me:read",
                        expires_in="2592000")
    assert text_of("en", "fault.too_many_keys") in page.text

    browser.go("/account")
    browser.send("/account/keys/revoke")
    browser.send("/account/keys/revoke")
    assert text_of("en", "said.key_revoked") in browser.page.text
    assert client.get("/users/me", token=key).status_code == 401


@pytest.mark.parametrize("longest, offered", [
    ("604800", ["604800"]), ("7776000", ["2592000", "7776000"]),
    ("none", ["2592000", "7776000", "31536000"])])
def test_a_key_is_offered_for_no_longer_than_it_may_be_good(
        house, db, longest, offered):
    client = house.get(db, settings=(
        "api_keys.enabled=true",
        f"api_keys.max_lifetime={longest}")).client
    browser = Browser(client)
    page = browser.sign_up(new_email(), PASSWORD)

    values = [a["value"] for t, a in page.tags if t == "option"]
    assert [v for v in values if v.isdigit()] == offered
    for seconds in offered:
        browser.go("/account")
        browser.send("/account/keys", name="x", scope="me:read",
                     expires_in=seconds)
        assert browser.answer.status_code == 201


def test_without_api_keys_there_is_no_word_of_them(member):
    browser, _ = member

    assert text_of("en", "account.keys.title") not in browser.page.text
    assert browser.ask("POST", "/account/keys").status_code == 404


def test_who_may_leave_deletes_his_account_with_his_password(house, db):
    client = house.get(db, settings=("users.delete_me=true",)).client
    browser = Browser(client)
    email = new_email()
    browser.sign_up(email, PASSWORD)

    page = browser.send("/account/delete", password="")
    assert text_of("en", "fault.missing") in page.text
    page = browser.send("/account/delete", password="wrong one 1")
    assert text_of("en", "fault.current_password") in page.text
    assert page.attributes("div", id="account-delete-password-fault")
    page = browser.send("/account/delete", password=PASSWORD)
    assert text_of("en", "said.deleted") in page.text
    assert "fastapiusersauth" not in browser.cookies
    assert client.try_login(email).status_code == 400


def test_nobody_is_offered_to_leave_where_he_may_not(member):
    browser, _ = member

    assert text_of("en", "account.delete.button") not in browser.page.text
    assert browser.ask("POST", "/account/delete").status_code == 404
