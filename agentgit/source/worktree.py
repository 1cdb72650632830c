"""The work tree as a snapshot: committed or not, without what Git ignores.

Git's index says which tracked files are unchanged; those keep their blob and are read from the
repository, so that line-end and other filters cannot make them look different from the commit,
and files that a sparse checkout leaves out are still there. The others are read from the disk.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from agentgit.effects import Git
from agentgit.errors import GitError
from agentgit.model.snapshot import Entry, Snapshot
from agentgit.source.listing import read_index
from agentgit.source.read_ahead import ReadAhead
from agentgit.source.state import Look, blob_id, digest_of, identify

_UNMERGED = {"DD", "AU", "UD", "UA", "DU", "AA", "UU"}


class Status(NamedTuple):
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
    digest = digest_of(listing)
    try:
        changed = [(one.path, *identify(str(folder), one.path, digest)) for one in status]
    except OSError as error:
        raise GitError(f"cannot read {error.filename}: {error.strerror}") from error
    return Look(listing, tuple(changed))


def _snapshot_of(git: Git, folder: Path, look: Look) -> Snapshot:
    """Make a snapshot of what was seen; a file that changes later is an error when it is read."""
    files, modules = read_index(look.listing)
    # Git shows a repository inside of this one as one untracked folder.
    modules += [path.removesuffix("/") for path, _, _ in look.changed if path.endswith("/")]
    digest = digest_of(look.listing)
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


def _read_disk(path: Path) -> bytes:
    try:
        return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    except OSError as error:
        raise GitError(f"cannot read {path}: {error.strerror}") from error
