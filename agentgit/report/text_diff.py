"""The difference of two texts, word by word where lines were edited: `[-50-]{+200+} EUR`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from agentgit.report.extent import FOLDED, Extent
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.wording import count

_PIECES = (re.compile(r"\s+|\w+|[^\w\s]"), re.compile(r"[^.!?;]*[.!?;]?\s*"))  # words, sentences
_MAX_PIECES = 1500  # of a line; comparing can take as long as their square
_MAX_LINES = 20_000
_ALIKE = 0.4  # the share of a line that has to stay for it to count as edited
_BRIDGE = 1  # unchanged lines on each side of a change that are shown rather than a new head


def write_text_diff(
    before: str, after: str, *, palette: Palette = PLAIN, extent: Extent = FOLDED
) -> tuple[str, ...]:
    """Give what changes, each line with a sign before it and each place with its line numbers.

    `-` is gone, `+` is new, `~` is edited, a blank is as before; `@@` begins a place as it does in
    a patch. What goes beyond `extent` is counted at the end, the old lines and the new alike.
    """
    old, new = _split(before), _split(after)
    hunks = _find_hunks(old, new)
    if not hunks and before != after:
        return ("  only the ends of lines differ",)
    writer = _Writer(palette, extent, *_share(hunks, extent.lines))
    lines = [line for hunk in hunks for line in writer.write(hunk)]
    return (*lines, *writer.write_rest())


@dataclass(frozen=True)
class _Hunk:
    """A place: where it begins in both texts, and its runs of lines (same, old, new)."""

    old_at: int
    new_at: int
    runs: tuple[tuple[bool, Sequence[str], Sequence[str]], ...]

    @property
    def head(self) -> str:
        """Write where it is, as a patch does."""
        old = sum(len(before) for _, before, _ in self.runs)
        new = sum(len(after) for _, _, after in self.runs)
        return f"@@ -{_range(self.old_at, old)} +{_range(self.new_at, new)} @@"


class _Writer:
    """Writes places as long as there is room for old and for new lines."""

    def __init__(self, palette: Palette, extent: Extent, removed: int, added: int) -> None:
        self._palette = palette
        self._extent = extent
        self._removed, self._added = removed, added  # room that is left
        self._removed_left = self._added_left = 0  # lines that found none

    def write(self, hunk: _Hunk) -> Iterator[str]:
        """Write one place; its head only where something of it is shown."""
        head = self._palette.paint("dim", hunk.head)
        for line in self._write_runs(hunk):
            if head:
                yield head
                head = ""
            yield line

    def write_rest(self) -> Iterator[str]:
        """Say how much was left out, and how to see it."""
        left = (
            f"{self._removed_left} removed" if self._removed_left else "",
            f"{self._added_left} added" if self._added_left else "",
        )
        if any(left):
            lines = count(self._removed_left + self._added_left, "more line")
            yield f"... {lines} ({', '.join(one for one in left if one)}); {self._extent.hint}"

    def _write_runs(self, hunk: _Hunk) -> Iterator[str]:
        for same, old, new in hunk.runs:
            if same:
                yield from (f"  {self._cut(line)}" for line in new if self._added)
            else:
                yield from self._replace(old, new)

    def _replace(self, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
        """Show edited lines word by word; of the others first the old ones, then the new ones."""
        gone: list[str] = []
        came: list[str] = []
        paired = len(old) == len(new)
        for before, after in zip_longest(old, new) if paired else ():
            edited = self._edit(before, after) if self._removed and self._added else ""
            if not edited:
                gone.append(before)
                came.append(after)
                continue
            yield from self._mark(gone, came)
            gone, came = [], []
            self._removed, self._added = self._removed - 1, self._added - 1
            yield edited
        yield from self._mark(*((gone, came) if paired else (old, new)))

    def _mark(self, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
        shown_old, shown_new = old[: self._removed], new[: self._added]
        self._removed_left += len(old) - len(shown_old)
        self._added_left += len(new) - len(shown_new)
        self._removed -= len(shown_old)
        self._added -= len(shown_new)
        yield from (self._palette.paint("remove", f"- {self._cut(one)}") for one in shown_old)
        yield from (self._palette.paint("add", f"+ {self._cut(one)}") for one in shown_new)

    def _edit(self, before: str, after: str) -> str:
        """Write an edited line; empty where so little stays that it is another line."""
        pieces = list(_compare_pieces(before, after))
        kept = sum(len(left) for left, _, same in pieces if same)
        if 2 * kept < _ALIKE * (len(before) + len(after)):
            return ""
        text = ""
        for at, (left, right, same) in enumerate(pieces):
            if same:
                text += self._shorten(left, first=at == 0, last=at == len(pieces) - 1)
                continue
            gone, came = (self._cut(one) for one in (left, right))
            text += self._palette.paint("remove", f"[-{gone}-]") if left else ""
            text += self._palette.paint("add", f"{{+{came}+}}") if right else ""
        return f"~ {text}"

    def _shorten(self, text: str, *, first: bool, last: bool) -> str:
        """Keep only the part of unchanged text that is close to a change, and count the rest."""
        context = self._extent.context
        head, tail = (0 if first else context), (0 if last else context)
        left = len(text) - head - tail
        if left <= context:
            return safe(text)
        omitted = self._palette.paint("dim", f"… {left} characters unchanged …")
        return f"{safe(text[:head])}{omitted}{safe(text[len(text) - tail :])}"

    def _cut(self, text: str) -> str:
        most = self._extent.characters
        if len(text) <= most:
            return safe(text)
        left = len(text) - most
        return f"{safe(text[:most])}… {left} more characters; {self._extent.hint} …"


def _split(text: str) -> list[str]:
    """Split at the ends that editors and Git count; other controls are shown within a line."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def _find_hunks(old: Sequence[str], new: Sequence[str]) -> list[_Hunk]:
    """Find the places that differ; those that only a line or two part are one."""
    first_old, first_new, start = _trim(old, new)
    if max(len(first_old), len(first_new)) > _MAX_LINES:
        return [_Hunk(start, start, ((False, first_old, first_new),))]
    hunks = []
    matcher = SequenceMatcher(None, first_old, first_new)
    for group in matcher.get_grouped_opcodes(_BRIDGE):
        ops = [one for at, one in enumerate(group)
               if one[0] != "equal" or 0 < at < len(group) - 1]  # fmt: skip
        runs = tuple(
            (tag == "equal", first_old[i1:i2], first_new[j1:j2]) for tag, i1, i2, j1, j2 in ops
        )
        if runs:
            hunks.append(_Hunk(start + ops[0][1], start + ops[0][3], runs))
    return hunks


