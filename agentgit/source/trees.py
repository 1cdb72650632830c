"""Lists the files of a commit from its tree objects: no process of git for each list."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from agentgit.effects import Git, GitObject
from agentgit.errors import GitError
from agentgit.model.snapshot import Entry

_FOLDER = "040000"
_ENTRY = {
    size: re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % size, re.DOTALL)
    for size in (20, 32)  # bytes of an id: SHA-1, SHA-256
}


def list_files(git: Git, sha: str, folder: str) -> dict[str, Entry] | None:
    """Give all files below a folder by path, in git's order; None where there is no such folder.

    A submodule is an entry like a file. Raises GitError for a tree that is missing.
    """
    top = _find_tree(git, sha, folder)
    if top is None:
        return None
    found: dict[bytes, Entry] = {}
    level = {b"": top}
    while level:
        folders: dict[bytes, str] = {}
        for above, tree in level.items():
            for name, entry in _read_tree(tree):
                if entry.mode == _FOLDER:
                    folders[above + name + b"/"] = entry.blob
                else:
                    found[above + name] = entry
        trees = git.objects(list(folders.values()))
        level = {path: _need(tree) for path, tree in zip(folders, trees, strict=True)}
    return {os.fsdecode(path): found[path] for path in sorted(found)}


def _find_tree(git: Git, sha: str, folder: str) -> GitObject | None:
    """Find a folder from the top, by the ids of its parts.

    Git answers the same to the path of a folder that the commit does not have and of one that the
    clone has lost, and cannot be asked for a path with a line end.
    """
    (found,) = git.objects([f"{sha}^{{tree}}"])
    tree = _need(found)
    for name in os.fsencode(folder).split(b"/") if folder else ():
        entry = dict(_read_tree(tree)).get(name)
        if entry is None or entry.mode != _FOLDER:
            return None
        (found,) = git.objects([entry.blob])
        tree = _need(found)
    return tree


def _read_tree(tree: GitObject) -> Iterator[tuple[bytes, Entry]]:
    for mode, name, id_ in _ENTRY[len(tree.id) // 2].findall(tree.data):
        yield name, Entry(mode.decode().zfill(6), id_.hex())


def _need(tree: GitObject | None) -> GitObject:
    if tree is None:
        raise GitError(
            "a folder of the commit is missing in this clone",
            hint="git fetch brings it when the clone is partial; else git fsck",
        )
    return tree
