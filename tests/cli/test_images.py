"""A name that moves: replicas of one revision stay alike, going back finds the image it had."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.providers.memory import MemoryEngine

ONE, TWO = (f"sha256:{letter * 64}" for letter in "ab")
IMAGE = "acme-hello:1.0.0"
INSTANCE = "environments/production/instances/hello.yaml"
Run = Callable[..., Any]
Edit = Callable[[str, str, str], None]


@pytest.fixture
def applied(agentgit: Run, engine: MemoryEngine, edit: Edit, commit: Callable[[str], str]) -> Run:
    """Run two replicas of an image whose name means another one afterwards."""
    edit("environments/production/environment.yaml", "engine: auto", "engine: docker")
    commit("Containers")
    engine.digests[IMAGE] = ONE
    assert agentgit("apply", "-e", "production", "--yes").code == 0
    engine.digests |= {IMAGE: TWO, "kept": ONE}
    return agentgit


def running(engine: MemoryEngine) -> list[str]:
    return sorted(one.image_id for one, _ in engine.replicas.values())


def test_what_is_created_later_is_alike(
    applied: Run, engine: MemoryEngine, edit: Edit, commit: Callable[[str], str]
) -> None:
    edit(INSTANCE, "replicas: 2", "replicas: 3")
    commit("One more")
    plan = applied("plan", "-e", "production")
    said = f"{IMAGE} means another image on local now (id of sha256): hello keeps id of sha256"
    assert said in plan.out
    (moved,) = json.loads(applied("plan", "-e", "production", "--json").out)["movedImages"]
    assert moved == {
        "host": "local", "name": IMAGE, "kept": f"id of {ONE}", "now": f"id of {TWO}",
        "gone": False, "instances": ["hello"],
    }  # fmt: skip
    assert "means another image" in applied("plan", "-e", "production", "--format", "markdown").out
    assert applied("apply", "-e", "production", "--yes").code == 0
    assert running(engine) == [f"id of {ONE}"] * 3


def test_a_restart_brings_in_no_change(applied: Run, engine: MemoryEngine) -> None:
    before = set(engine.replicas)
    assert applied("restart", "hello", "-e", "production", "--yes").code == 0
    assert not before & set(engine.replicas)
    assert running(engine) == [f"id of {ONE}"] * 2


def test_it_counts_for_the_next_revision_and_going_back_for_the_old(
    applied: Run, engine: MemoryEngine, commit: Callable[[str], str]
) -> None:
    with Path("global/prompts/hello.md").open("a", encoding="utf-8") as prompt:
        prompt.write("Be brief.\n")
    commit("Shorter")
    assert "means another image" not in applied("plan", "-e", "production").out
    assert applied("apply", "-e", "production", "--yes").code == 0
    assert running(engine) == [f"id of {TWO}"] * 2
    back = ("rollback", "-e", "production", "--reason", "x", "--yes")
    assert applied(*back).code == 0
    assert running(engine) == [f"id of {ONE}"] * 2


def test_an_image_that_is_gone(applied: Run, engine: MemoryEngine) -> None:
    del engine.digests["kept"]
    plan = applied("plan", "-e", "production")
    assert "No changes." in plan.out
    assert (
        "the image of hello (id of sha256) is gone from local: what is created there" in plan.out
    )
    name = min(engine.replicas)
    del engine.replicas[name]
    assert applied("apply", "-e", "production", "--yes").code == 0
    assert running(engine) == [f"id of {ONE}", f"id of {TWO}"]


def test_nobody_is_asked_for_what_has_a_digest(
    applied: Run, engine: MemoryEngine, commit: Callable[[str], str], monkeypatch: Any
) -> None:
    from agentgit.providers.memory import MemoryProvider

    applied("lock", "-e", "production")
    commit("Lock")
    assert applied("apply", "-e", "production", "--yes").code == 0
    monkeypatch.delattr(MemoryProvider, "find_image")
    assert "No changes." in applied("plan", "-e", "production").out
    assert {one.image for one, _ in engine.replicas.values()} == {f"{IMAGE}@{TWO}"}
