"""YAML text to a positioned tree, strictly and without recursion.

libyaml's own `compose` recurses and can take the interpreter down on hostile input; its event
stream cannot. Where the C extension is missing, ruamel's parser gives the same events. As many
problems as possible are collected; only broken syntax ends the reading of a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
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

from agentgit.compile.scalars import Ambiguous, resolve_plain
from agentgit.compile.syntax import (
    describe_syntax_error,
    find_bad_character,
    read_text,
)
from agentgit.compile.tree import (
    INVALID,
    ListNode,
    MapNode,
    Node,
    Scalar,
    SourceFile,
    location_at,
    pack,
)
from agentgit.errors import Location, Problem
from agentgit.model.origin import LayerName

try:
    from _ruamel_yaml import CParser
except ImportError:
    CParser = None

MAX_DEPTH = 100
MAX_EVENTS = 100_000
TAGS = frozenset({"!replace", "!append", "!prepend", "!remove", "!final"})
_UNFIT = re.compile("[\0\ud800-\udfff]")  # what neither a process nor UTF-8 can carry
_OLD_COLON = "found unexpected ':'"  # [a:b] is fine in YAML 1.2, not in this libyaml
_DROP = "\0dropped"  # a key whose value is read and forgotten; no YAML key contains NUL


class Parsed:
    """The documents of one file, and what is wrong with it."""

    __slots__ = ("documents", "file", "problems")

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.documents: list[Node] = []
        self.problems: list[Problem] = []


class _TooMuchError(Exception):
    """A cap is reached; the problem is recorded."""


def parse_file(path: str, data: bytes, layer: LayerName = "global") -> Parsed:
    """Read one YAML file. Never raises for what the file contains."""
    text, problem = read_text(path, data)
    parsed = Parsed(SourceFile(path, text, layer))
    if problem is None:
        problem = find_bad_character(parsed.file)
    if problem is not None:
        parsed.problems.append(problem)
        return parsed
    error = _build(parsed, _fast_events(text))
    if error is not None and _OLD_COLON in str(error) and CParser is not None:
        parsed = Parsed(parsed.file)
        error = _build(parsed, _pure_events(text))
    if error is not None:
        parsed.problems.append(describe_syntax_error(parsed.file, error))
    return parsed


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

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self.file = parsed.file
        self.stack: list[tuple[MapNode | ListNode | None, str | None, int]] = []
        self.holder: MapNode | ListNode | None = None
        self.key: str | None = None
        self.key_at = -1

    def build(self, next_event: Callable[[], Any]) -> None:
        count = 0
        while True:
            event = next_event()
            kind = type(event)
            count += 1
            if count > MAX_EVENTS:
                message = f"a file may hold at most {MAX_EVENTS} keys and values"
                self.report(_start(event), 1, message, "split it")
                raise _TooMuchError
            if kind is ScalarEvent:
                if self.key is None and isinstance(self.holder, MapNode):
                    self.take_key(event)
                else:
                    self.attach(self.make_scalar(event))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self.open(event, next_event)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self.holder, self.key, self.key_at = self.stack.pop()
                self.key = None
            elif kind is AliasEvent:
                self.refuse_alias(event)
            elif kind is DocumentStartEvent:
                self.holder = self.key = None
            elif kind is StreamEndEvent:
                return

    def report(self, at: int, width: int, message: str, hint: str | None = None) -> None:
        self.parsed.problems.append(Problem(message, location_at(self.file, at, width), hint))

    def attach(self, node: Node) -> None:
        holder = self.holder
        if holder is None:
            self.parsed.documents.append(node)
        elif isinstance(holder, ListNode):
            holder.items.append(node)
        else:
            node.key_at = self.key_at
            if self.key is not None and self.key != _DROP:
                holder.items[self.key] = node
            self.key = None

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
        outer = (self.holder, self.key, self.key_at)
        self.attach(node)
        self.stack.append(outer)
        self.holder, self.key = node, None

    def make_scalar(self, event: Any) -> Scalar:
        start, end = event.start_mark, event.end_mark
        at = pack(start.line, start.column)
        text: str = event.value
        width = end.column - start.column if end.line == start.line else 1 << 20
        node = Scalar(self.file, at, text, text, width)
        if event.tag is not None or event.anchor is not None:
            self.mark(node, event, at)
        if not event.style:
            self.resolve(node, text)
        elif event.style == '"' and _UNFIT.search(text):
            self.report(at, width, "text cannot contain this character (NUL or half a pair)")
            node.value = INVALID
        return node

    def resolve(self, node: Scalar, text: str) -> None:
        if not text:
            # Shown at the key: behind the colon there is nothing to point at.
            hint = 'write null to remove the inherited value, or "", {} or [] for an empty one'
            if self.key is not None and self.key != _DROP:
                message = f"{self.key} has no value"
                self.report(self.key_at, len(self.key), message, hint)
            else:
                self.report(node.at, 1, "there is no value here", hint)
            node.value = INVALID
            return
        value = resolve_plain(text)
        if not isinstance(value, Ambiguous):
            node.value = value
        else:
            node.value = INVALID
            shown = text if len(text) <= 40 else f"{text[:37]}..."
            message = f"{shown} is {value.reason}"
            self.report(node.at, node.width, message, f'write it in quotes: "{shown}"')

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
            self.report(at, len(shown), f"unknown tag {shown}", "quote a value to make it text")

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

    def take_key(self, event: Any) -> None:
        at, key = _start(event), event.value
        self.key, self.key_at = key, at
        holder = self.holder
        fresh = isinstance(holder, MapNode) and key not in holder.items
        if fresh and _is_usual(key) and event.anchor is None and event.tag is None:
            return
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
                shown = key or "nothing"
                return f"a key must be text, found {shown}", f'write it in quotes: "{key}"', ()
        elif _UNFIT.search(key):
            return "text cannot contain this character (NUL or half a pair)", None, ()
        holder = self.holder
        if isinstance(holder, MapNode) and key in holder.items:
            first = location_at(self.file, holder.items[key].key_at, len(key))
            return f'the key "{key}" appears twice', "keep one of them", (("first here", first),)
        return None


@lru_cache(maxsize=8192)
def _is_usual(key: str) -> bool:
    """Whether a key is fine however it is quoted: nearly every key of a fleet."""
    return (
        bool(key)
        and key != "<<"
        and isinstance(resolve_plain(key), str)
        and not _UNFIT.search(key)
    )


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
