"""An engine's inspect to a Replica, and a ReplicaSpec to what the engine is asked for. PURE.

Engines rewrite what they are given, differently: an inspect is never compared with a
specification. Only the facts read here are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from agentgit.model.container import Container, Limits, Port
from agentgit.model.observed import EngineKind, Health, Live, Replica, State
from agentgit.model.steps import ReplicaSpec, Stamp
from agentgit.providers.docker.facts import read_facts
from agentgit.providers.docker.labels import label_replica, read_label

CONFIG_FOLDER = "/run/agentgit"
PODMAN_PIDS = 2048  # Podman limits by default, and reports it like a limit that was asked for
_PROBE_WIDTH = 200  # characters of what a check says
_NANO = 10**9
_PERIOD = 100_000  # microseconds: the kernel's own default
_LIFTED = _NANO - 1  # a processor limit that ends so was lifted, see `_docker_cpus`
_NO_MEMORY_LIMIT = 2**60  # bytes: more than any host has
_STATES: Mapping[str, State] = {
    "created": "created",
    "configured": "created",
    "initialized": "created",
    "running": "running",
    "paused": "paused",
    "restarting": "restarting",
}


def read_replica(found: Mapping[str, Any], host: str, kind: EngineKind) -> Replica:
    """Read one inspected container of ours."""
    config, state = found["Config"], found["State"]
    labels = config.get("Labels")
    status = _STATES.get(state.get("Status", ""), "exited")
    started = str(state.get("StartedAt") or "")
    return Replica(
        host=host,
        id=found["Id"],
        name=read_label(labels, "self") or found["Name"].lstrip("/"),
        instance=read_label(labels, "instance"),
        agent=read_label(labels, "agent"),
        slot=_number(read_label(labels, "slot")),
        revision=read_label(labels, "revision"),
        commit=read_label(labels, "commit"),
        rollout=read_label(labels, "rollout"),
        fence=_number(read_label(labels, "fence")),
        state=status,
        health=read_health(found),
        exit_code=state.get("ExitCode") if status in {"exited", "restarting"} else None,
        restarts=found.get("RestartCount") or 0,
        error=state.get("Error") or "",
        probe=_read_probe(state),
        image=read_label(labels, "image") or config.get("Image") or "",
        image_id=_image_id(found.get("Image") or ""),
        started_at="" if started.startswith("0001") else started,
        addresses=_read_addresses(found) if status == "running" else {},
        live=_read_live(found, kind),
        facts=read_facts(found, kind),
    )


def read_health(found: Mapping[str, Any]) -> Health:
    """Read the health; Podman says nothing at all before the first check."""
    test = (found["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    if test[0] == "NONE":
        return "none"
    match ((found["State"].get("Health") or {}).get("Status") or "").lower():
        case "healthy":
            return "healthy"
        case "unhealthy":
            return "unhealthy"
        case _:
            return "starting"


def _read_probe(state: Mapping[str, Any]) -> str:
    """Read the last line of a check that failed; what a check says when all is well is no news."""
    log = (state.get("Health") or {}).get("Log") or [{}]
    lines = str(log[-1].get("Output") or "").strip().splitlines()
    return lines[-1].strip()[:_PROBE_WIDTH] if lines and log[-1].get("ExitCode") else ""


def create_body(spec: ReplicaSpec, container: Container, stamp: Stamp) -> dict[str, Any]:
    """Say to the engine what to create: the body of `/containers/create`.

    Only the first network is in it, engines before API 1.44 take no more at once.
    """
    body: dict[str, Any] = {
        "Image": spec.image_id or engine_name(container.image),
        "Env": [
            f"{key}={value}"
            for key, value in sorted((dict(container.environment) | dict(spec.variables)).items())
        ],
        "Labels": label_replica(spec, stamp),
        "ExposedPorts": {_port_key(port): {} for port in container.ports.values()},
        "StopSignal": container.stop_signal,
        "StopTimeout": math.ceil(container.stop_grace_period),
        "HostConfig": _host_config(spec, container),
    }
    optional = {
        "Entrypoint": None if container.entrypoint is None else list(container.entrypoint),
        "Cmd": None if container.command is None else list(container.command),
        "WorkingDir": container.working_dir,
        "User": container.user,
        "Healthcheck": _healthcheck(container),
    }
    body |= {key: value for key, value in optional.items() if value is not None}
    joined = endpoints(spec, container)
    if joined:
        network, endpoint = next(iter(joined.items()))
        body["HostConfig"]["NetworkMode"] = network
        body["NetworkingConfig"] = {"EndpointsConfig": {network: endpoint}}
    return body


def endpoints(spec: ReplicaSpec, container: Container) -> dict[str, dict[str, Any]]:
    """Give the networks to join, by real name, in order of their keys."""
    return {
        real: {"Aliases": [spec.instance, *_aliases(container, key, spec.instance)]}
        for key, real in sorted(spec.networks.items())
    }


def update_body(
    limits: Limits, restart: str, kind: EngineKind, processors: int = 1
) -> dict[str, Any]:
    """Say what to change in place: the body of `/containers/ID/update`.

    Engines take 0 for "as it was", and only pids for -1 as "no limit". So lifted memory becomes
    more than any host has, which is read back as no limit. `processors` is what the host has.
    """
    memory = limits.memory or _NO_MEMORY_LIMIT
    swap = memory * 2 if limits.memory else memory  # never below memory, whatever it was before
    return {
        "Memory": memory,
        "MemorySwap": swap,
        "PidsLimit": limits.pids or -1,
        "RestartPolicy": {"Name": restart, "MaximumRetryCount": 0},
        **(_podman_cpus(limits) if kind == "podman" else _docker_cpus(limits, processors)),
    }


def _docker_cpus(limits: Limits, processors: int) -> dict[str, int]:
    """Docker cannot lift it: all processors but a billionth, which nobody would ask for."""
    lifted = (processors - 1) * _NANO + _LIFTED
    return {"NanoCpus": lifted if limits.cpus is None else round(limits.cpus * _NANO)}


def _podman_cpus(limits: Limits) -> dict[str, int]:
    """Podman takes NanoCpus when creating and passes over it when updating."""
    quota = -1 if limits.cpus is None else round(limits.cpus * _PERIOD)
    return {"CpuPeriod": _PERIOD, "CpuQuota": quota}


def split_image(image: str) -> tuple[str, str]:
    """Split an image's name into repository and tag, or digest where it has one."""
    named, _, digest = image.partition("@")
    head, slash, last = named.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", digest or tag or "latest"


