# SPDX-License-Identifier: MIT
"""The web servers that carry a stack, each by its example of this tree.

A row of SERVERS is one way of running the program. What is put into an example
are the stack's paths, port and mount point, as an administrator would; all
else stands in the example itself.
"""

import os
import re
import resource

from processes import PROGRAM, TOP, Failure, find_command, quote

WWW = "/usr/local/share/fastcgi-users/www"
CONFIGURATION = "/etc/fastcgi-users/fastcgi-users.conf"
CGI_FOLDER = "/usr/lib/cgi-bin"
APACHE_MODULES = "/usr/lib/apache2/modules"


def example(*names):
    with open(os.path.join(TOP, *names), encoding="utf-8") as f:
        return f.read()


def substitute(text, old, new):
    if old not in text:
        raise Failure(f"the example has no line with: {old}")
    return text.replace(old, new)


class Server:
    """What all have in common: they answer at the stack's port."""

    # What its process, its log and its file with a number are called.
    process = ""
    # Who runs the program: our "pool", "descriptor 0" with a socket that
    # somebody made, or None where the web server does.
    program = "pool"
    # What it says when a process that it started is ended by a signal.
    says_death = None
    # A request whose headers are too large.
    headers_too_large = 431
    # What it answers where no pool listens.
    pool_gone = 503
    # Whether connections that it kept to a worker that died cost requests.
    keeps_dead = False
    # What may be answered to a request whose worker died.
    worker_gone = (502, 503)
    # Statuses with which it refuses what others let the program judge.
    own_refusals = ()
    # Whether a process lives on when it has answered.
    remembers = True
    # Whether the program hears of a header that is empty.
    hands_empty_headers = True
    # Whether what it refuses by itself reads like what the program refuses.
    speaks_json = True

    def __init__(self, stack):
        self.stack = stack

    @property
    def pooled(self):
        return self.program == "pool"

    def path(self, *names):
        return self.stack.path(*names)

    def substitute(self, text, *changes):
        for old, new in changes:
            text = substitute(text, old, new)
        return text

    def sockets(self, text, form):
        """The sockets of the pools in the place of the example's."""
        for pool in ("api", "password"):
            address = self.stack.settings["pool", pool]["socket"]
            text = substitute(text, form(f"/run/fastcgi-users/{pool}.sock"),
                              form(address))
        return text

    def body_limit(self):
        """Well above the program's, so that it is the program that refuses;
        None where the example's is right."""
        limit = self.stack.settings["server", None].get("body_limit")
        return int(limit) * 4 if limit else None

    def begin(self):
        raise NotImplementedError

    def launch(self, *command):
        self.stack.forget_file(f"{self.process}.pid")
        self.stack.launch(self.process, command)
        self.wait_for_pid_file()

    def wait_for_pid_file(self):
        # It is written when the port is ours, not before.
        def written():
            try:
                return self.stack.read(f"{self.process}.pid").strip()
            except OSError:
                return None
        try:
            self.stack.wait_for(self.process, written, "start")
        except Failure as e:
            said = self.stack.read(f"{self.process}.log")
            if "ddress already in use" in said:
                self.stack.forget_file(f"{self.process}.log")
                raise Failure(f"the port {self.stack.port} is in use") from e
            if "bind() to" in said and "Permission denied" in said:
                raise Failure(f"port {self.stack.port} is not for ordinary "
                              "users: choose one from 1024 on with --port"
                              ) from e
            raise


