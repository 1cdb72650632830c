"""Text from outside as Markdown that means nothing but itself: code spans, fences, a page's size.

Everything that a commit, a file or a name says goes through `code` or `fence`: inside them there
are no tags, links, images, mentions or table cells, on every renderer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentgit.report.palette import clip, safe

_TICKS = re.compile(r"`+")
_PIPE = re.compile(r"(\\*)\|")


def code(text: str, width: int = 120) -> str:
    """Write one line of foreign text as a code span; fit for a cell of a table too."""
    shown = clip(safe(text), width) or " "
    ticks = "`" * (_longest_ticks(shown) + 1)
    edge = shown[0] in "` " or shown[-1] in "` "
    return _escape_pipes(f"{ticks} {shown} {ticks}" if edge else f"{ticks}{shown}{ticks}")


def names(words: Sequence[str], limit: int = 4) -> str:
    """List names, folding what goes beyond the limit: `a`, `b` and 12 more."""
    if len(words) <= limit:
        return ", ".join(code(word) for word in words)
    shown = ", ".join(code(word) for word in words[: limit - 1])
    return f"{shown} and {len(words) - limit + 1} more"


def fence(lines: Sequence[str], language: str = "") -> str:
    """Write lines, safe to show, as a block of code that its content cannot end."""
    ticks = "`" * max(3, max((_longest_ticks(line) for line in lines), default=0) + 1)
    body = "\n".join(lines)
    return f"{ticks}{language}\n{body}\n{ticks}"


def row(*cells: str) -> str:
    """Write a row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def details(summary: str, body: str) -> str:
    """Write something to unfold; the summary is our own words."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


class Page:
    """Text of bounded size, made of pieces that are each there as a whole or not at all."""

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._pieces: list[str] = []
        self.left_out = 0

    def add(self, piece: str, *, keep: int = 0, gap: str = "\n") -> bool:
        """Add a piece if there is room for it and for `keep` bytes after it."""
        size = len((gap + piece).encode())
        if size + keep > self._room:
            self.left_out += 1
            return False
        self._room -= size
        self._pieces.append(gap + piece)
        return True

    @property
    def room(self) -> int:
        """How many bytes are left."""
        return self._room

    def text(self) -> str:
        """Give all of it."""
        return "".join(self._pieces).strip("\n")


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)


def _escape_pipes(text: str) -> str:
    """Put an odd number of backslashes before every `|`.

    A table's cells are split before code is read, and renderers differ in whether two backslashes
    escape each other; an odd number is an escaped `|` for all of them.
    """
    return _PIPE.sub(
        lambda found: found[1] + ("\\" if len(found[1]) % 2 == 0 else "\\\\") + "|", text
    )
