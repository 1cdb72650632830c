"""What is wrong with a text before it is a tree: bytes, characters and syntax, in our words."""

from __future__ import annotations

import re
from typing import Any

from agentgit.compile.tree import BREAK, SourceFile, location_at, pack
from agentgit.errors import Location, Problem

MAX_BYTES = 1 << 20
LFS_POINTER = b"version https://git-lfs.github.com/spec/"  # what Git holds of a file in LFS
LFS_WORDS = "a pointer of Git LFS: the file itself is not in this repository"
LFS_HINT = "take it out of LFS (.gitattributes), so that the commit holds what is meant"
_BAD_ASCII = re.compile("[^\t\n\r\x20-\x7e]")
# Also U+0085, U+2028 and U+2029, which end a line for some readers only.
_BAD = "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_INDENT = "check the indentation of this line and the one above"
_TRANSLATIONS = (  # part of the parser's message, our message, hint, whether the start is shown
    ("mapping values are not allowed", "a colon does not fit here",
     'quote text that contains ": ", or check the indentation', False),
    ("unexpected ':'", "a colon inside [ ] or { } does not fit here",
     "put the text in quotes", False),
    ("unexpected end of stream", "the quoted text that begins here does not end",
     "close the quotes", True),
    ("',' or ']'", "the list that begins here is not closed",
     'items are separated by "," and the list ends with "]"', True),
    ("',' or '}'", "the map that begins here is not closed",
     'entries are separated by "," and the map ends with "}"', True),
    ("did not find expected key", "a key is expected here", _INDENT, False),
    ("expected <block end>", "this does not continue what is above", _INDENT, False),
    ("did not find expected '-'", "this does not continue the list above", _INDENT, False),
    ("could not find expected ':'", "a key without a colon",
     'write "key: value", or quote text that spans lines', False),
    ("node content", "a value is expected here",
     "write it, or close the list or map before", False),
    ("unknown escape character", "an unknown escape in double quotes",
     "write the backslash twice, or use single quotes", False),
)  # fmt: skip


def read_text(path: str, data: bytes) -> tuple[str, Problem | None]:
    """Decode a file, without its byte order mark."""
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data)} bytes, {MAX_BYTES} are allowed"
        return "", Problem(message, Location(path), "split it, or keep data out of the YAML")
    if data.startswith(LFS_POINTER):
        return "", Problem(f"this is {LFS_WORDS}", Location(path), LFS_HINT)
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode(), None
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        shown = SourceFile(path, data.decode(errors="replace"))
        where = location_at(shown, position(before, len(before)))
        return "", Problem("the file is not UTF-8 from here on", where, "save it as UTF-8")


def find_bad_character(file: SourceFile) -> Problem | None:
    """Find the first character that YAML does not allow, or that its readers take differently."""
    bad = _BAD_ASCII if file.text.isascii() else re.compile(_BAD)  # which takes milliseconds
    match = bad.search(file.text)
    if match is None:
        return None
    where = location_at(file, position(file.text, match.start()))
    message = f"the character U+{ord(match.group()):04X} is not allowed"
    return Problem(message, where, "remove it, or write it as an escape in double quotes")


def describe_syntax_error(file: SourceFile, error: Any) -> Problem:
    """Word an error of the YAML parser and say where it is."""
    said = str(getattr(error, "problem", None) or "it cannot be read")
    mark = getattr(error, "problem_mark", None)
    start = getattr(error, "context_mark", None)
    at = pack(mark.line, mark.column) if mark is not None else 0
    if "cannot start any token" in said:
        return _describe_bad_start(file, at)
    for part, message, hint, from_start in _TRANSLATIONS:
        if part in said:
            if from_start and start is not None:
                at = pack(start.line, start.column)
            return Problem(message, location_at(file, at), hint)
    return Problem(f"this is not YAML: {said}", location_at(file, at))


def position(text: str, offset: int) -> int:
    """Pack the line and column of an offset."""
    line, begin = 0, 0
    for match in BREAK.finditer(text, 0, offset):
        line, begin = line + 1, match.end()
    return pack(line, offset - begin)


def _describe_bad_start(file: SourceFile, at: int) -> Problem:
    where = location_at(file, at)
    found = (where.excerpt or "")[where.column - 1 : where.column]
    if found == "\t":
        return Problem("a tab cannot indent YAML", where, "use spaces")
    return Problem(f"text cannot begin with {found} here", where, "put it in quotes")
