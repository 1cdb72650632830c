"""The parse tree: values with the file, line and column they were written at.

Nodes are never changed after they are attached, so layers share them freely: whatever a merge
keeps still knows where it came from. Positions are packed into one number, counted from 0.
"""

from __future__ import annotations

import re

from agentgit.errors import Location, Problem
from agentgit.model.origin import LayerName, Origin
from agentgit.model.value import Json, Path

BREAK = re.compile(r"\r\n|[\n\r]")  # what YAML 1.2 counts as the end of a line
COLUMN_BITS = 21  # a column fits: files are at most 1 MiB
_INDEX_DIGITS = 9  # Python reads no number of thousands of digits
_MASK = (1 << COLUMN_BITS) - 1


class SourceFile:
    """A YAML file as read: its repository path, its text and the layer it belongs to."""

    __slots__ = ("_lines", "layer", "path", "text")

    def __init__(self, path: str, text: str, layer: LayerName = "global") -> None:
        self.path = path
        self.text = text
        self.layer: LayerName = layer
        self._lines: list[str] | None = None

    def line(self, number: int) -> str | None:
        """Give one line, counted from 1, for an excerpt."""
        if self._lines is None:
            self._lines = BREAK.split(self.text)
        return self._lines[number - 1] if 0 < number <= len(self._lines) else None


class Invalid:
    """Stands for a value that was reported already; every later check passes over it."""


INVALID = Invalid()
ScalarValue = bool | int | float | str | Invalid | None


class Scalar:
    """One value. `raw` is the text as written, `width` its characters on the first line."""

    __slots__ = ("at", "file", "key_at", "raw", "tag", "value", "width")

    def __init__(
        self, file: SourceFile, at: int, value: ScalarValue, raw: str, width: int = 1
    ) -> None:
        self.file = file
        self.at = at
        self.value = value
        self.raw = raw
        self.width = width
        self.key_at = -1
        self.tag: str | None = None


class ListNode:
    """A list."""

    __slots__ = ("at", "file", "items", "key_at", "plain", "tag")

    def __init__(self, file: SourceFile, at: int) -> None:
        self.file = file
        self.at = at
        self.items: list[Node] = []
        self.key_at = -1
        self.tag: str | None = None
        self.plain: Json = None


class MapNode:
    """A mapping with text keys; each value knows the position of its own key."""

    __slots__ = ("at", "file", "items", "key_at", "plain", "tag")

    def __init__(self, file: SourceFile, at: int) -> None:
        self.file = file
        self.at = at
        self.items: dict[str, Node] = {}
        self.key_at = -1
        self.tag: str | None = None
        self.plain: Json = None


Node = Scalar | ListNode | MapNode


class Parsed:
    """The documents of one file, and what is wrong with it."""

    __slots__ = ("documents", "file", "problems")

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.documents: list[Node] = []
        self.problems: list[Problem] = []


def pack(line: int, column: int) -> int:
    """Make one number of a position counted from 0."""
    return line << COLUMN_BITS | column


def unpack(at: int) -> tuple[int, int]:
    """Line and column, counted from 1, of a packed position."""
    return (at >> COLUMN_BITS) + 1, (at & _MASK) + 1


def to_plain(node: Node) -> Json:
    """Give the JSON value of a tree. Collections are kept and shared: never change them."""
    if isinstance(node, Scalar):
        return node.value
    if node.plain is None:
        if isinstance(node, MapNode):
            node.plain = {key: to_plain(item) for key, item in node.items.items()}
        else:
            node.plain = [to_plain(item) for item in node.items]
    return node.plain


def find(node: Node | None, path: Path) -> Node | None:
    """Follow keys (and list indices written as text) into a tree."""
    for key in path:
        node = step(node, key)
        if node is None:
            return None
    return node


def step(node: Node | None, key: str) -> Node | None:
    """Follow one key, or the index of a list written as text."""
    if isinstance(node, MapNode):
        return node.items.get(key)
    if not isinstance(node, ListNode) or len(key) > _INDEX_DIGITS or not key.isdecimal():
        return None
    return node.items[int(key)] if int(key) < len(node.items) else None


def locate(node: Node) -> Location:
    """Where a value is written; a collection in block style is shown at its key."""
    if isinstance(node, Scalar):
        return location_at(node.file, node.at, node.width)
    begins_below = node.key_at >= 0 and node.at >> COLUMN_BITS != node.key_at >> COLUMN_BITS
    return (
        location_at(node.file, node.key_at, 0) if begins_below else location_at(node.file, node.at)
    )


def locate_key(node: Node, key: str) -> Location:
    """Where the key of a value is written."""
    if node.key_at < 0:
        return locate(node)
    return location_at(node.file, node.key_at, len(key))


def origin_of(node: Node) -> Origin:
    """Where a value comes from, as origins tell it."""
    line, column = unpack(node.at)
    return Origin(layer=node.file.layer, path=node.file.path, line=line, column=column)


def location_at(file: SourceFile, at: int, width: int = 1) -> Location:
    """Make a location with its excerpt; width 0 underlines the word that begins there."""
    line, column = unpack(at)
    excerpt = file.line(line)
    if excerpt is None:  # the parser puts what is missing at the end behind the last line
        *before, excerpt = BREAK.split(file.text)
        line, column = len(before) + 1, len(excerpt) + 1
    rest = excerpt[column - 1 :]
    if not width:
        word = re.match(r"[\w./-]+", rest)
        width = word.end() if word else 1
    return Location(file.path, line, column, max(1, min(width, len(rest.rstrip()))), excerpt)


def move(node: Node, key_at: int) -> Node:
    """Copy a node for another place: the same value under a key at another position."""
    copy: Node
    if isinstance(node, Scalar):
        copy = Scalar(node.file, node.at, node.value, node.raw, node.width)
    elif isinstance(node, MapNode):
        copy = MapNode(node.file, node.at)
        copy.items = node.items
    else:
        copy = ListNode(node.file, node.at)
        copy.items = node.items
    copy.key_at = key_at
    copy.tag = node.tag
    return copy


def with_items(node: MapNode, changed: dict[str, Node]) -> MapNode:
    """Give a map with some values replaced; the same one where there are none."""
    if not changed:
        return node
    copy = MapNode(node.file, node.at)
    copy.items = node.items | changed
    copy.key_at, copy.tag = node.key_at, node.tag
    return copy
