"""A name without digest on several hosts: where it is not one image, the plan says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from agentgit.providers import registry
from agentgit.providers.memory import MemoryEngine, MemoryProvider

ONE, TWO = (f"sha256:{letter * 64}" for letter in "ab")
IMAGE = "acme-hello:1.0.0"
Run = Callable[..., Any]
Engines = dict[str, MemoryEngine]


@pytest.fixture
def engines(
    agentgit: Run,  # noqa: ARG001 - comes first, with a project
    edit: Callable[[str, str, str], None],
    commit: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Engines:
    """Let production have two hosts with an engine each, and one replica on each."""
    environment = "environments/production/environment.yaml"
    edit(environment, "local:", "other: {engine: docker}\n    local:")
    edit(environment, "engine: auto", "engine: docker")
    commit("Two hosts")
    found = {"local": MemoryEngine(), "other": MemoryEngine()}

    def open_memory(name: str, _endpoint: object, place: registry.Place) -> MemoryProvider:
        return MemoryProvider(name, place.project_id, found[name])

    monkeypatch.setitem(registry.PROVIDERS, "docker", open_memory)  # type: ignore[arg-type]
    return found


def mixed(agentgit: Run) -> Any:
    return json.loads(agentgit("plan", "-e", "production", "--json").out)["mixedImages"]


def test_two_images_of_one_name(agentgit: Run, engines: Engines) -> None:
    engines["local"].digests[IMAGE] = ONE
    engines["other"].digests[IMAGE] = TWO
    said = f"{IMAGE} is not one image: id of sha256 on local, id of sha256 on other; agentgit lock"
    assert said in agentgit("plan", "-e", "production").out
    assert mixed(agentgit) == [
        {"name": IMAGE, "ids": {"local": f"id of {ONE}", "other": f"id of {TWO}"},
         "instances": ["hello"]}
    ]  # fmt: skip
    done = agentgit("apply", "-e", "production", "--yes")
    assert done.code == 0
    assert f"{IMAGE} is not one image" in done.err
    again = agentgit("plan", "-e", "production")
    assert "No changes." in again.out
    assert said in again.out


def test_a_host_that_will_ask_its_registry(agentgit: Run, engines: Engines) -> None:
    engines["local"].digests[IMAGE] = ONE
    engines["other"].registry[IMAGE] = TWO
    said = f"{IMAGE} is id of sha256 on local, and other asks its registry, which may give another"
    assert said in agentgit("plan", "-e", "production").out
    assert f"{IMAGE} is not one image" in agentgit("apply", "-e", "production", "--yes").err


def test_one_image_is_not_worth_a_word(agentgit: Run, engines: Engines) -> None:
    assert mixed(agentgit) == []  # nobody has it yet
    for engine in engines.values():
        engine.digests[IMAGE] = ONE
    assert mixed(agentgit) == []
    done = agentgit("apply", "-e", "production", "--yes")
    assert (done.code, "not one image" in done.err) == (0, False)
    assert mixed(agentgit) == []


def test_a_digest_is_one_on_all_platforms(
    agentgit: Run, engines: Engines, monkeypatch: Any
) -> None:
    from agentgit.model.image import Image

    for engine in engines.values():
        engine.digests[IMAGE] = ONE

    def find(self: MemoryProvider, _: str) -> Image:
        return Image(id=f"id on {self.host}", digest=ONE)

    monkeypatch.setattr(MemoryProvider, "find_image", find)
    assert mixed(agentgit) == []


def test_what_a_digest_names_is_no_question(
    agentgit: Run, engines: Engines, commit: Callable[[str], str]
) -> None:
    engines["local"].digests[IMAGE] = ONE
    assert agentgit("lock").code == 0
    commit("Locked")
    engines["other"].digests[IMAGE] = TWO
    assert mixed(agentgit) == []
