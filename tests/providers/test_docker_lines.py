"""How calls get to an engine: against a small server that counts connections and may leave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agentgit.errors import EngineError
from agentgit.providers.docker.calls import EngineInfo
from agentgit.providers.docker.http import Connection
from agentgit.providers.docker.lines import Call, SocketLine
from agentgit.providers.docker.provider import DockerEngine

Play = Callable[[socket.socket], None]
FINE = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'
GREETING = b"\r\nServer: Docker/26.1.5\r\nApi-Version: 1.45\r\n"
PIECES = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n"


class Server:
    """Plays an engine: `play` is called with each connection, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.play: Play = answer
        self.connections: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close_door(self) -> None:
        """Let nobody in any more; who is there is still answered."""
        _end(self._listener)
        self._thread.join()

    def close(self) -> None:
        self.close_door()
        for one in self.connections:
            _end(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self.play(connection)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


def answer(connection: socket.socket) -> None:
    while b"\r\n\r\n" in connection.recv(65536):
        connection.sendall(FINE)


def get(target: str = "/", *, timeout: float | None = 5.0, stream: bool = False) -> Call:
    return Call("GET", target, None, {}, timeout, stream)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "engine.sock")
    yield server
    server.close()


@pytest.fixture
def line(server: Server) -> Iterator[SocketLine]:
    with closing(SocketLine(server.path)) as line:
        yield line


def test_one_connection_serves_one_call_after_the_other(server: Server, line: SocketLine) -> None:
    for number in range(20):
        assert line.send(get(f"/{number}")).json() == {"a": 1}
    assert len(server.connections) == 1


def test_what_the_engine_has_left_is_not_used_again(server: Server, line: SocketLine) -> None:
    line.send(get())
    (first,) = server.connections
    first.shutdown(socket.SHUT_RDWR)
    assert line.send(get()).content == b'{"a": 1}'
    assert len(server.connections) == 2


def test_a_stream_comes_as_it_is_sent_and_is_let_go_of(server: Server, line: SocketLine) -> None:
    gone = threading.Event()

    def play(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(PIECES)
        if not connection.recv(1):
            gone.set()

    server.play = play
    answer = line.send(get(stream=True, timeout=None))
    pieces = answer.pieces()
    assert b"".join((next(pieces), next(pieces))) == b"onetwo"
    answer.close()
    assert gone.wait(5)


def test_who_refuses_what_is_sent_is_heard(server: Server, line: SocketLine) -> None:
    """The answer is there before the body was read, and nobody reads the rest."""

    def play(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 507 Full\r\nContent-Length: 4\r\n\r\nfull")
        connection.close()

    server.play = play
    refused = line.send(Call("PUT", "/", b"x" * 10_000_000, {}, 5.0))
    assert (refused.status, refused.content) == (507, b"full")


def test_an_answer_that_does_not_come_is_not_waited_for(server: Server, line: SocketLine) -> None:
    def play(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(FINE)

    server.play = play
    line.send(get())
    with pytest.raises(TimeoutError):
        line.send(get(timeout=0.1))
    assert len(server.connections) == 1
    assert line.send(get()).status == 200  # nobody mistakes a late answer for its own
    assert len(server.connections) == 2


@pytest.mark.parametrize("seconds", [60.0, None])
def test_each_call_has_its_own_patience(seconds: float | None) -> None:
    ours, theirs = socket.socketpair()
    with closing(Connection(ours, "here")) as connection, theirs:
        connection.wait_at_most(seconds)
        assert ours.gettimeout() == seconds


@pytest.mark.parametrize(
    "last",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
    ],
)
def test_who_says_that_it_leaves_is_not_asked_again(
    server: Server, line: SocketLine, last: bytes
) -> None:
    left = threading.Event()

    def play(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(last)
        connection.shutdown(socket.SHUT_WR)
        if not connection.recv(1):  # it waits until we have gone
            left.set()

    server.play = play
    assert line.send(get()).json() == {}
    assert left.wait(5)


def test_half_an_answer_is_none(server: Server) -> None:
    def play(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(FINE[:-3])
        connection.shutdown(socket.SHUT_RDWR)

    server.play = play
    with (
        closing(DockerEngine("eu-1", f"unix://{server.path}")) as engine,
        pytest.raises(EngineError, match=r"eu-1: the engine at .* does not answer"),
    ):
        assert isinstance(engine.info, EngineInfo)


def test_an_engine_that_shuts_down_answers_who_is_there_and_nobody_who_knocks(
    server: Server,
) -> None:
    def greet(connection: socket.socket) -> None:
        while b"\r\n\r\n" in connection.recv(65536):
            connection.sendall(FINE.replace(b"\r\n", GREETING, 1))

    server.play = greet
    with closing(DockerEngine("eu-1", f"unix://{server.path}", timeout=5.0)) as engine:
        assert engine.call("GET", "/containers/json").json() == {"a": 1}
        engine.knock()
        assert len(server.connections) == 2
        server.close_door()
        assert engine.call("GET", "/containers/json").json() == {"a": 1}
        with pytest.raises(EngineError, match=r"eu-1: the engine at .* does not answer"):
            engine.knock()


def test_who_knocks_does_not_wait_for_long(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where systemd holds the socket, nobody refuses while the engine is away."""
    monkeypatch.setattr("agentgit.providers.docker.provider.CONNECT_TIMEOUT", 0.1)
    server.play = lambda _: None
    with (
        closing(DockerEngine("eu-1", f"unix://{server.path}", timeout=300.0)) as engine,
        pytest.raises(EngineError, match="it took too long"),
    ):
        engine.knock()
