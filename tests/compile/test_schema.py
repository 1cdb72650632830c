"""The schemas accept what the compiler accepts, and refuse what an editor should underline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from agentgit.compile.parse import parse_file
from agentgit.compile.schema import render_schemas, schemas
from agentgit.compile.shape import Either, Fields, Keyed, Leaf, Plain, Shape, spec_shape
from agentgit.compile.tree import to_plain
from agentgit.compile.words import PATTERNS
from agentgit.model.spec import SPECS

HEAD = "kind: Instance\nmetadata: {name: a}\nspec:\n  agent: support\n  "


def documents(text: str | bytes) -> list[Any]:
    data = text.encode() if isinstance(text, str) else text
    parsed = parse_file("x.yaml", data)
    assert parsed.problems == []
    return [to_plain(document) for document in parsed.documents]


MORE = {
    "global/catalog.yaml": "kind: Catalog\nmetadata: {name: a}\nspec: {models: {}}\n",
    "environments/production/instances/many.yaml": (
        "kind: InstanceSet\nmetadata: {name: many}\n"
        "spec: {agent: support, matrix: {a: [1]}, name: 'x-${a}', template: {scale: null}}\n"
    ),
}


def test_every_document_of_a_good_repository_is_accepted(basic: dict[str, str | bytes]) -> None:
    checked = set()
    for path, text in {**basic, **MORE}.items():
        for document in documents(text) if path.endswith(".yaml") else ():
            Draft202012Validator(schemas()[document["kind"]]).validate(document)
            checked.add(document["kind"])
    assert checked == set(SPECS)


@pytest.mark.parametrize(
    "line",
    [
        "container: {environment: [A=b], ports: ['80:80', 80, {target: 80}], command: run it}",
        "container: {environment: {A: null, B: 1}, healthcheck: null, user: 1000}",
        "model: null",
        "rollout: careful",
        "rollout: {maxSurge: 25%}",
        "tools: [{name: a, mcpServer: b}]",
        "config: {a: {b: [1, null]}}",
        'scale: {replicas: "${vars.replicas}"}',
        "knowledge: [handbook, {name: faq, ref: public}]",
        "container: {environment: !remove [A], cap_drop: !append [ALL], ports: !remove [http]}",
        "container: {healthcheck: !remove [timeout]}",
        "container: {deploy: {resources: {limits: !remove [memory, pids]}}}",
        "model: {params: !remove [top_p]}",
        "placement: {matchLabels: !remove [region]}",
        "rollout: !remove [maxSurge]",
        "scale: !final {replicas: !final 2}",
    ],
)
def test_forms_of_a_layer_are_accepted(line: str) -> None:
    Draft202012Validator(schemas()["Instance"]).validate(documents(HEAD + line)[0])


@pytest.mark.parametrize(
    "line",
    [
        "scal: 1",
        "scale: {replicas: x}",
        "scale: {replicas: 5000}",
        "container: {restart: never}",
        "container: {stop_grace_period: 10}",
        "container: {volumes: {data: {}}}",
        "container: {environment: {A: true}}",
        "rollout: {min_healthy_time: 1s}",
        "model: !remove [parms]",
        "rollout: !remove [maxSurgee]",
    ],
)
def test_mistakes_are_refused(line: str) -> None:
    validator = Draft202012Validator(schemas()["Instance"])
    assert not validator.is_valid(documents(HEAD + line)[0])


def test_file_names() -> None:
    assert sorted(render_schemas()) == [
        "agent-defaults.schema.json", "agent.schema.json", "catalog.schema.json",
        "environment.schema.json", "instance-set.schema.json", "instance.schema.json",
        "lock.schema.json", "project.schema.json", "rollout.schema.json",
    ]  # fmt: skip


def shapes(shape: Shape) -> Iterator[Shape]:
    yield shape
    below: list[Shape] = []
    if isinstance(shape, Fields):
        below = list(shape.fields.values())
    elif isinstance(shape, Keyed):
        below = [shape.key, shape.item]
    elif isinstance(shape, Plain):
        below = [shape.item]
    elif isinstance(shape, Either):
        below = [shape.leaf, shape.fields]
    for one in below:
        yield from shapes(one)


def models(kind: str) -> set[type[BaseModel]]:
    return {one.model for one in shapes(spec_shape(kind)) if isinstance(one, Fields)}


def test_shapes_reach_every_field_of_the_models() -> None:
    for kind in SPECS:
        for shape in shapes(spec_shape(kind)):
            if isinstance(shape, Fields):
                assert len(shape.fields) == len(shape.model.model_fields)
    assert {"Healthcheck", "Limits", "Tool", "CanaryStep"} <= {
        model.__name__ for model in models("Instance")
    }


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for value in schema.values():
            yield from patterns(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from patterns(value)


def test_every_pattern_of_the_models_has_words() -> None:
    """Names, durations and sizes have their own check, whose message is used instead."""
    own = {r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", r"^\d+(\.\d+)?$",
           r"^(\d+h)?(\d+m)?(\d+(\.\d+)?s)?(\d+ms)?$",
           r"^\d+(\.\d+)?[kKmMgGtT]?[iI]?[bB]?$"}  # fmt: skip
    leaves = {one for kind in SPECS for one in shapes(spec_shape(kind)) if isinstance(one, Leaf)}
    used = {found for leaf in leaves for found in patterns(leaf.adapter.json_schema())}
    assert used - own == set(PATTERNS)


def test_a_model_has_one_shape_wherever_it_stands() -> None:
    """What one document has learnt of good values is known in the next."""
    kinds = ("AgentDefaults", "Agent", "Instance")
    assert len({id(spec_shape(kind).fields["container"]) for kind in kinds}) == 1
    assert spec_shape("Agent") is spec_shape("AgentDefaults")
