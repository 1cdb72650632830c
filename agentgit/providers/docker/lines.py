"""How calls get to an engine: over its unix socket, or by the docker SDK over tcp, TLS and ssh.

A plan of a few hundred replicas is a few hundred small calls. Over a socket that is kept open the
standard library makes them five times as fast as the SDK, which connects anew for every path; and
the SDK need not be imported.
"""

from __future__ import annotations

import json
import select
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any, Protocol

from agentgit.providers.docker.calls import Method

CONNECT_TIMEOUT = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it is sent: `target` is its path with the query, `timeout` None is for ever."""

    method: Method
    target: str
    body: bytes | None
    headers: Mapping[str, str]
    timeout: float | None
    stream: bool = False


class Answer(Protocol):
    """What came back. The body of a stream is in `pieces`, everything else is in `content`."""

    status: int

    def header(self, name: str) -> str:
        """Give a header, empty where it is missing."""

    @property
    def content(self) -> bytes:
        """The whole body."""

    def json(self) -> Any:
        """The whole body as JSON."""

    def pieces(self) -> Iterator[bytes]:
        """Give the body as it comes."""

    def close(self) -> None:
        """Let go of a stream that nobody reads on."""


class Line(Protocol):
    """A way to one engine. Can be used from several threads at once."""

    def send(self, call: Call) -> Answer:
        """Make a call. Raises what its library raises when nobody answers."""

    def close(self) -> None:
        """Let go of connections."""


class SocketLine:
    """The connections to a unix socket: a call takes one that is idle, or makes one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: deque[UnixConnection] = deque()

    def send(self, call: Call) -> Answer:
        """Make a call. Raises OSError and http.client.HTTPException."""
        connection = self._take()
        try:
            connection.wait_at_most(call.timeout)
            with suppress(BrokenPipeError, ConnectionResetError):  # refused before it was read
                connection.request(call.method, call.target, call.body, dict(call.headers))
            response = connection.getresponse()
            if call.stream:
                return _Answer(response, connection)
            answer = _Answer(response, None)
            answer.content  # noqa: B018 - reads it, so that the connection is free
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> UnixConnection:
        """Give a connection: the last one that was used, newly connected where the engine left."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = UnixConnection(self._path, CONNECT_TIMEOUT)
        if connection.was_left:
            connection.close()
        return connection


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket; `timeout` seconds are for connecting, and for reading at first."""

    sock: socket.socket | None

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def wait_at_most(self, timeout: float | None) -> None:
        """Wait so many seconds for the next bytes of an answer, None for ever."""
        if self.sock is None:
            self.connect()
        if self.sock is not None:
            self.sock.settimeout(timeout)

    @property
    def was_left(self) -> bool:
        """Whether the other side has closed it: there is something to read before any call."""
        if self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))


class _Answer:
    def __init__(self, response: HTTPResponse, connection: UnixConnection | None) -> None:
        self.status = response.status
        self._response = response
        self._connection = connection
        self._content: bytes | None = None

    def header(self, name: str) -> str:
        return self._response.headers.get(name) or ""

    @property
    def content(self) -> bytes:
        if self._content is None:
            self._content = self._response.read()
        return self._content

    def json(self) -> Any:
        return json.loads(self.content)

    def pieces(self) -> Iterator[bytes]:
        while piece := self._response.read1(65536):
            yield piece

    def close(self) -> None:
        """Close the connection of a stream, which is used once."""
        if self._connection is not None:
            self._response.close()
            self._connection.close()