class Nginx(Server):
    """nginx.conf.example"""

    process = "nginx"
    pool_gone = 502
    worker_gone = (502,)

    def begin(self):
        self.stack.write("nginx-site.conf", self.stack.nginx_site(), 0o644)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = 8192 if hard < 0 else min(hard, 8192)
        temporary = "".join(
            f"\t{kind}_temp_path {self.path('nginx-tmp')}/{kind};\n"
            for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
        self.stack.make_subfolder("nginx-tmp")
        access_log = (self.path("access.log") if self.stack.access_log
                      else "off")
        self.stack.write("nginx.conf", f"""\
# Written anew at each start: what an nginx needs that runs beside the system's
# own, as an ordinary user. The site itself is in nginx-site.conf.
daemon off;
pid {self.path('nginx.pid')};
error_log {self.path('nginx.log')} warn;
worker_processes auto;
worker_rlimit_nofile {files};
events {{
	worker_connections {files // 2};
}}
http {{
	access_log {access_log};
{temporary}	include {self.path('nginx-site.conf')};
{self.stack.other_sites()}}}
""", 0o644)
        self.launch(find_command("nginx", "nginx"), "-p", self.stack.folder,
                    "-e", self.path("nginx.log"), "-c",
                    self.path("nginx.conf"))

    def site(self):
        """nginx.conf.example with our sockets, port and mount point."""
        stack = self.stack
        text = self.sockets(example("nginx.conf.example"), lambda address: (
            "unix:" if "/" in address else "") + address)
        if ("pool", "oauth") in stack.settings:
            text = self.oauth_pool(text)
        text = self.substitute(
            text, ("listen 80;", f"listen 127.0.0.1:{stack.port};"),
            (f"root {WWW};", f"root {quote(self.path('www'))};"))
        if self.body_limit():
            text = substitute(text, "client_max_body_size 1m;",
                              f"client_max_body_size {self.body_limit()};")
        if stack.mount:
            text = self.mounted(text)
        return self.guarded(text) if stack.guarded else text

    def oauth_pool(self, text):
        """The lines for a pool of that name are comments in the example."""
        start = "#upstream fastcgi_users_oauth {"
        block = text[text.index(start):]
        block = block[:block.index("#}") + 2]
        return self.substitute(
            text, (block, block.replace("#", "")),
            ("unix:/run/fastcgi-users/oauth.sock",
             "unix:" + self.path("oauth.sock")), ('#"~^GET', '"~^GET'))

    def mounted(self, text):
        mount = self.stack.mount
        return self.substitute(
            text, ("location / {", f"location {mount}/ {{"),
            ("location ~ ^(/docs/", f"location ~ ^{mount}(/docs/"),
            *(("\t\t" + line, "\t\t#" + line) for line in (
                'fastcgi_param SCRIPT_NAME "";',
                "fastcgi_param PATH_INFO $fastcgi_script_name;")),
            *(("\t\t#" + line, "\t\t" + line) for line in (
                "fastcgi_split_path_info (?s)^(/account)(/.*)$;",
                "fastcgi_param SCRIPT_NAME $fastcgi_script_name;",
                "fastcgi_param PATH_INFO $fastcgi_path_info;")),
            ("^(/account)", f"^({mount})"))

    def guarded(self, text):
        """The example's guarded location, once for each of the stack's."""
        start = text.index("\t#location /guarded/ {")
        end = text.index("\n\n", start)
        lines = re.sub(r"^\t#(?! )", "\t", text[start:end], flags=re.M)
        one, brace, others = lines.partition("\n\t}\n")
        several = ""
        for location, demand, directive in self.stack.guarded:
            several += self.substitute(
                one, ("/guarded/", location),
                ("/.users/check/;", f"/.users/check/{demand};"),
                ("proxy_pass http://127.0.0.1:8000;",
                 directive.replace("@FOLDER@", self.stack.folder))) + brace
        return text[:start] + several + others + text[end:]


class NginxBeforeSpawned(Nginx):
    """The same, and the program as spawn-fcgi would run it."""

    program = "descriptor 0"

    def site(self):
        # libfcgi serves one connection at a time, so none may be kept.
        return substitute(super().site(), "fastcgi_keep_conn on;",
                          "fastcgi_keep_conn off;")


class Apache(Server):
    """An Apache of our own around one of the examples in etc/."""

    process = "apache"
    headers_too_large = 400
    file = ""
    modules = ("mpm_event", "authz_core", "alias", "env", "headers")
    more_modules = ()
    says_death = re.compile(r"unexpected signal|exit signal")

    def begin(self):
        stack = self.stack
        site = self.site()
        loads = "".join(
            f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n"
            for name in (*self.modules, *self.more_modules))
        log = (f'CustomLog {self.path("access.log")} "%h %t \\"%r\\" %>s"\n'
               if stack.access_log else "")
        stack.write("apache.conf", f"""\
ServerRoot {quote(stack.folder)}
ServerName 127.0.0.1
Listen 127.0.0.1:{stack.port}
PidFile {self.path('apache.pid')}
ErrorLog {self.path('apache.log')}
Mutex file:{stack.folder}
{loads}{log}{self.beside()}{site}""", 0o644)
        self.launch(find_command("apache2", "apache2"), "-d", stack.folder,
                    "-f", self.path("apache.conf"), "-DFOREGROUND")

    def beside(self):
        """Lines that a system's own configuration has."""
        return ""

    def site(self):
        text = self.substitute(
            example("etc", self.file), (WWW, self.path("www")),
            ("<VirtualHost *:80>", f"<VirtualHost 127.0.0.1:{self.stack.port}>"))
        if self.body_limit():
            text = re.sub(r"\b(1048576|1114112)\b", str(self.body_limit()),
                          text)
        return self.mounted(text) if self.stack.mount else text

    def mounted(self, text):
        return self.substitute(
            text, ('AliasMatch "^/docs/',
                   f'AliasMatch "^{self.stack.mount}/docs/'))

    def program_folder(self):
        """Stands for the cgi-bin; the program is in there."""
        self.stack.make_subfolder("cgi", 0o755)
        target = self.path("cgi", PROGRAM)
        if not os.path.lexists(target):
            os.link(self.stack.program, target)
        return self.path("cgi")


class ApacheProxy(Apache):
    """mod_proxy_fcgi hands requests to the pools."""

    file = "apache-proxy-fcgi.conf"
    keeps_dead = True
    more_modules = ("setenvif", "rewrite", "proxy", "proxy_fcgi")

    def site(self):
        text = self.sockets(super().site(), self.address)
        return self.oauth_pool(text) if ("pool", "oauth") in (
            self.stack.settings) else text

    def oauth_pool(self, text):
        """The lines for a pool of that name are comments in the example."""
        start = text.index("#<Proxy ")
        end = text.index("#</Proxy>") + len("#</Proxy>")
        text = (text[:start] + text[start:end].replace("#", "") + text[end:])
        return self.substitute(
            text, ("\t#Rewrite", "\tRewrite"),
            ("/run/fastcgi-users/oauth.sock", self.path("oauth.sock")))

    @staticmethod
    def address(place):
        """unix:/run/x.sock|fcgi://x, or fcgi://127.0.0.1:9000."""
        if "/" not in place:
            return f'"fcgi://{place}'
        name = os.path.basename(place).removesuffix(".sock")
        return f'"unix:{place}|fcgi://fastcgi-users-{name}'

    def mounted(self, text):
        mount = self.stack.mount
        return self.substitute(
            super().mounted(text),
            ('RewriteRule "^/docs/', f'RewriteRule "^{mount}/docs/'),
            ('RewriteRule "^/"', f'RewriteRule "^{mount}/"'),
            ("^()(/.*)$", f"^({mount})(/.*)$"))


class ApacheCgi(Apache):
    """A process a request."""

    program = None
    remembers = False
    file = "apache-cgi.conf"
    more_modules = ("cgid",)

    def beside(self):
        return f"ScriptSock {self.path('cgid.sock')}\n"

    def site(self):
        return self.substitute(
            super().site(), (CGI_FOLDER, self.program_folder()),
            (CONFIGURATION, self.stack.config))

    def mounted(self, text):
        return substitute(super().mounted(text), '\tScriptAlias "/"',
                          f'\tScriptAlias "{self.stack.mount}/"')


class ApacheFcgid(ApacheCgi):
    """mod_fcgid starts and ends processes that serve many requests."""

    file = "apache-fcgid.conf"
    remembers = True
    more_modules = ("fcgid", "rewrite")

    def beside(self):
        return (f"FcgidIPCDir {self.path('fcgid')}\n"
                f"FcgidProcessTableFile {self.path('fcgid', 'shm')}\n")

    def begin(self):
        self.stack.make_subfolder("fcgid")
        super().begin()


class ApacheHtaccess(ApacheCgi):
    """A folder of a hosting account with a .htaccess file, in an Apache that
    lets such files say what hosts let them say."""

    file = "htaccess.example"
    speaks_json = False
    more_modules = ("cgid", "fcgid", "mime", "dir", "rewrite", "setenvif")

    def beside(self):
        return f"""{super().beside()}\
FcgidIPCDir {self.path('fcgid')}
FcgidProcessTableFile {self.path('fcgid', 'shm')}
TraceEnable Off
TypesConfig /etc/mime.types
DocumentRoot {quote(self.path('public_html'))}
<Directory {quote(self.path('public_html'))}>
	Require all granted
	Options SymLinksIfOwnerMatch Indexes
	AllowOverride All
</Directory>
"""

    def begin(self):
        stack = self.stack
        stack.make_subfolder("fcgid")
        stack.make_subfolder("public_html", 0o755)
        folder = "public_html" + stack.mount
        stack.make_subfolder(folder, 0o755)
        target = self.path(folder, PROGRAM + ".cgi")
        if not os.path.lexists(target):
            os.link(stack.program, target)
        for name in ("docs", "robots.txt"):
            if not os.path.lexists(self.path(folder, name)):
                os.symlink(self.path("www", name), self.path(folder, name))
                stack.own(self.path(folder, name))
        text = self.substitute(example("etc", self.file), (
            "/home/me/fastcgi-users/fastcgi-users.conf", stack.config))
        if self.body_limit():
            text = re.sub(r"\b(1048576|1114112)\b", str(self.body_limit()),
                          text)
        stack.write(os.path.join(folder, ".htaccess"), text, 0o644)
        super().begin()

    def site(self):
        return ""


class Lighttpd(Server):
    """mod_fastcgi to the pools."""

    process = "lighttpd"
    worker_gone = (500, 502, 503)
    # A control character, a POST without Content-Length, a method that it
    # does not know.
    own_refusals = (400, 411, 501)
    hands_empty_headers = False

    def begin(self):
        stack = self.stack
        stack.make_subfolder("lighttpd-tmp")
        log = ('server.modules += ("mod_accesslog")\n'
               f'accesslog.filename = {quote(self.path("access.log"))}\n'
               if stack.access_log else "")
        stack.write("lighttpd.conf", f"""\
server.document-root = {quote(self.path('www'))}
server.bind = "127.0.0.1"
server.port = {stack.port}
server.pid-file = {quote(self.path('lighttpd.pid'))}
server.errorlog = {quote(self.path('lighttpd.log'))}
server.upload-dirs = ({quote(self.path('lighttpd-tmp'))})
server.max-fds = 4096
server.max-keep-alive-idle = 75
{log}{self.site()}""", 0o644)
        self.launch(find_command("lighttpd", "lighttpd"), "-D", "-f",
                    self.path("lighttpd.conf"))

    def site(self):
        text = self.sockets(substitute(
            example("etc", "lighttpd.conf.example"), WWW, self.path("www")),
            self.address)
        if ("pool", "oauth") in self.stack.settings:
            text = self.oauth_pool(text)
        if self.body_limit():
            # Whole kilobytes are all that it knows.
            text = substitute(text, "server.max-request-size = 1024",
                              "server.max-request-size = "
                              f"{-(-self.body_limit() // 1024)}")
        return self.mounted(text) if self.stack.mount else text

    def oauth_pool(self, text):
        """The lines for a pool of that name are comments in the example."""
        for first, last in (("#var.users_oauth = (", "#)"),
                            ("\t#else $HTTP", "\t#}\n")):
            start = text.index(first)
            end = text.index(last, start) + len(last)
            text = (text[:start] + text[start:end].replace("#", "")
                    + text[end:])
        return substitute(text, "/run/fastcgi-users/oauth.sock",
                          self.path("oauth.sock"))

    @staticmethod
    def address(place):
        if "/" in place:
            return f'"socket" => "{place}"'
        host, _, port = place.rpartition(":")
        return f'"host" => "{host}", "port" => {port}'

    def mounted(self, text):
        mount = self.stack.mount
        return self.substitute(
            text, ('var.users_mount = ""', f'var.users_mount = "{mount}"'),
            ('var.users_key   = "/"', f'var.users_key   = "{mount}"'))


class LighttpdSpawning(Lighttpd):
    """The same, and it starts the program itself."""

    program = None

    def site(self):
        text = re.sub(r"^\t#(\"(bin|max))", r"\t\1", super().site(), flags=re.M)
        return self.substitute(
            text, ("/usr/local/sbin/" + PROGRAM, self.stack.program),
            (CONFIGURATION, self.stack.config))


SERVERS = {
    "nginx": Nginx,
    "nginx-fd0": NginxBeforeSpawned,
    "apache-fcgi": ApacheProxy,
    "apache-fcgid": ApacheFcgid,
    "apache-cgi": ApacheCgi,
    "apache-htaccess": ApacheHtaccess,
    "lighttpd": Lighttpd,
    "lighttpd-spawn": LighttpdSpawning,
}
