# SPDX-License-Identifier: MIT
"""The examples of etc/ beyond what every run behind a web server shows: lines
that are comments in them, and other ways that they speak of.
"""

import os
import re
import subprocess

import pytest
import servers
import stack as stacks

SITES = ("apache-proxy-fcgi.conf", "apache-fcgid.conf", "apache-cgi.conf")
MODULES = ("mpm_event", "authz_core", "alias", "env", "headers", "setenvif",
           "rewrite", "proxy", "proxy_fcgi", "socache_shmcb", "ssl",
           "remoteip", "reqtimeout")
# The program of each: fcgid and cgid do not bear each other's directives.
RUNNERS = {"apache-fcgid.conf": ("fcgid",), "apache-cgi.conf": ("cgid",)}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048",
                    "-nodes", "-subj", "/CN=x", "-keyout", folder / "k",
                    "-out", folder / "c"], check=True, capture_output=True)
    return folder


def uncommented(text, begins):
    """With the # off each line that has something else than a blank behind
    it: those with a blank are comments for good."""
    return re.sub(rf"^(\t*)#(?=[{begins}])", r"\1", text, flags=re.M)


def with_certificate(text, folder):
    text = text.replace("/etc/ssl/certs/users.example.org.pem",
                        f"{folder}/c")
    return text.replace("/etc/ssl/private/users.example.org.key",
                        f"{folder}/k")


@pytest.mark.parametrize("name", SITES)
def test_an_apache_example_is_valid_with_all_that_it_offers(
        name, certificate, tmp_path):
    text = uncommented(servers.example("etc", name), "A-Z<\t")
    loads = "".join(
        f"LoadModule {m}_module {servers.APACHE_MODULES}/mod_{m}.so\n"
        for m in (*MODULES, *RUNNERS.get(name, ())))
    site = tmp_path / "site.conf"
    site.write_text(f"ServerRoot {tmp_path}\nServerName x\nListen 127.0.0.1:1\n"
                    f"PidFile {tmp_path}/pid\nErrorLog {tmp_path}/log\n{loads}"
                    + with_certificate(text, certificate))

    done = subprocess.run(
        [stacks.find_command("apache2", "apache2"), "-t", "-f", site],
        capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stderr == "Syntax OK\n"
    assert "SSLEngine on" in site.read_text()


def test_the_lighttpd_example_is_valid_with_all_that_it_offers(
        certificate, tmp_path):
    text = uncommented(servers.example("etc", "lighttpd.conf.example"),
                       'a-z$"})\t')
    site = tmp_path / "site.conf"
    site.write_text(f'server.document-root = "{tmp_path}"\n'
                    + with_certificate(text, certificate))

    done = subprocess.run(
        [stacks.find_command("lighttpd", "lighttpd"), "-tt", "-f", site],
        capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "ssl.engine" in text


def is_served(client):
    """Signed in by both ways, with what a mount and a header need."""
    user, token = client.newcomer()
    cookie = client.login_cookie(user["email"])
    assert client.get("/users/me", token=token).json() == user
    assert client.get("/users/me", cookie=cookie).json() == user
    assert client.get("/users/me").status_code == 401
    answer = client.get("/users/me/")
    assert answer.headers["Location"] == f"{client.url}/users/me"


@pytest.mark.parametrize("mount", ("", "/account"))
@pytest.mark.parametrize("server", stacks.SERVERS)
def test_every_web_server_serves_at_its_root_and_under_a_prefix(
        new_stack, server, mount):
    is_served(new_stack("sqlite", server=server, mount=mount).client)


def change(stack, *pairs):
    """The .htaccess file, which Apache reads again for each request."""
    name = "public_html/.htaccess"
    text = stack.read(name)
    for old, new in pairs:
        text = stacks.substitute(text, old, new)
    stack.write(name, text, 0o644)


def test_a_token_arrives_where_a_host_allows_no_cgipassauth(new_stack):
    stack = new_stack("sqlite", server="apache-htaccess")
    change(stack, ("\nCGIPassAuth On", "\n"))
    _, token = stack.client.newcomer()
    assert stack.client.get("/users/me", token=token).status_code == 401

    change(stack, ("#SetEnvIf Authorization", "SetEnvIf Authorization"))

    is_served(stack.client)


def test_a_hosting_account_with_mod_fcgid_keeps_processes(new_stack):
    stack = new_stack("sqlite", server="apache-htaccess")
    program = os.path.join("public_html", "fastcgi-users.fcgi")
    stack.write(program, f"#!/bin/sh\nFASTCGI_USERS_CONFIG={stack.config} "
                f"exec {stack.program}\n", 0o755)
    change(stack, ("#AddHandler fcgid-script", "AddHandler fcgid-script"),
           ('"^fastcgi-users[.]cgi$"', '"^fastcgi-users[.]fcgi$"'),
           ("RewriteRule ^ fastcgi-users.cgi", "RewriteRule ^ "
            "fastcgi-users.fcgi"))

    is_served(stack.client)

    assert [pid for pid in stacks.process_ids() if stack.runs_program(pid)]


@pytest.mark.parametrize("name", ("users.db", "users.db-wal", "jwt.secret",
                                  "fastcgi-users.conf", ".htaccess"))
def test_what_lies_in_a_hosting_folder_by_mistake_is_shown_to_nobody(
        house, name):
    stack = house.get("sqlite", "apache-htaccess")
    path = os.path.join("public_html", name)
    if not os.path.exists(stack.path(path)):
        stack.write(path, "dear", 0o644)

    answer = stack.client.get("/" + name)

    assert answer.status_code in (403, 404)
    assert "dear" not in answer.text
