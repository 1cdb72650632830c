"""Who only reads leaves alone what an ended rollout has left on the hosts."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.execute.lease import Lease
from agentgit.pipeline import prepare_plan


def kept(project: Any) -> dict[str, bytes]:
    (store,) = project.engine.stores.values()
    return {name: store.read(name) for name in store.names("")}


def test_a_plan_takes_nothing_away(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was killed after its end was recorded: its copy and its lease are still there."""
    with monkeypatch.context() as killed:
        killed.setattr("agentgit.pipeline.share", lambda _: None)
        killed.setattr(Lease, "release", lambda *_, **__: None)
        project.apply()
    before = kept(project)
    assert any(name.startswith("ledger-") for name in before)
    with prepare_plan(project.open(), project.request(), reads=True) as session:
        assert session.plan.is_empty
    assert kept(project) == before
    project.plan()
    assert kept(project) != before
