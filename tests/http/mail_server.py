# SPDX-License-Identifier: MIT
"""A mail server (aiosmtpd) that can fail at each verb, and certificates."""

import asyncio
import contextlib
import email
import email.policy
import re
import subprocess
import threading

from aiosmtpd.smtp import SMTP, AuthResult

SECONDS = 60


class Mail:
    """One message as it arrived."""

    def __init__(self, session, envelope, encrypted):
        self.sender = envelope.mail_from
        self.recipients = list(envelope.rcpt_tos)
        self.options = list(envelope.mail_options)
        self.bytes = envelope.original_content
        self.parsed = email.message_from_bytes(self.bytes,
                                               policy=email.policy.default)
        self.encrypted = encrypted
        self.user = session.auth_data
        self.subject = str(self.parsed["Subject"])
        self.id = str(self.parsed["Message-ID"])
        self.text = self.parsed.get_content().replace("\r\n", "\n")

    @property
    def link(self):
        return re.search(r"^https?://\S+$", self.text, re.M)[0]

    @property
    def token(self):
        return self.link.partition("token=")[2]


class Dialogue(SMTP):
    """One connection; what its server's `faults` say about a verb comes
    before what aiosmtpd would answer."""

    def __init__(self, server, **more):
        self.owner = server
        self.greeted = False
        super().__init__(server, hostname="mail.example.org",
                         enable_SMTPUTF8=server.utf8, **more)

    async def fault(self, verb):
        """True when the verb has been answered, or never will be."""
        self.owner.verbs.append(verb)
        fault = self.owner.take_fault(verb)
        if fault is None:
            return False
        if fault == "hang":
            await asyncio.sleep(10 * SECONDS)
        if fault == "half":
            self._writer.write(b"25")
            await self._writer.drain()
        if fault in ("hang", "half", "close"):
            self.transport.abort()
            return True
        await super().push(fault)
        if verb == "CONNECT":
            self.transport.close()
        return True

    async def push(self, status):
        if not self.greeted:
            self.greeted = True
            if await self.fault("CONNECT"):
                return
        await super().push(status)

    async def smtp_EHLO(self, hostname):
        if not await self.fault("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname):
        if not await self.fault("HELO"):
            await super().smtp_HELO(hostname)

    async def smtp_STARTTLS(self, arg):
        if not await self.fault("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg):
        if not await self.fault("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        if not await self.fault("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        if not await self.fault("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_QUIT(self, arg):
        if not await self.fault("QUIT"):
            await super().smtp_QUIT(arg)

    async def smtp_DATA(self, arg):
        if not await self.fault("DATA"):
            await super().smtp_DATA(arg)


class MailServer:
    """Listens on a port of 127.0.0.1 that it keeps when it is down for a
    while. `faults`: verb to a list of what is to go wrong with it, once each:
    an answer, "close", "hang", "half"; BODY is the end of the message, MAIL
    and RCPT are what they are, LOST takes the message and then closes."""

    def __init__(self, tls=None, implicit_tls=False, users=None, utf8=True):
        self.tls = tls
        self.implicit_tls = implicit_tls
        self.users = users
        self.utf8 = utf8
        self.mails = []
        self.verbs = []
        self.faults = {}
        self.port = 0
        self.listening = None
        self.connections = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever,
                                       daemon=True)
        self.thread.start()
        self.up()

    def take_fault(self, verb):
        waiting = self.faults.get(verb)
        return waiting.pop(0) if waiting else None

    def dialogue(self):
        more = {}
        if self.users is not None:
            more.update(auth_required=True, authenticator=self.judge,
                        auth_require_tls=not self.implicit_tls)
        if self.tls is not None and not self.implicit_tls:
            more.update(tls_context=self.tls,
                        require_starttls=self.users is not None)
        made = Dialogue(self, loop=self.loop, **more)
        self.connections.add(made)
        return made

    def judge(self, server, session, envelope, mechanism, data):
        good = self.users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=good, handled=False,
                          auth_data=data.login.decode())

    async def handle_DATA(self, server, session, envelope):
        if await server.fault("BODY"):
            return "451 never said"
        self.mails.append(Mail(
            session, envelope,
            server.transport.get_extra_info("sslcontext") is not None))
        if await server.fault("LOST"):
            return "250 never heard"
        return "250 OK"

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine,
                                                self.loop).result(SECONDS)

    def up(self):
        async def listen():
            self.listening = await self.loop.create_server(
                self.dialogue, "127.0.0.1", self.port,
                ssl=self.tls if self.implicit_tls else None,
                reuse_address=True)
            self.port = self.listening.sockets[0].getsockname()[1]
        self.call(listen())

    def down(self):
        async def close():
            self.listening.close()
            for made in self.connections:
                # TLS that has ended has nothing left to abort.
                with contextlib.suppress(AttributeError):
                    made.transport.abort()
            self.connections.clear()
        self.call(close())

    def end(self):
        self.down()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(SECONDS)

    def to(self, address):
        return [m for m in list(self.mails) if m.recipients == [address]]


def make_certificates(folder):
    """A private authority and a server's certificate for 127.0.0.1 in the
    folder: ca.pem, server.pem with its key."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True,
                       capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=test authority",
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key",
            "-out", "server.csr")
    with open(f"{folder}/server.ext", "w", encoding="ascii") as f:
        f.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey",
            "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
            "server.ext", "-out", "server.crt")
    with open(f"{folder}/server.pem", "w", encoding="ascii") as f:
        for name in ("server.key", "server.crt"):
            with open(f"{folder}/{name}", encoding="ascii") as part:
                f.write(part.read())
