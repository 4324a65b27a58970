# SPDX-License-Identifier: MIT
"""Built-in mail, from a request to a mail server and back by the link."""

import json
import os
import re
import signal
import ssl
import time

import pytest
import stack as stacks

from client import PASSWORD, new_email, parallel
from mail_server import MailServer, make_certificates
from programs import Programs

BASE = "https://app.example.org"
# How many mails go out, and how often the courier is killed meanwhile.
MAILS = int(os.environ.get("FCU_MAILS", "60"))
KILLS = int(os.environ.get("FCU_KILLS", "8"))
PATIENCE = 60


def settings_for(server, **more):
    chosen = {"url": f"smtp://127.0.0.1:{server.port}", "tls": "none",
              "from": "accounts@example.org", "from_name": "Jürgen's site",
              "base_url": BASE, "time_limit": "5", **more}
    return ([f"mail.{name}={value}" for name, value in chosen.items()]
            + ["courier.retry_first=1", "courier.retry_most=1"])


@pytest.fixture(scope="module")
def server():
    made = MailServer()
    yield made
    made.end()


@pytest.fixture(scope="module")
def client(house, db, server):
    return house.get(db, settings=[
        *settings_for(server, welcome="true"),
        "api_keys.enabled=true"]).client


@pytest.fixture(scope="module")
def lonely_pair(house):
    made = MailServer()
    yield made, house.make("sqlite", settings_for(
        made, time_limit="2")).client
    made.end()


@pytest.fixture
def lonely(lonely_pair):
    """A mail server of its own and a client, for what goes wrong with it;
    nothing of another test is on its way."""
    server, client = lonely_pair
    assert stacks.wait_until(lambda: waiting(client.stack) == 0)
    server.faults = {}
    return server, client


@pytest.fixture(scope="module")
def folder():
    made = Programs()
    make_certificates(made.folder)
    for name in ("server.key", "ca.key"):
        os.chmod(made.path(name), 0o600)
    yield made
    made.remove()


