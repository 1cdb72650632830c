"""A small file cannot keep a compile busy: every case once took from ten seconds to hours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from agentgit.compile.build import validate_project
from agentgit.compile.explain import explain_instance
from agentgit.errors import ConfigError
from agentgit.model.snapshot import Snapshot

MakeSnapshot = Callable[..., Snapshot]
Lines = dict[str, str]
MAX_SECONDS = 5.0  # of CPU, for at most 64 KB
DEFAULTS = "environments/production/defaults.yaml"
INSTANCE = "environments/production/instances/support-eu.yaml"
ENVIRONMENT = "environments/production/environment.yaml"


def layer(spec: str) -> Lines:
    return {DEFAULTS: f"kind: AgentDefaults\nmetadata: {{name: defaults}}\nspec:\n{spec}"}


def instance(spec: str) -> Lines:
    text = f"kind: Instance\nmetadata: {{name: support-eu}}\nspec:\n  agent: support\n{spec}"
    return {INSTANCE: text}


def many(form: str, count: int, between: str = "") -> str:
    return between.join(form.replace("#", str(number)) for number in range(count))


def settings(config: str, schema: str) -> Lines:
    return layer(f"  config: {{{config}}}\n  configSchema: {{schema: {{{schema}}}}}\n")


def doubling(depth: int) -> str:
    step = "a%d: {dependentSchemas: {a: {$ref: '#/$defs/a%d'}, b: {$ref: '#/$defs/a%d'}}}"
    steps = [step % (number, number + 1, number + 1) for number in range(depth)]
    return ", ".join([*steps, f"a{depth}: {{}}"])


CASES: dict[str, Lines] = {
    "a scalar that is nearly a number": layer(f"  config: {{a: 0{'1' * 60_000}x}}\n"),
    "removals of nothing, each with a hint": {
        **layer("  config:\n" + many("    a#: 1\n", 2500)),
        **instance("  config:\n" + many("    b#: ~\n", 2500)),
    },
    "values taken out of a list": {
        **layer(f"  config: {{a: [{many('a#', 4500, ',')}]}}\n"),
        **instance(f"  config: {{a: !remove [{many('b#', 4500, ',')}]}}\n"),
    },
    "references to nothing, each with a hint": {
        **layer("  config:\n    a:\n" + many("     - ${vars.b#}\n", 1500)),
        ENVIRONMENT: (
            "kind: Environment\nmetadata: {name: production}\nspec:\n  hosts: {l: {}}\n  vars:\n"
            + many("    a#: 1\n", 2400)
        ),
    },
    "names that the catalog has not": {
        **layer(f"  knowledge: [{many('b#', 3500, ',')}]\n"),
        "global/catalog.yaml": (
            "kind: Catalog\nmetadata: {name: c}\nspec:\n  knowledge:\n"
            + many("    a#: {uri: b}\n", 1600)
        ),
    },
    "a schema that looks at itself again and again": settings(
        "a: 1, b: 1", f"unevaluatedProperties: true, $ref: '#/$defs/a0', $defs: {{{doubling(24)}}}"
    ),
    "many alternatives for many values": settings(
        f"a: [{many('b', 10_000, ',')}]",
        f"properties: {{a: {{items: {{anyOf: [{many('false', 4000, ',')}, true]}}}}}}",
    ),
    "many values to choose from for many values": settings(
        f"a: [{many('b', 10_000, ',')}]",
        f"properties: {{a: {{items: {{enum: [{many('a#', 4000, ',')}, b]}}}}}}",
    ),
    "many items of which each was looked at": settings(
        f"a: [{many('b', 30_000, ',')}]",
        "properties: {a: {unevaluatedItems: true, contains: {}}}",
    ),
    "a costly pattern for many long texts": settings(
        f"a: [{many(repr('1' * 128), 60, ',')}]",
        r"properties: {a: {items: {pattern: '\w*\d*\w*\d*-'}}}",
    ),
    "a set that renders much": {
        "environments/production/instances/many.yaml": (
            "kind: InstanceSet\nmetadata: {name: many}\nspec:\n  agent: support\n  name: a-${k}\n"
            f"  matrix: {{k: [{many('#', 6000, ',')}]}}\n  template:\n    config:\n"
            + many("      a#: ${k}\n", 2000)
        )
    },
}


def runs(snapshot: Snapshot) -> Iterator[Callable[[], object]]:
    yield lambda: validate_project(snapshot)
    yield lambda: explain_instance(snapshot, "production", "support-eu")


@pytest.mark.slow
@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_a_small_file_takes_a_short_time(make_snapshot: MakeSnapshot, changes: Lines) -> None:
    assert sum(map(len, changes.values())) <= 1 << 16
    for run in runs(make_snapshot(changes)):
        before = time.process_time()
        with suppress(ConfigError):
            run()
        assert time.process_time() - before < MAX_SECONDS
