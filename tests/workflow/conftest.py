"""Two versions of a small repository in memory, and what lies between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest

from agentgit.compile.build import validate_project
from agentgit.errors import ConfigError
from agentgit.model.effect import Effect
from agentgit.model.snapshot import Entry, Snapshot
from agentgit.workflow.diff import compare_snapshots
from tests.builders import DictCache

Edits = Mapping[str, str | None]

FILES = {
    "agentgit.yaml": (
        "apiVersion: agentgit.dev/v1alpha1\nkind: Project\nmetadata: {name: acme}\n"
        "spec: {id: 0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11}\n"
    ),
    "global/defaults.yaml": (
        "kind: AgentDefaults\nmetadata: {name: defaults}\nspec:\n"
        "  model: {provider: anthropic, id: large, params: {temperature: 0.7}}\n"
        "  config:\n    language: en\n    limit: 5\n"
        "  rollout: careful\n"
    ),
    "global/rollouts.yaml": (
        "kind: Rollout\nmetadata: {name: careful}\nspec:\n  minHealthyTime: 10s\n"
        "---\nkind: Rollout\nmetadata: {name: quick}\nspec:\n  minHealthyTime: 1s\n"
    ),
    "global/agents/support.yaml": (
        "kind: Agent\nmetadata: {name: support, labels: {team: cx}}\nspec:\n"
        "  instructions: {file: ../prompts/support.md}\n"
        "  container:\n    image: acme/support:1\n"
        "    environment: {LOG_LEVEL: info}\n"
    ),
    "global/prompts/support.md": "Be kind.\nRefund up to 50 EUR.\nBe brief.\n",
    "global/prompts/other.md": "Be kind.\nRefund up to 70 EUR.\nBe brief.\n",
    "environments/production/environment.yaml": (
        "kind: Environment\nmetadata: {name: production}\nspec:\n"
        "  hosts:\n    eu-1: {engine: docker}\n"
    ),
    "environments/production/defaults.yaml": (
        "kind: AgentDefaults\nmetadata: {name: defaults}\nspec:\n"
        "  config: {limit: 9}\n  scale: {replicas: 2}\n"
    ),
    **{
        f"environments/production/instances/support-{name}.yaml": (
            f"kind: Instance\nmetadata: {{name: support-{name}}}\nspec:\n  agent: support\n"
            f"  config: {{region: {name}}}\n"
        )
        for name in ("eu", "us", "ap")
    },
}


def make(edits: Edits) -> Snapshot:
    files = {path: text.encode() for path, text in {**FILES, **edits}.items() if text is not None}
    entries = {
        path: Entry("100644", hashlib.sha1(data).hexdigest())  # noqa: S324 - a blob id
        for path, data in files.items()
    }
    return Snapshot(None, entries, files.__getitem__)


@pytest.fixture
def edited() -> Callable[[str, str, str], dict[str, str | None]]:
    """Replace a piece of a file that must be there."""

    def edit(path: str, old: str, new: str) -> dict[str, str | None]:
        assert old in FILES[path]
        return {path: FILES[path].replace(old, new)}

    return edit


@pytest.fixture(scope="session")
def compare() -> Callable[..., Effect]:
    """What an edit does in production. The way back must be the mirror image."""

    def run(after: Edits, before: Edits | None = None) -> Effect:
        old, new = make(before or {}), make(after)
        (effect,) = compare_snapshots(old, new, ["production"]).effects
        (back,) = compare_snapshots(new, old, ["production"]).effects
        check_mirror(effect, back)
        for checked in (old, new):
            assert compare_snapshots(old, new, ["production"], fill(checked)).effects == (effect,)
        return effect

    return run


def fill(snapshot: Snapshot) -> DictCache:
    """Remember what a check finds out about a snapshot, wrong as it may be."""
    cache = DictCache()
    with suppress(ConfigError):
        validate_project(snapshot, cache)
    return cache


def check_mirror(there: Effect, back: Effect) -> None:
    assert there.is_empty == back.is_empty
    assert (there.problems_before, there.problems_after) == (
        back.problems_after,
        back.problems_before,
    )
    turned = {"create": "remove", "remove": "create", "change": "change"}
    assert [(one.instance, one.kind) for one in there.instances] == [
        (one.instance, turned[one.kind]) for one in back.instances
    ]
    for one, other in zip(there.instances, back.instances, strict=True):
        assert [(f.path, f.before, f.after) for f in one.fields] == [
            (f.path, f.after, f.before) for f in other.fields
        ]
        assert one.replaces == other.replaces
