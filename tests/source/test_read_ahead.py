"""A run that needs a few files asks git for those; one that reads them all gets many at a time."""

from __future__ import annotations

from collections.abc import ItemsView, Sequence
from hashlib import sha1

import pytest

from agentgit.effects import GitObject, GitResult
from agentgit.errors import GitError
from agentgit.model.snapshot import Entry
from agentgit.source.read_ahead import ReadAhead

PATHS = [
    "agentgit.yaml",
    *(f"environments/a/instances/i{number:03}.yaml" for number in range(300)),
]


def blob_of(path: str) -> str:
    return sha1(path.encode(), usedforsecurity=False).hexdigest()


FILES = {path: Entry("100644", blob_of(path)) for path in PATHS}


class CountingGit:
    """Implements `effects.Git` as far as blobs are read; keeps how many each question was for."""

    shallow = False

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def run(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> GitResult:
        raise AssertionError(arguments)

    def objects(self, names: Sequence[str]) -> tuple[GitObject | None, ...]:
        self.sizes.append(len(names))
        known = {blob_of(path): path.encode() for path in PATHS}
        return tuple(GitObject(name, "blob", known[name]) if name in known else None
                     for name in names)  # fmt: skip


def test_a_few_files_come_alone() -> None:
    git = CountingGit()
    blobs = ReadAhead(git, FILES)
    assert [blobs.read(blob_of(path)) for path in PATHS[:10]] == [p.encode() for p in PATHS[:10]]
    assert git.sizes == [1] * 10


def test_many_files_in_order_come_together() -> None:
    git = CountingGit()
    blobs = ReadAhead(git, FILES)
    assert [blobs.read(blob_of(path)) for path in PATHS] == [path.encode() for path in PATHS]
    assert len(git.sizes) < 30
    assert sum(git.sizes) == len(PATHS)


def test_a_missing_blob_is_an_error_when_it_is_asked_for() -> None:
    blobs = ReadAhead(CountingGit(), {**FILES, "z.yaml": Entry("100644", "0" * 40)})
    for path in PATHS:
        blobs.read(blob_of(path))
    with pytest.raises(GitError, match="0000000 is missing"):
        blobs.read("0" * 40)


class CountedFiles(dict[str, Entry]):
    """Files that count how often they are all gone through."""

    passes = 0

    def items(self) -> ItemsView[str, Entry]:
        self.passes += 1
        return super().items()


def test_files_that_do_not_follow_each_other_are_gone_through_once() -> None:
    paths = [path.replace(".yaml", ".py") for path in PATHS]
    files = CountedFiles({path: Entry("100644", blob_of(old))
                          for path, old in zip(paths, PATHS, strict=True)})  # fmt: skip
    blobs = ReadAhead(CountingGit(), files)
    assert [blobs.read(files[path].blob) for path in paths] == [path.encode() for path in PATHS]
    assert files.passes == 1
