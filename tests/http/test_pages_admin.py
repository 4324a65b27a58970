# SPDX-License-Identifier: MIT
"""The pages for superusers, in a browser without JavaScript."""

import re
import secrets
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from browsing import Browser, Document
from client import PASSWORD, new_email
from commands import execute
from mail_server import MailServer
from oauth_client import new_sub
from served import CONTROL
from test_outbox import put
from test_pages import FIELDS, NEW_PASSWORD, XSS, text_of, through_provider

SETTINGS = (*FIELDS, "admin.page_limit=5")
EVERY_PAGE = ("/admin", "/admin/new", "/admin/users/{id}",
              "/admin/users/{id}/delete", "/admin/outbox")
EVERY_FORM = ("/admin/new", *(f"/admin/users/{{id}}/{name}" for name in (
    "details", "password", "reset", "verify", "sign-out", "delete")),
    "/admin/outbox/retry", "/admin/outbox/drop")


@pytest.fixture(scope="module")
def client(house, db):
    return house.get(db, settings=SETTINGS).client


def signed_in(client, who=None):
    browser = Browser(client)
    who = who or client.stack.superuser
    browser.sign_in(who["email"], who.get("password", PASSWORD))
    assert browser.path == "/account"
    return browser


@pytest.fixture
def mail_server():
    made = MailServer()
    yield made
    made.down()


@pytest.fixture(scope="module")
def boss(client):
    """A superuser's browser, which reads English."""
    return signed_in(client)


