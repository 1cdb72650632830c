"""Regular expressions from a repository: only those that Python surely matches in short time.

A pattern that repeats what repeats can take longer than anybody lives. Refused is every repetition
of a group that can match one text in several ways, as far as a look at the pattern can tell.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache

MAX_PATTERN = 256
MAX_TEXT = 128  # characters of a text that is matched
MAX_COST = 2**18  # the choices of a pattern, multiplied; a repetition of open length counts 16
MAX_COUNT = 1000
_MANY = 10**9
_TOO_MANY = "this pattern has too many repetitions and choices"
_TOKEN = re.compile(
    r"""(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\((?:\?:)?)|(?P<close>\))
    |(?P<bar>\|)|(?P<anchor>[\^$]|\\[bBAZ])|(?P<repeat>(?:[*+?]|\{\d*,?\d*\})[?+]?)
    |(?P<atom>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|.)""",
    re.VERBOSE | re.DOTALL,
)
_NO_GROUP = re.compile(r"\(\?(?!:)|\\[1-9]|\\k")


@dataclass
class _Group:
    """What is known of a group whose end was not seen yet."""

    first: str | None = None  # the character it begins with, where it is exactly one
    size: int = 0
    choices: int = 1
    nested: bool = False
    repeated: list[str] = field(default_factory=list)  # single characters that repeat in it


def refuse_pattern(pattern: str) -> str | None:
    """Say what is wrong with a pattern; None when it may be used."""
    if len(pattern) > MAX_PATTERN:
        return f"a pattern has at most {MAX_PATTERN} characters"
    if _NO_GROUP.search(pattern):
        return "a pattern has no lookaround, no named group and no back reference"
    try:
        with warnings.catch_warnings(action="error"):  # what other readers take differently
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"this is no regular expression: {error}"
    found = _judge(pattern)
    if isinstance(found, str):
        return found
    return _TOO_MANY if found > MAX_COST else None


@lru_cache(maxsize=1024)
def measure_pattern(pattern: str) -> int:
    """Say what one match of a pattern that is not refused may cost, at most MAX_COST."""
    found = _judge(pattern)
    return found if isinstance(found, int) else MAX_COST


def measure_match(pattern: str, length: int) -> int:
    """Say what matching a text may cost: a long one more, the more there is to choose."""
    cost = measure_pattern(pattern)
    return cost if length <= MAX_TEXT // 2 else cost * 3 * round(cost**0.25)


def _judge(pattern: str) -> str | int:
    """Give the cost of a pattern, or what is wrong with it."""
    groups, closed, cost = [_Group()], None, 1
    atom = ""
    for match in _TOKEN.finditer(pattern):
        kind, text = match.lastgroup, match.group()
        if kind == "repeat" and (atom or closed):
            least, most = _bounds(text)
            cost *= 1 if least == most else 2 if most == 1 else 16
            wrong = _refuse_repeat(text, most, closed)
            if wrong is not None:
                return wrong
            _note_repeat(groups[-1], atom, closed, varies=least != most)
            atom, closed = "", None
            continue
        atom, closed = "", None
        if kind == "open":
            groups.append(_Group())
        elif kind == "close" and len(groups) > 1:
            closed = groups.pop()
            cost *= closed.choices
            groups[-1].size += 1
            groups[-1].nested |= bool(closed.repeated) or closed.choices > 1 or closed.nested
        elif kind == "bar":
            groups[-1].choices += 1
        elif kind in {"atom", "set"}:
            atom = text
            groups[-1].size += 1
            if groups[-1].size == 1 and kind == "atom" and _is_character(text):
                groups[-1].first = text[-1]
    return cost * groups[0].choices


def _refuse_repeat(text: str, most: int, closed: _Group | None) -> str | None:
    if MAX_COUNT < most < _MANY:
        return f"a pattern repeats at most {MAX_COUNT} times, found {text}"
    if most > 1 and closed is not None and not _is_plain(closed):
        return "a pattern cannot repeat a group that matches one text in several ways"
    return None


def _note_repeat(group: _Group, atom: str, closed: _Group | None, *, varies: bool) -> None:
    if group.size == 1:
        group.first = None  # what repeats marks no beginning
    if closed is not None:
        group.nested = True
    elif varies:
        group.repeated.append(atom)


def _is_plain(group: _Group) -> bool:
    """Whether a group matches in one way: it begins with a character that ends what repeats."""
    if group.choices > 1 or group.nested:
        return False
    if not group.repeated:
        return True
    first = group.first
    return first is not None and not any(re.match(one, first) for one in group.repeated)


def _is_character(text: str) -> bool:
    return text != "." and (len(text) == 1 or not text[1].isalnum())


def _bounds(repeat: str) -> tuple[int, int]:
    if repeat[0] != "{":
        return {"*": (0, _MANY), "+": (1, _MANY), "?": (0, 1)}[repeat[0]]
    low, comma, high = repeat.rstrip("?+")[1:-1].partition(",")
    least = int(low or 0)
    return least, (int(high) if high else _MANY if comma else least)
