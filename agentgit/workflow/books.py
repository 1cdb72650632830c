"""Keeping the books of one rollout: its record, begun and finished in the ledger."""

from __future__ import annotations

import secrets
from typing import Any

from agentgit import __version__
from agentgit.execute.interpreter import Execution
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import Outcome, RolloutRecord
from agentgit.plan.digest import digest_desired
from agentgit.record.rollout_id import new_rollout_id
from agentgit.workflow.session import Session, World


def new_record(session: Session, plan: Plan) -> RolloutRecord:
    """Describe the rollout that is about to begin."""
    kinds = [change.kind for change in plan.changes]
    return RolloutRecord(
        **_identity(session.world),
        kind=session.request.kind,
        project_id=plan.project_id,
        environment=plan.environment,
        commit=plan.commit.sha if plan.commit else "",
        intent=digest_desired(session.desired),
        instances=tuple(c.instance for c in plan.changes if c.kind != "keep"),
        only=session.request.only,
        reason=session.request.reason,
        pin=session.target.new_pin,
        added=kinds.count("create"),
        changed=sum(kind in {"replace", "update", "scale"} for kind in kinds),
        removed=kinds.count("remove"),
    )


def new_unpin(
    world: World, project_id: str, pin: Pin, environment: str, reason: str
) -> RolloutRecord:
    """Describe the end of a pin, which changes nothing that runs."""
    return RolloutRecord(
        **_identity(world),
        kind="unpin",
        project_id=project_id,
        environment=environment,
        commit=pin.commit,
        reason=reason,
        outcome="succeeded",
        finished_at=world.clock.now(),
    )


def close_record(
    record: RolloutRecord, session: Session, first: Execution, back: Execution | None
) -> RolloutRecord:
    """Add how it ended."""
    return record.model_copy(
        update={
            "finished_at": session.world.clock.now(),
            "outcome": judge(first, back),
            "failure": first.failure if back is None else (back.failure or first.failure),
        }
    )


def judge(first: Execution, back: Execution | None) -> Outcome:
    """Say how a rollout ended: `back` is the way back, where there was one."""
    if first.succeeded():
        return "succeeded"
    if back is not None and back.succeeded():
        return "rolled-back"
    last = first if back is None else back
    cut_off = not last.finished and last.failure is None
    return "interrupted" if last.interrupted or cut_off else "failed"


def _identity(world: World) -> dict[str, Any]:
    now = world.clock.now()
    return {
        "id": new_rollout_id(now, secrets.token_hex(2)),
        "actor": world.source.actor(),
        "tool": f"agentgit {__version__}",
        "started_at": now,
    }
