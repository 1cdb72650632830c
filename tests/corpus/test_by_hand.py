"""What somebody changed by hand is said with the name of the field, and set right by an apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.corpus.fields import PLAIN, WAIT
from tests.corpus.project import Project, make_project

pytestmark = pytest.mark.slow
BLOCK = {
    "image": PLAIN,
    "command": ["/bin/sh", "-c", WAIT],
    "networks": {"front": {"aliases": ["desk"]}, "back": {}},
    "stop_grace_period": "1s",
    "restart": "no",
    "deploy": {"resources": {"limits": {"cpus": "0.5", "memory": "64m", "pids": 60}}},
}
MEGABYTE = 1024**2
Hand = Callable[[docker.APIClient, str], object]


def _update(**values: object) -> Hand:
    def change(client: docker.APIClient, key: str) -> None:
        answer = client.post(client._url("/containers/{0}/update", key), json=values)
        answer.raise_for_status()

    return change


def _find_network(client: docker.APIClient, key: str, word: str) -> str:
    joined = client.inspect_container(key)["NetworkSettings"]["Networks"]
    return next(name for name in joined if word in name)


def _disconnect(client: docker.APIClient, key: str) -> None:
    client.disconnect_container_from_network(key, _find_network(client, key, "-back"))


def _reconnect(client: docker.APIClient, key: str) -> None:
    network = _find_network(client, key, "-front")
    client.disconnect_container_from_network(key, network)
    client.connect_container_to_network(key, network, aliases=["other"])


def _connect(client: docker.APIClient, key: str) -> None:
    client.connect_container_to_network(key, "agentgit-by-hand")


EVERYWHERE: dict[str, tuple[Hand, str, str]] = {  # what is done, what is said, what happens
    "connect": (_connect, "networks.agentgit-by-hand", "replace"),
    "disconnect": (_disconnect, "-back", "replace"),
    "kill": (lambda client, key: client.kill(key), "has ended with exit code 137", "replace"),
    "pause": (lambda client, key: client.pause(key), "somebody paused", "replace"),
    "reconnect": (_reconnect, "-> other", "replace"),
    "remove": (lambda client, key: client.remove_container(key, force=True),
               "slot 1 has no replica", "create"),
    "rename": (lambda client, key: client.rename(key, f"mine-{key[:8]}"), "-> mine-", "replace"),
    "stop": (lambda client, key: client.stop(key, timeout=1), "has ended", "replace"),
}  # fmt: skip
ON_DOCKER: dict[str, tuple[Hand, str, str]] = {
    "cpus": (_update(NanoCpus=700_000_000), "cpus 0.7 -> 0.5", "update"),
    "cpuset": (_update(CpusetCpus="0"), "cpuset not set -> 0", "replace"),
    "memory": (_update(Memory=48 * MEGABYTE), "memory 48m -> 64m", "update"),
    "pids": (_update(PidsLimit=70), "pids 70 -> 60", "update"),
    "reservation": (_update(MemoryReservation=32 * MEGABYTE), "memory_reservation not set ->",
                    "replace"),
    "restart": (_update(RestartPolicy={"Name": "always"}), "restart always -> no", "update"),
    "shares": (_update(CpuShares=512), "cpu_shares not set -> 512", "replace"),
    "swap": (_update(Memory=64 * MEGABYTE, MemorySwap=256 * MEGABYTE), "memory_swap", "update"),
}  # fmt: skip
KEPT = {"cpus", "memory", "pids", "restart", "swap", "kill", "pause", "stop"}


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
    foreign = client.create_network("agentgit-by-hand", driver="bridge", labels=labels)
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
