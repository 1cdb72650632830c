"""What somebody changed by hand is said with the name of the field, and set right by an apply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.corpus.hands import BLOCK, EVERYWHERE, FOREIGN, KEPT, ON_DOCKER, Hand
from tests.corpus.project import Project, make_project

pytestmark = pytest.mark.slow


@pytest.fixture(
    params=[
        pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.xdist_group("docker")]),
        pytest.param("podman", marks=[pytest.mark.podman, pytest.mark.xdist_group("podman")]),
    ]
)
def place(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Project, docker.APIClient, dict[str, tuple[Hand, str, str]]]]:
    url = request.getfixturevalue(f"{request.param}_engine").url
    project = make_project(tmp_path / "by-hand", request.param, url)
    client = docker.APIClient(base_url=url, timeout=60)
    labels = {"dev.agentgit.project-id": project.id}
    foreign = client.create_network(FOREIGN, driver="bridge", labels=labels)
    yield project, client, EVERYWHERE | (ON_DOCKER if request.param == "docker" else {})
    project.sweep()
    if client.networks(ids=[foreign["Id"]]):
        client.remove_network(foreign["Id"])
    client.close()


def test_what_somebody_changed_is_named_and_set_right(
    place: tuple[Project, docker.APIClient, dict[str, tuple[Hand, str, str]]],
) -> None:
    project, client, hands = place
    project.set_instances(dict.fromkeys((*hands, "untouched"), BLOCK))
    project.apply()
    before = project.containers(client)
    for name, (change, _, _) in hands.items():
        change(client, before[name])
    plan = project.plan()
    said = {one.instance: one for one in plan.changes if one.kind != "keep"}
    assert set(said) == set(hands)
    for name, (_, words, kind) in hands.items():
        details = " ".join(cause.detail for cause in said[name].causes)
        assert words in details, (name, details)
        assert said[name].kind == kind, name
        assert not said[name].fields, name
    project.apply()
    after = project.containers(client)
    assert {name for name in before if before[name] == after[name]} == (KEPT & set(hands)) | {
        "untouched"
    }
    again = project.plan()
    assert [one.instance for one in again.changes if one.kind != "keep"] == []
    assert again.is_empty
    assert not again.unverified
