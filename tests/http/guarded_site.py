# SPDX-License-Identifier: MIT
"""Web servers that guard a folder of files and CGI programs, each by its
example in etc/, beside a stack whose users they let in."""

import socket

import stack as stacks
from client import SECONDS, Client

LOGIN = "https://login.example.org/in?a=1"
# Folder, and what it demands; what its page says.
FOLDERS = {"members": "", "verified": "verified", "admins": "superuser"}
PAGES = {name: f"<h1>for {name} only</h1>\n"
         for name in (*FOLDERS, "files", "public")}
SECRET = [page for name, page in PAGES.items() if name != "public"]
PROGRAM = """\
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
/usr/bin/env
printf BODY=
wc -c
"""
DOWNLOAD = """\
#!/bin/sh
case $REMOTE_USER in
'') printf 'Status: 500 Internal Server Error\\r\\n\\r\\n' ;;
*) printf 'X-Accel-Redirect: /.files/%s\\r\\n\\r\\n' "${PATH_INFO##*/}" ;;
esac
"""
SETTINGS = ("pool.api.workers=2", "pool.password.workers=1",
            f"guard.login_url={LOGIN}",
            'guard.headers={"Remote-User=id", "Remote-Email=email"}',
            'guard.variables={"REMOTE_USER=id", "REMOTE_EMAIL=email"}')
APACHE_MODULES = "/usr/lib/apache2/modules"


def pools(socket_of):
    """Settings of a pool for each folder."""
    return [f"pool.{name}.{setting}" for name, demand in FOLDERS.items()
            for setting in (f"socket={socket_of(name)}", "workers=1",
                            "role=authorizer", f"require={demand}")]


class Site(Client):
    """One such server; requests go to it, users live in the stack."""

    kind = ""
    binary = ""
    package = ""
    more_folders = ()
    # Whether any character in a header's name makes a variable's underscore.
    takes_odd_names = False
    # To who is not signed in, and to who may not.
    refusal = 401
    forbidden = 403

    @classmethod
    def settings(cls):
        return SETTINGS

    def __init__(self, stack):
        super().__init__(stack)
        self.users = stack.client
        stack.make_subfolder("site", 0o755)
        for name in (*FOLDERS, "public", *self.more_folders):
            stack.make_subfolder(f"site/{name}", 0o755)
            stack.write(f"site/{name}/page.html", PAGES[name], 0o644)
            if name in FOLDERS:
                stack.write(f"site/{name}/env.cgi", PROGRAM, 0o755)
        # Guarded like the folder it is in, and demanding more.
        stack.make_subfolder("site/members/strict", 0o755)
        stack.write("site/members/strict/page.html", PAGES["members"], 0o644)
        for _ in range(20):
            self.port = stacks.free_port()
            try:
                self.start()
                break
            except stacks.Failure as e:
                if "in use" not in str(e):
                    raise
        self.url = f"http://127.0.0.1:{self.port}"
        if not stacks.wait_until(
                lambda: stacks.get_status(self.url + "/public/page.html")):
            raise stacks.Failure(f"{self.kind} answers nothing:\n"
                                 + stack.read(f"{self.kind}.log"))

    def example(self, *changes):
        """The example with our folders and sockets."""
        text = stacks.example("etc", self.name)
        for old, new in changes:
            text = stacks.substitute(text, old, new)
        return text.replace("/srv", self.stack.path("site"))

    def launch(self, command):
        self.stack.launch(self.kind, command)

    def bytes_of(self, data):
        """Whatever comes back when these bytes are sent."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as s:
            try:
                s.sendall(data)
                while True:
                    more = s.recv(65536)
                    if not more:
                        break
                    answer += more
            except ConnectionError:
                pass
        return answer

    def is_login(self, answer):
        """Whether who asked is told where to sign in, and nothing else."""
        return (answer.status_code == self.refusal
                and not any(page in answer.text for page in SECRET))


class Nginx(Site):
    kind = "guard-nginx"
    name = "nginx-guard.conf"
    refusal = 302
    more_folders = ("files",)

    def start(self):
        one = self.stack
        wrapper = one.path("wrap.sock")
        one.make_subfolder("site/programs", 0o755)
        one.write("site/programs/download.cgi", DOWNLOAD, 0o755)
        one.forget_file("wrap.sock")
        one.launch("wrap", [stacks.find_command("fcgiwrap", "fcgiwrap"), "-c",
                            "2", "-s", f"unix:{wrapper}"])
        one.wait_for("wrap", lambda: one.listening(wrapper), "open its socket")
        site = self.example(("unix:/run/fcgiwrap.socket", f"unix:{wrapper}"))
        one.make_subfolder("guard-tmp")
        temporary = "".join(f"{kind}_temp_path {one.path('guard-tmp')}/{kind};"
                            for kind in ("client_body", "fastcgi", "proxy",
                                         "scgi", "uwsgi"))
        one.write("guard-nginx.conf", f"""\
