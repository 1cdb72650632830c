"""The work tree as a snapshot: committed or not, without what Git ignores.

Git's index says which tracked files are unchanged; those keep their blob and are read from the
repository, so that line-end and other filters cannot make them look different from the commit,
and files that a sparse checkout leaves out are still there. The others are read from the disk.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from agentgit.effects import Git
from agentgit.errors import GitError
from agentgit.model.snapshot import Entry, Snapshot

_UNMERGED = {"DD", "AU", "UD", "UA", "DU", "AA", "UU"}
_SUBMODULE = "160000"
_CHUNK = 1 << 20


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


def read_worktree(git: Git, top: Path, root: str, read_blob: Callable[[str], bytes]) -> Snapshot:
    """Take the files below `root` as they are. Raises GitError."""
    folder = top / root
    status = [one for one in read_status(git, root) if one.on_disk]
    files = _read_index(git, root)
    digest = "sha256" if any(len(entry.blob) == 64 for entry in files.values()) else "sha1"
    for one in status:
        files.pop(one.path, None)
    on_disk = dict(_look(folder, (one.path for one in status), digest))
    files.update(on_disk)

    def read(path: str) -> bytes:
        entry = files[path]
        if path not in on_disk:
            return read_blob(entry.blob)
        data = _read_disk(folder / path)
        if _blob_id(data, digest) != entry.blob:
            raise GitError(f"{path} changed while it was read", hint="run it again")
        return data

    return Snapshot(None, {path: files[path] for path in sorted(files)}, read)


def _read_index(git: Git, root: str) -> dict[str, Entry]:
    asked = git.run("-C", root, "ls-files", "-s", "-z")
    if asked.code != 0:
        raise GitError(f"git cannot read its index: {asked.err.removeprefix('fatal: ')}")
    files = {}
    for line in asked.out.split(b"\0")[:-1]:
        head, _, path = line.partition(b"\t")
        mode, blob, _stage = head.decode("ascii").split(" ")
        if mode != _SUBMODULE:
            files[os.fsdecode(path)] = Entry(mode, blob)
    return files


def _look(folder: Path, paths: Iterable[str], digest: str) -> Iterable[tuple[str, Entry]]:
    for path in paths:
        try:
            mode = (folder / path).lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted
        if stat.S_ISLNK(mode):
            yield path, Entry("120000", _blob_id(_read_disk(folder / path), digest))
        elif stat.S_ISREG(mode):
            kind = "100755" if mode & stat.S_IXUSR else "100644"
            yield path, Entry(kind, _blob_id_of_file(folder / path, digest))


def _read_disk(path: Path) -> bytes:
    try:
        return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    except OSError as error:
        raise GitError(f"cannot read {path}: {error.strerror}") from error


def _blob_id(data: bytes, digest: str) -> str:
    return hashlib.new(digest, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _blob_id_of_file(path: Path, digest: str) -> str:
    """Compute the id Git would give the file, without holding a large file in memory."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            state = hashlib.new(digest, b"blob %d\0" % size, usedforsecurity=False)
            while chunk := file.read(_CHUNK):
                state.update(chunk)
    except OSError as error:
        raise GitError(f"cannot read {path}: {error.strerror}") from error
    return state.hexdigest()
