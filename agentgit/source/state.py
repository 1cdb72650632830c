"""Looks at a work tree quickly and names what it found: all that a run without changes needs.

It imports neither the model nor GitPython and asks git two questions at the same time. It is for
the plain case, a work tree that no variable redirects; for any other the caller goes the long way.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from contextlib import suppress
from typing import NamedTuple

_PROJECT = "agentgit.yaml"
_LIST = ("ls-files", "-s", "-z")
_STATUS = (
    *("status", "--porcelain=v1", "-z", "--untracked-files=all"),
    *("--no-renames", "--ignore-submodules=all"),
)
_UNMERGED = frozenset({b"DD", b"AU", b"UD", b"UA", b"DU", b"AA", b"UU"})
_CHUNK = 1 << 20
_PIPE = 1 << 20  # room for the answer about ten thousand files
_REDIRECTS = ("_DIR", "_TREE", "_FILE", "_PREFIX", "_NAMESPACE", "_CONFIG", "_PATH", "_DIRECTORY")


class Place(NamedTuple):
    """A project in a work tree: the top, the project below it, the repository itself."""

    top: str
    root: str
    git_dir: str


Looking = tuple[tuple[int, int] | None, ...]  # child and pipe of each question to git


class Look(NamedTuple):
    """A work tree as it was: git's list of its index, and what differs from that on the disk.

    `changed` has path, mode and blob id of each such file; mode and id are empty for one that is
    gone.
    """

    listing: bytes
    changed: tuple[tuple[str, str, str], ...]

    @property
    def name(self) -> str:
        """Digest all paths, modes and contents: equal states have equal names."""
        total = hashlib.sha256(self.listing)
        total.update(os.fsencode("".join(f"{'  '.join(one)}\0" for one in self.changed)))
        return total.hexdigest()


def find_place(folder: str) -> Place | None:
    """Find the project a folder belongs to, None where git itself had better be asked."""
    if any(name.startswith("GIT_") and name.endswith(_REDIRECTS) for name in os.environ):
        return None
    here = os.path.realpath(folder)
    project = None
    while True:
        if project is None and os.path.isfile(os.path.join(here, _PROJECT)):
            project = here
        if os.path.exists(os.path.join(here, ".git")):
            break
        if here == os.path.dirname(here):
            return None
        here = os.path.dirname(here)
    git_dir = _follow(here)
    if project is None or git_dir is None:
        return None
    root = os.path.relpath(project, here)
    return Place(here, "" if root == "." else root, git_dir)


def start_looking(place: Place) -> Looking:
    """Ask git; it works while something else is done."""
    folder = os.path.join(place.top, place.root)
    below = ("--", ".") if place.root else ()  # without it, git is quicker
    return _start(folder, (*_STATUS, *below)), _start(folder, _LIST)


def finish_looking(place: Place, looking: Looking) -> Look | None:
    """Take git's answers."""
    folder = os.path.join(place.top, place.root)
    status, listing = (_finish(one) for one in looking)
    if listing is None or status is None:
        return None
    prefix = os.fsencode(f"{place.root}/" if place.root else "")
    entries = [entry for entry in status.split(b"\0") if entry]
    on_disk = sorted(
        os.fsdecode(entry[3:].removeprefix(prefix))
        for entry in entries
        if entry[1:2] != b" " or entry[:2] in _UNMERGED
    )
    digest = digest_of(listing)
    try:
        return Look(listing, tuple((path, *identify(folder, path, digest)) for path in on_disk))
    except OSError:
        return None


def digest_of(listing: bytes) -> str:
    """Say how a repository names its blobs, given the list of its index."""
    blob = listing[:128].partition(b" ")[2].partition(b" ")[0]
    return "sha256" if len(blob) == 64 else "sha1"


def identify(folder: str, path: str, digest: str) -> tuple[str, str]:
    """Give the mode and the blob id that git would give a file; empty where there is none."""
    full = os.path.join(folder, path)
    try:
        mode = os.lstat(full).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "", ""
    if stat.S_ISLNK(mode):
        return "120000", blob_id(os.fsencode(os.readlink(full)), digest)
    if not stat.S_ISREG(mode):
        return "", ""
    with open(full, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        state = hashlib.new(digest, b"blob %d\0" % size, usedforsecurity=False)
        while chunk := file.read(_CHUNK):
            state.update(chunk)
    return "100755" if mode & stat.S_IXUSR else "100644", state.hexdigest()


def blob_id(data: bytes, digest: str) -> str:
    """Give the id that git would give these bytes."""
    return hashlib.new(digest, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _follow(top: str) -> str | None:
    """Find the repository of a work tree; a linked one has a file that names it."""
    git_dir = os.path.join(top, ".git")
    if os.path.isdir(git_dir):
        return git_dir
    try:
        with open(git_dir, encoding="utf-8") as file:
            said = file.read(4096)
    except (OSError, UnicodeDecodeError):
        return None
    target = os.path.join(top, said.removeprefix("gitdir: ").removesuffix("\n"))
    return target if said.startswith("gitdir: ") and os.path.isdir(target) else None


def _start(folder: str, arguments: tuple[str, ...]) -> tuple[int, int] | None:
    """Start git without the subprocess module, whose import takes longer than the answer."""
    out, into = os.pipe()
    with suppress(OSError, AttributeError):  # Linux: git need not wait until it is listened to
        fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, _PIPE)
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, into, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    command = ["git", "-C", folder, *arguments]
    try:
        child = os.posix_spawnp("git", command, quiet, file_actions=actions)
    except OSError:
        os.close(out)
        return None
    finally:
        os.close(into)
    return child, out


def _finish(started: tuple[int, int] | None) -> bytes | None:
    if started is None:
        return None
    child, out = started
    with open(out, "rb") as answer:
        data = answer.read()
    _, status = os.waitpid(child, 0)
    return data if status == 0 else None
