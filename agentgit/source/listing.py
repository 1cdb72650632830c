"""Git's own list of the files of the index as entries."""

from __future__ import annotations

import os

from agentgit.model.snapshot import Entry

_SUBMODULE = "160000"
_BLOB = len("100644 ")  # a mode always has six digits


def read_index(listing: bytes) -> tuple[dict[str, Entry], list[str]]:
    """Read `git ls-files -s -z`: the files, and where submodules are."""
    lines = os.fsdecode(listing).split("\0")[:-1]
    end = lines[0].index(" ", _BLOB) if lines else 0  # all blobs are of one kind
    path = end + len(" 0\t")
    files = {line[path:]: Entry(line[: _BLOB - 1], line[_BLOB:end]) for line in lines}
    return files, take_submodules(files)


def take_submodules(files: dict[str, Entry]) -> list[str]:
    """Take those entries out that are submodules; gives where they are."""
    submodules = [path for path, entry in files.items() if entry.mode == _SUBMODULE]
    for path in submodules:
        del files[path]
    return submodules
