"""Who set, overrode or removed each value: the chains that `explain` and `plan` show."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from agentgit.compile.tree import MapNode, Node, origin_of, to_plain
from agentgit.model.origin import Chain, Chains, Setting
from agentgit.model.value import Path


class Said(NamedTuple):
    """One event of a path: a value, a removal by a null or a tag (`node`), or with a rival."""

    kind: str
    node: Node | None


class Recorder:
    """Records a merge, from the lowest layer to the highest."""

    def __init__(self) -> None:
        self._said: dict[Path, list[Said]] = {}
        self._forgotten: dict[Path, list[Said]] = {}  # and perhaps not said again

    def set(self, path: Path, node: Node) -> None:
        """A layer says a value."""
        self._said.setdefault(path, []).append(Said("set", node))

    def remove(self, path: Path, by: Node | None) -> None:
        """What was said at and below a path is gone."""
        for known, said in self._said.items():
            if known[: len(path)] == path and said[-1].kind == "set":
                said.append(Said("null" if by is not None else "rival", by))

    def forget(self, path: Path, kept: Collection[str]) -> None:
        """What was said below a path is about to be said again, but for some keys."""
        length = len(path)
        for known in [one for one in self._said if one[:length] == path]:
            if len(known) == length or known[length] not in kept:
                self._forgotten[known] = self._said.pop(known)

    def statements(self) -> Iterator[tuple[Path, list[Said]]]:
        """Give what was said of every path, lowest layer first."""
        yield from self._said.items()

    def chains(self, merged: MapNode) -> Chains:
        """Give the chain of every leaf of the merged tree."""
        chains: dict[Path, Chain] = {}
        for path, node in leaves(merged):
            said = self._said.get(path)
            if said is None or said[-1].kind != "set":  # a map that was emptied by null
                said = [Said("set", node)]
            chains[path] = _chain(said)
        return chains

    def removed(self, merged: MapNode) -> Chains:
        """Give the chains of values that some layer set and a higher one removed."""
        present = {path for path, _ in leaves(merged)}
        everything = {**self._forgotten, **self._said}
        gone = ((path, said) for path, said in everything.items() if path not in present)
        return {path: _chain(said) for path, said in gone if said[-1].kind != "set"}


def leaves(node: MapNode, path: Path = ()) -> list[tuple[Path, Node]]:
    """List the values of a tree that are no maps, and the maps that are empty."""
    found: list[tuple[Path, Node]] = []
    for key, value in node.items.items():
        below = (*path, key)
        if isinstance(value, MapNode) and value.items:
            found += leaves(value, below)
        else:
            found.append((below, value))
    return found


def _says_more(by: Node, later: list[Said]) -> bool:
    """Whether the layer that removed what was below, by `!replace`, sets the value itself."""
    return bool(later) and later[0].node is not None and later[0].node.file is by.file


def _chain(said: list[Said]) -> Chain:
    chain: list[Setting] = []
    for position in range(len(said) - 1, -1, -1):
        kind, node = said[position]
        if node is None:
            continue
        if kind == "null":
            if _says_more(node, said[position + 1 :]):
                continue
            chain.append(Setting(value=None, origin=origin_of(node), state="removed"))
            continue
        last = position == len(said) - 1
        rivalled = not last and said[position + 1].kind == "rival"
        state = "set" if last else "removed" if rivalled else "overridden"
        chain.append(
            Setting.model_validate(
                {"value": to_plain(node), "origin": origin_of(node), "state": state}
            )
        )
    return tuple(chain)
