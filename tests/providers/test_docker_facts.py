"""The facts that a baseline is made of: pinned, so that a new release sees no drift of its own."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.model.baseline import READER
from agentgit.providers.docker.facts import read_facts

KEY = "f3" * 32
FOUND: dict[str, Any] = {
    "Id": KEY,
    "Name": "/support-1",
    "Image": "sha256:8b",
    "State": {"Status": "running"},
    "Config": {
        "Hostname": "f3f3f3f3f3f3",
        "User": "1000",
        "Env": ["TOKEN=secret", "HOSTNAME=f3f3f3f3f3f3", "container=podman"],
        "Cmd": ["serve"],
        "Entrypoint": None,
        "WorkingDir": "/app",
        "StopSignal": "SIGINT",
        "StopTimeout": 2,
        "Healthcheck": {"Test": ["CMD", "true"]},
    },
    "HostConfig": {
        "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
        "ReadonlyRootfs": True,
        "Privileged": False,
        "Init": True,
        "CapAdd": ["CAP_B", "CAP_A"],
        "CapDrop": None,
        "SecurityOpt": ["no-new-privileges:true"],
        "Tmpfs": {"/scratch": ""},
        "MemorySwap": 134217728,
        "CpuShares": 1024,
        "CpusetCpus": "0",
        "CpuQuota": 50000,
    },
    "Mounts": [
        {"Type": "volume", "Name": "data", "Destination": "/data", "RW": True},
        {"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": False},
        {"Type": "tmpfs", "Destination": "/scratch", "RW": True},
    ],
    "NetworkSettings": {
        "Networks": {
            "front": {"Aliases": ["desk", "f3f3f3f3f3f3", "alpha"], "IPAddress": "10.0.0.2"},
            "back": {"Aliases": None},
        }
    },
}
FACTS = {
    "name": "support-1",
    "image": "8b",
    "command": '["serve"]',
    "working_dir": "/app",
    "user": "1000",
    "stop_signal": "SIGINT",
    "stop_grace_period": "2",
    "healthcheck": '{"Test": ["CMD", "true"]}',
    "read_only": "true",
    "init": "true",
    "cap_add": '["CAP_A", "CAP_B"]',
    "security_opt": '["no-new-privileges:true"]',
    "tmpfs": '{"/scratch": ""}',
    "memory_swap": "134217728",
    "cpuset": "0",
    "cpu_quota": "50000",
    "environment.TOKEN": "digest 2bb80d537b1da3e3",
    "volumes./data": "volume data rw",
    "volumes./srv": "bind /srv ro",
    "ports.8080/tcp": "127.0.0.1:",
    "networks.front": "alpha desk",
    "networks.back": "joined",
}


def test_what_is_read_is_pinned() -> None:
    """Whoever changes this lets READER grow: baselines of the release before stay comparable."""
    assert (READER, read_facts(FOUND, "docker")) == (2, FACTS)


def test_podman_reckons_some_facts_by_itself() -> None:
    """The limit of processors is said twice, capabilities depend on the defaults of the day."""
    own = {"cpu_quota", "cap_add"}
    assert read_facts(FOUND, "podman") == {k: v for k, v in FACTS.items() if k not in own}


def test_what_is_long_is_a_digest() -> None:
    config = FOUND["Config"] | {"Cmd": ["x" * 100]}
    said = read_facts(FOUND | {"Config": config}, "docker")["command"]
    assert (said[:7], len(said)) == ("digest ", 23)


@pytest.mark.parametrize(
    ("field", "value", "fact"),
    [
        ("MemorySwap", -1, "memory_swap"),
        ("MemorySwap", 2**60, "memory_swap"),
        ("CpuShares", 0, "cpu_shares"),
        ("CpuQuota", 0, "cpu_quota"),
    ],
)
def test_no_limit_is_no_fact(field: str, value: int, fact: str) -> None:
    found = FOUND | {"HostConfig": FOUND["HostConfig"] | {field: value}}
    assert fact not in read_facts(found, "docker")


def test_nothing_is_read_of_nothing() -> None:
    assert read_facts({}, "docker") == {}