daemon off;
pid {one.path('guard-nginx.pid')};
events {{ }}
http {{
	access_log off;
	lingering_timeout 100ms;
	{temporary}
	types {{ text/html html; }}
	upstream fastcgi_users_api {{
		server unix:{one.path('api.sock')} max_fails=0;
		keepalive 4;
	}}
	server {{
		listen 127.0.0.1:{self.port};
		location /public/ {{ root {one.path("site")}; }}
		location ^~ /members/strict/ {{
			auth_request /.users/check/superuser;
			auth_request_set $users_login $upstream_http_location;
			error_page 401 = @users_login;
			root {one.path("site")};
		}}
		{site}
	}}
}}
""", 0o644)
        self.launch([stacks.find_command("nginx", "nginx"), "-p", one.folder,
                     "-e", one.path("guard-nginx.log"), "-c",
                     one.path("guard-nginx.conf")])

    def is_login(self, answer):
        return super().is_login(answer) and answer.headers["Location"] == LOGIN


class Apache(Site):
    kind = "guard-apache"
    name = "apache-guard.conf"
    modules = ("authnz_fcgi",)

    @classmethod
    def settings(cls):
        return [*SETTINGS, *pools(lambda name: "127.0.0.1:"
                                  + str(stacks.free_port()))]

    def changes(self):
        return [(f"fcgi://127.0.0.1:{9701 + i}/", "fcgi://"
                 + self.stack.settings["pool", name]["socket"] + "/")
                for i, name in enumerate(FOLDERS)]

    def more(self):
        return ""

    def start(self):
        one = self.stack
        loads = "".join(
            f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n"
            for name in ("mpm_event", "authn_core", "authz_core", "alias",
                         "env", "setenvif", "headers", "mime", "dir", "cgid",
                         *self.modules))
        one.write("guard-apache.conf", f"""\
ServerRoot "{one.folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{self.port}
PidFile {one.path('guard-apache.pid')}
ErrorLog {one.path('guard-apache.log')}
Mutex file:{one.folder}
{loads}ScriptSock {one.path('guard-cgid.sock')}
TypesConfig /etc/mime.types
DocumentRoot "{one.path('site')}"
AddHandler cgi-script .cgi
<Directory "/">
	Require all denied
</Directory>
{"".join(self.folder(name) for name in ("public", *FOLDERS))}
{self.more()}{self.example(*self.changes())}
<Directory "{one.path('site', 'members', 'strict')}">
	SetEnvIf Request_URI . FCU_REQUIRE=superuser
</Directory>
""", 0o644)
        self.launch([stacks.find_command("apache2", "apache2"), "-d",
                     one.folder, "-f", one.path("guard-apache.conf"),
                     "-DFOREGROUND"])

    def folder(self, name):
        access = "\tRequire all granted\n" if name == "public" else ""
        return (f'<Directory "{self.stack.path("site", name)}">\n\tOptions ExecCGI\n'
                f"{access}</Directory>\n")

    def is_login(self, answer):
        """Apache keeps nothing of the answer but its body."""
        return (super().is_login(answer)
                and f'<a href="{LOGIN}">' in answer.text)


class ApacheFcgid(Apache):
    kind = "guard-apache"
    name = "apache-fcgid-guard.conf"
    modules = ("fcgid",)
    forbidden = 401

    @classmethod
    def settings(cls):
        return SETTINGS

    def changes(self):
        one = self.stack
        for name in ("verified", "admins"):
            one.write(f"start-{name}", f"#!/bin/sh\nFCU_REQUIRE="
                      f"{FOLDERS[name]} exec {one.program}\n", 0o755)
        return [("/usr/local/sbin/fastcgi-users", one.program),
                ("/etc/fastcgi-users/fastcgi-users.conf", one.config),
                ("/usr/local/lib/fastcgi-users/", one.path("start-"))]

    def more(self):
        one = self.stack
        one.make_subfolder("fcgid")
        return (f"FcgidIPCDir {one.path('fcgid')}\n"
                f"FcgidProcessTableFile {one.path('fcgid', 'table')}\n")

    def is_login(self, answer):
        return (Site.is_login(self, answer)
                and 'content="0;url=/login"' in answer.text)


class Lighttpd(Site):
    kind = "guard-lighttpd"
    name = "lighttpd-guard.conf"
    takes_odd_names = True

    @classmethod
    def settings(cls):
        return [*SETTINGS, *pools(lambda name: f"@FOLDER@/{name}.sock")]

    def start(self):
        one = self.stack
        site = self.example(("/run/fastcgi-users/", one.folder + "/"))
        one.write("guard-lighttpd.conf", f"""\
server.modules = ("mod_cgi")
server.document-root = "{one.path('site')}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.upload-dirs = ("{one.folder}")
mimetype.assign = (".html" => "text/html")
index-file.names = ("page.html")
cgi.assign = (".cgi" => "")
{site}
$HTTP["url"] =~ "^/members/strict/" {{
	setenv.add-environment = ("FCU_REQUIRE" => "superuser")
}}
""", 0o644)
        self.launch([stacks.find_command("lighttpd", "lighttpd"), "-D", "-f",
                     one.path("guard-lighttpd.conf")])

    def is_login(self, answer):
        return super().is_login(answer) and answer.headers["Location"] == LOGIN


class Caddy(Site):
    """It has no CGI programs; its pages alone are guarded here."""

    kind = "guard-caddy"
    name = "caddy-guard.conf"

    def start(self):
        one = self.stack
        site = self.example().replace("/run/fastcgi-users/", one.folder + "/")
        one.write("guard-caddy.conf", f"""\
{{
	admin off
	auto_https off
}}
http://127.0.0.1:{self.port} {{
	handle /public/* {{
		root * {one.path("site")}
		file_server
	}}
	handle /members/told {{
		forward_auth unix/{one.path("api.sock")} {{
			uri /auth/check
			copy_headers Remote-User Remote-Email
			transport fastcgi
		}}
		respond "{{header.Remote-User}} {{header.Remote_User}}"
	}}
	{site}
}}
""", 0o644)
        self.launch([stacks.find_command("caddy", "caddy"), "run", "--config",
                     one.path("guard-caddy.conf"), "--adapter", "caddyfile"])

    def is_login(self, answer):
        return super().is_login(answer) and answer.headers["Location"] == LOGIN


SITES = {"nginx": Nginx, "apache": Apache, "apache-fcgid": ApacheFcgid,
         "lighttpd": Lighttpd}
