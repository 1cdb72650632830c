"""The log file of a process replica: its last lines, and the lines to come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from io import SEEK_END
from pathlib import Path
from typing import BinaryIO

_BLOCK = 65536
_LOOK = 0.1  # seconds between two looks at a log that is followed


def read_log(
    path: Path, *, tail: int | None, follow: bool, is_running: Callable[[], bool]
) -> Iterator[str]:
    """Give the last `tail` lines (None: all), then what comes, until the replica has ended."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        if tail is not None:
            file.seek(_find_tail(file, tail))
        yield from _read_lines(file, follow=follow, is_running=is_running)


def _read_lines(file: BinaryIO, *, follow: bool, is_running: Callable[[], bool]) -> Iterator[str]:
    rest = b""
    while True:
        was_running = follow and is_running()  # asked first: then nothing can come in between
        while block := file.read(_BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            yield from (_decode(line) for line in lines)
        if not was_running:
            break
        time.sleep(_LOOK)
    if rest:
        yield _decode(rest)


def _find_tail(file: BinaryIO, tail: int) -> int:
    """Find where the last `tail` lines begin, reading from the end."""
    position = file.seek(0, SEEK_END)
    if tail <= 0 or position == 0:
        return position
    file.seek(position - 1)
    missing = tail + (file.read(1) == b"\n")  # line ends to find, counted from the end
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        file.seek(position)
        block = file.read(size)
        end = len(block)
        while (end := block.rfind(b"\n", 0, end)) >= 0:
            missing -= 1
            if missing == 0:
                return position + end + 1
    return 0


def _decode(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
