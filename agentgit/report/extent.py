"""How much of a plan or a comparison is written: folded where it is long, or all of it."""

from __future__ import annotations

from dataclasses import dataclass

_ALL = 10**9


@dataclass(frozen=True, slots=True)
class Extent:
    """The most that is written of each kind; what goes beyond is counted, never just gone.

    `groups` are different changes, `followers` those named one by one that are the same as
    another one, `lines` and `characters` those of a text that changes, `context` the characters
    on each side of a change within a long line. `hint` says how to see the rest.
    """

    groups: int = 40
    followers: int = 5
    fields: int = 20
    waves: int = 12
    ways: int = 8
    names: int = 6
    lines: int = 300
    characters: int = 2000
    context: int = 40
    hint: str = "--full shows all"


FOLDED = Extent()
FULL = Extent(_ALL, _ALL, _ALL, _ALL, _ALL, _ALL, _ALL, _ALL, _ALL)
BY_JSON = Extent(hint="--json shows all")
