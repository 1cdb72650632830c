"""`Value`, from which every noun is made, and the scalar types that the format shares.

Modules of values that every compile loads do without `from __future__ import annotations`: each
annotation would be text first, which pydantic compiles when the program starts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

_NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
_DIGITS = "[0-9]{1,15}"  # more would be infinite as a float
_DURATION = re.compile(
    rf"(?:({_DIGITS})h)?(?:({_DIGITS})m)?(?:({_DIGITS}(?:\.{_DIGITS})?)s)?(?:({_DIGITS})ms)?\Z"
)
_SIZE = re.compile(rf"({_DIGITS}(?:\.{_DIGITS})?)\s*([kmgt]?)i?b?\Z", re.IGNORECASE)
_CPUS = re.compile(rf"{_DIGITS}(?:\.{_DIGITS})?\Z")
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
MAX_NAME = 40  # names become parts of container names, which engines cut at 128


class Value(BaseModel):
    """A frozen value; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __deepcopy__(self, _memo: dict[int, Any] | None = None) -> Self:
        """Stay one: nobody changes a frozen value, and pydantic copies every default.

        Its maps may be plain dicts, but are `Mapping` by type, so that mypy refuses to write into
        them; whoever changes something changes what `model_dump` gives, which is new each time.
        """
        return self


Made = TypeVar("Made")


def keep_made(value: Value, name: str, basis: object, make: Callable[[], Made]) -> Made:
    """Make something of a value's field once, and keep it beside the fields.

    A copy takes it along, so it is made again where the field, `basis`, is another object there.
    """
    kept: tuple[object, Made] | None = value.__dict__.get(name)
    if kept is None or kept[0] is not basis:
        kept = value.__dict__[name] = (basis, make())
    return kept[1]


class CamelValue(Value):
    """A value whose fields are written in camelCase in YAML and JSON (our own blocks)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


def parse_duration(raw: object) -> float:
    """Read `1h30m`, `10s`, `250ms` as seconds; bare numbers are refused, they hide their unit."""
    if isinstance(raw, float):
        return raw
    match = _DURATION.match(raw) if isinstance(raw, str) and raw else None
    if match is None:
        message = f"a duration such as 10s, 2m or 1h30m, found {raw!r}"
        raise ValueError(message)
    hours, minutes, seconds, millis = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + millis / 1000


def format_duration(seconds: float) -> str:
    """Write seconds the way a person would: `1h30m`, `10s`, `250ms`."""
    millis = round(seconds * 1000)
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, millis = divmod(millis, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_size(raw: object) -> int:
    """Read `512m`, `1g`, `1048576` as bytes (powers of 1024, as Compose does)."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    match = _SIZE.match(raw) if isinstance(raw, str) else None
    if match is None:
        message = f"a size such as 512m or 1g, found {raw!r}"
        raise ValueError(message)
    return int(float(match.group(1)) * _UNITS[match.group(2).lower()])


def format_size(count: int) -> str:
    """Write bytes in the largest unit that divides them: `512m`, `1g`, `1000`."""
    for unit in ("t", "g", "m", "k"):
        if count and count % _UNITS[unit] == 0:
            return f"{count // _UNITS[unit]}{unit}"
    return str(count)


def round_size(count: int) -> str:
    """Write measured bytes in the units of sizes, rounded down: `300m`, `1.9g`."""
    if count < _UNITS["g"]:
        return f"{count // _UNITS['m']}m"
    return f"{count * 10 // _UNITS['g'] / 10:g}g"


@lru_cache(maxsize=4096)
def _check_name(raw: str) -> str:
    if len(raw) > MAX_NAME or re.fullmatch(_NAME[1:-1], raw) is None:
        message = (
            f"a name of lower-case letters, digits and hyphens, at most {MAX_NAME} long, "
            f"found {raw!r}"
        )
        raise ValueError(message)
    return raw


def _check_cpus(raw: object) -> object:
    return float(raw) if isinstance(raw, str) and _CPUS.match(raw) else raw


Name = Annotated[
    str,
    AfterValidator(_check_name),
    WithJsonSchema({"type": "string", "pattern": _NAME, "maxLength": MAX_NAME}),
]
VarName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(\d+h)?(\d+m)?(\d+(\.\d+)?s)?(\d+ms)?$",
            "minLength": 2,
            "examples": ["10s", "2m", "1h30m"],
        }
    ),
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": ["string", "integer"], "pattern": r"^\d+(\.\d+)?[kKmMgGtT]?[iI]?[bB]?$"}
    ),
]
Cpus = Annotated[
    float,
    BeforeValidator(_check_cpus),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?$"}),
]
Json = Any  # a JSON value: None, bool, int, float, str, list or dict of them
Path = tuple[str, ...]  # the keys that lead to a value inside a document


def dotted(path: Path) -> str:
    """Write a path for people: `spec.model.params.temperature`, keys with dots in brackets."""
    plain = re.compile(r"[A-Za-z0-9_-]+\Z")
    text = ""
    for key in path:
        text += (f".{key}" if text else key) if plain.match(key) else f'["{key}"]'
    return text


def parse_dotted(text: str) -> Path:
    """Read what `dotted` writes."""
    return tuple(
        quoted or plain for quoted, plain in re.findall(r'\["([^"]*)"\]|([^.\[\]]+)', text)
    )
