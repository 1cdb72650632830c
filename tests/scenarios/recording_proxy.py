"""A proxy in front of an engine's socket: writes down calls, may act at one or refuse them."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_FORBIDDEN = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 22\r\n"
    b"Connection: close\r\n\r\n"
    b'{"message": "refused"}'
)
_CHUNKED = re.compile(rb"transfer-encoding: *chunked", re.IGNORECASE)


class RecordingProxy:
    """Listens on a unix socket; `calls` are those that came, in order: `POST /v1.41/...`.

    `on_call` is called with each, after it was sent on and before its answer goes back. Those
    that `refuses` says are not sent on: the answer is 403, and they are in `refused`.
    """

    def __init__(self, engine: Path, own: Path) -> None:
        self.url = f"unix://{own}"
        self.calls: list[str] = []
        self.refused: list[str] = []
        self.on_call: Callable[[str], None] = lambda _: None
        self.refuses: Callable[[str], bool] = lambda _: False
        self._engine = str(engine)
        self._lock = Lock()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(own))
        self._listener.listen(64)
        self._open: list[socket.socket] = [self._listener]
        self._start(self._accept)

    @property
    def changes(self) -> list[str]:
        """The calls that change something on the engine; a command inside a replica does not."""
        return [one for one in self.calls if is_change(one)]

    def close(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                server.connect(self._engine)
                self._open += [client, server]
                gate = Lock()
                self._start(lambda c=client, s=server, g=gate: self._send(c, s, g))
                self._start(lambda c=client, s=server, g=gate: self._answer(s, c, g))

    def _send(self, client: socket.socket, server: socket.socket, gate: Lock) -> None:
        """Read calls one by one, so that the head of each is seen as a whole."""
        with suppress(OSError), client.makefile("rb") as stream:
            while head := _read_head(stream):
                call = b" ".join(head.split(b"\r\n", 1)[0].split(b" ")[:2]).decode()
                if self.refuses(call):
                    self.refused.append(call)
                    client.sendall(_FORBIDDEN)
                    break
                with gate:
                    server.sendall(head + _read_body(stream, head))
                    with self._lock:
                        self.calls.append(call)
                    self.on_call(call)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket, gate: Lock) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                with gate:
                    client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)

    def _start(self, work: Callable[[], None]) -> None:
        Thread(target=work, daemon=True).start()


def is_change(call: str) -> bool:
    method, _, path = call.partition(" ")
    return method not in {"GET", "HEAD"} and "/exec" not in path


def is_write(call: str) -> bool:
    """Whether a call is more than reading; what makes Podman run a health check is a GET."""
    method, _, path = call.partition(" ")
    return method not in {"GET", "HEAD"} or path.endswith("/healthcheck")


@contextmanager
def recording(engine_url: str, own: Path) -> Iterator[RecordingProxy]:
    """Put a proxy in front of an engine."""
    proxy = RecordingProxy(Path(engine_url.removeprefix("unix://")), own)
    try:
        yield proxy
    finally:
        proxy.close()


def _read_head(stream: object) -> bytes:
    head = b""
    while line := stream.readline():  # type: ignore[attr-defined]
        head += line
        if line == b"\r\n":
            return head
    return b""


def _read_body(stream: object, head: bytes) -> bytes:
    length = _LENGTH.search(head)
    if length:
        return bytes(stream.read(int(length.group(1))))  # type: ignore[attr-defined]
    body = b""
    while _CHUNKED.search(head):
        size = stream.readline()  # type: ignore[attr-defined]
        chunk = stream.read(int(size, 16) + 2)  # type: ignore[attr-defined]
        body += size + chunk
        if int(size, 16) == 0:
            break
    return body
