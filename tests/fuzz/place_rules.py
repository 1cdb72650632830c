"""What holds for every problem: it says something, and its places are where they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agentgit.compile.tree import BREAK
from agentgit.errors import Location, Problem
from agentgit.report.json_v1 import dump, problems_document
from agentgit.report.problems import write_problems

_UNFIT = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")


def check_problems(problems: Iterable[Problem], files: Mapping[str, bytes]) -> None:
    """Check problems and what is written of them. `files` are the contents by path."""
    found = tuple(problems)
    lines: dict[str, list[str]] = {}
    for problem in found:
        assert problem.message, "a problem says nothing"
        for place in (problem.location, *(place for _, place in problem.also)):
            if place is not None and place.line:
                if place.path not in lines:
                    lines[place.path] = _split(place.path, files)
                _check_place(place, lines[place.path])
    check_printed(write_problems(found))
    dump(problems_document(found, ())).encode()


def check_printed(text: str) -> None:
    """Nothing that is shown can move a cursor, hide text or break an encoding."""
    bad = _UNFIT.search(text)
    assert bad is None, f"unfit to be shown: {text[max(0, bad.start() - 60) : bad.end()]!a}"


def _split(path: str, files: Mapping[str, bytes]) -> list[str]:
    data = files[path].removeprefix(b"\xef\xbb\xbf")
    return BREAK.split(data.decode(errors="replace"))


def _check_place(place: Location, lines: list[str]) -> None:
    assert place.line <= len(lines), f"behind the last line: {place}"
    line = lines[place.line - 1]
    assert place.excerpt in (None, line, line.replace("\t", " ")), f"another line: {place!r}"
    assert place.column <= len(line) + 1, f"behind the end of the line: {place!r}"
    assert 1 <= place.width <= max(1, len(line) - place.column + 1), f"too wide: {place!r}"
