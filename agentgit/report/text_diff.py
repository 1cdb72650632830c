"""The difference of two texts, word by word where lines were edited: `[-50-]{+200+} EUR`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from agentgit.report.palette import PLAIN, Palette, clip, columns, safe

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_MAX_WORDS = 400  # beyond that a piece is shown as replaced: comparing is quadratic
_ALIKE = 0.4  # the share of a line that has to stay for it to count as edited
_MAX_LINES = 2000
_LINE_WIDTH = 100
_CONTEXT = 30


def write_text_diff(
    before: str, after: str, *, palette: Palette = PLAIN, limit: int = 12
) -> tuple[str, ...]:
    """Give the changed lines only, at most `limit` of them, and how many were left out."""
    lines = tuple(_changed_lines(before.splitlines(), after.splitlines(), palette))
    if not lines and before != after:
        return ("only the ends of lines differ",)
    if len(lines) <= limit:
        return lines
    left = len(lines) - limit + 1
    return (*lines[: limit - 1], f"... {left} more changed lines")


def _changed_lines(old: Sequence[str], new: Sequence[str], palette: Palette) -> Iterator[str]:
    old, new, _ = _trim(old, new)
    if len(old) > _MAX_LINES or len(new) > _MAX_LINES:
        yield from _replace(old, new, palette)
        return
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag != "equal":
            yield from _replace(old[old_from:old_to], new[new_from:new_to], palette)


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


def _replace(old: Sequence[str], new: Sequence[str], palette: Palette) -> Iterator[str]:
    """Show edited lines word by word, the rest as removed and added."""
    both = min(len(old), len(new)) if len(old) == len(new) else 0
    for before, after in zip(old[:both], new[:both], strict=True):
        yield from _edit(before, after, palette)
    yield from (_mark("-", line, palette) for line in old[both:])
    yield from (_mark("+", line, palette) for line in new[both:])


def _edit(before: str, after: str, palette: Palette) -> Iterator[str]:
    pieces = list(_compare_words(_WORD.findall(before), _WORD.findall(after)))
    kept = sum(len(left) for left, _, same in pieces if same)
    if 2 * kept < _ALIKE * (len(before) + len(after)):
        yield _mark("-", before, palette)
        yield _mark("+", after, palette)
        return
    text = ""
    for at, (left, right, same) in enumerate(pieces):
        if same:
            text += _shorten(safe(left), first=at == 0, last=at == len(pieces) - 1)
        else:
            text += _mark("-", left, palette) if left else ""
            text += _mark("+", right, palette) if right else ""
    yield text


def _compare_words(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Give pieces of both texts, and whether they are the same."""
    old_rest, new_rest, start = _trim(old, new)
    if start:
        yield "".join(old[:start]), "".join(old[:start]), True
    if max(len(old_rest), len(new_rest)) > _MAX_WORDS:
        yield "".join(old_rest), "".join(new_rest), False
    else:
        matcher = SequenceMatcher(a=old_rest, b=new_rest, autojunk=False)
        for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
            left, right = old_rest[old_from:old_to], new_rest[new_from:new_to]
            yield "".join(left), "".join(right), tag == "equal"
    end = "".join(old[start + len(old_rest) :])
    if end:
        yield end, end, True


def _mark(sign: str, text: str, palette: Palette) -> str:
    text = clip(safe(text), _LINE_WIDTH)
    if sign == "-":
        return palette.paint("remove", f"[-{text}-]")
    return palette.paint("add", f"{{+{text}+}}")


def _shorten(text: str, *, first: bool, last: bool) -> str:
    """Keep only the part of unchanged text that is close to a change."""
    if columns(text) <= 2 * _CONTEXT + 20:
        return text
    head = "" if first else text[:_CONTEXT]
    tail = "" if last else text[-_CONTEXT:]
    return f"{head} … {tail}" if head and tail else f"{head}…{tail}"
