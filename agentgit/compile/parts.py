"""A project compiled in parts, side by side, with the result that one process would have.

A part is some files of instances, in order. What is said about each file depends on it and on the
layers it shares with others, never on other parts, but for one thing: which of two instances of
one name comes first. Whoever joins parts finds such twins, and compiles them all by itself.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from agentgit.compile.fleet import Fleet
from agentgit.compile.known import Known
from agentgit.compile.notes import Notes
from agentgit.compile.references import References
from agentgit.compile.workspace import Workspace
from agentgit.effects import Spread
from agentgit.errors import flatten_location, flatten_problem, restore_problem
from agentgit.model.snapshot import Snapshot

Task = tuple[str, str]  # an environment, and a file of its instances


class FileResult(NamedTuple):
    """What a file declares, and whether there is nothing to say about it."""

    known: tuple[Known, ...]
    silent: bool


class Parts:
    """The parts that others compile. `find` and `absorb` wait for them."""

    def __init__(self, snapshot: Snapshot, tasks: Sequence[Task], spread: Spread | None) -> None:
        self._spread = spread
        self._running: list[tuple[frozenset[str], Callable[[], bytes | None]]] = []
        self._where: dict[str, int] = {}
        self._results: dict[int, dict[str, FileResult]] = {}
        self._notes: dict[str, list[Any]] = {}
        self._said: list[Any] = []
        self._named: set[str] = set()
        self._read: set[str] = set()
        count = 1 if spread is None else min(spread.size, len(tasks) // spread.least)
        if spread is not None and count > 1:
            cuts = [len(tasks) * number // count for number in range(1, count + 1)]
            for begin, end in pairwise(cuts):
                self._begin(snapshot, spread, tasks[begin:end])

    def close(self) -> None:
        """End what still works."""
        if self._spread is not None:
            self._spread.close()

    def find(self, path: str) -> FileResult | None:
        """Give what another process found out about a file; None for one left to the caller."""
        number = self._where.get(path)
        if number is None:
            return None
        if number not in self._results:
            self._take(number)
        return self._results[number].get(path)

    def absorb(self, workspace: Workspace, references: References) -> None:
        """Put what the others said and read so far into a workspace."""
        for plain in self._said:
            workspace.report(restore_problem(plain))
        self._said.clear()
        workspace.take_as_read(self._read)
        references.named |= self._named

    def notes(self, environment: str) -> list[Any]:
        """Give what merging found in the others' files of an environment."""
        return self._notes.pop(environment, [])

    def _begin(self, snapshot: Snapshot, spread: Spread, tasks: Sequence[Task]) -> None:
        for _, path in tasks:
            self._where[path] = len(self._running)
        work = partial(check_part, snapshot, tasks)
        self._running.append((frozenset(path for _, path in tasks), spread.begin(work)))

    def _take(self, number: int) -> None:
        self._results[number] = {}
        data = self._running[number][1]()
        if data is None:
            return
        files, notes, problems, named, read = marshal.loads(data)  # noqa: S302 -- from a copy of us
        for path, known, silent in files:
            everyone = tuple(Known(*one) for one in known)
            self._results[number][path] = FileResult(everyone, silent)
        for environment, plain in notes:
            self._notes.setdefault(environment, []).append(plain)
        self._said += problems
        self._named.update(named)
        self._read.update(read)


def check_part(snapshot: Snapshot, tasks: Sequence[Task]) -> bytes:
    """Check some files; give all that is to be said about them, in a form that can be sent."""
    workspace = Workspace(snapshot)
    references = References(workspace)
    files, notes = [], []
    for environment, group in groupby(tasks, key=lambda task: task[0]):
        workspace.notes = Notes()
        fleet = Fleet(workspace, environment, references)
        for _, path in group:
            fleet.declared.clear()  # twins are for those to find who see all files
            known, silent = check_file(fleet, path)
            if not silent:
                places = fleet.declared.items()
                known = tuple(Known(name, "", flatten_location(at)) for name, at in places)
            files.append((path, [tuple(one) for one in known], silent))
        notes.append((environment, workspace.notes.flatten()))
    problems = [flatten_problem(one) for one in workspace.problems]
    named, read = sorted(references.named), workspace.read_paths()
    return marshal.dumps((files, notes, problems, named, read))


def check_file(fleet: Fleet, path: str) -> FileResult:
    """Check what a file declares; its instances are known where there is nothing to say."""
    workspace = fleet.workspace
    workspace.notes.file = path
    before = workspace.count_remarks()
    good = fleet.check_file(path)
    if not good or workspace.count_remarks() != before:
        return FileResult((), silent=False)
    places = fleet.declared
    known = [
        Known(name, agent, flatten_location(places[name]), count) for name, agent, count in good
    ]
    return FileResult(tuple(known), silent=True)
