"""Lines that fit the width of a terminal: broken between words, indented where they go on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentgit.report.palette import columns

_CELL = re.compile(r"(?:\x1b\[[0-9;]*m)*[^\x1b](?:\x1b\[0m)*")
_CODE = re.compile(r"\x1b\[[0-9;]*m")
_TEXT = re.compile(r" *\| (?:[-+~ ] )?")  # the edge of a text that is shown line by line
_COMMAND = re.compile(r":  (?=\S)")
_RESET = "\x1b[0m"
_LEAST = 20  # columns that every line may fill


def wrap_text(text: str, width: int | None) -> str:
    """Break lines of safe, perhaps coloured text that are wider than a terminal; None breaks none.

    A command that is to be typed stays whole: it begins a line of its own where it does not fit.
    """
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _wrap(line, width))


def _wrap(line: str, width: int) -> Iterator[str]:
    plain = _CODE.sub("", line)
    if columns(plain) <= width:
        yield line
        return
    hang = _find_hang(plain, width)
    cells = _CELL.findall(line)
    command = None if _TEXT.match(plain) else _COMMAND.search(plain)
    end = command.end() if command else len(plain)
    parts = list(_break(plain[:end].rstrip() if command else plain, hang, width))
    if command:
        _place_command(parts, plain, end, hang, width)
    colour = ""
    for at, (start, stop) in enumerate(parts):
        piece = "".join(cells[start:stop])
        shown = f"{hang if at else ''}{colour}{piece}"
        codes = _CODE.findall(piece)
        colour = codes[-1] if codes and codes[-1] != _RESET else "" if codes else colour
        yield f"{shown}{_RESET}" if colour else shown


def _find_hang(plain: str, width: int) -> str:
    """Give what lines begin with that go on: the edge of a text, or more indentation."""
    edge = _TEXT.match(plain)
    if edge:
        return f"{edge.group().partition('|')[0]}|   "
    indent = len(plain) - len(plain.lstrip(" "))
    return " " * min(indent + 4, max(0, width - _LEAST))


def _break(plain: str, hang: str, width: int) -> Iterator[tuple[int, int]]:
    """Give the ranges of the lines; the blanks between two are in neither."""
    start, room, text = 0, width, bool(_TEXT.match(plain))
    floor = len(hang)  # a first line is not broken within its indentation
    while True:
        stop = _fill(plain, start, max(room, _LEAST))
        if stop >= len(plain):
            yield start, len(plain)
            return
        cut = _find_cut(plain, start + floor, stop)
        yield start, len(plain[:cut].rstrip(" ")) if not text else cut
        start = cut
        while start < len(plain) and plain[start] == " " and (not text or start == cut):
            start += 1
        room, floor = width - columns(hang), 0


def _fill(plain: str, start: int, room: int) -> int:
    """Give the end of what fits into some columns."""
    stop = start
    while stop < len(plain):
        room -= columns(plain[stop])
        if room < 0:
            break
        stop += 1
    return max(stop, start + 1)


def _find_cut(plain: str, start: int, stop: int) -> int:
    """Choose where to break: between columns of a table or sentences, words, or anywhere."""
    half = start + (stop - start) // 2
    for separator in ("  ", "· ", ", "):
        gap = plain.rfind(separator, half, stop + 1)
        if gap >= 0:
            return gap + len(separator.rstrip())
    blank = plain.rfind(" ", start + 1, stop + 1)
    return blank if blank > start else stop


def _place_command(
    parts: list[tuple[int, int]], plain: str, end: int, hang: str, width: int
) -> None:
    """Put a command behind what introduces it, or on a line of its own."""
    start, _ = parts[-1]
    before = columns(hang) if len(parts) > 1 else 0
    if before + columns(plain[start:]) <= width:
        parts[-1] = (start, len(plain))
    else:
        parts.append((end, len(plain)))
