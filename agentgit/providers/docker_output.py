"""What a container writes, and what a command inside it answers, out of an engine's frames."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal

from agentgit.providers.docker_calls import Engine

_HEADER = struct.Struct(">BxxxL")  # stream, three zeros, length: the Docker Engine API, "attach"
_PIECES = 8  # how many pieces a line may have been written in
_LOG_TIMEOUT = 30.0  # seconds
Stream = Literal["out", "err"]


def read_log(engine: Engine, container: str, *, tail: int | None, follow: bool) -> Iterator[str]:
    """Read the lines that a container wrote, oldest first; `follow` goes on until it ends.

    Podman counts pieces, not lines: a tail that need not be followed is cut here.
    """
    pieces = "all" if tail is None else tail if follow else tail * _PIECES
    query = {"stdout": 1, "stderr": 1, "follow": int(follow), "tail": pieces}
    chunks = engine.stream(
        "GET",
        f"/containers/{container}/logs",
        query=query,
        timeout=None if follow else _LOG_TIMEOUT,
    )
    lines = read_lines(read_frames(chunks))
    return lines if follow or tail is None else iter(deque(lines, maxlen=tail))


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
