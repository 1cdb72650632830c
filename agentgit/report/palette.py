"""Roles to colours, and the one place where text from outside is made safe to show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal[
    "error", "warning", "hint", "add", "change", "remove", "attention", "good", "dim", "strong"
]

_ESCAPED = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": r"\n", "\r": r"\r"}


@dataclass(frozen=True, slots=True)
class Palette:
    """What a role looks like. Without codes nothing is added: every output reads that way."""

    codes: Mapping[Role, str] = field(default_factory=dict)

    def paint(self, role: Role, text: str) -> str:
        """Colour a piece of text that is already safe."""
        code = self.codes.get(role)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


PLAIN = Palette()
COLOURED = Palette(
    {
        "error": "1;31",
        "warning": "1;33",
        "hint": "1;36",
        "add": "32",
        "change": "33",
        "remove": "31",
        "attention": "35",
        "good": "32",
        "dim": "2",
        "strong": "1",
    }
)


def safe(text: str) -> str:
    """Write control characters, escapes and invisible direction marks as what they are.

    Text of commits, files, logs and engines passes here before it is shown. The result is one
    line; a tab becomes one space, so that columns still count.
    """
    return _ESCAPED.sub(_escape, text).replace("\t", " ")


def columns(text: str) -> int:
    """How many columns of a terminal a safe, uncoloured text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(character) for character in text)


def pad(text: str, width: int) -> str:
    """Fill a safe, uncoloured text with spaces up to a number of columns."""
    return text + " " * (width - columns(text))


def clip(text: str, width: int) -> str:
    """Cut a safe text to a number of columns, with an ellipsis where something is left out."""
    if columns(text) <= width:
        return text
    kept = ""
    room = width - 1
    for character in text:
        room -= _columns_of(character)
        if room < 0:
            break
        kept += character
    return kept + "…"


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _columns_of(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
