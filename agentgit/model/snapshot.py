"""The files of one commit, detached from Git."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from agentgit.model.value import Value


class Commit(Value):
    """A commit as people see it; `time` is the author date, with its zone."""

    sha: str
    author: str = ""
    email: str = ""
    time: datetime | None = None
    subject: str = ""

    @property
    def short(self) -> str:
        """The first seven characters."""
        return self.sha[:7]


class Entry(NamedTuple):
    """A file in a snapshot: its Git mode (`100644`, `100755`, `120000`) and blob id."""

    mode: str
    blob: str


class Snapshot(NamedTuple):
    """The files of one commit, or of the work tree when `commit` is None.

    `files` maps repository paths (with `/`) to entries; `read` gives a file's bytes and is only
    called for what is needed. `read` raises KeyError for a path that is not in `files`.
    `submodules` are the paths at which another repository is meant: nothing of it is here.
    """

    commit: Commit | None
    files: Mapping[str, Entry]
    read: Callable[[str], bytes]
    submodules: tuple[str, ...] = ()
