"""The YAML that people write, read line by line: four times as fast as by events.

Block maps and lists, plain and quoted values on the line of their key, comments, and collections
in one line. That is a small part of YAML, and nothing in it can be taken in two ways. Whatever is
not surely of this part, and whatever is wrong, is left to the full parser, which gives for such a
text the same tree (a property test compares them).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agentgit.compile.scalars import Ambiguous, resolve_plain
from agentgit.compile.tree import COLUMN_BITS as SHIFT
from agentgit.compile.tree import ListNode, MapNode, Node, Scalar, SourceFile

MAX_TEXT = 100_000  # characters; far below what the full parser refuses
MAX_DEPTH = 40  # of blocks, and again of brackets in one line
_INSIDE = r"[A-Za-z0-9_./+@=%(),;?!'$&*~\[\]{}-]"  # of a plain value, wherever it stands
_PLAIN = rf"(?:[A-Za-z0-9_./$]|[-+](?=[0-9.]))(?:{_INSIDE}|[: ](?={_INSIDE}))*"
_QUOTED = r"""\"[ !#-\[\]-~]*\"|'[ -&(-~]*'"""
_VALUE = rf"(?:({_PLAIN})|({_QUOTED})|([\[{{][ -~]{{0,400}}))"
_COMMENT = r"[\t -~]*"  # without a lone CR, which ends a line
_LINE = re.compile(  # indentation, dash, key, value of three forms; or an item; or anything else
    rf"( *)(?:(- )?([A-Za-z_][A-Za-z0-9_.-]{{0,99}}):(?: {_VALUE})?(?: +#{_COMMENT})?"
    rf"|- {_VALUE}(?: +#{_COMMENT})?|#{_COMMENT}|)\n|([^\n]+)\n?"
)
Collection = MapNode | ListNode
ReadFlow = Callable[[str], Collection | None]


def read_lines(
    file: SourceFile, is_usual: Callable[[str], bool], read_flow: ReadFlow
) -> Node | None:
    """Read the one map of a file; None where the full parser has to look.

    `is_usual` judges keys, `read_flow` reads a collection in one line, as the full parser does.
    """
    text = file.text
    if len(text) > MAX_TEXT or not text.isascii():
        return None
    lines = _Lines(file)
    for number, found in enumerate(_LINE.findall(text if text[-1:] == "\n" else f"{text}\n")):
        indent, dash, key, plain, quoted, flow, *item, rest = found
        if not key:
            plain, quoted, flow = item
            if not (plain or quoted or flow or rest):
                continue
        at = (number << SHIFT) + len(indent)
        if rest or not lines.enter(len(indent), at, is_item=bool(dash or not key)):
            return None
        if dash:
            at += 2
            lines.open(len(indent) + 2, MapNode(file, at))
        if key and not lines.expect(key, at, is_usual):
            return None
        if plain or quoted or flow:
            node = _read_value(file, at + len(key) + 2, plain, quoted, flow, read_flow)
            if node is None:
                return None
            lines.attach(node)
    return None if lines.key else lines.root


def _read_value(
    file: SourceFile, at: int, plain: str, quoted: str, flow: str, read_flow: ReadFlow
) -> Node | None:
    if plain:
        value = resolve_plain(plain)
        if isinstance(value, Ambiguous):
            return None
        return Scalar(file, at, value, plain, len(plain))
    if quoted:
        return Scalar(file, at, quoted[1:-1], quoted[1:-1], len(quoted))
    if flow.count("[") + flow.count("{") > MAX_DEPTH:
        return None
    collection = read_flow(flow)
    return None if collection is None else _copy(collection, file, at)


class _Lines:
    """The tree as far as it was read: `holder` is filled, and its entries begin in `column`."""

    __slots__ = ("column", "file", "holder", "key", "key_at", "root", "stack")

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.root: Node | None = None
        self.holder: Collection = MapNode(file, 0)
        self.column = -1
        self.key, self.key_at = "", -1  # of a value that is still to come
        self.stack: list[tuple[int, Collection]] = []

    def enter(self, column: int, at: int, *, is_item: bool) -> bool:
        """Go to the collection in which a line is an entry; False where that is not plain."""
        if self.key or self.root is None:
            fits = column > self.column or (is_item and column == self.column)
            if not fits or (is_item and not self.key) or len(self.stack) > MAX_DEPTH:
                return False
            self.open(column, ListNode(self.file, at) if is_item else MapNode(self.file, at))
            return True
        while self.column > column or (
            self.column == column and not is_item and type(self.holder) is ListNode
        ):
            self.column, self.holder = self.stack.pop()
        return self.column == column and (type(self.holder) is ListNode) is is_item

    def expect(self, key: str, at: int, is_usual: Callable[[str], bool]) -> bool:
        """Take a key of the map, whose value comes next; False for one that is not plain."""
        if not is_usual(key) or not isinstance(self.holder, MapNode) or key in self.holder.items:
            return False
        self.key, self.key_at = key, at
        return True

    def open(self, column: int, collection: Collection) -> None:
        """Begin a collection as the value that is to come."""
        self.attach(collection)
        self.stack.append((self.column, self.holder))
        self.column, self.holder = column, collection

    def attach(self, node: Node) -> None:
        """Put a value where it belongs."""
        holder = self.holder
        if self.root is None:
            self.root = node
        elif isinstance(holder, MapNode):
            node.key_at = self.key_at
            holder.items[self.key] = node
            self.key = ""
        else:
            holder.items.append(node)


def _copy(node: Node, file: SourceFile, at: int) -> Node:
    """Make a tree again that was read from the beginning of a line."""
    copy: Node
    if isinstance(node, Scalar):
        copy = Scalar(file, at + node.at, node.value, node.raw, node.width)
    elif isinstance(node, MapNode):
        copy = MapNode(file, at + node.at)
        copy.items = {key: _copy(value, file, at) for key, value in node.items.items()}
    else:
        copy = ListNode(file, at + node.at)
        copy.items = [_copy(value, file, at) for value in node.items]
    copy.tag = node.tag
    if node.key_at >= 0:
        copy.key_at = at + node.key_at
    return copy
