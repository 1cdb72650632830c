"""Answers as engines write them, and as nobody should."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgit.providers.docker.http import Connection, HttpAnswer, HttpError, connect_tcp

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def read(raw: bytes, *, has_body: bool = True) -> tuple[HttpAnswer, bytes]:
    answer = HttpAnswer(io.BufferedReader(io.BytesIO(raw)), has_body=has_body)  # type: ignore[arg-type]
    return answer, b"".join(answer.pieces())


@pytest.mark.parametrize(
    ("raw", "status", "body", "is_last"),
    [
        (OK + b"Content-Length: 3\r\n\r\nonetwo", 200, b"one", False),
        (OK + b"content-length:3\r\n\r\none", 200, b"one", False),
        (OK + b"Content-Length: 0\r\n\r\n", 200, b"", False),
        (OK + CHUNKED + b"3\r\none\r\nA\r\n0123456789\r\n0\r\n\r\n", 200,
         b"one0123456789", False),
        (OK + CHUNKED + b"3;a=b\r\none\r\n0\r\nExpires: never\r\n\r\n", 200, b"one", False),
        (OK + b"\r\nto the end", 200, b"to the end", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", False),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", 304, b"", False),
        (b"HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\n{}", 404, b"{}", False),
        (b"HTTP/1.1 409\r\nContent-Length: 2\r\n\r\n{}", 409, b"{}", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx", 200, b"x", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True),
        (OK + b"Connection: Close\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True),
    ],
)  # fmt: skip
def test_an_answer_is_read_to_its_end(raw: bytes, status: int, body: bytes, is_last: bool) -> None:  # noqa: FBT001 - a case
    answer, said = read(raw)
    assert (answer.status, said, answer.is_last) == (status, body, is_last)


def test_of_a_head_there_is_no_body() -> None:
    answer, said = read(OK + b"Content-Length: 300\r\nX-A: b: c\r\n\r\n", has_body=False)
    assert (said, answer.is_last) == (b"", False)
    assert (answer.header("x-a"), answer.header("X-B")) == ("b: c", "")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "breaks off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"HTTP/2 200\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 fine\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "breaks off"),
        (OK + b"Content-Length: 3\r\n\r\non", "breaks off"),
        (OK + b"Content-Length: -3\r\n\r\none", "how long"),
        (OK + b"Content-Length: three\r\n\r\none", "how long"),
        (OK + CHUNKED + b"5\r\none", "breaks off"),
        (OK + CHUNKED + b"3\r\none\r\n", "breaks off"),
        (OK + CHUNKED + b"-3\r\none\r\n0\r\n\r\n", "how long"),
        (OK + CHUNKED + b"\r\n", "how long"),
        (OK + b"X: y" * 20_000, "breaks off"),
        (OK + b"".join(b"X-%d: y\r\n" % number for number in range(300)), "too many"),
    ],
)
def test_half_an_answer_is_an_error(raw: bytes, said: str) -> None:
    with pytest.raises(HttpError, match=said):
        read(raw)


@given(st.binary(max_size=300), st.sampled_from([b"", OK, OK + CHUNKED, OK + CHUNKED + b"5\r\n"]))
def test_whatever_comes_it_ends(noise: bytes, head: bytes) -> None:
    with suppress(HttpError):
        read(head + noise)


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    theirs.settimeout(5)
    with closing(Connection(ours, "here")) as connection, theirs:
        yield connection, theirs


@pytest.mark.parametrize(
    ("method", "body", "sent"),
    [
        ("GET", None, b"GET /a?b=c HTTP/1.1\r\nHost: here\r\nX-A: b\r\n\r\n"),
        ("POST", None,
         b"POST /a?b=c HTTP/1.1\r\nHost: here\r\nX-A: b\r\nContent-Length: 0\r\n\r\n"),
        ("PUT", b"\x00tar",
         b"PUT /a?b=c HTTP/1.1\r\nHost: here\r\nX-A: b\r\nContent-Length: 4\r\n\r\n\x00tar"),
    ],
)  # fmt: skip
def test_a_request_says_all_that_an_engine_needs(
    pair: tuple[Connection, socket.socket], method: str, body: bytes | None, sent: bytes
) -> None:
    connection, engine = pair
    engine.sendall(OK + b"Content-Length: 0\r\n\r\n")
    assert connection.ask(method, "/a?b=c", {"X-A": "b"}, body).status == 200
    assert engine.recv(65536) == sent


@pytest.mark.parametrize("value", ["a\r\nX-B: secret", "secret\n", "secret\r", "secret €"])
def test_a_header_that_cannot_be_said_is_refused_before_anything_is_sent(
    pair: tuple[Connection, socket.socket], value: str
) -> None:
    connection, engine = pair
    engine.sendall(OK + b"Content-Length: 0\r\n\r\n")
    with pytest.raises(HttpError, match=r"^X-A has a character") as caught:
        connection.ask("GET", "/", {"X-A": value}, None)
    assert "secret" not in str(caught.value)
    engine.setblocking(False)
    with pytest.raises(BlockingIOError):
        engine.recv(1)


def test_a_header_of_latin_letters_is_sent(pair: tuple[Connection, socket.socket]) -> None:
    connection, engine = pair
    engine.sendall(OK + b"Content-Length: 0\r\n\r\n")
    assert connection.ask("GET", "/", {"X-A": "Zoë"}, None).status == 200
    assert b"X-A: Zo\xeb\r\n" in engine.recv(65536)


def test_a_long_body_is_sent_and_read_whole(pair: tuple[Connection, socket.socket]) -> None:
    connection, engine = pair
    much = b"x" * 3_000_000

    def play() -> None:
        left = len(much)
        while left > 0:
            left -= len(engine.recv(65536))
        engine.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(much) + much)

    thread = Thread(target=play, daemon=True)
    thread.start()
    answer = connection.ask("PUT", "/", {}, much)
    assert b"".join(answer.pieces()) == much
    thread.join(5)


@pytest.mark.parametrize(
    ("family", "host", "said"),
    [(socket.AF_INET, "127.0.0.1", "127.0.0.1"), (socket.AF_INET6, "::1", "[::1]")],
)
def test_a_port_is_called_by_its_name(family: socket.AddressFamily, host: str, said: str) -> None:
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"no {host} here")
    port = listener.getsockname()[1]
    with listener, closing(connect_tcp(host, port, 5.0)) as connection:
        engine, _ = listener.accept()
        with engine:
            engine.sendall(OK + b"Content-Length: 0\r\n\r\n")
            assert connection.ask("GET", "/_ping", {}, None).status == 200
            assert f"Host: {said}:{port}\r\n".encode() in engine.recv(65536)
