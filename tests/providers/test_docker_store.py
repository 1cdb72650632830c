"""Reading a value of an engine's store while somebody takes it away, or writes it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from agentgit.providers.docker import store
from agentgit.providers.docker.calls import RefusedError
from agentgit.providers.docker.store import read_value

GOES = RefusedError("here: error processing tar file", status=500, words="no such file")
GONE = RefusedError("here: no such container", status=404, words="no such container")


class Engine:
    """An engine that says these things of a container's file, one after another."""

    host = "here"

    def __init__(self, *said: Any, there: bool = True) -> None:
        self._said: Iterator[Any] = iter(said)
        self._there = there

    def call(self, _method: str, path: str, **_: Any) -> Any:
        answer = next(self._said) if path.endswith("/archive") else self._inspect()
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def _inspect(self) -> Any:
        return Answer(b"{}") if self._there else GONE


class Answer:
    """The body of an answer."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def json(self) -> Any:
        return {"Id": "c"}


def pack(data: bytes) -> Answer:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("value")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return Answer(buffer.getvalue())


def seal(data: bytes) -> Answer:
    return pack(hashlib.sha256(data).hexdigest().encode() + data)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PAUSE", 0)


def read(*said: Any, there: bool = True) -> bytes | None:
    engine: Any = Engine(*said, there=there)
    return read_value(engine, "c")


def test_what_goes_is_gone() -> None:
    assert read(GOES, GOES, GONE, there=False) is None
    assert read(GONE, there=False) is None


def test_an_engine_that_stumbles_is_asked_again() -> None:
    assert read(GOES, seal(b"one")) == b"one"


def test_what_is_being_written_is_awaited() -> None:
    assert read(pack(b"half"), seal(b"whole")) == b"whole"
    assert read(*[pack(b"half")] * 100) == b""  # for ever: its writer died over it
    assert read(GONE, there=True) == b""


def test_a_refusal_that_does_not_end_is_told() -> None:
    with pytest.raises(RefusedError):
        read(*[GOES] * 100)
    with pytest.raises(RefusedError):
        read(RefusedError("here: forbidden", status=403), seal(b"one"))
