"""Podman through its Docker-compatible socket.

The differences are not tied to the word in `environment.yaml` but to what answers (a Podman may
well listen where Docker is expected), so they live where they matter: `docker.calls` tells the
engines apart, `docker.health_trigger` runs the health checks, `docker.inspection` reads what is
reported otherwise.
"""

from __future__ import annotations

from agentgit.model.observed import EngineKind
from agentgit.providers.docker.provider import CALL_TIMEOUT, DockerProvider, OnCall, watch_nothing


class PodmanProvider(DockerProvider):
    """One Podman service, on behalf of one project."""

    def __init__(
        self,
        host: str,
        endpoint: str,
        project_id: str,
        *,
        kind: EngineKind = "podman",
        timeout: float = CALL_TIMEOUT,
        on_call: OnCall = watch_nothing,
    ) -> None:
        super().__init__(host, endpoint, project_id, kind=kind, timeout=timeout, on_call=on_call)
