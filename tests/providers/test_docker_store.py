"""Reading a value of an engine's store while somebody takes it away, or writes it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from agentgit.providers.docker import store
from agentgit.providers.docker.calls import RefusedError
from agentgit.providers.docker.carrier import stat_file
from agentgit.providers.docker.labels import label_owned
from agentgit.providers.docker.store import EngineStore, read_value
from tests.builders import PROJECT_ID

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

    def __init__(self, content: bytes, stat: bytes = b"", found: Any = None) -> None:
        self.content = content
        self._stat = stat
        self._found = found or {"Id": "c"}

    def json(self) -> Any:
        return self._found

    def header(self, name: str) -> str:
        return self._stat.decode() if name == "X-Docker-Container-Path-Stat" else ""


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


def stat(size: object, mtime: object) -> Answer:
    said = json.dumps({"name": "value", "size": size, "mode": 292, "mtime": mtime})
    return Answer(b"", base64.b64encode(said.encode()))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (stat(67, "2033-05-18T03:33:21Z"), (67, 2_000_000_001)),
        (stat(67, "2033-05-18T05:33:21+02:00"), (67, 2_000_000_001)),
        (stat(67, "2026-11-20T08:15:30.123456789Z"), (67, 1_795_162_530)),
        (stat(67, "1970-01-01T00:00:00Z"), (67, 0)),
        (GONE, None),
        (GOES, None),
        (RefusedError("here: forbidden", status=403), None),
        (Answer(b""), None),
        (Answer(b"", b"no base64"), None),
        (Answer(b"", base64.b64encode(b"[]")), None),
        (stat(67, "some time"), None),
        (stat(67, None), None),
        (stat("?", "1970-01-01T00:00:00Z"), None),
    ],
)
def test_a_file_is_looked_at(said: Any, found: tuple[int, int] | None) -> None:
    engine: Any = Engine(said)
    assert stat_file(engine, "c", "/value") == found


class Own(Engine):
    """An engine whose container is the store's own."""

    def _inspect(self) -> Any:
        name = f"agentgit-{PROJECT_ID[:8]}-progress"
        labels = label_owned(PROJECT_ID, "store", name)
        found = {"Id": "c", "Name": f"/{name}", "Config": {"Labels": labels}}
        return Answer(b"{}", found=found)


def test_what_an_older_agentgit_wrote_has_no_fingerprint() -> None:
    """Its files say that they were never changed."""
    own = Own(stat(67, "1970-01-01T00:00:00Z"), stat(67, "2033-05-18T03:33:21Z"))
    values = EngineStore(own, PROJECT_ID)
    assert values.fingerprint("progress") is None
    assert values.fingerprint("progress") == (67 - 64, 2_000_000_001)