@pytest.fixture
def new_server():
    made = []

    def make(*arguments, **more):
        made.append(MailServer(*arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.end()


def wait_for(server, address, count=1, seconds=PATIENCE):
    """The mails to an address, when there are so many."""
    assert stacks.wait_until(lambda: len(server.to(address)) >= count,
                             seconds, 0.02), (
        f"{len(server.to(address))} mails to {address}")
    return server.to(address)


def wait_subject(server, address, part):
    return stacks.wait_until(
        lambda: [m for m in server.to(address) if part in m.subject],
        PATIENCE, 0.02)[0]


def ask_verify(client, email, **more):
    answer = client.post("/auth/request-verify-token", json={"email": email},
                         **more)
    assert answer.status_code == 202 and answer.text == "null"


def ask_reset(client, email, **more):
    answer = client.post("/auth/forgot-password", json={"email": email},
                         **more)
    assert answer.status_code == 202 and answer.text == "null"


def waiting(stack):
    """Rows of the outbox that have not been given up."""
    return int(stack.ask("SELECT count(*) FROM fcu_outbox "
                         "WHERE state = 'waiting'"))


def dead(stack):
    return int(stack.ask("SELECT count(*) FROM fcu_outbox "
                         "WHERE state = 'dead'"))


def last_error(stack):
    return stack.ask("SELECT last_error FROM fcu_outbox "
                     "WHERE state = 'dead' ORDER BY id DESC LIMIT 1")


def test_the_mailed_link_verifies_the_address(client, server):
    user = client.register(new_email("Kö.nig"))
    ask_verify(client, user["email"])
    mail = wait_subject(server, user["email"], "Confirm your address")

    assert mail.sender == "accounts@example.org"
    assert mail.parsed["To"] == user["email"]
    assert "SMTPUTF8" in mail.options
    assert str(mail.parsed["From"].addresses[0].display_name) == (
        "Jürgen's site")
    assert mail.parsed["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<msg_[\w-]+@example\.org>", mail.id)
    assert mail.link.startswith(f"{BASE}/verify?token=")
    assert "60 minutes" in mail.text
    answer = client.post("/auth/verify", json={"token": mail.token})
    assert answer.status_code == 200
    assert answer.json() == {**user, "is_verified": True}


def test_a_short_time_is_not_told_as_none(new_stack, new_server):
    server = new_server()
    stack = new_stack("sqlite", settings=[
        *settings_for(server), "tokens.reset_lifetime=30",
        "tokens.verify_lifetime=61"])
    user = stack.client.register()
    ask_reset(stack.client, user["email"])
    ask_verify(stack.client, user["email"])

    assert "1 minutes" in wait_subject(server, user["email"],
                                       "A new password").text
    assert "2 minutes" in wait_subject(server, user["email"], "Confirm").text


def test_the_mailed_link_resets_the_password(client, server):
    user = client.register()
    ask_reset(client, user["email"])
    mail = wait_subject(server, user["email"], "A new password")

    assert mail.link.startswith(f"{BASE}/reset-password?token=")
    answer = client.post("/auth/reset-password", json={
        "token": mail.token, "password": "quite another 9"})
    assert answer.status_code == 200
    client.login(user["email"], "quite another 9")
    told = wait_subject(server, user["email"], "was changed")
    assert user["email"] in told.text


def test_who_registers_is_greeted_where_that_is_wanted(client, server):
    user = client.register()
    mail = wait_for(server, user["email"])[0]

    assert mail.subject == "Welcome to example.org"
    assert "to come" not in mail.text and "{" not in mail.text


# V41
def test_a_new_address_is_told_to_the_old_one(client, server):
    user, token = client.newcomer()
    new = new_email("new")
    answer = client.patch("/users/me", token=token, json={"email": new})
    assert answer.status_code == 200
    mail = wait_subject(server, user["email"], "address at example.org")

    assert user["email"] in mail.text and new not in mail.text
    time.sleep(0.3)
    assert not [m for m in server.to(new) if "was changed" in m.subject]


def test_a_new_password_is_told(client, server):
    user, token = client.newcomer()
    assert client.patch("/users/me", token=token, json={
        "password": "quite another 9"}).status_code == 200

    wait_subject(server, user["email"], "password at example.org was changed")
    assert "quite another" not in "".join(
        m.text for m in server.to(user["email"]))


def test_an_api_key_is_told_to_whom_it_was_made_for(client, server):
    user, token = client.newcomer()
    made = client.post("/users/me/keys", token=token, json={
        "name": "backup of mine", "scope": "me:read"})
    assert made.status_code == 201, made.text

    told = wait_subject(server, user["email"], "A new API key")
    assert user["email"] in told.text
    # A name could be anybody's words, and the key is nobody's to mail.
    for secret in (made.json()["key"], "backup of mine"):
        assert secret not in told.text


def test_nobody_is_written_to_again_and_again(new_stack, new_server, db):
    """By whoever registered with his address."""
    server = new_server()
    stack = new_stack(db, settings=[
        *settings_for(server), "api_keys.enabled=true",
        "limits.enabled=true", "limits.mail=3"])
    client = stack.client
    user, token = client.newcomer()
    other, his = client.newcomer()
    for _ in range(6):
        made = client.post("/users/me/keys", token=token, json={
            "name": "x", "scope": "me:read"}).json()
        client.delete(f"/users/me/keys/{made['id']}", token=token)
    client.patch("/users/me", token=token, json={
        "password": "quite another 9"})
    client.patch("/users/me", token=his, json={"password": "quite another 9"})
    ask_reset(client, user["email"])

    wait_subject(server, other["email"], "was changed")
    wait_subject(server, user["email"], "A new password")
    # Whoever sits in his account hides no other news by these.
    wait_subject(server, user["email"], "was changed")
    assert stacks.wait_until(lambda: waiting(stack) == 0)
    told = [m.subject for m in server.to(user["email"])]
    assert len([s for s in told if "API key" in s]) == 3
    assert len(told) == 5 and dead(stack) == 0
    assert "event=limit_reached kind=mail" in stack.program_log()


# Addresses that the limits on sign-ins take for one.
@pytest.mark.parametrize("letter", ["\u0131", "\uff49"])
def test_nobody_uses_up_what_another_is_told(new_stack, new_server, db,
                                             letter):
    server = new_server()
    stack = new_stack(db, settings=[
        *settings_for(server), "api_keys.enabled=true",
        "limits.enabled=true", "limits.mail=3"])
    client = stack.client
    owner = client.register(new_email("mike"))
    name, domain = owner["email"].split("@")
    answer = client.post("/auth/register", json={
        "email": f"{name.replace('i', letter, 1)}@{domain}",
        "password": PASSWORD})
    token = client.login(answer.json()["email"])
    for _ in range(6):
        made = client.post("/users/me/keys", token=token, json={
            "name": "x", "scope": "me:read"}).json()
        client.delete(f"/users/me/keys/{made['id']}", token=token)
    assert stacks.wait_until(lambda: waiting(stack) == 0)
    client.patch("/users/me", token=client.login(owner["email"]), json={
        "password": "quite another 9"})

    wait_subject(server, owner["email"], "was changed")


# V42
@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded",
                                  "X-Forwarded-Proto", "X-Forwarded-Server"])