def made(client, **more):
    answer = client.post("/users", token=client.admin(), json={
        "email": new_email(), "password": PASSWORD, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def stored(client, user):
    answer = client.get(f"/users/{user['id']}", token=client.admin())
    return answer.json() if answer.status_code == 200 else None


def place(user):
    return f"/admin/users/{user['id']}"


def addresses(page):
    """Those of the list, in its order."""
    assert len(page.attributes("table")) <= 1
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', page.raw)


def go(browser, path):
    page = browser.go(path)
    page.raw = browser.answer.text
    return page


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_nobody_is_sent_to_sign_in_and_comes_back(client, path):
    user = client.register()
    browser = Browser(client)
    path = path.replace("{id}", str(user["id"]))
    if path == "/admin":
        path += "?search=a%26b&is_active=true"

    browser.go(path)
    assert browser.path.startswith("/sign-in?return_to=")
    superuser = client.stack.superuser
    browser.send("/sign-in", username=superuser["email"],
                 password=superuser["password"])
    assert browser.path == path
    assert browser.answer.status_code == 200


def test_who_is_no_superuser_sees_none_of_it(client):
    user = client.register()
    browser = signed_in(client, user)
    assert not [x for x in browser.page.links if "admin" in x]

    for path in EVERY_PAGE:
        page = browser.go(path.replace("{id}", str(user["id"])))
        assert browser.answer.status_code == 403, path
        assert text_of("en", "fault.forbidden") in page.text
        assert "table" not in [t for t, _ in page.tags]


def test_who_is_no_superuser_sends_no_form(client):
    user, victim = client.register(), made(client)
    browser = signed_in(client, user)
    fields = {"email": new_email(), "password": NEW_PASSWORD, "id": "1",
              "is_superuser": "true", **browser.page.form("/sign-out")[
                  "fields"]}

    for path in EVERY_FORM:
        path = path.replace("{id}", str(victim["id"]))
        assert browser.ask("POST", path, data=fields).status_code == 403
        answer = Browser(client).ask("POST", path, data=fields)
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/sign-in"
    assert stored(client, victim) == victim


def test_a_forged_form_does_nothing(client, boss):
    victim, other = made(client), made(client)
    fields = {"email": new_email(), "password": NEW_PASSWORD, "id": "1"}
    of_another = boss.go(place(other)).form(
        f"{place(other)}/password")["fields"]["form_token"]

    for path in EVERY_FORM:
        path = path.replace("{id}", str(victim["id"]))
        for token in ({}, *({"form_token": t} for t in (
                "", "x", of_another, "\xff"))):
            answer = boss.ask("POST", path, data={**fields, **token})
            assert answer.status_code == 403, path
            assert text_of("en", "fault.form_expired") in Document(
                answer.text).text
    true = boss.go(place(victim)).form("/password")["fields"]
    answer = boss.ask("POST", f"{place(victim)}/password", data={
        **true, "password": NEW_PASSWORD}, headers={
            "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert stored(client, victim) == victim
    assert client.try_login(victim["email"]).status_code == 200


def test_the_way_there_is_shown_to_superusers_alone(boss):
    page = boss.go("/account")
    assert "/admin" in page.links
    assert text_of("en", "shell.administration") in page.text

    page = boss.go("/admin")
    [here] = [a for t, a in page.tags if t == "a" and a["href"] == "/admin"
              and a.get("aria-current") and "tabs" not in a][:1]
    assert here["aria-current"] == "page"
    assert page.attributes("main", **{"class": "wide"})


@pytest.fixture(scope="module")
def crowd(client):
    """(tag, addresses in order): a dozen whose addresses hold the tag."""
    tag = f"crowd{secrets.token_hex(4)}"
    users = [made(client, email=f"{letter}.{tag}@example.org",
                  is_active=i % 2 == 0, is_verified=i % 3 == 0)
             for i, letter in enumerate("lkjihgfedcba")]
    return tag, sorted(u["email"] for u in users), users


def test_a_search_is_paged_to_its_end_and_back_to_its_beginning(boss, crowd):
    tag, emails, _ = crowd
    page = go(boss, "/admin")
    form = page.form("/admin")
    assert set(form["fields"]) == {"search", "is_active", "is_superuser",
                                   "is_verified", "sort"}
    path = f"/admin?search={tag.upper()}&sort=email&is_active="
    seen = []

    page = go(boss, path)
    assert text_of("en", "admin.count").replace("{count}", "12") in page.text
    assert page.form("/admin")["fields"]["search"] == tag.upper()
    while True:
        assert boss.answer.status_code == 200
        seen.append(addresses(page))
        steps = page.attributes("a", rel="next")
        if not steps:
            break
        page = go(boss, steps[0]["href"])
        assert f"search={tag.upper()}" in steps[0]["href"]
    assert [len(s) for s in seen] == [5, 5, 2]
    assert sum(seen, []) == emails
    [first] = [x for x in page.links if f"search={tag.upper()}" in x
               and "language" not in x and "cursor" not in x]
    assert addresses(go(boss, first)) == seen[0]


def test_the_list_is_filtered_and_ordered(boss, crowd):
    tag, emails, users = crowd

    def shown(query):
        return addresses(go(boss, f"/admin?search={tag}&{query}"))

    def those(**flags):
        return sorted(u["email"] for u in users
                      if all(u[n] == v for n, v in flags.items()))

    assert shown("sort=-email") == emails[:-6:-1]
    assert shown("is_verified=true") == those(is_verified=True)
    assert shown("is_active=false&is_verified=true") == those(
        is_active=False, is_verified=True)
    page = go(boss, f"/admin?search={tag}&is_superuser=true")
    assert addresses(page) == [] and "table" not in [t for t, _ in page.tags]
    assert text_of("en", "admin.count").replace("{count}", "0") in page.text
    page = go(boss, f"/admin?search={tag}&is_active=false")
    assert page.form("/admin")["fields"]["is_active"] == "false"
    assert page.text.count(text_of("en", "admin.is_inactive")) == 5
    assert client_link(boss, users, page)


def client_link(browser, users, page):
    """A row leads to its user."""
    email = addresses(page)[0]
    [user] = [u for u in users if u["email"] == email]
    return place(user) in page.links and email in browser.go(place(user)).text


def test_another_language_keeps_what_was_searched(client, crowd):
    tag, emails, _ = crowd
    boss = signed_in(client)
    page = go(boss, f"/admin?search={tag}&sort=-email")
    [german] = [x for x in page.links if x.endswith("language=de")]

    page = go(boss, german)
    assert addresses(page) == emails[:-6:-1]
    assert page.attributes("html", lang="de")


@pytest.mark.parametrize("name, value", [
    ("cursor", "x"), ("cursor", "\xff"), ("cursor", "ZW1haWwgYQ=="),
    ("cursor", "a" * 5000), ("cursor", "%00"), ("is_active", "perhaps"),
    ("sort", "hashed_password"), ("search", "a" * 400),
    ("is_superuser", "' OR 1=1 --"), ("search", "\xff\xfe"),
    pytest.param("search", "\x00", marks=CONTROL)])
def test_a_list_that_is_asked_for_wrongly_says_so(boss, name, value):
    boss.go(f"/admin?{name}={quote(value, encoding='latin-1')}")
    page = boss.page

    assert boss.answer.status_code == 422
    assert "table" not in [t for t, _ in page.tags]
    if name == "cursor":
        assert text_of("en", "fault.place") in page.text
    else:
        [field] = [a for _, a in page.tags if a.get("name") == name]
        assert field["aria-invalid"] == "true"
        assert page.attributes("div", id=field["aria-describedby"])
    assert page.form("/admin")


@pytest.mark.parametrize("payload", XSS)
def test_nothing_that_is_stored_or_asked_comes_back_as_markup(client, boss,
                                                              payload):
    clean = payload.replace("\x01\x02", "")
    text = "".join(c for c in clean if c.isprintable())[:20]
    user = made(client, nickname=text, note=clean)
    local = re.sub(r"[^\w!#$%&'*+/=?^`{|}~-]", "", text) or "x"
    email = f"{local}.{secrets.token_hex(3)}@example.org"
    client.patch(f"/users/{user['id']}", token=client.admin(),
                 json={"email": email})
    quoted = clean.replace("'", "''")
    put(client.stack, event="<b>event</b>", target="<i>hook</i>", user=quoted)
    execute(client.stack, f"UPDATE fcu_outbox SET last_error = '{quoted}'")

    def look(path):
        page = boss.go(path)
        assert boss.answer.status_code in (200, 422, 404), path
        if not boss.answer.headers["Content-Type"].startswith("text/html"):
            assert boss.answer.json() == {"detail": "Not Found"}
            return page
        for tag, a in page.tags:
            assert tag not in ("svg", "textarea", "b", "i"), path
            assert tag != "img" or a["src"] != "x"
            assert not [n for n in a if n.startswith("on")], a
            assert not a.get("href", "").lower().startswith("javascript")
        assert len(page.attributes("script")) == 1
        return page

    page = look(place(user))
    form = page.form("/details")["fields"]
    if clean.isprintable():
        assert form["note"] == clean
    look(f"{place(user)}/delete")
    look("/admin?search=" + quote(local))
    look("/admin/outbox")
    for path in ("/admin", "/admin/outbox"):
        for name in ("search", "cursor", "sort", "is_active", "language",
                     "state", "after", payload):
            look(f"{path}?{quote(name)}={quote(payload)}")
    # Without speaks_json, a %2F in a path gets the web server's own page.
    if "/" not in payload or client.stack.web.speaks_json:
        look("/admin/users/" + quote(payload, safe=""))
    boss.go("/admin/new")
    boss.send("/admin/new", email=payload, password=payload,
              nickname=payload, note=payload, age=payload, colour=payload)
    assert boss.answer.status_code == 422
    assert len(boss.page.attributes("script")) == 1
    execute(client.stack, "DELETE FROM fcu_outbox")


def test_a_user_is_made_with_flags_and_fields(client, boss):
    fields = boss.go("/admin/new").form("/admin/new")["fields"]
    assert fields["is_active"] == "true"
    assert fields["is_superuser"] == fields["is_verified"] == "false"
    email = new_email()

    page = boss.send("/admin/new", email=email, password=NEW_PASSWORD,
                     is_verified="true", is_active="false", nickname="Ada",
                     age="36", colour="green", news="true", note="for us")
    assert text_of("en", "said.user_made") in page.text
    user = stored(client, {"id": boss.path.rpartition("/")[2]})
    assert user.pop("id")
    assert user == {
        "email": email, "is_active": False, "is_superuser": False,
        "is_verified": True, "nickname": "Ada", "age": 36, "colour": "green",
        "news": True, "note": "for us"}


@pytest.mark.parametrize("change, field, key", [
    ({"email": ""}, "email", "fault.missing"),
    ({"email": "nobody@nowhere"}, "email", "fault.email"),
    ({"email": None}, "email", "fault.missing"),
    ({"password": ""}, "password", "fault.missing"),
    ({"password": "short"}, "password", "fault.password_short"),
    ({"password": "password1"}, "password", "fault.password_common"),
    ({"age": "7"}, "age", "fault.too_small"),
    ({"age": "old"}, "age", "fault.number"),
    ({"nickname": "n" * 21}, "nickname", "fault.too_long"),
    ({"colour": "mauve"}, "colour", "fault.choice"),
    ({"is_superuser": "perhaps"}, "is_superuser", "fault.invalid")])
def test_what_is_wrong_with_a_new_user_is_told_beside_the_field(
        client, boss, change, field, key):
    email = new_email()
    boss.go("/admin/new")

    page = boss.send("/admin/new", **{
        "email": email, "password": NEW_PASSWORD, "note": "kept", **change})
    assert boss.answer.status_code in (400, 422)
    told(page, "admin_new", field, key)
    assert page.form("/admin/new")["fields"]["note"] == "kept"
    assert NEW_PASSWORD not in boss.answer.text
    assert client.try_login(email, NEW_PASSWORD).status_code == 400


def told(page, form, field, key):
    [element] = [a for _, a in page.tags if a.get("id") == f"{form}-{field}"]
    assert element["aria-invalid"] == "true"
    assert page.attributes("div", id=f"{form}-{field}-fault")
    words = text_of("en", key).partition("{")[0]
    assert words.strip() in page.text


def test_an_address_that_is_taken_is_told_when_made_and_when_changed(client,
                                                                     boss):
    taken, user = made(client), made(client)

    boss.go("/admin/new")
    page = boss.send("/admin/new", email=taken["email"],
                     password=NEW_PASSWORD)
    told(page, "admin_new", "email", "fault.email_taken")
    boss.go(place(user))
    page = boss.send("/details", email=taken["email"])
    told(page, "admin_user-details", "email", "fault.email_taken")
    assert stored(client, user) == user


def test_a_user_is_changed_as_the_api_changes_him(client, boss):
    user = made(client, nickname="Ada", note="old", age=20)
    fields = boss.go(place(user)).form("/details")["fields"]
    assert fields["email"] == user["email"]
    assert fields["nickname"] == "Ada" and fields["note"] == "old"
    assert fields["is_active"] == "true"
    email = new_email()

    page = boss.send("/details", email=email, is_superuser="true",
                     is_verified="true", note="", nickname="Eve", age="21",
                     news="true")
    assert text_of("en", "said.user_changed") in page.text
    assert boss.path == place(user)
    assert stored(client, user) == {
        **user, "email": email, "is_superuser": True, "is_verified": True,
        "note": None, "nickname": "Eve", "age": 21, "news": True}
    boss.send("/details", is_superuser="false", is_active="false")
    assert not stored(client, user)["is_active"]
    assert not stored(client, user)["is_superuser"]


@pytest.mark.parametrize("meanwhile", [{"nickname": "Bo"}, {"note": "new"}])
def test_a_change_that_nobody_saw_is_not_undone(client, boss, meanwhile):
    """A note is an admin's alone; both have one answer."""
    user = made(client, nickname="Ada", note="old")
    boss.go(place(user))
    client.patch(f"/users/{user['id']}", token=client.admin(), json=meanwhile)

    boss.send("/details", nickname="Eve", age="7")
    assert boss.answer.status_code == 422
    page = boss.send("/details", nickname="Eve", age="20")
    assert boss.answer.status_code == 412
    assert text_of("en", "fault.changed_meanwhile") in page.text
    assert page.form("/details")["fields"]["nickname"] == "Eve"
    assert stored(client, user) == {**user, **meanwhile}
    # Now he knows.
    page = boss.send("/details")
    assert text_of("en", "said.user_changed") in page.text
    assert stored(client, user) == {**user, "nickname": "Eve", "age": 20}


def test_who_has_nothing_there_is_not_kept_from_changing_the_rest(house, db):
    """Nor is a superuser who ends his account: the API takes an empty text."""
    custom = house.get(db, settings=(
        "field.name.required=true", "field.plan.initial=free",
        "field.nickname.max=20")).client
    browser = Browser(custom)
    user = custom.post("/auth/register", json={
        "email": new_email(), "password": PASSWORD, "name": "",
        "plan": ""}).json()
    browser.sign_in(user["email"], PASSWORD)
    boss = signed_in(custom)
    boss.go(place(user))

    for page in (browser.go("/account"), boss.page):
        assert not [a for n in ("name", "plan")
                    for a in page.attributes("input", name=n)
                    if "required" in a]
    assert text_of("en", "said.profile") in browser.send(
        "/account/profile", nickname="z").text
    boss.go(place(user))
    assert text_of("en", "said.user_changed") in boss.send(
        "/details", is_active="false").text
    assert custom.get(f"/users/{user['id']}", token=custom.admin()).json() == {
        **user, "nickname": "z", "is_active": False}


def test_who_signs_in_by_a_provider_meanwhile_is_no_other(oauth):
    """Tokens of the provider are nothing that the form shows."""
    email, sub, boss = new_email("oauth"), new_sub(), signed_in(oauth.client)

    def signs_in():
        elsewhere = Browser(oauth.client)
        elsewhere.go("/sign-in")
        through_provider(oauth, elsewhere, "/sign-in/test", sub=sub,
                         email=email)
    signs_in()
    page = go(boss, f"/admin?search={quote(email)}")
    boss.go([x for x in page.links if x.startswith("/admin/users")][0])
    signs_in()

    page = boss.send("/details", is_verified="true")
    assert text_of("en", "said.user_changed") in page.text


def test_a_form_without_its_tag_changes_nobody(client, boss):
    user = made(client)
    for tag in ("", "*x", '"junk"', "W/\"1\""):
        boss.go(place(user))
        boss.send("/details", form_tag=tag, nickname="Eve")
        assert boss.answer.status_code == 412, tag
    assert stored(client, user) == user


@pytest.mark.parametrize("change, field, key", [
    ({"email": ""}, "email", "fault.missing"),
    ({"email": None}, "email", "fault.missing"),
    ({"email": "nobody@nowhere"}, "email", "fault.email"),
    ({"age": "7"}, "age", "fault.too_small"),
    ({"nickname": "n" * 21}, "nickname", "fault.too_long"),
    ({"colour": "mauve"}, "colour", "fault.choice"),
    ({"is_active": "perhaps"}, "is_active", "fault.invalid")])
def test_what_is_wrong_with_a_change_is_told_beside_the_field(
        client, boss, change, field, key):
    user = made(client)
    boss.go(place(user))

    page = boss.send("/details", **{"note": "kept", **change})
    assert boss.answer.status_code == 422
    told(page, "admin_user-details", field, key)
    assert page.form("/details")["fields"]["note"] == "kept"
    assert stored(client, user) == user


def test_a_password_is_set_and_other_sessions_end(client, boss):
    user = made(client)
    other = signed_in(client, user)
    boss.go(place(user))

    for wrong, key in (("", "fault.missing"), ("short",
                                               "fault.password_short")):
        page = boss.send("/password", password=wrong)
        told(page, "admin_user-password", "password", key)
    page = boss.send("/password", password=NEW_PASSWORD)
    assert text_of("en", "said.user_password") in page.text
    assert client.try_login(user["email"]).status_code == 400
    assert client.try_login(user["email"], NEW_PASSWORD).status_code == 200
    assert other.go("/account").form("/sign-in")


def test_all_sessions_of_a_user_end(client, boss):
    user = made(client)
    other = signed_in(client, user)
    boss.go(place(user))

    page = boss.send(f"{place(user)}/sign-out")
    assert text_of("en", "said.user_sessions") in page.text
    assert other.go("/account").form("/sign-in")


def test_a_user_is_deleted_only_when_that_is_confirmed(client, boss):
    user = made(client)
    page = boss.go(place(user))
    assert f"{place(user)}/delete" in page.links

    page = boss.go(f"{place(user)}/delete")
    assert user["email"] in page.text and stored(client, user)
    assert place(user) in page.links
    page = boss.send("/delete")
    assert boss.path == "/admin"
    assert text_of("en", "said.user_deleted") in page.text
    assert stored(client, user) is None
    for path in (place(user), f"{place(user)}/delete", "/admin/users/none"):
        boss.go(path)
        assert boss.answer.status_code == 404
        assert text_of("en", "fault.not_found") in boss.page.text


def test_a_form_of_a_user_who_is_gone_meanwhile_is_refused(client, boss):
    user = made(client)
    boss.go(place(user))
    client.delete(f"/users/{user['id']}", token=client.admin())

    boss.send("/details", email=new_email())
    assert boss.answer.status_code == 404


def test_the_last_superuser_stays_one(new_stack, db):
    client = new_stack(db, workers=1).client
    browser = signed_in(client)
    [me] = client.get("/users", token=client.admin()).json()["items"]

    browser.go(place(me))
    for change in ({"is_superuser": "false"}, {"is_active": "false"}):
        page = browser.send("/details", **change)
        assert browser.answer.status_code == 400
        assert text_of("en", "fault.last_superuser") in page.text
    browser.go(f"{place(me)}/delete")
    page = browser.send("/delete")
    assert text_of("en", "fault.last_superuser") in page.text
    second = made(client, is_superuser=True)
    page = browser.send("/delete")
    assert page.form("/sign-in")
    assert client.get(f"/users/{me['id']}", token=client.login(
        second["email"])).status_code == 404


@pytest.mark.parametrize("change", [{"is_active": False},
                                    {"is_superuser": False}])
def test_a_page_that_was_open_is_worth_nothing_to_who_may_no_more(client,
                                                                  change):
    chief, victim = made(client, is_superuser=True), made(client)
    browser = signed_in(client, chief)
    browser.go(place(victim))
    open_page = browser.page
    client.patch(f"/users/{chief['id']}", token=client.admin(), json=change)

    for name in ("details", "password", "sign-out"):
        path = f"{place(victim)}/{name}"
        answer = browser.ask("POST", path, data={
            **open_page.form(path)["fields"], "email": new_email(),
            "password": NEW_PASSWORD})
        if "is_active" in change:
            assert answer.status_code == 303
            assert answer.headers["Location"] == "/sign-in"
        else:
            assert answer.status_code == 403
    assert stored(client, victim) == victim
    assert client.try_login(victim["email"]).status_code == 200


def test_who_must_be_verified_sees_no_page_of_superusers_before(house, db):
    client = house.get(db, settings=(
        "routes.users_require_verification=true",)).client
    chief = made(client, is_superuser=True)
    browser = signed_in(client, chief)

    browser.go("/admin")
    assert browser.answer.status_code == 403
    client.patch(f"/users/{chief['id']}", token=client.admin(),
                 json={"is_verified": True})
    browser.go("/admin")
    assert browser.answer.status_code == 200


def test_mails_are_sent_to_whom_they_are_for(new_stack, db, mail_server):
    client = new_stack(db, workers=1, settings=(
        f"mail.url=smtp://127.0.0.1:{mail_server.port}", "mail.tls=none",
        "mail.from=users@example.org",
        "mail.base_url=http://localhost")).client
    browser = signed_in(client)
    user = made(client)

    browser.go(place(user))
    page = browser.send("/reset")
    assert text_of("en", "said.user_reset") in page.text
    page = browser.send("/verify")
    assert text_of("en", "said.user_verify") in page.text
    deadline = time.monotonic() + 30
    links = set()
    while len(links) < 2 and time.monotonic() < deadline:
        links = {urlsplit(link).path for m in list(mail_server.mails)
                 if user["email"] in m.recipients
                 for link in re.findall(r"^https?://\S+$", m.text, re.M)}
        time.sleep(0.1)
    assert links == {"/reset-password", "/verify"}
    browser.send("/details", is_verified="true")
    assert not [f for f in browser.page.forms if f["action"].endswith(
        "/verify")]
    browser.send("/details", is_active="false")
    assert not [f for f in browser.page.forms if f["action"].endswith(
        "/reset")]


def test_the_accounts_that_somebody_signs_in_with_are_shown(oauth):
    client = oauth.client
    email, elsewhere = new_email("oauth"), Browser(client)
    elsewhere.go("/sign-in")
    [link] = [x for x in elsewhere.page.links if x == "/sign-in/test"]
    through_provider(oauth, elsewhere, link, sub=new_sub(), email=email)
    boss = signed_in(client)

    page = go(boss, f"/admin?search={quote(email)}")
    page = boss.go([x for x in page.links if x.startswith("/admin/users")][0])
    assert text_of("en", "account.providers.title") in page.text
    assert f"Test {email}" in page.text
    page = boss.go(place(made(client)))
    assert text_of("en", "account.providers.none") in page.text


@pytest.fixture
def outbox(new_stack, db):
    """(browser, stack) with three rows that nobody delivers."""
    stack = new_stack(db, workers=1)
    put(stack, user="anna")
    put(stack, target="mail:mail", user="bert", state="dead")
    put(stack, event="after_delete", user="cleo")
    execute(stack, "UPDATE fcu_outbox SET last_error = 'refused <by> them' "
            "WHERE user_key = 'bert'")
    return signed_in(stack.client), stack


def test_the_outbox_shows_what_waits_and_what_was_given_up(outbox):
    browser, _ = outbox

    page = browser.go("/admin/outbox")
    for text in ("after_login", "after_delete", "refused <by> them",
                 "mail:mail", "anna", "bert", "cleo"):
        assert text in page.text
    for key, count in (("all", 3), ("waiting", 2), ("dead", 1)):
        assert text_of("en", f"admin_outbox.{key}").replace(
            "{count}", str(count)) in page.text
    page = browser.go("/admin/outbox?state=dead")
    assert "bert" in page.text and "anna" not in page.text
    assert "password" not in browser.go("/admin/outbox").text


@pytest.mark.parametrize("query", [
    "state=else", "after=x", "after=-1", "after=99999999999999999999",
    pytest.param("state=%00", marks=CONTROL)])
def test_an_outbox_that_is_asked_for_wrongly_says_so(boss, query):
    page = boss.go(f"/admin/outbox?{query}")

    assert boss.answer.status_code == 422
    assert text_of("en", "fault.place") in page.text


def test_the_outbox_is_tried_again_and_dropped_row_by_row(outbox):
    browser, stack = outbox

    def forms(name):
        return [f for f in browser.page.forms if f["action"].endswith(name)]

    def send(form):
        answer = browser.ask("POST", form["action"], data=form["fields"])
        if answer.status_code == 303:
            browser.path = form["action"]
            browser.follow(answer)
        return browser.page

    browser.go("/admin/outbox?state=dead")
    [retry] = forms("/retry")
    assert text_of("en", "said.outbox_retry") in send(retry).text
    assert "bert" not in browser.go("/admin/outbox?state=dead").text
    browser.go("/admin/outbox")
    drops = forms("/drop")
    ids = [int(f["fields"]["id"]) for f in drops]
    assert ids == sorted(ids)
    assert text_of("en", "said.outbox_drop") in send(drops[0]).text
    assert "anna" not in browser.page.text
    page = send(drops[0])
    assert browser.answer.status_code == 404
    assert text_of("en", "fault.outbox_gone") in page.text
    assert "cleo" in page.text
    for wrong in ("", "0", "x", "-1", "1 OR 1=1"):
        send({**drops[0], "fields": {**drops[0]["fields"], "id": wrong}})
        assert browser.answer.status_code == 404
    assert "cleo" in browser.go("/admin/outbox").text


def test_a_long_outbox_has_pages(outbox):
    browser, stack = outbox
    execute(stack, "DELETE FROM fcu_outbox")
    for i in range(53):
        put(stack, user=f"u{i:02}")

    page = go(browser, "/admin/outbox?state=waiting")
    seen = re.findall(r'users/(u\d\d)"', page.raw)
    [more] = [x for x in page.links if "after=" in x and "language" not in x]
    assert parse_qs(urlsplit(more).query)["state"] == ["waiting"]
    page = go(browser, more)
    seen += re.findall(r'users/(u\d\d)"', page.raw)
    assert seen == [f"u{i:02}" for i in range(53)]
    assert "/admin/outbox?state=waiting" in page.links


@pytest.mark.parametrize("language", ["de", "en", "es", "fr"])
def test_every_page_is_whole_in_every_language(client, language):
    user, boss = made(client), signed_in(client)
    for path in EVERY_PAGE:
        look_through(boss, path.replace("{id}", str(user["id"])), language)


def look_through(boss, path, language):
    page = boss.go(f"{path}?language={language}")
    assert boss.answer.status_code == 200
    assert "{" not in page.text
    assert not re.search(r"\b(admin|field|said|fault)\w*\.[a-z_]+\b",
                         page.text)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    labels = {a["for"] for a in page.attributes("label")}
    for tag, a in page.tags:
        if a.get("type") in ("text", "email", "password", "search",
                             "checkbox", "number") or tag == "select":
            assert a["id"] in labels
        assert not [n for n in a if n.startswith("on")] and "style" not in a
        assert tag != "th" or a["scope"] in ("row", "col")
    assert len(page.attributes("h1")) == 1
    if path == "/admin":
        assert len(page.attributes("table")) == 1
        assert len(page.attributes("caption")) == 1


def test_without_administration_there_are_no_such_pages(house, db):
    client = house.get(db, settings=("admin.routes=false",)).client
    browser = signed_in(client)

    assert not [x for x in browser.go("/account").links if "admin" in x]
    for path in ("/admin", "/admin/new", "/admin/outbox"):
        assert client.get(path).status_code == 404


def test_style_and_script_are_small(client):
    assert len(client.get("/pages/pages.css").content) < 15000
    assert len(client.get("/pages/pages.js").content) < 30000
