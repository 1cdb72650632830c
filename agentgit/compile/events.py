"""The events of YAML text as a positioned tree, strictly and without recursion.

libyaml's own `compose` recurses and can take the interpreter down on hostile input; its event
stream cannot. Where the C extension is missing, ruamel's parser gives the same events. As many
problems as possible are collected; only broken syntax ends the reading of a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from agentgit.compile.scalars import UNFIT, Ambiguous, is_usual, resolve_plain
from agentgit.compile.syntax import describe_syntax_error
from agentgit.compile.tree import COLUMN_BITS as SHIFT
from agentgit.compile.tree import (
    INVALID,
    Invalid,
    ListNode,
    MapNode,
    Node,
    Parsed,
    Scalar,
    SourceFile,
    location_at,
    pack,
)
from agentgit.compile.words import list_names
from agentgit.errors import Location, Problem

try:
    from _ruamel_yaml import CParser
except ImportError:
    CParser = None

MAX_DEPTH = 100
MAX_EVENTS = 100_000
TAGS = frozenset({"!replace", "!append", "!prepend", "!remove", "!final"})
_OLD_COLON = "found unexpected ':'"  # [a:b] is fine in YAML 1.2, not in this libyaml
_DROP = "\0dropped"  # a key whose value is read and forgotten; no YAML key contains NUL


class _TooMuchError(Exception):
    """A cap is reached; the problem is recorded."""


def read_events(parsed: Parsed) -> Parsed:
    """Read a file as libyaml does, whatever is in it."""
    text = parsed.file.text
    error = _build(parsed, _fast_events(text))
    if error is not None and _OLD_COLON in str(error) and CParser is not None:
        parsed = Parsed(parsed.file)
        error = _build(parsed, _pure_events(text))
    if error is not None:
        parsed.problems.append(describe_syntax_error(parsed.file, error))
    return parsed


def read_collection(text: str) -> MapNode | ListNode | None:
    """Read a list or map in one line, as if it were a file; None unless it is fine."""
    parsed = Parsed(SourceFile("", text))
    if _build(parsed, _fast_events(text)) is not None or parsed.problems:
        return None
    (root,) = parsed.documents
    return None if isinstance(root, Scalar) else root


def _build(parsed: Parsed, next_event: Callable[[], Any]) -> YAMLError | None:
    """Fill in the documents; none when the syntax is broken, as half of one only makes noise."""
    try:
        _Builder(parsed).build(next_event)
    except YAMLError as error:
        parsed.documents.clear()
        return error
    except _TooMuchError:
        parsed.documents.clear()
    return None


def _fast_events(text: str) -> Callable[[], Any]:
    if CParser is None:
        return _pure_events(text)
    get_event: Callable[[], Any] = CParser(text.encode()).get_event
    return get_event


def _pure_events(text: str) -> Callable[[], Any]:
    get_event: Callable[[], Any] = YAML(typ="safe", pure=True).parse(text).__next__
    return get_event


class _Builder:
    """Puts events together; `holder` is the collection that is being filled."""

    __slots__ = ("file", "holder", "key", "key_at", "parsed", "stack")

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self.file = parsed.file
        self.stack: list[MapNode | ListNode | None] = []
        self.holder: MapNode | ListNode | None = None
        self.key: str | None = None
        self.key_at = -1

    def build(self, next_event: Callable[[], Any]) -> None:  # noqa: C901 -- the hot loop
        """Read events to the end of the stream. Nearly all are scalars: first, and inline."""
        file = self.file
        for _ in range(MAX_EVENTS):
            event = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                mark, text = event.start_mark, event.value
                at = mark.line << SHIFT | mark.column
                plain = event.tag is None and event.anchor is None
                holder = self.holder
                if self.key is None and type(holder) is MapNode:
                    if plain and text not in holder.items and is_usual(text):
                        self.key, self.key_at = text, at
                    else:
                        self.take_key(event, at)
                    continue
                end = event.end_mark
                width = end.column - mark.column if end.line == mark.line else 1 << 20
                value = resolve_plain(text) if text and not event.style else text
                if isinstance(value, Ambiguous):
                    value = self.refuse_ambiguous(at, width, text, value)
                node = Scalar(file, at, value, text, width)
                if event.style == '"' or not (plain and (text or event.style)):
                    self.judge(node, event)
                self.attach(node)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self.open(event, next_event)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self.holder, self.key = self.stack.pop(), None
            elif kind is AliasEvent:
                self.refuse_alias(event)
            elif kind is DocumentStartEvent:
                self.holder = self.key = None
            elif kind is StreamEndEvent:
                return
        message = f"a file may hold at most {MAX_EVENTS} keys and values"
        self.report(_start(event), 1, message, "split it")
        raise _TooMuchError

    def report(self, at: int, width: int, message: str, hint: str | None = None) -> None:
        self.parsed.problems.append(Problem(message, location_at(self.file, at, width), hint))

    def attach(self, node: Node) -> None:
        holder = self.holder
        if isinstance(holder, MapNode):
            node.key_at = self.key_at
            key = self.key
            if key is not None and key != _DROP:
                holder.items[key] = node
            self.key = None
        elif holder is None:
            self.parsed.documents.append(node)
        else:
            holder.items.append(node)

    def open(self, event: Any, next_event: Callable[[], Any]) -> None:
        at = _start(event)
        if self.key is None and isinstance(self.holder, MapNode):
            self.report(at, 1, "a key must be text, not a list or a map")
            _skip(next_event)
            self.key = _DROP
            return
        if len(self.stack) >= MAX_DEPTH:
            self.report(at, 1, f"values may be nested {MAX_DEPTH} deep at most")
            raise _TooMuchError
        is_map = type(event) is MappingStartEvent
        node: MapNode | ListNode = MapNode(self.file, at) if is_map else ListNode(self.file, at)
        self.mark(node, event, at)
        outer = self.holder
        self.attach(node)
        self.stack.append(outer)
        self.holder, self.key = node, None

    def judge(self, node: Scalar, event: Any) -> None:
        """Look at what few scalars have: a tag, an anchor, escapes, nothing at all."""
        if event.tag is not None or event.anchor is not None:
            self.mark(node, event, node.at)
        if event.style:
            if event.style == '"' and UNFIT.search(node.raw):
                message = "text cannot contain this character (NUL or half a pair)"
                self.report(node.at, node.width, message)
                node.value = INVALID
        elif not node.raw:
            self.refuse_nothing(node)

    def refuse_nothing(self, node: Scalar) -> None:
        """A value that was forgotten is shown at its key: behind the colon there is nothing."""
        node.value = INVALID
        hint = 'write null to remove the inherited value, or "", {} or [] for an empty one'
        if self.key is not None and self.key != _DROP:
            self.report(self.key_at, len(self.key), f"{self.key} has no value", hint)
        else:
            self.report(node.at, 1, "there is no value here", hint)

    def refuse_ambiguous(self, at: int, width: int, text: str, found: Ambiguous) -> Invalid:
        """Refuse a plain scalar that other readers take differently."""
        shown = text if len(text) <= 40 else f"{text[:37]}..."
        self.report(at, width, f"{shown} is {found.reason}", f'write it in quotes: "{shown}"')
        return INVALID

    def mark(self, node: Node, event: Any, at: int) -> None:
        if event.anchor is not None:
            self.report(
                at, len(event.anchor) + 1,
                "anchors and aliases are not supported",
                "write the value out, or put what is shared into a lower layer",
            )  # fmt: skip
        tag: str | None = event.tag
        if tag is None:
            return
        if tag in TAGS:
            node.tag = tag
        else:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            hint = "quote a value to make it text"
            if not shown.startswith("!!"):
                hint = f"known are {list_names(TAGS)}; to remove a value write null"
            self.report(at, len(shown), f"unknown tag {shown}", hint)

    def refuse_alias(self, event: Any) -> None:
        at = _start(event)
        if isinstance(self.holder, MapNode) and self.key is None:
            self.key = _DROP
        elif self.key == _DROP:
            self.key = None
            return
        else:
            self.attach(Scalar(self.file, at, INVALID, ""))
        self.report(
            at, len(event.anchor) + 1,
            "anchors and aliases are not supported",
            "write the value out, or put what is shared into a lower layer",
        )  # fmt: skip

    def take_key(self, event: Any, at: int) -> None:
        key = event.value
        self.key, self.key_at = key, at
        complaint = self.judge_key(event, key)
        if complaint is None:
            return
        message, hint, also = complaint
        where = location_at(self.file, at, len(key) or 1)
        self.parsed.problems.append(Problem(message, where, hint, also))
        self.key = _DROP

    def judge_key(
        self, event: Any, key: str
    ) -> tuple[str, str | None, tuple[tuple[str, Location], ...]] | None:
        if event.tag is not None or event.anchor is not None:
            return "a key cannot have a tag or an anchor", None, ()
        if key == "<<" and not event.style:
            hint = "put what is shared into a lower layer"
            return "merge keys (<<) are not supported", hint, ()
        if not event.style:
            value = resolve_plain(key) if key else None
            if not isinstance(value, str):
                message = f"a key must be text, found {key or 'nothing'}"
                if isinstance(value, Ambiguous):
                    message = f"the key {key} is {value.reason}"
                return message, f'write it in quotes: "{key}"', ()
        elif UNFIT.search(key):
            return "text cannot contain this character (NUL or half a pair)", None, ()
        holder = self.holder
        if isinstance(holder, MapNode) and key in holder.items:
            first = location_at(self.file, holder.items[key].key_at, len(key))
            return f'the key "{key}" appears twice', "keep one of them", (("first here", first),)
        return None


def _start(event: Any) -> int:
    mark = event.start_mark
    return pack(mark.line, mark.column)


def _skip(next_event: Callable[[], Any]) -> None:
    """Read past a collection whose start was taken already."""
    depth = 1
    while depth:
        kind = type(next_event())
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            depth += 1
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            depth -= 1
