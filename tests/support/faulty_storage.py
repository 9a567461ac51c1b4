"""An HTTP proxy on the loopback before a server that speaks S3; what goes wrong there is chosen.

Whether a request goes wrong follows from the seed, the request, and how often it was made before: a
repeated run meets the same faults, whatever the order of its threads.
"""

import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from moto.server import ThreadedMotoServer

#: Of requests: what may go wrong with any of them.
KINDS = ("error", "busy", "reset", "torn", "slow", "hang")

_RESPONSES = {
    "error": (500, "InternalError"),
    "busy": (503, "SlowDown"),
    "expired": (403, "ExpiredToken"),  # not one of KINDS: no other try mends it
}
_PER_CONNECTION = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Faults:
    """What goes wrong.

    Attributes:
        share: of the requests, at random.
        kinds: in which ways.
        only: of requests whose path matches this; "" is all.
        lag_s: a listing shows no key that was first written so many seconds ago or less.
        undeletable: keys that match this are refused one by one when many are deleted at once.
    """

    seed: int = 0
    share: float = 0.0
    kinds: tuple[str, ...] = KINDS
    only: str = ""
    lag_s: float = 0.0
    undeletable: str = "(?!)"
    seen: list[tuple[str, str]] = field(default_factory=list)  # method and path of each request
    happened: Counter[str] = field(default_factory=Counter)
    written: dict[str, float] = field(default_factory=dict)  # when, by /bucket/key
    _before: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, method: str, path: str) -> str | None:
        """What goes wrong with a request."""
        with self._lock:
            self.seen.append((method, path))
            self._before[method, path] += 1
            dice = random.Random(f"{self.seed} {method} {path} {self._before[method, path]}")
            if not re.search(self.only, path) or dice.random() >= self.share:
                return None
            kind = dice.choice(self.kinds)
            self.happened[kind] += 1
            return kind


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: ClassVar[Faults]
    server_behind: ClassVar[tuple[str, int]]
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.faults.of(self.command, self.path)
        if fault == "reset":
            self._cut()
        elif fault == "hang":
            self.rfile.read(1)  # until the other side has had enough
            self._cut()
        elif fault in _RESPONSES:
            status, code = _RESPONSES[fault]
            self._send(status, [], f"<Error><Code>{code}</Code></Error>".encode())
        elif fault == "torn" and len(body) > 1:
            self._forward(body, cut=len(body) // 2)
            self._cut()
        else:
            if fault == "slow":
                time.sleep(0.2)
            status, headers, content = self._forward(body)
            if fault == "torn" and len(content) > 1:
                self._send(status, headers, content, cut=len(content) // 2)
            else:
                self._send(status, headers, content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815  # as it must be

    def _forward(self, body: bytes, cut: int | None = None) -> tuple[int, list[Any], bytes]:
        """Ask the server; with ``cut``, hang up on it after so many bytes of what is uploaded."""
        behind = HTTPConnection(*self.server_behind)
        try:
            behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                behind.putheader(name, value)
            behind.endheaders()
            behind.send(body[:cut])
            if cut is not None:
                return 0, [], b""
            response = behind.getresponse()
            content = response.read()
        finally:
            behind.close()
        headers = [h for h in response.getheaders() if h[0].lower() not in _PER_CONNECTION]
        if self.command == "HEAD":
            headers.append(("Content-Length", response.getheader("Content-Length", "0")))
        return response.status, headers, self._seen(body, content)

    def _seen(self, body: bytes, content: bytes) -> bytes:
        """Keep note of what is written; hide from a listing what it does not show yet."""
        url, faults = urlsplit(self.path), self.faults
        path, query = unquote(url.path), parse_qs(url.query, keep_blank_values=True)
        if self.command == "PUT":
            faults.written.setdefault(path, time.monotonic())
        elif self.command == "DELETE":
            faults.written.pop(path, None)
        elif "delete" in query:
            for key in re.findall(r"<Key>(.*?)</Key>", body.decode()):
                faults.written.pop(f"{path.rstrip('/')}/{key}", None)
        elif "list-type" in query:
            return re.sub(
                r"<(Contents|CommonPrefixes)>.*?</\1>",
                lambda entry: self._listed(path.rstrip("/"), entry[0]),
                content.decode(),
                flags=re.DOTALL,
            ).encode()
        return content

    def _listed(self, bucket: str, entry: str) -> str:
        name = unquote(re.findall(r"<(?:Key|Prefix)>(.*?)</", entry)[0])
        below = [
            at for key, at in self.faults.written.items() if key.startswith(f"{bucket}/{name}")
        ]
        new = below and min(below) > time.monotonic() - self.faults.lag_s
        self.faults.happened["hidden"] += bool(new)
        return "" if new else entry

    def _send(
        self, status: int, headers: list[Any], content: bytes, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD" or not headers:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:cut])
        if cut is not None:
            self._cut()

    def _cut(self) -> None:
        """Close the connection at once, as a server does that falls over."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


class _Refusing(_Proxy):
    """Says of keys that they cannot be deleted, in an answer that is otherwise a good one."""

    def _forward(self, body: bytes, cut: int | None = None) -> tuple[int, list[Any], bytes]:
        if self.command == "POST" and "delete" in urlsplit(self.path).query:
            keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
            if denied := [key for key in keys if re.search(self.faults.undeletable, key)]:
                errors = "".join(
                    f"<Error><Key>{key}</Key><Code>AccessDenied</Code></Error>" for key in denied
                )
                return 200, [], f"<DeleteResult>{errors}</DeleteResult>".encode()
        return super()._forward(body, cut)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Connections that are cut end in errors; they are meant to."""


@contextmanager
def storage() -> Iterator[tuple[str, Faults]]:
    """A server that speaks S3 behind the proxy; yields the proxy's address, and what goes wrong."""
    behind = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    behind.start()
    faults = Faults()
    members = {"faults": faults, "server_behind": behind.get_host_and_port()}
    proxy = _Server(("127.0.0.1", 0), type("Proxy", (_Refusing,), members))
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    host, port = proxy.server_address[:2]
    try:
        yield f"http://{host!s}:{port}", faults
    finally:
        proxy.shutdown()
        proxy.server_close()
        behind.stop()
