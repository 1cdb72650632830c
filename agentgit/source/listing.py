"""Git's own list of the files of the index as entries."""

from __future__ import annotations

import os

from agentgit.model.snapshot import Entry

_SUBMODULE = "160000"


def read_index(listing: bytes) -> tuple[dict[str, Entry], list[str]]:
    """Read `git ls-files -s -z`: the files, and where submodules are."""
    files: dict[str, Entry] = {}
    for line in os.fsdecode(listing).split("\0")[:-1]:
        head, _, path = line.partition("\t")
        mode, blob, _stage = head.split(" ")
        files[path] = Entry(mode, blob)
    return files, take_submodules(files)


def take_submodules(files: dict[str, Entry]) -> list[str]:
    """Take those entries out that are submodules; gives where they are."""
    submodules = [path for path, entry in files.items() if entry.mode == _SUBMODULE]
    for path in submodules:
        del files[path]
    return submodules
