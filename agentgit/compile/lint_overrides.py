"""Which written values change nothing: equal to what they inherit, or overridden by everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agentgit.compile.lint_use import Place, place_of_node
from agentgit.compile.origins import Recorder, Said
from agentgit.compile.places import CATALOG
from agentgit.compile.tags import same_value
from agentgit.compile.tree import MapNode, Node, Scalar, locate, to_plain
from agentgit.compile.words import show
from agentgit.errors import Problem
from agentgit.model.finding import Finding
from agentgit.model.value import Path, dotted

_EXTENDING = frozenset({"!append", "!prepend", "!remove"})


@dataclass
class _Count:
    """In how many instances a value takes part, and in how many it changes nothing."""

    node: Node
    uses: int = 0
    equal: int = 0
    beaten: int = 0
    other: Node | None = None  # what it is equal to, or what beats it


class Overrides:
    """Counts what layers say: what instances share once for all of them, the rest one by one."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Place, Path], _Count] = {}

    def take(self, recorder: Recorder) -> None:
        """Add what one instance says beyond, or otherwise than, what it shares with others."""
        for path, said in recorder.statements():
            self._judge_all(path, said, 1)

    def take_shared(self, recorder: Recorder, uses: Callable[[Path], int]) -> None:
        """Add what instances share; `uses` tells in how many nothing else is said of a path."""
        for path, said in recorder.statements():
            if times := uses(path):
                self._judge_all(path, said, times)

    def findings(self) -> Iterator[Finding]:
        """Give every value that changes nothing in any instance.

        A definition of the catalog may be what nobody takes as it is: it is no layer of its own.
        """
        for (_, path), count in self._counts.items():
            if count.other is None:
                continue
            also = locate(count.other)
            if count.equal == count.uses:
                message = f"{dotted(path)} is {show(count.node)}, as in {also}"
                problem = Problem(message, locate(count.node), None, (("inherited", also),))
                yield Finding("dead-override", problem)
            elif count.beaten == count.uses and count.node.file.path != CATALOG:
                all_of = "the one instance" if count.uses == 1 else f"all {count.uses} instances"
                message = f"{dotted(path)} is overridden in {all_of} with this layer"
                problem = Problem(message, locate(count.node), None, (("overridden", also),))
                yield Finding("never-effective", problem)

    def _judge_all(self, path: Path, said: list[Said], times: int) -> None:
        for position, one in enumerate(said):
            if one.kind == "set" and one.node is not None:
                self._judge(path, said, position, one.node, times)

    def _judge(self, path: Path, said: list[Said], position: int, node: Node, times: int) -> None:
        count = self._counts.setdefault((place_of_node(node), path), _Count(node))
        count.uses += times
        below = said[position - 1] if position else None
        above = said[position + 1] if position + 1 < len(said) else None
        if node.tag is None and _equal(below, node):
            count.equal += times
            count.other = _first(count.other, below)
        elif above is not None and not _equal(above, node) and not _extends(above):
            count.beaten += times
            count.other = _first(count.other, above)


def _first(known: Node | None, said: Said | None) -> Node | None:
    """Choose one of several nodes, the same in whatever order instances come."""
    nodes = [one for one in (known, said.node if said else None) if one is not None]
    return min(nodes, key=place_of_node, default=None)


def _equal(one: Said | None, node: Node) -> bool:
    if one is None or one.kind != "set" or one.node is None:
        return False
    if isinstance(node, MapNode):  # an empty one, which may stand for a form of its own
        return False
    return same_value(to_plain(one.node), to_plain(node))


def _extends(one: Said) -> bool:
    return one.node is not None and not isinstance(one.node, Scalar) and (
        one.node.tag in _EXTENDING
    )  # fmt: skip
