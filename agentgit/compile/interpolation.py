"""`${...}` in values: typed references to a few known names, put in after the merge.

A value that is exactly one reference keeps the type of what it refers to, anything else becomes
text; `$${` is a literal `${`. There is no logic and nothing of the machine's environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from agentgit.compile.shape import Leaf, Plain, Shape, child_shape
from agentgit.compile.tree import (
    ListNode,
    MapNode,
    Node,
    Scalar,
    ScalarValue,
    locate,
    location_at,
    pack,
    unpack,
    with_items,
)
from agentgit.compile.words import closest, list_names, must_be
from agentgit.errors import Location, Problem
from agentgit.model.value import Path

_TOKEN = re.compile(r"\$\$\{|\$\{(?P<name>[^{}]*)(?P<end>\}?)")
_SPANS = 1 << 20  # the width of a value of several lines
MAX_FILLED = 1 << 20  # characters that are put into one instance, so that no file can explode
MAX_TOLD = 10  # wrong references that are reported of one value
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\Z")


class Known(NamedTuple):
    """What a name stands for; `node` is where that is written, None for what agentgit knows."""

    value: ScalarValue
    raw: str
    node: Scalar | None = None


class Filling(NamedTuple):
    """A value with references: as it was written, and the values that were put in."""

    written: Node
    definitions: tuple[Scalar, ...]


Scope = Mapping[str, Known]
Fillings = dict[Path, Filling]


def has_reference(value: object) -> bool:
    """Whether a value is text that refers to something, or says that it does not."""
    return type(value) is str and "${" in value


def known_text(text: str) -> Known:
    """Know a name that agentgit gives."""
    return Known(text, text)


def known_node(node: Scalar) -> Known:
    """Know a value that is written somewhere."""
    return Known(node.value, node.raw, node)


def join_fillings(first: Mapping[Path, Filling], second: Mapping[Path, Filling]) -> Fillings:
    """Put together what was put in at first, by a set, and after the merge."""
    joined = {**first, **second}
    for path in first.keys() & second.keys():
        definitions = (*first[path].definitions, *second[path].definitions)
        joined[path] = Filling(first[path].written, definitions)
    return joined


def find_clean(node: Node, clean: set[int]) -> bool:
    """Gather the ids of all maps and lists below (and of this one) that have no reference."""
    if isinstance(node, Scalar):
        return not has_reference(node.value)
    below = node.items.values() if isinstance(node, MapNode) else node.items
    found = [find_clean(one, clean) for one in below]  # a list: every one is looked at
    is_clean = all(found)
    if is_clean:
        clean.add(id(node))
    return is_clean


class Filler:
    """Puts values in; `fillings` has every path where it did.

    `clean` are ids of nodes without a reference, which live as long as this does. A partial one
    knows the keys of an instance set: it leaves dotted names and `$${` to the complete one that
    comes after the merge.
    """

    def __init__(
        self,
        scope: Scope,
        report: Callable[[Problem], None],
        *,
        partial: bool = False,
        clean: Collection[int] = (),
    ) -> None:
        self.scope = scope
        self.clean = clean
        self.report = report
        self.partial = partial
        self.fillings: Fillings = {}
        self._room = MAX_FILLED
        self._told: set[str] = set()  # wrong references of the value that is being filled

    def fill_map(self, node: MapNode, shape: Shape | None, path: Path = ()) -> MapNode:
        """Fill everything below a map; what has no reference stays the same node."""
        changed: dict[str, Node] = {}
        for key, value in node.items.items():
            result = self.fill(value, child_shape(shape, key), (*path, key))
            if result is not value:
                changed[key] = result
        return with_items(node, changed)

    def fill(self, node: Node, shape: Shape | None, path: Path) -> Node:
        """Fill one value."""
        if id(node) in self.clean:
            return node
        if isinstance(node, MapNode):
            return self.fill_map(node, shape, path)
        if isinstance(node, ListNode):
            return self._fill_list(node, shape, path)
        if not isinstance(node.value, str) or "${" not in node.value:
            return node
        return self.fill_scalar(node, shape, path)

    def fill_scalar(self, node: Scalar, shape: Shape | None, path: Path) -> Scalar:
        """Fill a single value, which then must be what its place asks for."""
        text = str(node.value)
        self._told.clear()
        used: list[Known] = []
        token = _TOKEN.fullmatch(text)
        if token is not None and token["name"] is not None:
            known = self._look_up(node, token)
            if known is None:
                return node
            value, raw = self._escape(known.value), known.raw
            used.append(known)
        else:
            value = raw = self._fill_text(node, text, used)
        result = Scalar(node.file, node.at, value, raw, node.width)
        result.key_at, result.tag = node.key_at, node.tag
        if not self.partial or not has_reference(value):
            result = self._judge(result, node, shape, path, used)
        self._note(path, node, used)
        return result

    def _fill_list(self, node: ListNode, shape: Shape | None, path: Path) -> ListNode:
        inner = shape.item if isinstance(shape, Plain) else child_shape(shape, "")
        items = [self.fill(item, inner, path) for item in node.items]
        if all(new is old for new, old in zip(items, node.items, strict=True)):
            return node
        copy = ListNode(node.file, node.at)
        copy.items, copy.key_at, copy.tag = items, node.key_at, node.tag
        used = self.fillings[path].definitions if path in self.fillings else ()
        self.fillings[path] = Filling(node, used)
        return copy

    def _fill_text(self, node: Scalar, text: str, used: list[Known]) -> str:
        def put_in(token: re.Match[str]) -> str:
            if token["name"] is None:
                return token[0] if self.partial else "${"
            known = self._look_up(node, token)
            if known is None:
                return token[0]
            used.append(known)
            return str(self._escape(_as_text(known)))

        return _TOKEN.sub(put_in, text)

    def _look_up(self, node: Scalar, token: re.Match[str]) -> Known | None:
        """Find what a name stands for; None after reporting that there is no such name."""
        name = token["name"]
        if not token["end"]:
            hint = 'close it with "}", or write $${ for the text ${ itself'
            self._tell(node, token, "a reference that does not end", hint)
            return None
        known = self.scope.get(name)
        if known is None and self.partial and "." in name:
            return None
        if known is None:
            message, hint = self._explain_unknown(name, token[0])
            self._tell(node, token, message, f"{hint} (for the text itself write ${token[0]})")
            return None
        self._room -= len(known.raw)
        if self._room < 0:
            message = f"references put more than {MAX_FILLED} characters into one instance"
            self._tell(node, token, message, "put in less")
            return None
        return known

    def _tell(self, node: Scalar, token: re.Match[str], message: str, hint: str) -> None:
        """Report what is wrong with a reference: each once in a value, and not all of hundreds."""
        if token[0] not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(token[0])
            self.report(Problem(message, _place(node, token), hint))

    def _explain_unknown(self, name: str, written: str) -> tuple[str, str]:
        if not _NAME.match(name):
            return f"{written} is no reference", "known are such as ${environment.name}"
        if any(one.startswith(f"{name}.") for one in self.scope):
            return f"{name} is a map", "name one of its values"
        message = f"there is nothing called {name}"
        near = closest(name, self.scope)
        shown = list_names(self.scope) if len(self.scope) < 20 else f"{len(self.scope)} names"
        return message, f"did you mean {near}?" if near else f"known are {shown}"

    def _escape(self, value: ScalarValue) -> ScalarValue:
        """What comes from a matrix is text to the end: a reference in it is not followed."""
        return value.replace("${", "$${") if self.partial and isinstance(value, str) else value

    def _judge(
        self, result: Scalar, written: Scalar, shape: Shape | None, path: Path, used: list[Known]
    ) -> Scalar:
        """Check a value that was put in; a number where text is meant is taken as written."""
        if not isinstance(shape, Leaf):
            return result
        value = result.value
        if shape.text and isinstance(value, int | float) and not isinstance(value, bool):
            result.value = value = result.raw
        expected = shape.judge(value)
        if expected is not None:
            message = must_be(path[-1] if path else "the value", expected, result)
            also = tuple(
                (f"{known.raw} is here", locate(known.node)) for known in used if known.node
            )
            self.report(Problem(message, locate(written), None, also[:1]))
        return result

    def _note(self, path: Path, written: Node, used: list[Known]) -> None:
        before = self.fillings[path].definitions if path in self.fillings else ()
        nodes = tuple(known.node for known in used if known.node is not None)
        self.fillings[path] = Filling(written, (*before, *nodes))


def _as_text(known: Known) -> str:
    if isinstance(known.value, str):
        return known.value
    if isinstance(known.value, bool):
        return "true" if known.value else "false"
    return known.raw


def _place(node: Scalar, token: re.Match[str]) -> Location:
    """Find the reference in the file: in quotes, in a block of text, in an item of a list."""
    text = token[0]
    line, column = unpack(node.at)
    spans = node.width >= _SPANS
    number, start = line, column - 1
    while (shown := node.file.line(number)) is not None and (spans or number == line):
        while (found := shown.find(text, start)) >= 0:
            if shown[found - 1 : found] != "$":
                return location_at(node.file, pack(number - 1, found), len(text))
            start = found + len(text)
        number, start = number + 1, 0
    return locate(node)
