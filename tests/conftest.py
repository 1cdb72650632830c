"""What every test gets: a scrubbed environment and the engines, for those that ask."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How fast the machine is, and what else it does, is no property of the code.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

pytest_plugins = ["tests.engines.fixtures"]

SCRUBBED = ("GIT_", "AGENTGIT_STATE_HOME", "DOCKER_HOST", "CONTAINER_HOST", "XDG_", "NO_COLOR",
            "FORCE_COLOR", "PAGER", "LESS", "COLUMNS")  # fmt: skip


@pytest.fixture(autouse=True)
def _scrub_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the developer's Git configuration, state folder or engines."""
    for name in list(os.environ):
        if name.startswith(SCRUBBED):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("AGENTGIT_STATE_HOME", str(tmp_path / "state"))
