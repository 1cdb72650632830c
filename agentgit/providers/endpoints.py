"""Where engines answer on this machine, found out without the docker SDK."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agentgit.errors import EngineError
from agentgit.model.observed import EngineKind
from agentgit.providers.docker.calls import EngineInfo, read_greeting, read_version
from agentgit.providers.docker.http import (
    Connection,
    HttpAnswer,
    connect_tcp,
    connect_unix,
)

ANSWER_TIMEOUT = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class FoundEngine:
    """An engine that answers."""

    engine: EngineKind
    url: str
    version: str


def default_endpoint(engine: str, environment: Mapping[str, str] = os.environ) -> str:
    """Give the endpoint a host of this engine means when it names none; sockets that exist win."""
    candidates = find_endpoints(engine, environment)
    existing = (url for url in candidates if Path(url.removeprefix("unix://")).exists())
    return next(existing, candidates[0])


def find_endpoints(engine: str, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """List where an engine may answer on this machine, most wanted first."""
    variable = "CONTAINER_HOST" if engine == "podman" else "DOCKER_HOST"
    if environment.get(variable):
        return (environment[variable],)
    if engine == "docker":
        return ("unix:///var/run/docker.sock",)
    own = environment.get("XDG_RUNTIME_DIR")
    return (
        "unix:///run/podman/podman.sock",
        *([f"unix://{own}/podman/podman.sock"] if own else []),
    )


def find_engine(
    endpoint: str | None = None, environment: Mapping[str, str] = os.environ
) -> FoundEngine | None:
    """Find what `engine: auto` means: what answers at the endpoint, else Docker, else Podman."""
    places = (
        (endpoint,)
        if endpoint is not None
        else (*find_endpoints("docker", environment), *find_endpoints("podman", environment))
    )
    for url in places:
        info = answers(url)
        if info is not None:
            return FoundEngine(info.kind, url, info.version)
    return None


def answers(endpoint: str, timeout: float = ANSWER_TIMEOUT) -> EngineInfo | None:
    """Ask who is there; None when nobody is."""
    plain = ("unix://",) if os.environ.get("DOCKER_CERT_PATH") else ("unix://", "tcp://")
    if not endpoint.startswith(plain):
        return _ask_with_sdk(endpoint, timeout)
    try:
        said, _ = _get(endpoint, "/_ping", timeout)
        greeting = read_greeting(said.header("Server"), said.header("Api-Version"))
        return greeting or _ask_version(endpoint, timeout)
    except (OSError, ValueError, AttributeError):  # DOCKER_HOST may say anything
        return None


def _ask_version(endpoint: str, timeout: float) -> EngineInfo | None:
    answer, said = _get(endpoint, "/version", timeout)
    return read_version(json.loads(said)) if answer.status == 200 else None


def _get(endpoint: str, path: str, timeout: float) -> tuple[HttpAnswer, bytes]:
    with closing(_connect(endpoint, timeout)) as connection:
        answer = connection.ask("GET", path, {}, None)
        return answer, b"".join(answer.pieces())


def _connect(endpoint: str, timeout: float) -> Connection:
    if endpoint.startswith("unix://"):
        return connect_unix(endpoint.removeprefix("unix://"), timeout)
    parts = urlsplit(endpoint)
    return connect_tcp(parts.hostname or "", parts.port or 2375, timeout)


def _ask_with_sdk(endpoint: str, timeout: float) -> EngineInfo | None:
    """Ask over TLS or ssh, which only the SDK can."""
    from agentgit.providers.docker.provider import DockerEngine

    engine = DockerEngine(endpoint, endpoint, timeout=timeout)
    try:
        return engine.info
    except EngineError:
        return None
    finally:
        engine.close()
