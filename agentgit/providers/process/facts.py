"""What is recorded about a process replica when it is created, and what is read back of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from pydantic import ConfigDict, ValidationError

from agentgit.errors import DefiniteError
from agentgit.model.container import Container, Healthcheck, Port
from agentgit.model.steps import ReplicaSpec, Stamp
from agentgit.model.value import Value
from agentgit.providers.process.files import read_regular

RECORD = "replica.json"
DOCUMENT = "agent.json"
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")  # of our own environment; nothing else leaks in


class Facts(Value):
    """A replica as it was created. Unknown fields are of a newer agentgit and are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    name: str
    project_id: str
    environment: str
    instance: str
    agent: str
    slot: int
    revision: str
    commit: str
    rollout: str
    fence: int
    source: str = ""
    argv: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    ports: Mapping[str, Port] = {}
    healthcheck: Healthcheck | None = None
    stop_signal: str = "SIGTERM"
    restart: str = "unless-stopped"
    memory: int | None = None


def gather_facts(replica: ReplicaSpec, stamp: Stamp, identity: str, root: Path) -> Facts:
    """Decide what is recorded. Raises EngineError for what a process cannot be."""
    process, container = replica.process, replica.container or Container(image="none")
    if process is None or not replica.source:
        raise DefiniteError(
            f"{replica.instance} cannot run as a process: agent {replica.agent} says nothing "
            "about it",
            hint="add `process: {source: FOLDER, command: [...]}` to the agent",
        )
    read_signal(container.stop_signal)
    return Facts(
        id=identity,
        name=replica.name,
        project_id=replica.project_id,
        environment=replica.environment,
        instance=replica.instance,
        agent=replica.agent,
        slot=replica.slot,
        revision=replica.revision,
        commit=replica.commit,
        rollout=stamp.rollout,
        fence=stamp.fence,
        source=replica.source,
        argv=process.command,
        variables={
            **container.environment,
            **process.environment,
            **replica.variables,
            **{
                f"AGENTGIT_VOLUME_{_shout(mount)}": str(root / "volumes" / volume / "data")
                for mount, volume in sorted(replica.volumes.items())
            },
        },
        ports=container.ports,
        healthcheck=container.healthcheck,
        stop_signal=container.stop_signal,
        restart=container.restart,
        memory=container.limits.memory,
    )


def read_facts(folder: Path) -> Facts | None:
    """Read a replica's record; None when there is none. Raises EngineError when it is damaged."""
    try:
        return Facts.model_validate_json(read_regular(folder / RECORD))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as error:
        raise DefiniteError(
            f"{folder / RECORD} is damaged: {error.errors()[0]['msg']}",
            hint=f"end what runs from {folder}, then delete that folder",
        ) from error


def write_facts(facts: Facts) -> bytes:
    """Write what `read_facts` reads."""
    return json.dumps(facts.model_dump(mode="json"), indent=1).encode()


def full_environment(facts: Facts, folder: Path, ports: Mapping[str, int]) -> dict[str, str]:
    """Everything the agent and its health check get as environment variables."""
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    return {
        "PATH": os.defpath,
        **kept,
        "PYTHONDONTWRITEBYTECODE": "1",  # the exported folder stays what the commit says
        **facts.variables,
        **{f"AGENTGIT_PORT_{_shout(name)}": str(port) for name, port in sorted(ports.items())},
        "AGENTGIT_CONFIG": str(folder / DOCUMENT),
    }


def read_signal(name: str) -> signal.Signals:
    """Read `SIGTERM`, `TERM` or `15`. Raises EngineError for what is no signal."""
    try:
        if name.isdigit():
            return signal.Signals(int(name))
        return signal.Signals[name if name.startswith("SIG") else f"SIG{name}"]
    except (KeyError, ValueError):
        raise DefiniteError(
            f"stop_signal {name} is no signal", hint="write SIGTERM, SIGINT or SIGQUIT"
        ) from None


def _shout(name: str) -> str:
    kept = (letter if letter.isalnum() else "_" for letter in name.strip("/").upper())
    return "".join(kept)
