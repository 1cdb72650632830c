"""Real repositories in temporary folders, untouched by the configuration of who runs the tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agentgit.model.rollout import RolloutRecord
from agentgit.record.ledger import GitLedger
from agentgit.source.repository import GitSource
from tests.repositories import (  # noqa: F401 - fixtures
    _own_git_configuration,
    commit,
    git,
    opened,
    repository,
)

PROJECT = "0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11"


@pytest.fixture
def record() -> Callable[..., RolloutRecord]:
    """Make a record; what is not said is a running apply: record(commit="x", minute=3)."""

    def make(minute: int = 0, **fields: Any) -> RolloutRecord:
        started = datetime(2026, 11, 20, 8, minute, 30, tzinfo=UTC)
        usual = {
            "id": f"20261120-08{minute:02}30-7f3a",
            "kind": "apply",
            "project_id": PROJECT,
            "environment": "production",
            "commit": "",
            "actor": "Ana <ana@example.org>",
            "tool": "agentgit 0.1.0",
            "started_at": started,
        }
        return RolloutRecord.model_validate(usual | fields)

    return make


@pytest.fixture
def ledger(opened: Callable[[Path], GitSource]) -> Callable[..., GitLedger]:  # noqa: F811 - a fixture
    """Open the ledger of a folder: ledger(folder, remote="origin", timeout=5)."""

    def open_ledger(
        folder: Path, remote: str | None = None, project: str = PROJECT, **more: Any
    ) -> GitLedger:
        return GitLedger(opened(folder).git, project, remote, **more)

    return open_ledger
