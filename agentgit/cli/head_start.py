"""Starts git before the command line is loaded, where a command looks at the work tree first.

Both take about as long as each other, so the one hides the other. It imports next to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from agentgit.source.state import Looking, Place, find_place, start_looking

_OTHERWISE = ("-h", "--help", "--no-cache", "--revision")  # nothing to look at, or not at first


class HeadStart(NamedTuple):
    """A look at a work tree that has begun, and the folder that was named for it."""

    folder: str
    place: Place
    looking: Looking


def begin(arguments: Sequence[str]) -> HeadStart | None:
    """Begin the look of `validate`; a call that is written in another way begins later."""
    folder, rest = ".", list(arguments)
    if rest[:1] == ["-C"]:
        folder, rest = "".join(rest[1:2]), rest[2:]
    if rest[:1] != ["validate"] or any(word.startswith(_OTHERWISE) for word in rest):
        return None
    if os.environ.get("AGENTGIT_NO_CACHE"):
        return None
    place = find_place(folder)
    return None if place is None else HeadStart(folder, place, start_looking(place))
