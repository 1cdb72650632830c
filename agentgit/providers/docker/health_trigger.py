"""Health checks on Podman, which without systemd never runs them itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentgit.providers.docker.calls import Engine, RefusedError
from agentgit.providers.docker.inspection import read_health

_CHECK_MARGIN = 10.0  # seconds an engine may need beyond a check's own timeout


@dataclass
class _Seen:
    """The newest run of a check, and when we first saw it; `ours` if we triggered it."""

    newest: str
    since: float
    ours: bool


@dataclass
class HealthTrigger:
    """Runs the checks of containers we look at.

    At most once in a container's interval, the first an interval after it was first seen, as
    Docker does. Where someone else runs them (systemd), that is noticed and left at that.
    """

    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def refresh(self, engine: Engine, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give an inspected container again, its health fresh where a check was due."""
        if read_health(found) == "none" or not found["State"].get("Running"):
            return found
        check = found["Config"]["Healthcheck"]
        if not self._is_due(found["Id"], _newest(found["State"].get("Health")), check):
            return found
        result = _run_check(engine, found["Id"], (check.get("Timeout") or 0) / 1e9)
        self._seen[found["Id"]] = _Seen(_newest(result), self.clock(), ours=True)
        if result is None:
            return found
        return {**found, "State": {**found["State"], "Health": result}}

    def _is_due(self, container: str, newest: str, check: Mapping[str, Any]) -> bool:
        seen = self._seen.get(container)
        if seen is None or (newest and newest != seen.newest):
            self._seen[container] = _Seen(newest, self.clock(), ours=not newest)
            return False
        interval = (check.get("Interval") or 0) / 1e9
        return self.clock() - seen.since >= (interval if seen.ours else 2 * interval)


def _newest(health: Mapping[str, Any] | None) -> str:
    log = (health or {}).get("Log") or []
    return str(log[-1].get("Start") or "") if log else ""


def _run_check(engine: Engine, container: str, timeout: float) -> Mapping[str, Any] | None:
    path = f"/libpod/containers/{container}/healthcheck"
    try:
        result: Mapping[str, Any] = engine.call(
            "GET", path, timeout=timeout + _CHECK_MARGIN
        ).json()
    except RefusedError:
        return None  # it has just ended, or is not running yet
    return result
