"""The work tree as a snapshot: committed or not, without what Git ignores.

Git's index says which tracked files are unchanged; those keep their blob and are read from the
repository, so that line-end and other filters cannot make them look different from the commit,
and files that a sparse checkout leaves out are still there. The others are read from the disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from agentgit.effects import Git
from agentgit.errors import GitError
from agentgit.model.snapshot import Entry, Snapshot
from agentgit.source.read_ahead import ReadAhead
from agentgit.source.state import Look, blob_id, identify

_UNMERGED = {"DD", "AU", "UD", "UA", "DU", "AA", "UU"}
_SUBMODULE = "160000"
_ENTRY = re.compile(r"(\d+) ([0-9a-f]+) \d\t([^\0]+)\0")


@dataclass(frozen=True, slots=True)
class Status:
    """One path that differs from the last commit; `on_disk` when it differs from the index."""

    path: str
    on_disk: bool


def read_status(git: Git, root: str) -> tuple[Status, ...]:
    """List the paths below `root` with uncommitted changes, sorted; untracked ones count."""
    asked = git.run(
        *("-C", root, "status", "--porcelain=v1", "-z", "--untracked-files=all"),
        *("--no-renames", "--ignore-submodules=all", "--", "."),
    )
    if asked.code != 0:
        raise GitError(f"git cannot look at the work tree: {asked.err.removeprefix('fatal: ')}")
    prefix = f"{root}/" if root else ""
    entries = [os.fsdecode(raw) for raw in asked.out.split(b"\0") if raw]
    return tuple(
        Status(path.removeprefix(prefix), code[1] != " " or code in _UNMERGED)
        for path, code in sorted((entry[3:], entry[:2]) for entry in entries)
    )


def read_worktree(git: Git, top: Path, root: str, look: Look | None = None) -> Snapshot:
    """Take the files below `root` as they are, or as they were seen. Raises GitError."""
    folder = top / root
    return _snapshot_of(git, folder, look or _look_again(git, folder, root))


def _look_again(git: Git, folder: Path, root: str) -> Look:
    status = [one for one in read_status(git, root) if one.on_disk]
    listing = _list_index(git, root)
    digest = "sha256" if any(len(blob) == 64 for _, _, blob in _entries(listing)) else "sha1"
    try:
        changed = [(one.path, *identify(str(folder), one.path, digest)) for one in status]
    except OSError as error:
        raise GitError(f"cannot read {error.filename}: {error.strerror}") from error
    return Look(listing, tuple(changed))


def _snapshot_of(git: Git, folder: Path, look: Look) -> Snapshot:
    """Make a snapshot of what was seen; a file that changes later is an error when it is read."""
    files = {path: Entry(mode, blob) for path, mode, blob in _entries(look.listing)}
    modules = [path for path, entry in files.items() if entry.mode == _SUBMODULE]
    for path in modules:
        del files[path]
    # Git shows a repository inside of this one as one untracked folder.
    modules += [path.removesuffix("/") for path, _, _ in look.changed if path.endswith("/")]
    lengths = {len(entry.blob) for entry in islice(files.values(), 1)}  # all are of one kind
    digest = "sha256" if lengths == {64} else "sha1"
    for path, _, _ in look.changed:
        files.pop(path, None)
    on_disk = {path: Entry(mode, blob) for path, mode, blob in look.changed if mode}
    files.update(on_disk)
    blobs = ReadAhead(git, files)

    def read(path: str) -> bytes:
        entry = files[path]
        if path not in on_disk:
            return blobs.read(entry.blob)
        data = _read_disk(folder / path)
        if blob_id(data, digest) != entry.blob:
            raise GitError(f"{path} changed while it was read", hint="run it again")
        return data

    return Snapshot(None, {path: files[path] for path in sorted(files)}, read, tuple(modules))


def _list_index(git: Git, root: str) -> bytes:
    asked = git.run("-C", root, "ls-files", "-s", "-z")
    if asked.code != 0:
        raise GitError(f"git cannot read its index: {asked.err.removeprefix('fatal: ')}")
    return asked.out


def _entries(listing: bytes) -> Iterator[tuple[str, str, str]]:
    """Give path, mode and blob of each entry of `git ls-files -s -z`."""
    for mode, blob, path in _ENTRY.findall(os.fsdecode(listing)):
        yield path, mode, blob


def _read_disk(path: Path) -> bytes:
    try:
        return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    except OSError as error:
        raise GitError(f"cannot read {path}: {error.strerror}") from error
