"""Which written values change nothing: equal to what they inherit, or overridden by everybody."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Counts what layers say, one instance after the other."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Place, Path], _Count] = {}

    def take(self, recorder: Recorder) -> None:
        """Add the record of one instance's merge."""
        for path, said in recorder.statements():
            for position, one in enumerate(said):
                if one.kind == "set" and one.node is not None:
                    self._judge(path, said, position, one.node)

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

    def _judge(self, path: Path, said: list[Said], position: int, node: Node) -> None:
        count = self._counts.setdefault((place_of_node(node), path), _Count(node))
        count.uses += 1
        below = said[position - 1] if position else None
        above = said[position + 1] if position + 1 < len(said) else None
        if node.tag is None and _equal(below, node):
            count.equal += 1
            count.other = below.node if below is not None else None
        elif above is not None and not _equal(above, node) and not _extends(above):
            count.beaten += 1
            count.other = count.other or above.node


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
