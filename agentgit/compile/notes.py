"""What a merge finds on its way: problems, words that did nothing, and who set what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from agentgit.compile.tree import MapNode, Node, Scalar, locate_key
from agentgit.compile.words import did_you_mean
from agentgit.errors import Plain, Problem, flatten_problem, restore_problem
from agentgit.model.value import Path, dotted

MAX_GUESSES = 200


class Record(Protocol):
    """Hears what each layer says, from the lowest to the highest."""

    def set(self, path: Path, node: Node) -> None:
        """A layer says a value, a whole map of them where none was before."""

    def remove(self, path: Path, by: Node | None) -> None:
        """What was said at and below a path is gone: by null or a tag, or with its rival."""

    def forget(self, path: Path, kept: Collection[str]) -> None:
        """What was said below a path is about to be said again, but for some keys."""


class Notes:
    """What merging finds wrong. One `Notes` may serve many instances that share layers."""

    def __init__(self, record: Record | None = None) -> None:
        self.problems: list[Problem] = []
        self.record = record
        self.finals: list[tuple[Path, Node]] = []  # the locks of the layer that is being merged
        self.file: str | None = None  # whose instances are compiled; None for what they share
        self._elsewhere = 0
        self._guesses = 0
        self._acted: set[tuple[str, int]] = set()
        self._idle: dict[tuple[str, int], Problem] = {}

    def delete(self, node: Scalar, key: str, below: MapNode, path: Path) -> None:
        """Take note of a null, and whether there was something to remove."""
        if key in below.items:
            self.act(node)
        else:
            message = f"null removes {dotted((*path, key))}, which no lower layer sets"
            hint = self.guess(key, below.items) or "leave it out"
            self.idle(node, Problem(message, locate_key(node, key), hint))

    def act(self, node: Node) -> None:
        """A null or a tag has found what it changes, in this instance at least."""
        self._listen(node)
        self._acted.add((node.file.path, node.at))

    def idle(self, node: Node, warning: Problem) -> None:
        """A null or a tag has nothing to change: a warning, unless it has somewhere else."""
        self._listen(node)
        self._keep((node.file.path, node.at), warning)

    def guess(self, word: object, known: Iterable[str]) -> str | None:
        """Make a hint of the nearest name, while few were made: each costs, and few are read."""
        self._guesses += 1
        if self._guesses > MAX_GUESSES or not isinstance(word, str):
            return None
        return did_you_mean(word, known)

    def _listen(self, node: Node) -> None:
        """Count what the instances of one file say of others: every run must say it anew."""
        if self.file is not None and node.file.path != self.file:
            self._elsewhere += 1

    @property
    def count(self) -> int:
        """How many problems and possible warnings there are so far."""
        return len(self.problems) + len(self._idle) + self._elsewhere

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Every null and every tag that changed nothing wherever its layer took part, in order."""
        idle = sorted(self._idle.items(), key=lambda one: one[0])
        return tuple(problem for place, problem in idle if place not in self._acted)

    def flatten(self) -> Plain:
        """Take apart what was found, for a cache or another process."""
        idle = [(place, flatten_problem(one)) for place, one in self._idle.items()]
        return [flatten_problem(one) for one in self.problems], sorted(self._acted), idle

    def absorb(self, plain: Sequence[Any]) -> None:
        """Add what others found; the order in which that is done does not matter."""
        problems, acted, idle = plain
        self.problems += [restore_problem(one) for one in problems]
        self._acted.update(acted)
        for place, problem in idle:
            self._keep(place, restore_problem(problem))

    def _keep(self, place: tuple[str, int], warning: Problem) -> None:
        """Of several warnings about one place keep one, the same whichever came first."""
        known = self._idle.get(place)
        if known is None or _rank(warning) < _rank(known):
            self._idle[place] = warning


def _rank(problem: Problem) -> tuple[str, str]:
    return problem.message, problem.hint or ""