def test_no_header_changes_where_links_lead(client, server, name):
    user = client.register()
    ask_reset(client, user["email"], headers={
        name: "evil.example" if name != "Forwarded"
        else "host=evil.example;proto=https"})
    mail = wait_subject(server, user["email"], "A new password")

    assert mail.link.startswith(f"{BASE}/")
    assert "evil" not in mail.text


def test_strangers_and_the_inactive_get_no_mail(client, server):
    stranger = new_email("stranger")
    user = client.register()
    assert client.patch(f"/users/{user['id']}", token=client.admin(), json={
        "is_active": False}).status_code == 200
    for email in (stranger, user["email"]):
        ask_reset(client, email)
        ask_verify(client, email)
    other = client.register()
    ask_reset(client, other["email"])
    wait_subject(server, other["email"], "A new password")

    assert stacks.wait_until(lambda: waiting(client.stack) == 0)
    assert server.to(stranger) == []
    assert not [m for m in server.to(user["email"])
                if "Welcome" not in m.subject]


# V37
def test_mail_goes_to_the_stored_address_only(client, server):
    user = client.register(new_email("Mike"))
    asked = user["email"].replace("Mike", "mIkE")
    ask_reset(client, asked)
    wait_subject(server, user["email"], "A new password")
    for other in ("mıke", "ＭＩＫＥ", "mi\u212ae"):
        answer = client.post("/auth/forgot-password", json={
            "email": user["email"].replace("Mike", other)})
        assert answer.status_code in (202, 422)
    assert stacks.wait_until(lambda: waiting(client.stack) == 0)

    assert server.to(asked) == []
    assert all(m.recipients == [m.recipients[0]]
               and m.recipients[0].isascii() or "nig" in m.recipients[0]
               for m in server.mails)


# V43
def test_nasty_addresses_never_reach_the_mail_server(client, server):
    nasty = ["a@x.example>\r\nRCPT TO:<b@x.example", "a@x.example,b@x.example",
             "a\r\nBcc: b@x.example\r\n\r\n@x.example", "a b@x.example",
             "<b@x.example>", "a@x.example\r\nDATA", '"a\r\n"@x.example',
             "-oQ/tmp@x.example", "a@[127.0.0.1]", "a@x.example\n"]
    stack = client.stack
    before = len(server.mails)
    gone = dead(stack)
    for i, address in enumerate(nasty):
        user = client.register()
        quoted = address.replace("'", "''")
        stack.ask(f"UPDATE \"user\" SET email = '{quoted}' "
                  f"WHERE id = '{user['id']}'")
        wait_for(server, user["email"])
        client.patch(f"/users/{user['id']}", token=client.admin(),
                     json={"password": f"quite another {i}"})

    assert stacks.wait_until(lambda: dead(stack) == gone + len(nasty))
    assert len(server.mails) == before + len(nasty)
    assert all(len(m.recipients) == 1 for m in server.mails)
    assert not any(m.parsed["Bcc"] for m in server.mails)
    stack.ask("DELETE FROM fcu_outbox")


