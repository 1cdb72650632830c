"""What an earlier run found out, used again while the files that it came from stay the same.

A file whose instances compiled without a word is known by its content, under one digest of all
the files that it shares with others: the project, the lock file, global/, the environments that
its environment extends, and every file or folder that a layer names. Files with problems or
warnings are never known, so that a run says everything that a first run would say. Where all files
of an environment are known, so is what its shared layers had to say, and nothing of it is looked
at again.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterable
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from agentgit.compile.places import LOCK, PROJECT
from agentgit.compile.roster import instance_files
from agentgit.compile.workspace import Workspace
from agentgit.effects import Cache
from agentgit.errors import Plain


class Known(NamedTuple):
    """One instance that compiled; `place` is where it is declared, for its twins."""

    name: str
    agent: str
    place: Plain
    replicas: int = 0


class Answer(NamedTuple):
    """What there was to say about a whole environment: `notes` of its shared layers.

    `read` are the files that were read for it, besides those of the instances.
    """

    lineage: tuple[str, ...]
    named: tuple[str, ...]
    shared: bytes
    listing: bytes  # empty where not all files of instances were known
    read: tuple[str, ...]
    notes: Plain


_NOTHING = Answer((), (), b"", b"", (), ())


class Memory:
    """The known files of one environment; without a cache there are none."""

    def __init__(
        self, cache: Cache | None, workspace: Workspace, environment: str, *, whole: bool = True
    ) -> None:
        """Load what is known; where that is not `whole`, always file by file."""
        self.environment = environment
        self.below = workspace.below(f"environments/{environment}/instances")
        self._cache = cache
        self._workspace = workspace
        self._record = hashlib.sha256(_encode(environment)).hexdigest()[:16]
        self._known: dict[str, tuple[str, str, tuple[Any, ...]]] = {}
        self._used: set[str] = set()
        self._learned = False
        self._before = self._load(whole=whole)

    @property
    def answer(self) -> Answer | None:
        """What was said about this very environment, if nothing of it has changed."""
        return self._before if self._before.listing else None

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The files in which instances are declared."""
        return instance_files(self._workspace, self.environment)

    def find(self, path: str) -> tuple[Known, ...] | None:
        """Give the instances of a file, when it and all that it shares are the same as then."""
        if not self._is_known(path):
            return None
        self._used.add(path)
        return tuple([Known(*one) for one in self._known[path][2]])

    def list_unknown(self) -> tuple[str, ...]:
        """List the files that have to be compiled."""
        if self.answer is not None:
            return ()
        return tuple(path for path in self.files if not self._is_known(path))

    def list_known(self) -> dict[str, tuple[Known, ...]]:
        """Give the instances of every known file."""
        return {
            path: tuple(Known(*one) for one in self._known[path][2])
            for path in self.files
            if self._is_known(path)
        }

    def learn(self, path: str, known: Iterable[Known]) -> None:
        """Remember a file of which every instance compiled without a word."""
        entry = self._workspace.snapshot.files[path]
        self._known[path] = (entry.mode, entry.blob, tuple(tuple(one) for one in known))
        self._used.add(path)
        self._learned = True

    def save(self, lineage: tuple[str, ...], named: Iterable[str], notes: Plain | None) -> None:
        """Keep what was found or learned. `named` are the paths that layers name.

        `notes` is what the shared layers had to say, None after a problem anywhere.
        """
        whole = notes is not None and len(self._used) == len(self.files)
        if self._cache is None or not (self._used or whole):
            return
        names = tuple(sorted({*self._before.named, *named}))
        shared = self._digest(lineage, names)
        read = filter(self._workspace.was_read, self._list_shared(lineage)) if whole else ()
        listing = self._digest_files() if whole else b""
        answer = Answer(lineage, names, shared, listing, tuple(read), notes or () if whole else ())
        if answer != self._before:
            self._cache.write(f"environment-{self._record}", marshal.dumps((*answer,)))
        if self._learned or len(self._used) != len(self._known) or shared != self._before.shared:
            known = {path: self._known[path] for path in sorted(self._used)}
            self._cache.write(f"instances-{self._record}", marshal.dumps((shared, known)))

    def _load(self, *, whole: bool) -> Answer:
        """Read what is known, as far as it still holds."""
        data = None if self._cache is None else self._cache.read(f"environment-{self._record}")
        if self._cache is None or data is None:
            return _NOTHING
        before = Answer(*marshal.loads(data))  # noqa: S302 -- the cache has checked it
        if before.shared != self._digest(before.lineage, before.named):
            return _NOTHING
        if whole and before.listing and before.listing == self._digest_files():
            return before
        data = self._cache.read(f"instances-{self._record}")
        if data is not None:
            shared, known = marshal.loads(data)  # noqa: S302 -- the same
            if shared == before.shared:
                self._known = known
        return before._replace(listing=b"")

    def _is_known(self, path: str) -> bool:
        mode, blob, _ = self._known.get(path, ("", "", ()))
        return self._workspace.snapshot.files[path] == (mode, blob)

    def _digest(self, lineage: tuple[str, ...], named: Iterable[str]) -> bytes:
        """Digest all the files that the instances share."""
        total = hashlib.sha256(repr((lineage, self._workspace.snapshot.submodules)).encode())
        files = self._workspace.snapshot.files
        for path in (*self._list_shared(lineage), *named):
            lines = [path]
            for each in (path, *self._workspace.below(path)):
                entry = files.get(each)
                if entry is not None:
                    lines.append(f"{each}\0{entry.mode} {entry.blob}")
            total.update(_encode("\0".join([*lines, "\0"])))
        return total.digest()

    def _digest_files(self) -> bytes:
        """Digest the files of the instances themselves."""
        entries = map(self._workspace.snapshot.files.__getitem__, self.below)
        words = chain(self.below, chain.from_iterable(entries))
        return hashlib.sha256(_encode("\0".join(words))).digest()

    def _list_shared(self, lineage: tuple[str, ...]) -> list[str]:
        """List the YAML files that may be layers of several instances."""
        below = self._workspace.below
        paths = [PROJECT, LOCK, *(path for path in below("global") if _is_yaml(path))]
        for environment in lineage:
            folder = f"environments/{environment}"
            inside = f"{folder}/instances/"
            paths += [
                path for path in below(folder) if not path.startswith(inside) and _is_yaml(path)
            ]
        return paths


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _encode(text: str) -> bytes:
    """Paths need not be UTF-8."""
    return text.encode("utf-8", "surrogateescape")
