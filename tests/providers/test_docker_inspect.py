from __future__ import annotations

import json
from typing import Any

import pytest

from agentgit.model.container import Container, Limits
from agentgit.model.observed import Live
from agentgit.model.steps import ReplicaSpec, Stamp
from agentgit.providers.docker.inspection import (
    create_body,
    endpoints,
    engine_name,
    read_health,
    read_replica,
    split_image,
    update_body,
)

STAMP = Stamp(rollout="20261120-081530-7f3a", fence=3)
NAME = "acme-0b9c2f-staging-echo-1-0123abcd-1"
FULL = Container.model_validate(
    {
        "image": "registry.example/echo@sha256:" + "ab" * 32,
        "entrypoint": ["/sbin/agent"],
        "command": ["serve", "--fast"],
        "working_dir": "/app",
        "user": 1000,
        "environment": {"LOG_LEVEL": "info", "AGENTGIT_SLOT": "stolen"},
        "ports": {
            "http": {"target": 8080},
            "talk": {"target": 9000, "published": 9001, "protocol": "udp", "host_ip": "10.0.0.7"},
        },
        "volumes": {
            "/data": {"name": "data"},
            "/know": {"name": "know", "access": "shared", "readOnly": True},
        },
        "networks": {"front": {"aliases": ["desk", "echo"]}, "back": {}},
        "labels": {"team": "cx", "dev.agentgit.self": "stolen"},
        "healthcheck": {"test": "true", "interval": "1s500ms", "timeout": "2s", "retries": 4},
        "restart": "on-failure",
        "stop_signal": "SIGINT",
        "stop_grace_period": "1500ms",
        "read_only": True,
        "tmpfs": ["/scratch", "/run:size=1m,mode=1777"],
        "cap_drop": ["ALL"],
        "cap_add": ["NET_BIND_SERVICE"],
        "security_opt": ["no-new-privileges:true"],
        "init": True,
        "deploy": {"resources": {"limits": {"cpus": "0.5", "memory": "64m", "pids": 50}}},
    }
)
SPEC = ReplicaSpec(
    name=NAME,
    project_id="0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11",
    project="acme",
    environment="staging",
    agent="echo",
    instance="echo",
    slot=1,
    revision="0123abcd" * 8,
    commit="89ef" * 10,
    container=FULL,
    volumes={"/data": "acme-0b9c2f-staging-echo-data-1", "/know": "acme-0b9c2f-staging-know"},
    networks={"front": "acme-0b9c2f-staging-front", "back": "acme-0b9c2f-staging-back"},
    variables={"AGENTGIT_SLOT": "1"},
)
LABELS = {
    "team": "cx",
    "dev.agentgit.schema": "1",
    "dev.agentgit.project-id": "0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11",
    "dev.agentgit.kind": "replica",
    "dev.agentgit.self": NAME,
    "dev.agentgit.project": "acme",
    "dev.agentgit.environment": "staging",
    "dev.agentgit.instance": "echo",
    "dev.agentgit.replica": NAME,
    "dev.agentgit.agent": "echo",
    "dev.agentgit.slot": "1",
    "dev.agentgit.revision": "0123abcd" * 8,
    "dev.agentgit.commit": "89ef" * 10,
    "dev.agentgit.rollout": "20261120-081530-7f3a",
    "dev.agentgit.fence": "3",
    "dev.agentgit.ports": '{"http": "8080/tcp", "talk": "9000/udp"}',
    "dev.agentgit.image": "registry.example/echo@sha256:" + "ab" * 32,
    "dev.agentgit.pids": "50",
}
BODY = {
    "Image": "registry.example/echo@sha256:" + "ab" * 32,
    "Env": ["AGENTGIT_SLOT=1", "LOG_LEVEL=info"],
    "Labels": LABELS,
    "ExposedPorts": {"8080/tcp": {}, "9000/udp": {}},
    "StopSignal": "SIGINT",
    "StopTimeout": 2,
    "Entrypoint": ["/sbin/agent"],
    "Cmd": ["serve", "--fast"],
    "WorkingDir": "/app",
    "User": "1000",
    "Healthcheck": {
        "Test": ["CMD-SHELL", "true"],
        "Interval": 1_500_000_000,
        "Timeout": 2_000_000_000,
        "Retries": 4,
        "StartPeriod": 0,
    },
    "HostConfig": {
        "Mounts": [
            {
                "Type": "volume",
                "Source": "acme-0b9c2f-staging-echo-data-1",
                "Target": "/data",
                "ReadOnly": False,
            },
            {
                "Type": "volume",
                "Source": "acme-0b9c2f-staging-know",
                "Target": "/know",
                "ReadOnly": True,
            },
            {
                "Type": "volume",
                "Source": f"{NAME}-config",
                "Target": "/run/agentgit",
                "ReadOnly": True,
            },
        ],
        "PortBindings": {
            "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
            "9000/udp": [{"HostIp": "10.0.0.7", "HostPort": "9001"}],
        },
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 0},
        "ReadonlyRootfs": True,
        "Tmpfs": {"/scratch": "", "/run": "size=1m,mode=1777"},
        "CapAdd": ["NET_BIND_SERVICE"],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Init": True,
        "Memory": 64 * 1024**2,
        "NanoCpus": 500_000_000,
        "PidsLimit": 50,
        "NetworkMode": "acme-0b9c2f-staging-back",
    },
    "NetworkingConfig": {"EndpointsConfig": {"acme-0b9c2f-staging-back": {"Aliases": ["echo"]}}},
}


