"""What somebody could change of a container behind our back, as its engine reports it. PURE.

An allow-list: what an engine fills in or counts by itself (addresses, clocks, ids of endpoints,
what depends on whether it runs) is not in it. Limits and the restart policy are not either: they
are compared with what is asked for. Values that are long, and all values of the environment, are
digests: they never leave the engine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from agentgit.model.observed import EngineKind

_SHOWN = 80  # characters of a value that is kept as it is
_UNLIMITED = 2**60  # bytes; see `inspection.update_body`
_SHARES = 1024  # the kernel's default, which engines report as 0 or as it is


def read_facts(found: Mapping[str, Any], kind: EngineKind) -> dict[str, str]:
    """Read the facts of one inspected container; what is not set is left out."""
    config, host = found.get("Config") or {}, found.get("HostConfig") or {}
    facts = {
        "name": str(found.get("Name") or "").lstrip("/"),
        "image": str(found.get("Image") or "").removeprefix("sha256:"),
        "entrypoint": _write(config.get("Entrypoint")),
        "command": _write(config.get("Cmd")),
        "working_dir": str(config.get("WorkingDir") or ""),
        "user": str(config.get("User") or ""),
        "stop_signal": str(config.get("StopSignal") or ""),
        "stop_grace_period": str(config.get("StopTimeout") or ""),
        "healthcheck": _write(config.get("Healthcheck")),
        "read_only": _write(host.get("ReadonlyRootfs")),
        "privileged": _write(host.get("Privileged")),
        "init": _write(host.get("Init")),
        "security_opt": _write(sorted(host.get("SecurityOpt") or ())),
        "tmpfs": _write(host.get("Tmpfs")),
        **_read_resources(host),
        **(_read_docker(host) if kind == "docker" else {}),
        **dict(_read_environment(config)),
        **dict(_read_mounts(found)),
        **dict(_read_ports(host)),
        **dict(_read_networks(found)),
    }
    return {key: _shorten(text) for key, text in facts.items() if text}


def _read_resources(host: Mapping[str, Any]) -> dict[str, str]:
    swap, shares = host.get("MemorySwap") or 0, host.get("CpuShares") or 0
    return {
        "memory_swap": str(swap) if 0 < swap < _UNLIMITED else "",
        "memory_reservation": _write(host.get("MemoryReservation")),
        "cpu_shares": "" if shares == _SHARES else _write(shares),
        "cpuset": str(host.get("CpusetCpus") or ""),
        "cpuset_mems": str(host.get("CpusetMems") or ""),
        "blkio_weight": _write(host.get("BlkioWeight")),
    }


def _read_docker(host: Mapping[str, Any]) -> dict[str, str]:
    """Read what Podman says otherwise than it was told.

    Its quota is the limit of processors once more. Capabilities it reckons from the defaults that
    it has today, which another version or a line of its configuration changes for some containers
    and not for others; nobody can change those of a container that is there.
    """
    return {
        "cpu_quota": _write(host.get("CpuQuota")),
        "cpu_period": _write(host.get("CpuPeriod")),
        "cap_add": _write(sorted(host.get("CapAdd") or ())),
        "cap_drop": _write(sorted(host.get("CapDrop") or ())),
    }


def _read_environment(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """One fact for each variable but those that engines add by themselves."""
    for line in config.get("Env") or ():
        key, _, value = str(line).partition("=")
        if key not in {"HOSTNAME", "HOME", "TERM", "container"}:
            yield f"environment.{key}", _digest(value)


def _read_mounts(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in found.get("Mounts") or ():
        if one.get("Type") != "tmpfs":
            access = "rw" if one.get("RW") else "ro"
            source = one.get("Name") or one.get("Source") or ""
            yield f"volumes.{one.get('Destination')}", f"{one.get('Type')} {source} {access}"


def _read_ports(host: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, bindings in (host.get("PortBindings") or {}).items():
        bound = sorted(f"{one.get('HostIp')}:{one.get('HostPort')}" for one in bindings or ())
        yield f"ports.{key}", " ".join(bound)


def _read_networks(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """One fact for each network: its aliases, without the names that engines add by themselves."""
    own = {
        str(found.get("Id") or "")[:12],
        str((found.get("Config") or {}).get("Hostname") or ""),
        str(found.get("Name") or "").lstrip("/"),
    }
    networks = (found.get("NetworkSettings") or {}).get("Networks") or {}
    for name, endpoint in networks.items():
        aliases = sorted(set((endpoint or {}).get("Aliases") or ()) - own)
        yield f"networks.{name}", " ".join(aliases) or "joined"


def _write(value: object) -> str:
    return json.dumps(value, sort_keys=True) if value else ""


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else _digest(text)


def _digest(text: str) -> str:
    return f"digest {hashlib.sha256(text.encode()).hexdigest()[:16]}"
