"""Our own labels: what is ours, which of it, and what they say of a replica."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentgit.model.container import Container
from agentgit.model.steps import ReplicaSpec, Stamp
from agentgit.providers.docker.inspection import read_replica
from agentgit.providers.docker.labels import is_listed, is_ours, label_filter, label_replica

PREFIX = "dev.agentgit."
PROJECT = "0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11"
NAME = "acme-1"
SPEC = ReplicaSpec(
    name=NAME, project_id=PROJECT, project="acme", environment="staging", agent="echo",
    instance="echo-eu", slot=3, revision="ab" * 32, commit="cd" * 20,
    container=Container(image="echo:1", labels={"team": "cx", f"{PREFIX}slot": "9"}),
)  # fmt: skip
LABELS = label_replica(SPEC, Stamp(rollout="20261120-081530-7f3a", fence=7))


def _listed(name: str = NAME, **labels: str) -> dict[str, Any]:
    return {"Names": [f"/{name}"], "Labels": LABELS | {PREFIX + k: v for k, v in labels.items()}}


def test_a_replica_of_the_environment_is_listed() -> None:
    assert is_listed(_listed(), "replica", "staging")


@pytest.mark.parametrize(
    "other",
    [_listed(kind="carrier"), _listed(environment="production"), _listed("copy"),
     _listed(self="original"), {"Names": [f"/{NAME}"], "Labels": {"team": "cx"}}],
    ids=["kind", "environment", "renamed", "copy", "a stranger's"],
)  # fmt: skip
def test_anything_else_is_not(other: dict[str, Any]) -> None:
    assert not is_listed(other, "replica", "staging")


@pytest.mark.parametrize("label", ["project-id", "kind", "self"])
def test_one_label_that_is_not_ours_is_enough(label: str) -> None:
    found = {"Name": f"/{NAME}", "Config": {"Labels": LABELS}}
    assert is_ours(found, PROJECT, "replica", NAME)
    changed = found | {"Config": {"Labels": LABELS | {PREFIX + label: "other"}}}
    assert not is_ours(changed, PROJECT, "replica", NAME)


def test_lists_are_asked_for_this_project_only() -> None:
    assert json.loads(label_filter(PROJECT)) == {"label": [f"{PREFIX}project-id={PROJECT}"]}


def test_labels_are_read_back() -> None:
    config = {"Labels": LABELS, "Image": "localhost/echo:1"}
    found = read_replica(
        {"Id": "f3", "Name": "/other", "Config": config, "State": {}}, "eu-1", "docker"
    )
    said = (found.name, found.instance, found.agent, found.slot, found.revision, found.commit)
    assert said == (NAME, "echo-eu", "echo", 3, "ab" * 32, "cd" * 20)
    assert (found.rollout, found.fence, found.image) == ("20261120-081530-7f3a", 7, "echo:1")
    assert LABELS["team"] == "cx"
