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
    """Records a merge, from the lowest layer to the highest.

    What goes on where another record ends, `over` it, copies of that what changes: so instances
    that share layers need no record of these each.
    """

    def __init__(self, over: Recorder | None = None) -> None:
        self._over = over
        self._said: dict[Path, list[Said]] = {}
        self._forgotten: dict[Path, list[Said]] = {}  # and perhaps not said again
        self._below: dict[Path, dict[Path, None]] = {}  # all paths ever said, by what they are in
        self._new: list[Path] = []  # paths that are not yet there

    def set(self, path: Path, node: Node) -> None:
        """A layer says a value."""
        self._change(path).append(Said("set", node))

    def remove(self, path: Path, by: Node | None) -> None:
        """What was said at and below a path is gone."""
        for known in self.find_below(path):
            said = self.find(known)
            if said and said[-1].kind == "set":
                self._change(known).append(Said("null" if by is not None else "rival", by))

    def forget(self, path: Path, kept: Collection[str]) -> None:
        """What was said below a path is about to be said again, but for some keys."""
        length = len(path)
        for known in self.find_below(path):
            said = self.find(known)
            if said and (len(known) == length or known[length] not in kept):
                self._forgotten[known] = said
                self._said.pop(known, None)

    def statements(self) -> Iterator[tuple[Path, list[Said]]]:
        """Give what was said of every path, lowest layer first; of `over` only what changed."""
        yield from self._said.items()

    def differs(self) -> frozenset[Path]:
        """Give the paths of which something else is said here than in `over`."""
        return frozenset((*self._said, *self._forgotten))

    def find(self, path: Path) -> list[Said] | None:
        """Give what was said of a path, as far as it was not forgotten."""
        said = self._said.get(path)
        if said is None and self._over is not None and path not in self._forgotten:
            return self._over.find(path)
        return said

    def find_below(self, path: Path) -> list[Path]:
        """List of what something was ever said, at and below a path."""
        for known in self._new:
            for length in range(1, len(known) + 1):
                self._below.setdefault(known[:length], {})[known] = None
        self._new.clear()
        under = self._over.find_below(path) if self._over is not None else []
        return list(dict.fromkeys([*under, *self._below.get(path, ())]))

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

    def _change(self, path: Path) -> list[Said]:
        said = self._said.get(path)
        if said is None:
            said = self._said[path] = list(self.find(path) or ())
            self._new.append(path)
        return said


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
