"""How much room is left where an engine keeps images and containers, as far as it can be known.

Podman tells. Docker tells only which folder it keeps them in: that says something on its own
machine alone, so it has to be sure that the engine is here, and not in a virtual machine.
"""

from __future__ import annotations

import os
from pathlib import Path

from agentgit.providers.docker.calls import Engine
from agentgit.providers.room import measure_room


def find_room(engine: Engine) -> int | None:
    """Give the bytes that are left; None where the engine does not tell. Raises EngineError."""
    if engine.info.kind == "podman":
        told = engine.call("GET", "/libpod/info").json()
        store, host = told.get("store") or {}, told.get("host") or {}
        if _is_here(engine, host.get("hostname"), host.get("kernel")):
            return measure_there(store.get("graphRoot"))
        allocated, used = store.get("graphRootAllocated"), store.get("graphRootUsed")
        return max(0, int(allocated) - int(used or 0)) if allocated else None
    told = engine.call("GET", "/info").json()
    if _is_here(engine, told.get("Name"), told.get("KernelVersion")):
        return measure_there(told.get("DockerRootDir"))
    return None


def measure_there(folder: str | None) -> int | None:
    """Measure where a folder of this machine is; None where there is no such folder."""
    return measure_room(Path(folder)) if folder and Path(folder).is_dir() else None


def _is_here(engine: Engine, name: str | None, kernel: str | None) -> bool:
    """Whether an engine runs on this very machine: its socket, its name, its kernel."""
    here = os.uname()
    local = engine.endpoint.startswith("unix://")
    return local and name == here.nodename and kernel == here.release