def engine_name(image: str) -> str:
    """Name an image to an engine: with a digest the tag means nothing, and Podman refuses it."""
    return "@".join(split_image(image)) if "@" in image else image


def _host_config(spec: ReplicaSpec, container: Container) -> dict[str, Any]:
    limits = container.limits
    config: dict[str, Any] = {
        "Mounts": [
            *(
                _mount(real, target, read_only=container.volumes[target].read_only)
                for target, real in sorted(spec.volumes.items())
            ),
            _mount(f"{spec.name}-config", CONFIG_FOLDER, read_only=True),
        ],
        "PortBindings": {
            _port_key(port): [{"HostIp": port.host_ip, "HostPort": str(port.published or "")}]
            for port in container.ports.values()
        },
        "RestartPolicy": {"Name": container.restart, "MaximumRetryCount": 0},
        "ReadonlyRootfs": container.read_only,
        "Tmpfs": dict(one.partition(":")[::2] for one in container.tmpfs),  # path:options
        "CapAdd": list(container.cap_add),
        "CapDrop": list(container.cap_drop),
        "SecurityOpt": list(container.security_opt),
    }
    optional = {
        "Init": True if container.init else None,
        "Memory": limits.memory,
        "NanoCpus": None if limits.cpus is None else round(limits.cpus * _NANO),
        "PidsLimit": limits.pids,
    }
    return config | {key: value for key, value in optional.items() if value is not None}


def _mount(volume: str, target: str, *, read_only: bool) -> dict[str, Any]:
    return {"Type": "volume", "Source": volume, "Target": target, "ReadOnly": read_only}


def _port_key(port: Port) -> str:
    return f"{port.target}/{port.protocol}"


def _healthcheck(container: Container) -> dict[str, Any] | None:
    check = container.healthcheck
    if check is None:
        return None
    return {
        "Test": list(check.test),
        "Interval": round(check.interval * _NANO),
        "Timeout": round(check.timeout * _NANO),
        "Retries": check.retries,
        "StartPeriod": round(check.start_period * _NANO),
    }


def _aliases(container: Container, key: str, instance: str) -> list[str]:
    use = container.networks.get(key)
    return [alias for alias in use.aliases if alias != instance] if use else []


def _read_addresses(found: Mapping[str, Any]) -> dict[str, str]:
    ports = json.loads(read_label(found["Config"].get("Labels"), "ports") or "{}")
    bound = (found.get("NetworkSettings") or {}).get("Ports") or {}
    addresses = {}
    for name, key in sorted(ports.items()):
        for binding in sorted(bound.get(key) or (), key=lambda one: ":" in one["HostIp"]):
            addresses[name] = f"{_reachable(binding['HostIp'])}:{binding['HostPort']}"
            break
    return addresses


def _reachable(address: str) -> str:
    """Turn "every address" into one at which the host reaches itself."""
    if address in {"", "0.0.0.0"}:  # noqa: S104 - read, not bound
        return "127.0.0.1"
    if address == "::":
        return "[::1]"
    return f"[{address}]" if ":" in address else address


def _read_live(found: Mapping[str, Any], kind: EngineKind) -> Live:
    config = found.get("HostConfig") or {}
    nano, memory = config.get("NanoCpus") or 0, config.get("Memory") or 0
    pids = config.get("PidsLimit") or 0
    asked = read_label(found["Config"].get("Labels"), "pids")
    by_default = kind == "podman" and pids == PODMAN_PIDS and asked != str(pids)
    limits = Limits.model_construct(  # an engine may report less than we would ask for
        cpus=nano / _NANO if nano > 0 and nano % _NANO != _LIFTED else None,
        memory=memory if 0 < memory < _NO_MEMORY_LIMIT else None,
        pids=pids if pids > 0 and not by_default else None,
    )
    return Live(limits=limits, restart=(config.get("RestartPolicy") or {}).get("Name") or "no")


def _image_id(raw: str) -> str:
    return raw if not raw or raw.startswith("sha256:") else f"sha256:{raw}"


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