def found(**changes: Any) -> dict[str, Any]:
    """An inspect as Docker 20.10 gives it, as far as it is read."""
    base: dict[str, Any] = {
        "Id": "f3" * 32,
        "Name": f"/{NAME}",
        "Image": "sha256:" + "8b" * 32,
        "RestartCount": 2,
        "State": {
            "Status": "running",
            "Running": True,
            "ExitCode": 0,
            "Error": "",
            "StartedAt": "2026-11-20T08:42:47.22429766Z",
            "Health": {"Status": "healthy", "FailingStreak": 0, "Log": []},
        },
        "Config": {
            "Image": "docker.io/echo:1",
            "Labels": LABELS,
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 10**9},
        },
        "HostConfig": {
            "Memory": 64 * 1024**2,
            "NanoCpus": 500_000_000,
            "PidsLimit": 50,
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 0},
        },
        "NetworkSettings": {
            "Ports": {
                "8080/tcp": [
                    {"HostIp": "::", "HostPort": "32770"},
                    {"HostIp": "0.0.0.0", "HostPort": "32769"},  # noqa: S104 - read, not bound
                ],
                "9000/udp": None,
            }
        },
    }
    for path, value in changes.items():
        block, _, key = path.partition("__")
        base[block] = base[block] | {key: value} if key else value
    return base


def test_everything_that_is_asked_for() -> None:
    assert create_body(SPEC, FULL, STAMP) == BODY
    json.dumps(BODY)


def test_what_is_not_set_is_not_asked_for() -> None:
    plain = Container(image="echo:1")
    spec = SPEC.model_copy(update={"container": plain, "volumes": {}, "networks": {}})
    body = create_body(spec, plain, STAMP)
    absent = {"Entrypoint", "Cmd", "WorkingDir", "User", "Healthcheck", "NetworkingConfig"}
    assert not absent & set(body)
    assert not {"Init", "Memory", "NanoCpus", "PidsLimit", "NetworkMode"} & set(body["HostConfig"])


def test_all_networks_in_order_of_their_keys() -> None:
    assert list(endpoints(SPEC, FULL).items()) == [
        ("acme-0b9c2f-staging-back", {"Aliases": ["echo"]}),
        ("acme-0b9c2f-staging-front", {"Aliases": ["echo", "desk"]}),
    ]


def test_a_running_replica_is_read() -> None:
    replica = read_replica(found(), "eu-1", "docker")
    assert replica.model_dump(exclude={"facts", "drift", "unverified", "handmade"}) == {
        "host": "eu-1",
        "id": "f3" * 32,
        "name": NAME,
        "instance": "echo",
        "agent": "echo",
        "slot": 1,
        "revision": "0123abcd" * 8,
        "commit": "89ef" * 10,
        "rollout": "20261120-081530-7f3a",
        "fence": 3,
        "state": "running",
        "health": "healthy",
        "exit_code": None,
        "restarts": 2,
        "error": "",
        "probe": "",
        "image": "registry.example/echo@sha256:" + "ab" * 32,
        "image_id": "sha256:" + "8b" * 32,
        "started_at": "2026-11-20T08:42:47.22429766Z",
        "addresses": {"http": "127.0.0.1:32769"},
        "live": {
            "limits": {"cpus": 0.5, "memory": 64 * 1024**2, "pids": 50},
            "restart": "on-failure",
        },
    }


def test_an_ended_replica_is_read() -> None:
    replica = read_replica(
        found(State__Status="exited", State__ExitCode=7, State__Error="out of luck"), "h", "docker"
    )
    assert (replica.state, replica.exit_code, replica.error) == ("exited", 7, "out of luck")
    assert replica.addresses == {}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("created", "created"),
        ("initialized", "created"),
        ("paused", "paused"),
        ("restarting", "restarting"),
        ("stopping", "exited"),
        ("dead", "exited"),
    ],
)
def test_states(status: str, state: str) -> None:
    assert read_replica(found(State__Status=status), "h", "podman").state == state


