"""How requests reach the two applications: through sockets in a folder.

The reference is asked over HTTP, as uvicorn speaks it, ours over FastCGI, as
nginx speaks it with nginx.conf.example.  No web server stands between, so that
none repairs a request or refuses it by itself.
"""

import socket
import struct
from urllib.parse import unquote_to_bytes

from player import Answer, Wire

BASE = "http://users.example.test"
SECONDS = 60
BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
RESPONDER = 1
RECORD = struct.Struct("!BBHHBx")
RECORD_LIMIT = 65535
LONG = 128


class HttpWire(Wire):
    """HTTP on a unix socket."""

    def __init__(self, path):
        super().__init__(BASE)
        self.path = path

    def open(self):
        """Return a connected socket."""
        return connect(self.path)


class FastCgiWire(Wire):
    """FastCGI on a unix socket, a connection for each request."""

    def __init__(self, path):
        super().__init__(BASE)
        self.path = path

    def send(self, method, path, headers=(), body=None):
        """Send one request, bytes as given, and return its answer."""
        pairs = self.variables(method, path, headers, body)
        data = b"".join(
            record(kind, part)
            for kind, whole in (
                (BEGIN, struct.pack("!HB5x", RESPONDER, 0)),
                (PARAMS, b"".join(pair(k, v) for k, v in pairs)),
                (PARAMS, b""),
                (STDIN, body or b""),
                *([(STDIN, b"")] if body else []),
            )
            for part in pieces(whole)
        )
        with connect(self.path) as sock:
            try:
                sock.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return answer(read_output(sock), method)

    def variables(self, method, path, headers, body):
        """Return what nginx tells of a request."""
        where, _, query = path.partition("?")
        kind = [v for k, v in headers if k.lower() == "content-type"]
        out = [
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("REQUEST_METHOD", method),
            ("SCRIPT_NAME", ""),
            ("PATH_INFO", unquote_to_bytes(where)),
            ("QUERY_STRING", query),
            ("CONTENT_TYPE", kind[0] if kind else ""),
            ("CONTENT_LENGTH", "" if body is None else str(len(body))),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("SERVER_NAME", self.name),
            ("SERVER_PORT", "80"),
            ("REMOTE_ADDR", "192.0.2.1"),
            ("HTTP_HOST", self.host),
        ]
        out += [("HTTP_" + k.upper().replace("-", "_"), v.strip()) for k, v in headers]
        return [(to_bytes(k), to_bytes(v)) for k, v in out]


def connect(path):
    """Return a socket that is connected to the one of that name."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(SECONDS)
    sock.connect(path)
    return sock


def to_bytes(text):
    """Return text as it travels."""
    return text if isinstance(text, bytes) else text.encode("utf-8")


def pieces(data):
    """Cut the content of a stream into that of records; nothing is one, too."""
    return [
        data[at : at + RECORD_LIMIT] for at in range(0, max(len(data), 1), RECORD_LIMIT)
    ]


def record(kind, content):
    """Return one FastCGI record of the request 1."""
    return RECORD.pack(1, kind, 1, len(content), 0) + content


def length(data):
    """Return a length as name-value pairs spell it."""
    size = len(data)
    return bytes([size]) if size < LONG else struct.pack("!I", size | 1 << 31)


def pair(name, value):
    """Return one name-value pair."""
    return length(name) + length(value) + name + value


def read_exactly(sock, count):
    """Return that many bytes, or fail."""
    out = b""
    while len(out) < count:
        part = sock.recv(count - len(out))
        if not part:
            raise ConnectionError("the connection ended before the answer did")
        out += part
    return out


def read_output(sock):
    """Return what comes on the standard output until the request's end."""
    out = b""
    while True:
        _, kind, _, size, padding = RECORD.unpack(read_exactly(sock, RECORD.size))
        content = read_exactly(sock, size + padding)[:size]
        if kind == STDOUT:
            out += content
        elif kind == END:
            return out


def answer(output, method):
    """Return the answer that a CGI program has written."""
    head, _, body = output.partition(b"\r\n\r\n")
    headers = []
    status = 200
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    return Answer(status, headers, body if method != "HEAD" else b"")
