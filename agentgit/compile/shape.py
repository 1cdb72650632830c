"""The shape of a document, read off its pydantic model: what `check`, `merge` and `schema` follow.

The models are the one definition. What they cannot say is said in two small tables: which fields
exclude each other, and which keyed lists accept a list form.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from agentgit.compile.sugar import SUGAR, Sugar
from agentgit.compile.words import expectation
from agentgit.model.catalog import Knowledge, McpServer, Model
from agentgit.model.container import Text
from agentgit.model.spec import (
    SPECS,
    ConfigSchema,
    InstanceSetSpec,
    Instructions,
    Metadata,
    Tool,
)
from agentgit.model.value import format_size, parse_duration, parse_size

EXCLUSIVE: Mapping[type[BaseModel], tuple[tuple[str, ...], ...]] = {
    Instructions: (("file",), ("text",)),
    ConfigSchema: (("file",), ("schema",)),
    Tool: (("mcpServer", "server"), ("agent",)),
    Model: (("ref",), ("provider", "id")),
    McpServer: (("url", "headers"), ("command", "args")),
    Knowledge: (("ref",), ("uri",)),
    InstanceSetSpec: (("matrix",), ("list",)),
}
LAYERED = (InstanceSetSpec, "template")  # a layer inside a document that is none
_AS_TEXT = get_args(Text)[1].func


class Leaf:
    """A single value, checked by pydantic in strict mode. `text` takes a number as written."""

    __slots__ = ("_adapter", "_seen", "annotation", "any_text", "duration", "text", "write")

    def __init__(self, annotation: Any, functions: Sequence[object] = ()) -> None:
        self.annotation = annotation
        self.text = _AS_TEXT in functions
        self.any_text = annotation is str or annotation == Text
        self.duration = parse_duration in functions
        self.write: Callable[[Any], str] = format_size if parse_size in functions else str
        self._adapter: TypeAdapter[Any] | None = None
        self._seen: set[tuple[type, object]] = set()  # good values; most repeat in a fleet

    def accepts(self, value: object) -> bool:
        """Tell at once, of what nearly all values of a fleet are, that one is good."""
        if type(value) is str:
            if "${" in value:
                return False
            if self.any_text:
                return True
        return (type(value), value) in self._seen

    def judge(self, value: object) -> str | None:
        """Say what the value must be when it is not."""
        if self.any_text and type(value) is str:
            return None
        key = (type(value), value)
        if key in self._seen:
            return None
        if self.duration and not isinstance(value, str):
            value = None
        try:
            self.adapter.validate_python(value, strict=True)
        except ValidationError as error:
            return expectation(error.errors(include_url=False), self.write)
        if len(self._seen) < 4096:
            self._seen.add(key)
        return None

    @property
    def expected(self) -> str:
        """What the value must be, for one that is not even a scalar."""
        return self.judge(_NOTHING) or "a value"

    @property
    def adapter(self) -> TypeAdapter[Any]:
        """Pydantic's own validator, made when first needed."""
        if self._adapter is None:
            self._adapter = TypeAdapter(self.annotation)
        return self._adapter


class Fields:
    """A map with the fields of a model, by the names that YAML uses."""

    __slots__ = ("fields", "infos", "model", "required", "rivals")

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model
        self.fields: dict[str, Shape] = {}
        self.infos: dict[str, FieldInfo] = {}
        for name, info in model.model_fields.items():
            alias = info.alias or name
            self.infos[alias] = info
            sugar = next((SUGAR[one, name] for one in model.__mro__ if (one, name) in SUGAR), None)
            self.fields[alias] = _shape(info.annotation, info.metadata, sugar)
        self.required = tuple(key for key, info in self.infos.items() if info.is_required())
        self.rivals = _rivals(EXCLUSIVE.get(model, ()))


class Keyed:
    """A map whose keys the user chooses; `sugar` reads its list form, where there is one."""

    __slots__ = ("item", "key", "sugar")

    def __init__(self, key: Leaf, item: Shape, sugar: Sugar | None) -> None:
        self.key = key
        self.item = item
        self.sugar = sugar


class Plain:
    """A list that is replaced as a whole; `split` reads its one-line form, where there is one."""

    __slots__ = ("item", "split")

    def __init__(self, item: Shape, split: Callable[[object], object] | None) -> None:
        self.item = item
        self.split = split


class Free:
    """Anything that JSON can write."""

    __slots__ = ()


class Either:
    """A name or an inline map."""

    __slots__ = ("fields", "leaf")

    def __init__(self, leaf: Leaf, fields: Fields) -> None:
        self.leaf = leaf
        self.fields = fields


Shape = Leaf | Fields | Keyed | Plain | Free | Either
FREE = Free()
_NOTHING = ("nothing",)


def spec_shape(kind: str) -> Fields:
    """The shape of `spec` in a document of that kind."""
    return _fields(SPECS[kind])


def metadata_shape() -> Fields:
    """The shape of `metadata`."""
    return _fields(Metadata)


def child_shape(shape: Shape | None, key: str) -> Shape | None:
    """The shape below a key."""
    if isinstance(shape, Fields):
        return shape.fields.get(key)
    if isinstance(shape, Either):
        return shape.fields.fields.get(key)
    return shape.item if isinstance(shape, Keyed) else FREE


@cache
def _fields(model: type[BaseModel]) -> Fields:
    """Give one shape for each model: what it learns of good values holds wherever it stands."""
    return Fields(model)


def _rivals(groups: Sequence[tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """Name, for every alternative, the fields that it excludes."""
    return {
        key: tuple(rival for other in groups if other is not group for rival in other)
        for group in groups
        for key in group
    }


def _shape(annotation: Any, metadata: Sequence[Any] = (), sugar: Sugar | None = None) -> Shape:
    while get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        metadata = [*inner, *metadata]
    if annotation is Any:
        return FREE
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        return _union_shape(annotation, metadata)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _fields(annotation)
    if origin is not None and origin is not Literal and issubclass(origin, Mapping):
        key, item = get_args(annotation)
        key_shape = _shape(key)
        if not isinstance(key_shape, Leaf):
            raise TypeError(annotation)
        return Keyed(key_shape, _shape(item), sugar)
    if origin is tuple:
        functions = _functions(metadata)
        return Plain(_shape(get_args(annotation)[0]), functions[0] if functions else None)
    full = Annotated[(annotation, *metadata)] if metadata else annotation
    return Leaf(full, _functions(metadata))


def _union_shape(annotation: Any, metadata: Sequence[Any]) -> Shape:
    members = [member for member in get_args(annotation) if member is not type(None)]
    if len(members) == 1:
        return _shape(members[0], metadata)
    shapes = [_shape(member) for member in members]
    for leaf in shapes:
        for fields in shapes:
            if isinstance(leaf, Leaf) and isinstance(fields, Fields):
                return Either(leaf, fields)
    return Leaf(Union[tuple(members)])  # noqa: UP007 -- built from a list


def _functions(metadata: Sequence[Any]) -> list[Any]:
    return [item.func for item in metadata if isinstance(item, BeforeValidator)]
