"""Where a value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

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
