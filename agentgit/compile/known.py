"""What an earlier run found out about instances, used again while their files stay the same.

A file whose instances compiled without a word is known by its content, under one digest of all
the files that it shares with others: the project, global/, the environments that its environment
extends, and every file or folder that a layer names. Files with problems or warnings are never
known, so that a run says everything that a first run would say.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agentgit.compile.places import PROJECT
from agentgit.compile.workspace import Workspace
from agentgit.effects import Cache
from agentgit.errors import Location
from agentgit.model.desired import Instance


class Known(NamedTuple):
    """One instance that compiled; `place` is where it is declared, for its twins."""

    name: str
    agent: str
    revision: str
    process_revision: str
    place: tuple[str, int, int, int, str | None]


class Memory:
    """The known files of one environment. `lineage` is the environment with all it extends."""

    def __init__(
        self, cache: Cache, workspace: Workspace, environment: str, lineage: Iterable[str]
    ) -> None:
        self._cache = cache
        self._workspace = workspace
        self._record = f"instances-{hashlib.sha256(_encode(environment)).hexdigest()[:16]}"
        self._lineage = tuple(lineage)
        self._named: set[str] = set()
        self._known: dict[str, tuple[str, str, tuple[Known, ...]]] = {}
        self._used: set[str] = set()
        self._learned = False
        self._load()

    def find(self, path: str) -> tuple[Known, ...] | None:
        """Give the instances of a file, when it and all that it shares are the same as then."""
        mode, blob, known = self._known.get(path, ("", "", ()))
        entry = self._workspace.snapshot.files[path]
        if entry.blob != blob or entry.mode != mode:
            return None
        self._used.add(path)
        return known

    def learn(
        self, path: str, instances: Sequence[Instance], places: Mapping[str, Location]
    ) -> None:
        """Remember a file of which every instance compiled without a word."""
        entry = self._workspace.snapshot.files[path]
        known = tuple(
            Known(
                one.name,
                one.agent,
                one.revision,
                one.process_revision,
                _plain(places[one.name]),
            )
            for one in instances
        )
        self._known[path] = (entry.mode, entry.blob, known)
        self._used.add(path)
        self._learned = True

    def save(self, named: Iterable[str]) -> None:
        """Keep what was found or learned. `named` are the paths that layers name."""
        if not self._learned and len(self._used) == len(self._known):
            return
        paths = sorted(self._named.union(named))
        known = [
            (path, mode, blob, [tuple(one) for one in instances])
            for path, (mode, blob, instances) in self._known.items()
            if path in self._used
        ]
        self._cache.write(self._record, marshal.dumps((self._digest(paths), paths, known)))

    def _load(self) -> None:
        data = self._cache.read(self._record)
        if data is None:
            return
        digest, paths, known = marshal.loads(data)  # noqa: S302 -- the cache has checked it
        if digest == self._digest(paths):
            self._named = set(paths)
            self._known = {
                path: (mode, blob, tuple(Known(*one) for one in instances))
                for path, mode, blob, instances in known
            }

    def _digest(self, named: Iterable[str]) -> bytes:
        """Digest all the files that the instances share."""
        total = hashlib.sha256(repr((self._lineage, self._workspace.snapshot.submodules)).encode())
        files = self._workspace.snapshot.files
        for path in (*self._list_shared(), *named):
            for each in (path, *self._workspace.below(path)):
                entry = files.get(each)
                if entry is not None:
                    text = f"{each}\0{entry.mode} {entry.blob}\0"
                    total.update(_encode(text))
            total.update(b"\0")
        return total.digest()

    def _list_shared(self) -> list[str]:
        """List the YAML files that may be layers of several instances."""
        below = self._workspace.below
        paths = [PROJECT, *(path for path in below("global") if _is_yaml(path))]
        for environment in self._lineage:
            folder = f"environments/{environment}"
            inside = f"{folder}/instances/"
            paths += [
                path for path in below(folder) if not path.startswith(inside) and _is_yaml(path)
            ]
        return paths


def _plain(place: Location) -> tuple[str, int, int, int, str | None]:
    return place.path, place.line, place.column, place.width, place.excerpt


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _encode(text: str) -> bytes:
    """Paths need not be UTF-8."""
    return text.encode("utf-8", "surrogateescape")
