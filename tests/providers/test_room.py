"""How much room an engine has left: told by Podman, looked up for a Docker that is surely here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agentgit.providers.docker.calls import EngineInfo
from agentgit.providers.docker.room import find_room
from agentgit.providers.room import measure_room

HERE = os.uname()


class Engine:
    """An engine that answers one question."""

    host = "eu-1"

    def __init__(self, kind: Any, answer: Any, endpoint: str = "unix:///engine.sock") -> None:
        self.info = EngineInfo(kind, "1", "1.41")
        self.endpoint = endpoint
        self._answer = answer

    def call(self, *_: object, **__: object) -> Engine:
        return self

    def json(self) -> Any:
        return self._answer


def _engine(*words: Any) -> Any:
    return Engine(*words)


def docker(folder: Path, **facts: str) -> dict[str, str]:
    told = {"Name": HERE.nodename, "KernelVersion": HERE.release}
    return {"DockerRootDir": str(folder), **told, **facts}


def test_a_docker_on_this_machine(tmp_path: Path) -> None:
    found = find_room(_engine("docker", docker(tmp_path)))
    there = os.statvfs(tmp_path)
    assert found == pytest.approx(there.f_bavail * there.f_frsize, rel=0.05)


@pytest.mark.parametrize(
    ("facts", "endpoint"),
    [
        ({"Name": "docker-desktop"}, "unix:///engine.sock"),
        ({"KernelVersion": "6.6.12-linuxkit"}, "unix:///engine.sock"),
        ({"DockerRootDir": "/nowhere/at/all"}, "unix:///engine.sock"),
        ({}, "tcp://eu-1.example:2376"),
        ({}, "ssh://deploy@eu-1.example"),
    ],
)
def test_a_docker_elsewhere_does_not_tell(
    tmp_path: Path, facts: dict[str, str], endpoint: str
) -> None:
    assert find_room(_engine("docker", docker(tmp_path, **facts), endpoint)) is None


@pytest.mark.parametrize(
    ("store", "room"),
    [
        ({"graphRootAllocated": 1000, "graphRootUsed": 400}, 600),
        ({"graphRootAllocated": 1000, "graphRootUsed": 1001}, 0),
        ({}, None),
    ],
)
def test_a_podman_elsewhere_tells(store: dict[str, int], room: int | None) -> None:
    told = {"store": store, "host": {"hostname": "other", "kernel": HERE.release}}
    assert find_room(_engine("podman", told)) == room


def test_a_podman_here_is_looked_up(tmp_path: Path) -> None:
    told = {
        "store": {"graphRoot": str(tmp_path), "graphRootAllocated": 1},
        "host": {"hostname": HERE.nodename, "kernel": HERE.release},
    }
    assert (find_room(_engine("podman", told)) or 0) > 1


def test_a_folder_that_is_not_made_yet(tmp_path: Path) -> None:
    there = os.statvfs(tmp_path)
    found = measure_room(tmp_path / "a" / "b")
    assert found == pytest.approx(there.f_bavail * there.f_frsize, rel=0.05)
