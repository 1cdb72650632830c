"""JSON Schemas for editors, made of the same shapes that `check` follows.

They describe a file as it may be written: in a layer nothing below `spec` is required and null
deletes, and the list forms of keyed maps are accepted. Of tags they know nothing but what follows
them.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from agentgit.compile.envelope import LAYERS
from agentgit.compile.image_lock import SCHEMA as LOCK_SCHEMA
from agentgit.compile.places import PROJECT
from agentgit.compile.shape import (
    LAYERED,
    Either,
    Fields,
    Keyed,
    Leaf,
    Plain,
    Shape,
    metadata_shape,
    spec_shape,
)
from agentgit.model.field_texts import TEXTS
from agentgit.model.spec import API_VERSION, SPECS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_API = f"the version of the format; only {PROJECT} must say it"
_WORDS = {"api": "API", "cpus": "CPUs", "id": "ID", "ip": "IP", "mcp": "MCP", "mime": "MIME",
          "pids": "PIDs", "tmpfs": "tmpfs", "uri": "URI", "url": "URL"}  # fmt: skip
_TITLES = {
    "Project": f"The project, in {PROJECT}",
    "AgentDefaults": "What holds for every agent, in defaults.yaml",
    "Agent": "An agent, in global/agents/ or what differs in an environment's agents/",
    "Catalog": "Models, MCP servers and knowledge by name, in global/catalog.yaml",
    "Environment": "An environment, in environments/NAME/environment.yaml",
    "Instance": "An instance, in environments/NAME/instances/",
    "InstanceSet": "Many instances of one agent, in environments/NAME/instances/",
    "Rollout": "A rollout policy, in global/rollouts.yaml",
}


def schemas() -> Mapping[str, Schema]:
    """Give the schema of every kind."""
    return {kind: _document_schema(kind) for kind in SPECS}


def render_schemas() -> Mapping[str, str]:
    """Give the text of every schema by its file name."""
    everything = {**schemas(), "Lock": LOCK_SCHEMA}
    return {
        f"{_kebab(kind)}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for kind, schema in everything.items()
    }


def _document_schema(kind: str) -> Schema:
    layer = kind in LAYERS
    required = ["kind", "metadata", "spec"]
    spec = _fields_schema(spec_shape(kind), layer=layer)
    if kind == "Instance":
        spec["required"] = ["agent"]
    return {
        "$schema": DIALECT,
        "title": _TITLES[kind],
        "type": "object",
        "properties": {
            "apiVersion": _name("apiVersion", _API, [API_VERSION], {"const": API_VERSION}),
            "kind": _name("kind", "what this document is", [kind], {"const": kind}),
            "metadata": _name(
                "metadata",
                "",
                [{"name": "support"}],
                _fields_schema(metadata_shape(), layer=False),
            ),
            "spec": _name("spec", "", (), spec),
        },
        "required": ["apiVersion", *required] if kind == "Project" else required,
        "additionalProperties": False,
    }


def _schema(shape: Shape, *, layer: bool) -> Schema:
    match shape:
        case Leaf():
            schema = _leaf_schema(shape)
            if layer:
                schema = _or_reference(schema)
        case Fields():
            schema = _fields_schema(shape, layer=layer)
        case Keyed():
            schema = _keyed_schema(shape, layer=layer)
        case Plain():
            schema = {"type": "array", "items": _schema(shape.item, layer=False)}
            if shape.split is not None:
                schema = {"anyOf": [schema, {"type": "string"}]}
        case Either():
            choices = [_leaf_schema(shape.leaf), _fields_schema(shape.fields, layer=layer)]
            schema = {"anyOf": choices}
        case _:
            schema = {}
    return schema


def _leaf_schema(shape: Leaf) -> Schema:
    schema: Schema = shape.adapter.json_schema()
    if shape.text:
        schema["type"] = ["string", "number"]
    return schema


def _or_reference(schema: Schema) -> Schema:
    """Any value of a layer may be a reference to another."""
    is_text = schema.get("type") == "string" and not schema.keys() & {"enum", "pattern", "const"}
    return schema if is_text else {"anyOf": [schema, {"type": "string", "pattern": r"\$\{"}]}


def _fields_schema(shape: Fields, *, layer: bool) -> Schema:
    properties: Schema = {}
    for key, field in shape.fields.items():
        below = layer or (shape.model, key) == LAYERED
        schema = _schema(field, layer=below)
        if layer and schema:
            schema = _or_null(_or_names(schema, field))
        properties[key] = _name(key, *_find_text(shape.model, key), schema)
    result: Schema = {
        "description": inspect.cleandoc(shape.model.__doc__ or ""),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if shape.required and not layer:
        result["required"] = list(shape.required)
    return result


def _find_text(model: type[BaseModel], key: str) -> tuple[str, Sequence[Any]]:
    """Find what is said of a field, by the class that declares it."""
    names = (f"{one.__name__}.{key}" for one in model.__mro__)
    return next((TEXTS[name] for name in names if name in TEXTS), ("", ()))


def _name(key: str, description: str, examples: Sequence[Any], schema: Schema) -> Schema:
    """Put in front of a field's schema what an editor shows of it."""
    described = {"title": write_title(key), "description": description}
    named = {name: text for name, text in described.items() if text} | (
        {"examples": list(examples)} if examples else {}
    )
    rest = {name: value for name, value in schema.items() if name not in named}
    return named | rest


def write_title(key: str) -> str:
    """Write the name of a field for people: `maxSurge` as `Max surge`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower().split("_")
    text = " ".join(_WORDS.get(word, word) for word in words)
    return text[0].upper() + text[1:]


def _keyed_schema(shape: Keyed, *, layer: bool) -> Schema:
    item = _schema(shape.item, layer=layer)
    schema: Schema = {
        "type": "object",
        "additionalProperties": (
            _or_null(_or_names(item, shape.item)) if layer and item else item or True
        ),
    }
    names = _leaf_schema(shape.key)
    if names.keys() > {"type"}:
        schema["propertyNames"] = names
    if shape.sugar is None:
        return schema
    return {
        "anyOf": [schema, {"type": "array", "items": {"type": ["string", "integer", "object"]}}]
    }


def _or_names(schema: Schema, shape: Shape) -> Schema:
    """Where a layer writes a map, `!remove [...]` takes a list of its names; a tag has no type."""
    if isinstance(shape, Either):
        names = {"type": "array", "items": {"enum": list(shape.fields.fields)}}
        return {**schema, "anyOf": [*schema["anyOf"], names]}
    if isinstance(shape, Fields):
        return {**schema, "type": ["object", "array"], "items": {"enum": list(shape.fields)}}
    if isinstance(shape, Keyed) and shape.sugar is None:
        return {**schema, "type": ["object", "array"], "items": {"type": "string"}}
    return schema


def _or_null(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    kind = schema.get("type")
    if kind is None or "enum" in schema or "const" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [*([kind] if isinstance(kind, str) else kind), "null"]}


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
