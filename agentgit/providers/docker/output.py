"""What a container writes, and what a command inside it answers, out of an engine's frames."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

from agentgit.providers.docker.calls import Engine

_HEADER = struct.Struct(">BxxxL")  # stream, three zeros, length: the Docker Engine API, "attach"
_LOG_TIMEOUT = 30.0  # seconds
Stream = Literal["out", "err"]


def read_log(engine: Engine, container: str, *, tail: int | None, follow: bool) -> Iterator[str]:
    """Read the lines that a container wrote, oldest first; `follow` goes on until it ends."""
    if tail is None or engine.info.kind != "podman":
        return _ask_log(engine, container, tail, follow=follow)
    # asked for a tail, Podman 4 jumbles lines that were written in several pieces: cut it here
    if not follow:
        return iter(deque(_ask_log(engine, container, None, follow=False), maxlen=tail))
    so_far = sum(1 for _ in _ask_log(engine, container, None, follow=False))
    lines = _ask_log(engine, container, None, follow=True)
    return islice(lines, max(0, so_far - tail), None)


def _ask_log(engine: Engine, container: str, tail: int | None, *, follow: bool) -> Iterator[str]:
    query = {
        "stdout": 1,
        "stderr": 1,
        "follow": int(follow),
        "tail": "all" if tail is None else tail,
    }
    path, timeout = f"/containers/{container}/logs", None if follow else _LOG_TIMEOUT
    return read_lines(read_frames(engine.stream("GET", path, query=query, timeout=timeout)))


def read_frames(chunks: Iterable[bytes]) -> Iterator[tuple[Stream, bytes]]:
    """Cut what comes in pieces of any size into the frames that were written."""
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        while len(rest) >= _HEADER.size:
            stream, length = _HEADER.unpack_from(rest)
            end = _HEADER.size + length
            if len(rest) < end:
                break
            yield ("err" if stream == 2 else "out"), bytes(rest[_HEADER.size : end])
            del rest[:end]


def read_lines(frames: Iterable[tuple[Stream, bytes]]) -> Iterator[str]:
    """Join frames to lines, each stream for itself, in the order in which lines were finished."""
    open_lines: dict[Stream, bytes] = {"out": b"", "err": b""}
    for stream, data in frames:
        *lines, open_lines[stream] = (open_lines[stream] + data).split(b"\n")
        yield from (_decode(line) for line in lines)
    yield from (_decode(line) for line in open_lines.values() if line)


def run_inside(
    engine: Engine, container: str, command: list[str], timeout: float
) -> tuple[int, bytes, bytes]:
    """Run a command in a running container: exit code, output, errors."""
    body = {"Cmd": command, "AttachStdout": True, "AttachStderr": True}
    created = engine.call("POST", f"/containers/{container}/exec", body=body).json()["Id"]
    chunks = engine.stream(
        "POST", f"/exec/{created}/start", body={"Detach": False, "Tty": False}, timeout=timeout
    )
    written: dict[Stream, bytes] = {"out": b"", "err": b""}
    for stream, data in read_frames(chunks):
        written[stream] += data
    code = engine.call("GET", f"/exec/{created}/json").json().get("ExitCode")
    return (-1 if code is None else int(code)), written["out"], written["err"]


def _decode(line: bytes) -> str:
    return line.removesuffix(b"\r").decode(errors="replace")
