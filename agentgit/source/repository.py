"""`GitSource`: the project's repository as the pipeline sees it."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from agentgit.errors import GitError, NoFolderError
from agentgit.model.origin import Blame, Blames
from agentgit.model.snapshot import Commit, Entry, Snapshot
from agentgit.source.git_command import GitCommand
from agentgit.source.listing import take_submodules
from agentgit.source.read_ahead import ReadAhead
from agentgit.source.state import Look, Place
from agentgit.source.trees import list_files
from agentgit.source.worktree import read_status, read_worktree


class GitSource:
    """A project in a Git repository. Implements `effects.Source`; `tree` is an `effects.Tree`.

    Paths are relative to the folder of agentgit.yaml. Snapshots may be read by several threads.
    """

    def __init__(self, git: GitCommand, top: Path, root: str, *, bare: bool) -> None:
        self.git = git
        self.top = top
        self.root = root
        self.bare = bare
        self._look: Look | None = None
        self._newest: Snapshot | None = None

    @classmethod
    def open(cls, folder: str) -> Self:
        """Find the project that a folder belongs to. Raises GitError and ConfigError."""
        from agentgit.source.locate import locate_project, locate_repository

        repository = locate_repository(folder)
        root = locate_project(repository, folder)
        return cls(repository.git, repository.top, root, bare=repository.bare)

    @classmethod
    def open_place(cls, place: Place, look: Look) -> Self:
        """Open a project that was looked at: `worktree` gives what was seen then."""
        shallow = (Path(place.git_dir) / "shallow").exists()
        git = GitCommand(place.top, shallow=shallow)
        git.get_ready()
        source = cls(git, Path(place.top), place.root, bare=False)
        source._look = look
        return source

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that reads objects."""
        self.git.close()

    def commit(self, revision: str) -> Commit:
        """Resolve a revision. Raises GitError."""
        from agentgit.source.commits import find_commit

        return find_commit(self.git, revision)

    def snapshot(self, revision: str) -> Snapshot:
        """The files of a commit, read when they are asked for. Raises GitError."""
        commit = self.commit(revision)
        if self._newest is not None and self._newest.commit == commit:
            return self._newest  # a plan asks for the same one several times
        files, submodules = self._list(commit.sha, self.root)
        blobs = ReadAhead(self.git, files)

        def read(path: str) -> bytes:
            return blobs.read(files[path].blob)

        self._newest = Snapshot(commit, files, read, submodules)
        return self._newest

    def worktree(self) -> Snapshot:
        """The files as they lie in the work tree. Raises GitError."""
        self._need_work_tree()
        return read_worktree(self.git, self.top, self.root, self._look)

    def tree(self, commit: str, folder: str) -> Iterator[tuple[str, str, bytes]]:
        """Give path (relative to the folder), mode and bytes of the files of a folder."""
        sha = self.commit(commit).sha
        below = posixpath.normpath(posixpath.join(self.root, folder))
        files, _ = self._list(sha, "" if below == "." else below)
        blobs = ReadAhead(self.git, files)
        for path, entry in files.items():
            yield path, entry.mode, blobs.read(entry.blob)

    def blame(self, paths: Iterable[str], commit: str | None) -> Blames:
        """Say who wrote each line of some files last, None for the work tree. Raises GitError."""
        from agentgit.source.blame import blame_files

        return blame_files(self.git, self.root, paths, commit)

    def last_changes(self, paths: Iterable[str], commit: str | None) -> Mapping[str, Blame]:
        """Say who changed some files last, or took them away; as `blame`. Raises GitError."""
        from agentgit.source.blame import find_last_changes

        return find_last_changes(self.git, self.root, paths, commit)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` contains `older`. Raises GitError where a shallow clone cannot tell."""
        from agentgit.source.ancestry import is_ancestor

        return is_ancestor(self.git, older, newer)

    def find_parting(self, one: str, other: str) -> str | None:
        """Find the newest commit that both contain; None where there is none, or none is here."""
        from agentgit.source.ancestry import find_parting

        return find_parting(self.git, one, other)

    def is_dirty(self) -> tuple[str, ...]:
        """List the paths with uncommitted changes; untracked files count, ignored ones do not."""
        self._need_work_tree()
        return tuple(one.path for one in read_status(self.git, self.root))

    def head_branch(self) -> str | None:
        """Give the branch that is checked out, None when HEAD is detached."""
        from agentgit.source.locate import read_head_branch

        branch = read_head_branch(self.top)
        if branch is not None:
            return branch
        asked = self.git.run("symbolic-ref", "--quiet", "--short", "HEAD")
        return asked.out.decode("utf-8", "replace").strip() if asked.code == 0 else None

    def follow(self, branch: str | None) -> tuple[str, Commit]:
        """Find what an environment follows: a name for people, and the commit.

        The branch here, else a remote's; else HEAD where it is detached, as CI checks out a
        commit without its branch. Without a branch: HEAD. Raises GitError.
        """
        if branch is None:
            return self.head_branch() or "HEAD", self.commit("HEAD")
        heads = self._find_branch(branch)
        if heads:
            return re.sub("^refs/(heads|remotes)/", "", heads[0]), self.commit(heads[0])
        if self.head_branch() is None:
            return "HEAD", self.commit("HEAD")
        self.commit("HEAD")  # without any commit, that is the error to show
        raise GitError(
            f"this clone has no branch {branch}, which the environment follows (source.branch)",
            hint=f"git fetch origin {branch}:{branch}, or --revision REV",
        )

    def actor(self) -> str:
        """Say who acts: `Name <email>` as Git knows it, else user@host."""
        asked = self.git.run("config", "-z", "--get-regexp", r"^user\.(name|email)$")
        pairs = [raw.partition("\n") for raw in asked.out.decode("utf-8", "replace").split("\0")]
        known = {key: value for key, _, value in pairs}
        name = os.environ.get("GIT_AUTHOR_NAME") or known.get("user.name", "")
        email = os.environ.get("GIT_AUTHOR_EMAIL") or known.get("user.email", "")
        if name and email:
            return f"{name} <{email}>"
        return name or email or _account()

    def _list(self, sha: str, folder: str) -> tuple[dict[str, Entry], tuple[str, ...]]:
        """List the files of a folder, and where in it submodules are."""
        listed = list_files(self.git, sha, folder)
        if listed is None:
            raise NoFolderError(
                f"commit {sha[:7]} has no folder {folder}",
                hint=f"git ls-tree {sha[:7]} lists what it has",
            )
        submodules = take_submodules(listed)
        return listed, tuple(submodules)

    def _find_branch(self, branch: str) -> list[str]:
        patterns = (f"refs/heads/{branch}", f"refs/remotes/*/{branch}")
        asked = self.git.run("for-each-ref", "--format=%(refname)", *patterns)
        names = asked.out.decode("utf-8", "replace").split()
        exact = re.compile(rf"refs/(heads|remotes/[^/]+)/{re.escape(branch)}")
        order = (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}")
        return sorted(
            (name for name in names if exact.fullmatch(name)),
            key=lambda name: (order.index(name) if name in order else len(order), name),
        )

    def _need_work_tree(self) -> None:
        if self.bare:
            raise GitError(
                f"{self.top} is a bare repository, it has no work tree",
                hint="name a commit with --revision REV",
            )


def _account() -> str:
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a user id without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