# F7
@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA",
                                  "BODY", "QUIT"])
@pytest.mark.parametrize("fault", ["421 4.3.0 not now", "451 4.3.0 later",
                                   "close", "half", "hang"])
def test_mail_survives_what_passes(lonely, verb, fault):
    server, client = lonely
    if verb == "EHLO" and fault[0].isdigit():
        server.faults = {"EHLO": [fault], "HELO": [fault]}
    else:
        server.faults = {verb: [fault]}
    user = client.register()
    ask_reset(client, user["email"])
    mails = wait_for(server, user["email"])

    # QUIT comes after the mail.
    assert stacks.wait_until(lambda: not server.faults[verb], step=0.05)
    assert len(mails) == 1
    assert client.post("/auth/reset-password", json={
        "token": mails[0].token, "password": "quite another 9"}
    ).status_code == 200
    assert dead(client.stack) == 0


def test_an_answer_that_is_lost_makes_the_same_mail_twice(lonely):
    server, client = lonely
    server.faults = {"LOST": ["close"]}
    user = client.register()
    ask_verify(client, user["email"])
    mails = wait_for(server, user["email"], 2)

    assert len(mails) == 2
    assert mails[0].id == mails[1].id
    for mail in mails[:1]:
        assert client.post("/auth/verify", json={
            "token": mail.token}).status_code == 200


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
def test_mail_that_is_refused_for_good_is_given_up(lonely, verb):
    server, client = lonely
    stack = client.stack
    server.faults = {verb: ["550 5.1.1 nobody here"]}
    user = client.register()
    ask_reset(client, user["email"])
    assert stacks.wait_until(lambda: dead(stack) == 1)
    time.sleep(1.5)

    assert server.to(user["email"]) == []
    assert "550" in last_error(stack)
    stack.ask("DELETE FROM fcu_outbox")


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO"])
def test_a_server_that_is_not_itself_is_asked_again(lonely, verb):
    server, client = lonely
    server.faults = {verb: ["554 5.3.2 no"]}
    if verb == "EHLO":
        server.faults["HELO"] = ["554 5.3.2 no"]
    user = client.register()
    ask_reset(client, user["email"])

    wait_for(server, user["email"])
    assert dead(client.stack) == 0


def test_a_server_that_was_down_gets_everything(lonely):
    server, client = lonely
    server.faults = {}
    server.down()
    users = [client.register() for _ in range(12)]
    for user in users:
        ask_reset(client, user["email"])
        ask_verify(client, user["email"])
    time.sleep(2)
    server.up()

    for user in users:
        assert sorted(m.subject.split()[0] for m in wait_for(
            server, user["email"], 2)) == ["A", "Confirm"]
    assert stacks.wait_until(lambda: waiting(client.stack) == 0)


def server_context(folder):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder.path("server.pem"))
    return context


USERS = {"mailer": "secret of the mailer"}


def send_one(stack, server):
    user = stack.client.register()
    ask_verify(stack.client, user["email"])
    return wait_for(server, user["email"])[0]


