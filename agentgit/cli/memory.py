"""What `validate` said about a state of the work tree, said again while nothing has changed.

Everything here is cheap: it imports neither the compiler nor pydantic.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Sequence
from typing import NamedTuple, Self

from agentgit.cli.head_start import HeadStart
from agentgit.errors import Plain, Problem, flatten_problem, restore_problem
from agentgit.source.cache import FileCache
from agentgit.source.state import Look, Looking, Place, find_place, finish_looking, start_looking

_NAME = "validated"
_STATES = 16  # states of the work tree that are remembered; switching branches goes to and fro


class Verdict(NamedTuple):
    """What was said about a valid project."""

    warnings: tuple[Problem, ...]
    files: int
    environments: tuple[str, ...]


class Memory:
    """The cache of a repository, and the work tree as it was seen first."""

    def __init__(self, place: Place, look: Look) -> None:
        self.place = place
        self.look = look
        self.cache = FileCache(place.git_dir)
        self._state = f"{place.root}\0{look.name}"

    @classmethod
    def open(
        cls, folder: str, early: HeadStart | None = None, *, disabled: bool = False
    ) -> Self | None:
        """Look at a work tree; None where there is none, or nothing is to be remembered.

        `early` is a look that has begun; it counts when it is at the same folder.
        """
        if disabled or os.environ.get("AGENTGIT_NO_CACHE"):
            return None
        begun = _begin(folder, early)
        look = None if begun is None else finish_looking(*begun)
        return None if begun is None or look is None else cls(begun[0], look)

    def recall(self) -> Verdict | None:
        """Give what was said about this very state."""
        found = next((said for state, said in self._read() if state == self._state), None)
        if found is None:
            return None
        warnings, files, environments = found
        return Verdict(tuple(restore_problem(one) for one in warnings), files, tuple(environments))

    def remember(self, verdict: Verdict) -> None:
        """Keep what was said."""
        warnings = [flatten_problem(one) for one in verdict.warnings]
        said = (warnings, verdict.files, list(verdict.environments))
        others = [one for one in self._read() if one[0] != self._state]
        self.cache.write(_NAME, marshal.dumps([(self._state, said), *others[: _STATES - 1]]))

    def _read(self) -> Sequence[tuple[str, tuple[list[Plain], int, list[str]]]]:
        data = self.cache.read(_NAME)
        return [] if data is None else marshal.loads(data)  # noqa: S302 -- checked by the cache


def open_cache(folder: str, *, disabled: bool) -> FileCache | None:
    """Open the cache alone; None where nothing is to be remembered."""
    place = None if disabled or os.environ.get("AGENTGIT_NO_CACHE") else find_place(folder)
    return None if place is None else FileCache(place.git_dir)


def _begin(folder: str, early: HeadStart | None) -> tuple[Place, Looking] | None:
    if early is not None and os.path.realpath(early.folder) == os.path.realpath(folder):
        return early.place, early.looking
    place = find_place(folder)
    return None if place is None else (place, start_looking(place))
