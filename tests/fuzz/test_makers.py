"""What the fuzzer writes by itself gets where bytes that change by chance seldom do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

import pytest

from agentgit.compile.build import validate_project
from agentgit.compile.parse import parse_file
from agentgit.compile.tree import ListNode, MapNode, Node
from agentgit.errors import ConfigError
from tests.fuzz.mutator import mutate_project
from tests.fuzz.projects import join_text, make_snapshot, split_text
from tests.fuzz.schema_maker import mutate_schema
from tests.fuzz.seeds import list_seeds
from tests.fuzz.targets import MAX_INPUT, schema_files

LAYERS = ("global/agents/a.yaml", "environments/e/instances/i.yaml")
LIMITS = {
    "references are followed", "asks for too many comparisons", "refers to itself without end",
    "cannot repeat a group", "too many repetitions and choices", "its patterns cost too much",
}  # fmt: skip
TAGS = ("!replace", "!append", "!prepend", "!remove", "!final")
WORDS = (b"x",)
FORMS = {MapNode: "map", ListNode: "list"}


def configs(data: bytes) -> Iterator[MapNode]:
    """Give what two layers of one instance say in `config`."""
    files, _ = split_text(data)
    for path in LAYERS:
        parsed = parse_file(path, files.get(path, b""))
        node: Node | None = parsed.documents[0] if parsed.documents else None
        for key in ("spec", "config"):
            node = node.items.get(key) if isinstance(node, MapNode) else None
        if isinstance(node, MapNode):
            yield node


def test_any_tag_meets_any_form_in_two_layers() -> None:
    project = join_text(dict.fromkeys(LAYERS, b"kind: Agent\nspec: {}\n"))
    left = set(product(("map", "list", "value"), TAGS, ("map", "list", "value")))
    for seed in range(20_000):
        both = list(configs(mutate_project(project, seed, MAX_INPUT, lambda data, _: data, WORDS)))
        lower, upper = (one.items for one in both) if len(both) == 2 else ({}, {})
        for key in lower.keys() & upper.keys():
            below, above = (FORMS.get(type(one[key]), "value") for one in (lower, upper))
            left.discard((below, upper[key].tag or "", above))
        if not left:
            break
    assert not left


@pytest.mark.slow
def test_made_schemas_reach_every_limit() -> None:
    seeds = list(list_seeds("schemas"))
    left = set(LIMITS)
    for seed in range(2000):
        rng = random.Random(seed)  # noqa: S311 -- to be repeated, not to be secret
        files = schema_files(mutate_schema(rng.choice(seeds), rng))
        try:
            validate_project(make_snapshot(files))
        except ConfigError as error:
            left -= {one for one in left for problem in error.problems if one in problem.message}
        if not left:
            break
    assert not left