@pytest.mark.parametrize("implicit", [False, True])
def test_mail_travels_by_tls_with_a_password(new_stack, new_server, folder,
                                             implicit):
    server = new_server(server_context(folder), implicit, USERS)
    scheme = "smtps" if implicit else "smtp"
    stack = new_stack("sqlite", settings=settings_for(
        server, url=f"{scheme}://127.0.0.1:{server.port}", tls="required",
        ca_file=folder.path("ca.pem"), user="mailer",
        password=USERS["mailer"]))
    mail = send_one(stack, server)

    assert mail.encrypted and mail.user == "mailer"
    assert USERS["mailer"] not in stack.program_log()
    assert mail.token not in stack.program_log()


def refuses(stack, server):
    """Nothing arrives, and it is tried again."""
    user = stack.client.register()
    ask_verify(stack.client, user["email"])
    assert stacks.wait_until(
        lambda: stack.program_log().count("event=event_postponed") >= 2)
    assert server.mails == []
    assert waiting(stack) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
        new_stack, new_server, folder):
    server = new_server(server_context(folder))
    for tls in ("required", "opportunistic"):
        refuses(new_stack("sqlite", settings=settings_for(server, tls=tls)),
                server)


def test_a_server_without_tls_gets_no_mail_where_it_is_required(
        new_stack, new_server):
    server = new_server()
    refuses(new_stack("sqlite", settings=settings_for(
        server, tls="required")), server)
    assert "MAIL" not in server.verbs


def test_a_wrong_password_of_the_mailer_loses_nothing(new_stack, new_server,
                                                      folder):
    server = new_server(server_context(folder), False, USERS)
    stack = new_stack("sqlite", settings=settings_for(
        server, tls="required", ca_file=folder.path("ca.pem"), user="mailer",
        password="not it"))
    refuses(stack, server)
    assert "not it" not in stack.program_log()


def test_an_address_outside_ascii_needs_a_server_for_it(new_stack,
                                                        new_server):
    server = new_server(utf8=False)
    stack = new_stack("sqlite", settings=settings_for(server))
    user = stack.client.register(new_email("kö"))
    ask_verify(stack.client, user["email"])

    assert stacks.wait_until(lambda: dead(stack) == 1)
    assert server.mails == []


SENDMAIL = r"""
seen = {"arguments": sys.argv[1:], "environment": sorted(os.environ),
        "mail": sys.stdin.buffer.read().decode()}
with open(HERE + "/sent", "a") as f:
    f.write(json.dumps(seen) + "\n")
wanted = open(HERE + "/status").read().split()
with open(HERE + "/status", "w") as f:
    f.write(" ".join(wanted[1:]))
if wanted and wanted[0] == "slow":
    time.sleep(600)
sys.stderr.write("words of sendmail\n")
sys.exit(int(wanted[0]) if wanted else 0)
"""


def sent_by(programs):
    return [json.loads(x) for x in programs.read("sent").splitlines()]


@pytest.fixture
def programs():
    made = Programs()
    made.write("sendmail", SENDMAIL)
    yield made
    made.remove()


def sendmail_settings(programs, server):
    return settings_for(server,
                        url=f"sendmail:{programs.path('sendmail')}",
                        time_limit="2")


@pytest.mark.parametrize("statuses, count", [
    ("", 1), ("75", 2), ("75 71 1", 4), ("slow", 2)])
def test_sendmail_takes_the_mail(new_stack, new_server, programs, db,
                                 statuses, count):
    programs.write("status", statuses, 0o666)
    with open(programs.path("status"), "w", encoding="ascii") as f:
        f.write(statuses)
    stack = new_stack(db, settings=sendmail_settings(programs, new_server()))
    user = stack.client.register()
    ask_verify(stack.client, user["email"])

    assert stacks.wait_until(lambda: len(sent_by(programs)) == count
                             and waiting(stack) == 0)
    for sent in sent_by(programs):
        assert sent["arguments"] == ["-i", "-f", "accounts@example.org", "--",
                                     user["email"]]
        assert set(sent["environment"]) - {"LC_CTYPE"} == {
            "HOME", "LANG", "PATH"}
        assert f"\r\nTo: {user['email']}\r\n" in sent["mail"]
    assert len({re.search("Message-ID: (.*)", s["mail"])[1]
                for s in sent_by(programs)}) == 1