def _range(at: int, size: int) -> str:
    """Write a range of lines as a patch does; an empty one names the line before it."""
    first = at + 1 if size else at
    return str(first) if size == 1 else f"{first},{size}"


def _share(hunks: Sequence[_Hunk], limit: int) -> tuple[int, int]:
    """Share the room between old and new lines: half each, and what one does not need."""
    runs = [run for hunk in hunks for run in hunk.runs if not run[0]]
    old, new = sum(len(run[1]) for run in runs), sum(len(run[2]) for run in runs)
    removed = min(old, max(limit // 2, limit - new))
    return removed, limit - removed


def _trim(old: Sequence[str], new: Sequence[str]) -> tuple[Sequence[str], Sequence[str], int]:
    """Drop what both begin and end with; the number is how much they begin with."""
    most = min(len(old), len(new))
    start = 0
    while start < most and old[start] == new[start]:
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end], start


def _compare_pieces(before: str, after: str) -> Iterator[tuple[str, str, bool]]:
    """Give pieces of both lines, and whether they are the same; by sentence in a huge line."""
    for pattern in _PIECES:
        old, new = pattern.findall(before), pattern.findall(after)
        old_rest, new_rest, start = _trim(old, new)
        if max(len(old_rest), len(new_rest)) <= _MAX_PIECES:
            break
    if start:
        yield "".join(old[:start]), "".join(old[:start]), True
    if max(len(old_rest), len(new_rest)) > _MAX_PIECES:
        yield "".join(old_rest), "".join(new_rest), False
    else:
        matcher = SequenceMatcher(None, old_rest, new_rest)
        for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
            left, right = old_rest[old_from:old_to], new_rest[new_from:new_to]
            yield "".join(left), "".join(right), tag == "equal"
    end = "".join(old[start + len(old_rest) :])
    if end:
        yield end, end, True
