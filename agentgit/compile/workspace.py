"""What one compile has read so far: every file is parsed and checked once, problems together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from agentgit.compile.envelope import Document, check_document
from agentgit.compile.image_lock import ImageLock, read_image_lock
from agentgit.compile.notes import Notes
from agentgit.compile.parse import parse_file
from agentgit.compile.places import MANY, Place, place_of
from agentgit.compile.tree import Node, SourceFile, locate, locate_key, location_at
from agentgit.errors import ConfigError, Location, Problem
from agentgit.model.snapshot import Snapshot

MAX_PROBLEMS = 50
LINK = "120000"  # Git's mode of a symbolic link


class Workspace:
    """The files of a snapshot as far as they were asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.paths: tuple[str, ...] = tuple(sorted(snapshot.files))
        self.notes = Notes()
        self._problems: list[Problem] = []
        self._documents: dict[str, tuple[Document, ...]] = {}
        self._failed: set[str] = set()
        self._answered: set[str] = set()
        self._image_lock: ImageLock | None = None

    def report(self, problem: Problem) -> None:
        """Take a problem; the compile goes on to find others."""
        self._problems.append(problem)

    @property
    def count(self) -> int:
        """How many problems were reported so far."""
        return len(self._problems)

    @property
    def image_lock(self) -> ImageLock:
        """The digests of images; what is wrong with them is reported once."""
        if self._image_lock is None:
            self._image_lock = read_image_lock(self.snapshot, self.report)
        return self._image_lock

    def exists(self, path: str) -> bool:
        """Whether the snapshot has this file."""
        return path in self.snapshot.files

    def below(self, folder: str) -> tuple[str, ...]:
        """List all files below a folder, sorted."""
        start = bisect_left(self.paths, f"{folder}/")
        return self.paths[start : bisect_left(self.paths, f"{folder}0", start)]  # 0 follows /

    def document(self, path: str) -> Document | None:
        """Give the one document of a file; None when it is missing or wrong (`failed` tells)."""
        documents = self.documents(path)
        return documents[0] if documents else None

    def failed(self, path: str) -> bool:
        """Whether something was wrong with a file that was read."""
        return path in self._failed

    def documents(self, path: str) -> tuple[Document, ...]:
        """Give the documents of a file; none when it is missing or wrong."""
        known = self._documents.get(path)
        if known is None:
            known = self._documents[path] = self._read(path) if self.exists(path) else ()
        return known

    def was_read(self, path: str) -> bool:
        """Whether a file was checked already, in this run or in one whose answer holds."""
        return path in self._documents or path in self._answered

    def take_as_read(self, paths: Iterable[str]) -> None:
        """Take files as checked: by another process, or in a run whose answer holds."""
        self._answered.update(paths)

    def read_paths(self) -> list[str]:
        """List the files that were read and that others may share; released ones are nobody's."""
        return sorted(path for path, documents in self._documents.items() if documents)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was reported so far, without what merging found."""
        return tuple(self._problems)

    def count_remarks(self) -> int:
        """Count what was said so far: problems, and what may become warnings."""
        return len(self._problems) + self.notes.count

    def release(self, path: str) -> None:
        """Forget the documents of a file; it stays checked and is not read again."""
        self._documents[path] = ()

    def raise_problems(self) -> None:
        """Raise everything that was reported, in order of place and without repetitions."""
        problems = sorted(dict.fromkeys((*self._problems, *self.notes.problems)), key=_order)
        if not problems:
            return
        if len(problems) > MAX_PROBLEMS:
            rest = Problem(f"and {len(problems) - MAX_PROBLEMS} more problems")
            problems = [*problems[:MAX_PROBLEMS], rest]
        raise ConfigError.of(tuple(problems))

    def _read(self, path: str) -> tuple[Document, ...]:
        count = len(self._problems)
        place = place_of(path)
        documents = () if place is None else self._check(path, place)
        if len(self._problems) == count:
            return documents
        self._failed.add(path)
        return ()

    def _check(self, path: str, place: Place) -> tuple[Document, ...]:
        if self.snapshot.files[path].mode == LINK:
            hint = "put the file itself here"
            self.report(Problem("links are not followed", Location(path), hint))
            return ()
        parsed = parse_file(path, self.snapshot.read(path), place.layer)
        for problem in parsed.problems:
            self.report(problem)
        roots = parsed.documents
        if not roots and not parsed.problems:
            self.report(_empty(parsed.file, place))
        if place.kind not in MANY and len(roots) > 1:
            message = f"a file of kind {place.kind} holds one document"
            self.report(Problem(message, locate(roots[1]), "move the others to their own files"))
        found = [check_document(root, place, self.report) for root in roots]
        documents = tuple(document for document in found if document is not None)
        if place.kind in MANY:
            self._refuse_twins(documents)
        return documents

    def _refuse_twins(self, documents: tuple[Document, ...]) -> None:
        names: dict[str, Node] = {}
        for document in documents:
            metadata = document.root.items["metadata"]
            first = names.setdefault(document.name, metadata)
            if first is not metadata:
                message = f"{document.kind} {document.name} is defined twice"
                also = (("first here", locate_key(first, "metadata")),)
                where = locate_key(metadata, "metadata")
                self.report(Problem(message, where, "keep one of them", also))


def _empty(file: SourceFile, place: Place) -> Problem:
    hint = f"begin with kind: {place.kind}"
    return Problem("the file is empty", location_at(file, 0), hint)


def _order(problem: Problem) -> tuple[str, int, int, str, str, str]:
    place = problem.location
    if place is None:
        return ("", 0, 0, problem.message, problem.hint or "", "")
    rest = (problem.message, problem.hint or "", repr(problem.also))
    return (place.path, place.line, place.column, *rest)