def test_sendmail_that_knows_nobody_is_not_asked_again(new_stack, new_server,
                                                       programs):
    programs.write("status", "", 0o666)
    with open(programs.path("status"), "w", encoding="ascii") as f:
        f.write("67")
    stack = new_stack("sqlite", settings=sendmail_settings(programs,
                                                           new_server()))
    user = stack.client.register()
    ask_verify(stack.client, user["email"])

    assert stacks.wait_until(lambda: dead(stack) == 1)
    assert len(sent_by(programs)) == 1
    assert last_error(stack) == "exit status 67: words of sendmail"


def test_texts_of_ones_own_in_ones_own_language(new_stack, new_server,
                                                programs):
    server = new_server()
    for name, text in (("it/verify.txt", "Subject: Prego, {site}\n\n{link}\n"),
                       ("de/welcome.txt", "Subject: Hallo\n\n{user.id}\n")):
        os.makedirs(os.path.dirname(programs.path("texts/" + name)),
                    exist_ok=True)
        with open(programs.path("texts/" + name), "w", encoding="utf-8") as f:
            f.write(text)
    stack = new_stack("sqlite", settings=settings_for(
        server, language="it", templates=programs.path("texts"),
        site="Die Burg"))
    user = stack.client.register()
    ask_verify(stack.client, user["email"])
    mail = wait_for(server, user["email"])[0]

    assert mail.subject == "Prego, Die Burg"
    with open(programs.path("texts/it/verify.txt"), "a",
              encoding="utf-8") as f:
        f.write("{tokem}\n")
    told = stack.program_command("check", check=False)
    assert told.returncode == 78
    assert ("/texts/it/verify.txt:4: there is no placeholder {tokem}"
            in told.stderr)


@pytest.mark.parametrize("server_kind", ["nginx-fd0", "apache-cgi"])
def test_mail_goes_out_where_there_is_no_pool(new_stack, new_server, db,
                                              server_kind):
    server = new_server()
    stack = new_stack(db, settings=settings_for(server),
                      server=server_kind, courier=False)
    user = stack.client.register()
    ask_verify(stack.client, user["email"])
    assert server.mails == []
    stack.program_command("courier", "--once")

    mail = server.to(user["email"])[0]
    assert stack.client.post("/auth/verify", json={
        "token": mail.token}).status_code == 200


COURIER = re.compile(r"event=worker_started pool=courier pid=(\d+)")


@pytest.mark.about("pool", "the supervisor replaces its courier")
def test_a_courier_that_is_killed_again_and_again_loses_nothing(
        new_stack, new_server, db):
    server = new_server()
    stack = new_stack(db, settings=[
        *settings_for(server), "courier.lease=9"])
    client = stack.client
    stack.kills_with.add(signal.SIGKILL)
    emails = [new_email("killed") for _ in range(MAILS)]
    for i in range(0, MAILS, 20):
        parallel([lambda e=e: (client.register(e), ask_verify(client, e))
                  for e in emails[i:i + 20]])
    for _ in range(KILLS):
        count = len(server.mails)
        stacks.wait_until(lambda: len(server.mails) > count, 30)
        pids = COURIER.findall(stack.program_log())
        os.kill(int(pids[-1]), signal.SIGKILL)
        assert stacks.wait_until(lambda: len(
            COURIER.findall(stack.program_log())) > len(pids))
    assert stacks.wait_until(lambda: waiting(stack) == 0, 600, 0.2)

    lost = [e for e in emails if not server.to(e)]
    mails = [m for m in server.mails if m.recipients[0] in set(emails)]
    twice = len(mails) - len({m.id for m in mails})
    print(f"{MAILS} mails, {KILLS} kills: {len(lost)} lost, {twice} twice")
    assert lost == []
    assert dead(stack) == 0
    assert twice <= KILLS
