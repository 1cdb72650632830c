"""How calls get to an engine: over its unix socket, or by the docker SDK over tcp, TLS and ssh.

A plan of a few hundred replicas is a few hundred small calls. Over a socket that is kept open they
are many times as fast as by the SDK, which connects anew for every path; and the SDK need not be
imported.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from agentgit.providers.docker.calls import Method
from agentgit.providers.docker.http import Connection, HttpAnswer, connect_unix

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
        self._idle: deque[Connection] = deque()

    def send(self, call: Call) -> Answer:
        """Make a call. Raises OSError."""
        connection = self._take()
        try:
            connection.wait_at_most(call.timeout)
            head = connection.ask(call.method, call.target, call.headers, call.body)
            if call.stream:
                return _Answer(head, connection)
            answer = _Answer(head, None)
            answer.content  # noqa: B018 - reads it, so that the connection is free
        except BaseException:
            connection.close()
            raise
        if head.is_last:
            connection.close()
        else:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        """Give a connection: the last one that was used, or a new one where the engine left."""
        with suppress(IndexError):
            connection = self._idle.pop()
            if not connection.was_left:
                return connection
            connection.close()
        return connect_unix(self._path, CONNECT_TIMEOUT)


class _Answer:
    def __init__(self, head: HttpAnswer, connection: Connection | None) -> None:
        self.status = head.status
        self.header = head.header
        self.pieces = head.pieces
        self._connection = connection
        self._content: bytes | None = None

    @property
    def content(self) -> bytes:
        if self._content is None:
            self._content = b"".join(self.pieces())
        return self._content

    def json(self) -> Any:
        return json.loads(self.content)

    def close(self) -> None:
        """Close the connection of a stream, which is used once."""
        if self._connection is not None:
            self._connection.close()
