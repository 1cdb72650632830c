"""HTTP/1.1 over a connection that is kept open, as far as engines speak it.

A plan is a few hundred small calls, and the standard library reads the headers of each answer with
its parser for mail: that takes as long as all else that we do for a call.
"""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import BufferedReader

_LONGEST = 65536  # bytes of a line
_MOST = 200  # headers
_PIECE = 65536  # bytes of a body that are given at once
_UNSAYABLE = re.compile(r"[\r\n\u0100-\U0010ffff]")  # in a line of a head: it is Latin-1


class HttpError(OSError):
    """What came is no answer, or a part of one."""


def connect_unix(path: str, timeout: float) -> Connection:
    """Connect to a socket; `timeout` seconds are for that, and at first for every wait."""
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.settimeout(timeout)
    try:
        opened.connect(path)
    except OSError:
        opened.close()
        raise
    return Connection(opened, "localhost")


def connect_tcp(host: str, port: int, timeout: float) -> Connection:
    """Connect to a port, as to a socket."""
    name = f"[{host}]" if ":" in host else host
    return Connection(socket.create_connection((host, port), timeout), f"{name}:{port}")


class Connection:
    """One connection: asks one thing after the other, each when the answer before was read."""

    def __init__(self, opened: socket.socket, name: str) -> None:
        self._socket = opened
        self._file = opened.makefile("rb")
        self._name = name

    def wait_at_most(self, timeout: float | None) -> None:
        """Wait so many seconds for the next bytes of an answer, None for ever."""
        self._socket.settimeout(timeout)

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> HttpAnswer:
        """Send a request and read the head of the answer. Raises OSError.

        Nothing is sent of one that HTTP cannot say.
        """
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._name}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if method in {"POST", "PUT"}:
            lines.append(f"Content-Length: {len(body or b'')}")
        head = b"".join(map(_write_line, [*lines, ""]))
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before it was read
            self._socket.sendall(head + (body or b""))
        return HttpAnswer(self._file, has_body=method != "HEAD")

    def close(self) -> None:
        """Let go of it."""
        self._file.close()
        self._socket.close()

    @property
    def was_left(self) -> bool:
        """Whether the other side has closed it: there is something to read before any call."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))


class HttpAnswer:
    """The head of an answer, and its body as it comes."""

    def __init__(self, file: BufferedReader, *, has_body: bool) -> None:
        self._file = file
        version, self.status = b"", 100
        while 100 <= self.status < 200:  # the answer itself is still to come
            version, self.status = _read_status(file)
            self._headers = _read_headers(file)
        self._has_body = has_body and self.status not in {204, 304}
        self._is_chunked = self.header("transfer-encoding").lower() == "chunked"
        self._length = self.header("content-length")
        ends = version == b"HTTP/1.0" or self.header("connection").lower() == "close"
        self.is_last = ends or not (self._is_chunked or self._length or not self._has_body)

    def header(self, name: str) -> str:
        """Give a header, empty where it is missing."""
        return self._headers.get(name.lower(), "")

    def pieces(self) -> Iterator[bytes]:
        """Give the body as it comes. Raises OSError where it breaks off."""
        if not self._has_body:
            return iter(())
        if self._is_chunked:
            return _read_chunks(self._file)
        if self._length:
            return _read_exactly(self._file, _parse_size(self._length, 10))
        return iter(lambda: self._file.read1(_PIECE), b"")


def _write_line(line: str) -> bytes:
    """Write a line of a head; what is wrong in it is not shown, it may be a secret."""
    if _UNSAYABLE.search(line):
        name = line.split(maxsplit=1)[0].rstrip(":")
        raise HttpError(f"{name} has a character that HTTP cannot carry")
    return line.encode("latin-1") + b"\r\n"


def _read_status(file: BufferedReader) -> tuple[bytes, int]:
    words = _read_line(file).split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise HttpError("it does not speak HTTP")
    return words[0], int(words[1])


def _read_headers(file: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := _read_line(file):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
        if len(headers) > _MOST:
            raise HttpError("it answers with too many headers")
    return headers


def _read_chunks(file: BufferedReader) -> Iterator[bytes]:
    while size := _parse_size(_read_line(file).partition(b";")[0].decode("latin-1"), 16):
        yield from _read_exactly(file, size)
        _read_line(file)
    while _read_line(file):  # what may come behind
        pass


def _read_exactly(file: BufferedReader, size: int) -> Iterator[bytes]:
    while size:
        piece = file.read1(min(size, _PIECE))
        if not piece:
            raise HttpError("its answer breaks off")
        size -= len(piece)
        yield piece


def _read_line(file: BufferedReader) -> bytes:
    line = file.readline(_LONGEST)
    if not line.endswith(b"\n"):
        raise HttpError("its answer breaks off")
    return line.rstrip(b"\r\n")


def _parse_size(text: str, base: int) -> int:
    digits = text.strip()
    try:
        if digits.isalnum():  # no sign, no underscore
            return int(digits, base)
    except ValueError:
        pass
    raise HttpError("it does not say how long its answer is")
