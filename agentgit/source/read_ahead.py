"""Reads blobs of a snapshot; once files are asked for in order, those that follow come along.

Asking git for one object at a time costs more than the answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.effects import Git
from agentgit.errors import GitError
from agentgit.model.snapshot import Entry

_WINDOW = 96  # small files, so some 100 KB at a time
_FEW = 16  # files that are asked for one by one first: a run with little to do needs no more


class ReadAhead:
    """The blobs of one snapshot, by id."""

    def __init__(self, git: Git, files: Mapping[str, Entry]) -> None:
        self._git = git
        self._files = files
        self._order: list[str] = []
        self._places: dict[str, int] | None = None
        self._asked = 0
        self._last = -2
        self._ready: dict[str, bytes] = {}

    def read(self, blob: str) -> bytes:
        """Give the bytes of a blob. Raises GitError."""
        data = self._ready.pop(blob, None)
        place = self._place(blob)
        in_order = place >= 0 and 0 < place - self._last <= 2
        self._last = place
        if data is not None:
            return data
        wanted = [blob, *self._order[place + 1 : place + _WINDOW]] if in_order else [blob]
        first, *others = self._git.objects(wanted)
        if first is None:
            raise GitError(
                f"file content {blob[:7]} is missing in this clone",
                hint="git fetch brings it when the clone is partial; else git fsck",
            )
        self._ready = {
            name: found.data
            for name, found in zip(wanted[1:], others, strict=True)
            if found is not None
        }
        return first.data

    def _place(self, blob: str) -> int:
        """Find a file among all that may follow each other, -2 where that does not matter yet."""
        self._asked += 1
        if self._asked <= _FEW:
            return -2
        if self._places is None:
            self._order = [one.blob for path, one in self._files.items() if path.endswith(".yaml")]
            self._places = {blob: place for place, blob in enumerate(self._order)}
        return self._places.get(blob, -2)
