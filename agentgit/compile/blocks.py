"""Blocks that many instances share are validated once, and their values used again.

A merge keeps what no instance touches, so the JSON value of such a block is the same object in
the layers' own merge and in an instance. Whatever was changed on the way, by a layer or by a
reference in it, is another object and is validated with the instance.
"""

from __future__ import annotations

from pydantic import ValidationError

from agentgit.compile.shape import Fields, Keyed, Shape, child_shape
from agentgit.model.value import Json


class Blocks:
    """The blocks of one set of layers. `plain` is their merged JSON value."""

    def __init__(self, plain: Json, shape: Shape) -> None:
        self._plain = plain
        self._shape = shape
        self._values: dict[int, Json] = {}  # by id of JSON values that `plain` keeps alive

    def insert(self, value: dict[str, Json]) -> dict[str, Json]:
        """Put values of the model where an instance's JSON value is the layers' own."""
        return {
            key: self._insert(item, self._plain.get(key), child_shape(self._shape, key))
            for key, item in value.items()
        }

    def _insert(self, value: Json, below: Json, shape: Shape | None) -> Json:
        if type(value) is not dict or type(below) is not dict:
            return value
        if value is below:
            return self._share(value, shape)
        if not isinstance(shape, Fields | Keyed):
            return value
        get = below.get
        return {
            key: self._insert(item, get(key), child_shape(shape, key))
            if type(item) is dict
            else item
            for key, item in value.items()
        }

    def _share(self, value: dict[str, Json], shape: Shape | None) -> Json:
        known = self._values.get(id(value))
        if known is None:
            known = self._values[id(value)] = _validate(value, shape)
        return known


def _validate(value: Json, shape: Shape | None) -> Json:
    """Make a value of the model; what is incomplete stays as it is, for the whole to judge."""
    if type(value) is not dict:
        return value
    if isinstance(shape, Keyed):
        return {key: _validate(item, shape.item) for key, item in value.items()}
    if isinstance(shape, Fields):
        try:
            return shape.model.model_validate(value)
        except ValidationError:
            return value
    return value
