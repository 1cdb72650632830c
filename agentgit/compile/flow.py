"""A map or list in one line, as people write it: simple keys, words, quoted text.

As in `lines`: whatever is not surely of this kind, and whatever is wrong, is left to the full
parser, which gives for such a text the same tree (a property test compares them).
"""

from __future__ import annotations

import re

from agentgit.compile.scalars import Ambiguous, is_usual, resolve_plain
from agentgit.compile.tree import ListNode, MapNode, Node, Scalar, SourceFile

_KEY = re.compile("([A-Za-z_][A-Za-z0-9_.-]*): ")
_WORD = "[A-Za-z0-9_./@%+-]+"
_VALUE = re.compile(
    rf"((?:(?=[A-Za-z0-9_./])|-(?=[0-9])){_WORD}(?: {_WORD})*)"
    r"""|(\"[ !#-\[\]-~]*\"|'[ -&(-~]*')"""
)
_END = re.compile(" *(?: #.*)?")


class _UnusualError(Exception):
    """The full parser has to look."""


def read_flow(text: str) -> MapNode | ListNode | None:
    """Read a text that begins with a bracket; None unless it is of this kind."""
    flow = _Flow(text)
    try:
        root = flow.read_collection()
    except _UnusualError:
        return None
    return root if _END.fullmatch(text, flow.place) else None


class _Flow:
    """A text, and how far it was read."""

    __slots__ = ("file", "place", "text")

    def __init__(self, text: str) -> None:
        self.file = SourceFile("", text)
        self.text = text
        self.place = 0

    def read_collection(self) -> MapNode | ListNode:
        is_map = self.text[self.place] == "{"
        node = (MapNode if is_map else ListNode)(self.file, self.place)
        self.place += 1
        end = "}" if is_map else "]"
        mark = self.skip_spaces()
        while mark != end:
            if isinstance(node, MapNode):
                self.read_entry(node)
            else:
                node.items.append(self.read_value())
            mark = self.skip_spaces()
            if mark == ",":
                self.place += 1
                if self.skip_spaces() == end:
                    raise _UnusualError
            elif mark != end:
                raise _UnusualError
        self.place += 1
        return node

    def read_entry(self, node: MapNode) -> None:
        key_at = self.place
        key = self.take(_KEY)[1]
        if key in node.items or not is_usual(key):
            raise _UnusualError
        value = node.items[key] = self.read_value()
        value.key_at = key_at

    def read_value(self) -> Node:
        if self.skip_spaces() in {"{", "["}:
            return self.read_collection()
        at = self.place
        plain, quoted = self.take(_VALUE).groups()
        if quoted:
            return Scalar(self.file, at, quoted[1:-1], quoted[1:-1], len(quoted))
        value = resolve_plain(plain)
        if isinstance(value, Ambiguous):
            raise _UnusualError
        return Scalar(self.file, at, value, plain, len(plain))

    def skip_spaces(self) -> str:
        """Go to what comes next; its first character, empty at the end."""
        while self.text[self.place : self.place + 1] == " ":
            self.place += 1
        return self.text[self.place : self.place + 1]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.place)
        if found is None:
            raise _UnusualError
        self.place = found.end()
        return found
