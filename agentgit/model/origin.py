"""Where a value comes from."""

from collections.abc import Mapping, Sequence
from typing import Literal

from agentgit.model.snapshot import Commit
from agentgit.model.value import Json, Path, Value

LayerName = Literal["global", "environment", "instance"]


class Origin(Value):
    """A place in a layer; line and column count from 1, 0 where the whole file is meant."""

    layer: LayerName
    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Write `path:line:col`."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.path, *numbers])


class Setting(Value):
    """One layer's word on one path: the winner `set` it, others were `overridden`.

    `removed` is a layer that wrote null, or whose value went with a sibling alternative.
    """

    value: Json
    origin: Origin
    state: Literal["set", "overridden", "removed"] = "set"


Chain = tuple[Setting, ...]  # what every layer said about one path, highest layer first
Chains = Mapping[Path, Chain]  # for every leaf path of one instance


class Blame(Value):
    """Who wrote a line last; `commit` is None for a line that is not committed.

    `or_earlier` marks the oldest commit of a shallow clone: it, or one that is not here.
    """

    commit: Commit | None
    or_earlier: bool = False


Blames = Mapping[str, tuple[Blame, ...]]  # for every line of a file, by path


def blame_of(origin: Origin, blames: Blames, last: int = 0) -> Blame | None:
    """Find who wrote a place; of several lines (up to `last`), who wrote there last.

    A place that is a whole text file (or has no line) is all of its lines.
    """
    lines = blames.get(origin.path, ())
    is_text = not origin.path.endswith(".yaml") and origin.line <= 1 and not last
    whole = is_text or not origin.line
    some = lines if whole else lines[origin.line - 1 : max(origin.line, last)]
    return max(some, key=_age, default=None)


def blames_of(origin: Origin, blames: Blames, lines: Sequence[int]) -> tuple[Blame, ...]:
    """Find everybody who wrote one of some lines of a file last, who did so last of all first."""
    known = blames.get(origin.path, ())
    found = dict.fromkeys(known[line - 1] for line in lines if 0 < line <= len(known))
    return tuple(sorted(found, key=_age, reverse=True))


def _age(blame: Blame) -> tuple[bool, float]:
    moment = blame.commit.time if blame.commit else None
    return blame.commit is None, moment.timestamp() if moment else 0.0