def test_never_started() -> None:
    replica = read_replica(found(State__StartedAt="0001-01-01T00:00:00Z"), "h", "docker")
    assert replica.started_at == ""


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        ({"Status": "healthy"}, "healthy"),
        ({"Status": "unhealthy"}, "unhealthy"),
        ({"Status": "starting"}, "starting"),
        ({"Status": "", "Log": None}, "starting"),
        (None, "starting"),
    ],
)
def test_health(health: Any, expected: str) -> None:
    assert read_health(found(State__Health=health)) == expected


@pytest.mark.parametrize(
    ("code", "said", "probe"),
    [(1, "connecting\nwget: 503\n", "wget: 503"), (0, "all is well", ""), (1, "", "")],
)
def test_what_a_failing_check_says(code: int, said: str, probe: str) -> None:
    log = [{"ExitCode": 1, "Output": "older"}, {"ExitCode": code, "Output": said}]
    health = {"Status": "unhealthy", "Log": log}
    assert read_replica(found(State__Health=health), "h", "docker").probe == probe


@pytest.mark.parametrize("check", [None, {"Test": ["NONE"]}, {"Test": None}])
def test_no_check_is_no_health(check: Any) -> None:
    assert read_health(found(Config__Healthcheck=check)) == "none"


@pytest.mark.parametrize("pids", [None, 0, -1])
def test_defaults_of_an_engine_are_no_limits(pids: int | None) -> None:
    defaults = {"Memory": 0, "NanoCpus": 0, "PidsLimit": pids, "RestartPolicy": {"Name": ""}}
    assert read_replica(found(HostConfig=defaults), "h", "docker").live == Live()


def test_podmans_own_pids_limit_is_none_unless_asked_for() -> None:
    limited = {"PidsLimit": 2048}
    unasked = {key: value for key, value in LABELS.items() if not key.endswith("pids")}
    asked = LABELS | {"dev.agentgit.pids": "2048"}

    def pids(labels: Any, kind: Any) -> int | None:
        inspected = found(HostConfig=limited, Config__Labels=labels)
        return read_replica(inspected, "h", kind).live.limits.pids

    assert pids(unasked, "podman") is None
    assert pids(asked, "podman") == 2048
    assert pids(unasked, "docker") == 2048


def test_lifted_limits_are_read_back_as_none() -> None:
    body = update_body(Limits(), "always", "docker", processors=2)
    assert read_replica(found(HostConfig=body), "h", "docker").live == Live(restart="always")
    assert body["NanoCpus"] <= 2 * 10**9


def test_changed_limits_are_read_back() -> None:
    limits = Limits(cpus="2", memory="1g", pids=7)
    body = update_body(limits, "no", "docker", processors=2)
    assert read_replica(found(HostConfig=body), "h", "docker").live == Live(limits=limits)
    assert body["MemorySwap"] == 2 * 1024**3


def test_podman_changes_processors_by_quota() -> None:
    body = update_body(Limits(cpus="0.25"), "no", "podman")
    assert (body["CpuPeriod"], body["CpuQuota"]) == (100_000, 25_000)
    assert "NanoCpus" not in body
    assert update_body(Limits(), "no", "podman")["CpuQuota"] == -1
    lifted = found(HostConfig={"NanoCpus": -10_000, "Memory": 2**60, "PidsLimit": -1})
    assert read_replica(lifted, "h", "podman").live == Live()


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("echo", ("echo", "latest")),
        ("echo:1", ("echo", "1")),
        ("registry.example:5000/team/echo", ("registry.example:5000/team/echo", "latest")),
        ("registry.example:5000/team/echo:1.2", ("registry.example:5000/team/echo", "1.2")),
        ("registry.example/echo@sha256:abc", ("registry.example/echo", "sha256:abc")),
    ],
)
def test_image_names(image: str, parts: tuple[str, str]) -> None:
    assert split_image(image) == parts


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ("registry.example:5000/team/echo:1.2", "registry.example:5000/team/echo:1.2"),
        ("registry.example/echo@sha256:abc", "registry.example/echo@sha256:abc"),
        ("registry.example:5000/echo:1.2@sha256:abc", "registry.example:5000/echo@sha256:abc"),
    ],
)
def test_a_tag_beside_a_digest_is_left_out(image: str, named: str) -> None:
    assert engine_name(image) == named
