"""The instances of an `InstanceSet`: one for each choice of its matrix, or entry of its list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from agentgit.compile.envelope import Document
from agentgit.compile.interpolation import Filler, Fillings, known_node
from agentgit.compile.shape import Leaf, spec_shape
from agentgit.compile.tree import ListNode, MapNode, Node, Scalar, locate, locate_key
from agentgit.compile.words import list_names, show
from agentgit.errors import Location, Problem
from agentgit.model.value import Name

MAX_RENDERED = 10_000  # instances of one set
MAX_VALUES = 1 << 19  # of the template times instances, so that no file can explode
MAX_TEXT = 1 << 26  # characters of the template's values times instances
_NAME = Leaf(Name)
Choice = Mapping[str, Scalar]  # a value for each key
Report = Callable[[Problem], None]


class Rendered(NamedTuple):
    """One instance of a set: its name, its layer, and the values that it was made with."""

    name: str
    place: Node
    layer: MapNode
    labels: dict[str, str]
    fillings: Fillings


def render_set(document: Document, report: Report) -> tuple[Rendered, ...]:
    """Render every instance of a set; what is wrong is reported."""
    found: list[Problem] = []
    choices = tuple(_list_choices(document.spec, found.append))
    problem = _refuse_much(document.spec, len(choices))
    if problem is not None:
        found.append(problem)
    rendered = [] if found else [_render(document, choice, found.append) for choice in choices]
    _refuse_twins(rendered, choices, document.spec, found.append)
    for problem in dict.fromkeys(found):
        report(problem)
    return () if found else tuple(one for one in rendered if one is not None)


def _refuse_much(spec: MapNode, count: int) -> Problem | None:
    """Bound what a set renders: all of it is made anew for every instance."""
    values = characters = 0
    stack = [node for node in (spec.items.get("template"),) if node is not None]
    while stack:
        node = stack.pop()
        values += 1
        if isinstance(node, Scalar):
            characters += len(node.raw)
        else:
            stack += node.items.values() if isinstance(node, MapNode) else node.items
    if values * count <= MAX_VALUES and characters * count <= MAX_TEXT:
        return None
    message = f"{count} instances of a template with {values} values are too much"
    if values * count <= MAX_VALUES:
        message = f"{count} instances of a template of {characters} characters are too much"
    hint = "move what they share to the agent, or split the set"
    return Problem(message, locate(spec), hint)


def _list_choices(spec: MapNode, report: Report) -> Iterator[Choice]:
    matrix, entries = spec.items.get("matrix"), spec.items.get("list")
    for key in ("agent", "name"):
        if key not in spec.items:
            report(Problem(f"{key} is missing", locate(spec), f"write {key} in spec"))
    if isinstance(matrix, MapNode):
        yield from _multiply(matrix, report)
    elif isinstance(entries, ListNode):
        yield from _list_entries(entries, report)
    else:
        hint = "write matrix: {tenant: [a, b]} or list: [{tenant: a}]"
        report(Problem("a set needs a matrix or a list", locate(spec), hint))


def _multiply(matrix: MapNode, report: Report) -> Iterator[Choice]:
    columns: list[list[tuple[str, Scalar]]] = []
    for key, values in matrix.items.items():
        items = values.items if isinstance(values, ListNode) else ()
        columns.append([
            (key, item)
            for item in items
            if _is_fit(item, key, report) and isinstance(item, Scalar)
        ])  # fmt: skip
    count = prod(len(column) for column in columns)
    if count > MAX_RENDERED:
        _report_too_many(count, locate(matrix), report)
        return
    if columns:
        yield from (dict(choice) for choice in product(*columns))


def _list_entries(entries: ListNode, report: Report) -> Iterator[Choice]:
    if len(entries.items) > MAX_RENDERED:
        _report_too_many(len(entries.items), locate(entries), report)
        return
    keys: set[str] = set()
    for entry in entries.items:
        if not isinstance(entry, MapNode):
            continue
        if not entry.items:
            hint = "write such as {tenant: a}"
            report(Problem("an entry of a list needs a key", locate(entry), hint))
        keys = keys or set(entry.items)
        for key in sorted(keys.symmetric_difference(entry.items)):
            where = locate_key(entry.items[key], key) if key in entry.items else locate(entry)
            hint = f"the first entry has {list_names(keys)}"
            message = f"every entry of a list has the same keys, and {key} is not in all of them"
            report(Problem(message, where, hint))
        choice = {}
        for key, value in entry.items.items():
            if isinstance(value, Scalar) and _is_fit(value, key, report):
                choice[key] = value
            else:
                _is_fit(value, key, report)
        yield choice


def _report_too_many(count: int, where: Location, report: Report) -> None:
    message = f"a set may have {MAX_RENDERED} instances, this one has {count}"
    report(Problem(message, where, "split it"))


def _is_fit(node: Node, key: str, report: Report) -> bool:
    if isinstance(node, Scalar) and node.value is not None:
        return True
    message = f"a value of {key} must be text, a number, true or false, found {show(node)}"
    report(Problem(message, locate(node)))
    return False


def _render(document: Document, choice: Choice, report: Report) -> Rendered | None:
    spec = document.spec
    scope = {key: known_node(node) for key, node in choice.items()}
    pattern = spec.items.get("name")
    if not isinstance(pattern, Scalar):
        return None
    wrong: list[Problem] = []
    name = Filler(scope, wrong.append).fill_scalar(pattern, None, ("name",))
    for problem in wrong:
        report(problem)
    if wrong:
        return None
    place = _place(choice, pattern)
    expected = _NAME.judge(str(name.value))
    if expected is not None:
        message = f"the name {show(name)} must be {expected}"
        report(Problem(message, locate(place), None, (("made by", locate(pattern)),)))
        return None
    filler = Filler(scope, report, partial=True)
    template = spec.items.get("template")
    if not isinstance(template, MapNode):
        template = MapNode(spec.file, spec.at)
    layer = filler.fill_map(template, spec_shape("Agent"))
    labels = {key: _label(node) for key, node in choice.items()} | document.labels
    return Rendered(str(name.value), place, layer, labels, filler.fillings)


def _refuse_twins(
    rendered: Sequence[Rendered | None], choices: Sequence[Choice], spec: MapNode, report: Report
) -> None:
    """Report two choices of which the name makes one, each at a value that tells them apart."""
    first: dict[str, Choice] = {}
    for one, choice in zip(rendered, choices, strict=False):
        if one is None or first.setdefault(one.name, choice) is choice:
            continue
        other = first[one.name]
        key = next(key for key, node in choice.items() if other[key] is not node)
        message = f"the set makes two instances named {one.name}"
        hint = f"write ${{{key}}} into the name, or take one of the values out"
        name = spec.items.get("name")
        if isinstance(name, Scalar) and f"${{{key}}}" in name.raw:
            hint = "take one of the values out"
        also = (("the first of them", locate(other[key])),)
        report(Problem(message, locate(choice[key]), hint, also))


def _place(choice: Choice, pattern: Scalar) -> Node:
    """Where the values of a choice are written: at the first one that the name speaks of."""
    named = (node for key, node in choice.items() if f"${{{key}}}" in str(pattern.value))
    return next(named, pattern)


def _label(node: Scalar) -> str:
    return node.value if isinstance(node.value, str) else node.raw
