"""Keeping the books of one rollout: its record, begun and finished in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agentgit import __version__
from agentgit.execute.interpreter import Execution
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import Failure, Outcome, RolloutRecord
from agentgit.plan.digest import digest_desired
from agentgit.record.quarantine import name_revisions
from agentgit.record.rollout_id import begin_after, new_rollout_id
from agentgit.workflow.session import Request, Session, World


def new_record(session: Session, plan: Plan) -> RolloutRecord:
    """Describe the rollout that is about to begin."""
    kinds = [change.kind for change in plan.changes]
    return RolloutRecord(
        **_identity(session.world, session.records),
        kind=session.request.kind,
        project_id=plan.project_id,
        environment=plan.environment,
        commit=plan.commit.sha if plan.commit else "",
        intent=digest_desired(session.desired),
        instances=tuple(c.instance for c in plan.changes if c.kind != "keep"),
        only=session.request.only,
        reason=session.request.reason,
        retry=session.request.retry,
        allow=tuple(sorted(session.request.allow)),
        saved_plan=session.request.saved.digest if session.request.saved else "",
        revisions=name_revisions(plan),
        pin=session.target.new_pin,
        hosts=find_carriers(session, plan),
        added=kinds.count("create"),
        changed=sum(kind in {"replace", "update", "scale"} for kind in kinds),
        removed=kinds.count("remove"),
    )


def find_carriers(session: Session, plan: Plan | None = None) -> dict[str, str]:
    """Find the hosts that carried replicas when observed, and those of a plan's moves."""
    touched = {move.host for move in plan.moves} if plan else set()
    return {
        state.host: str(state.engine)
        for state in session.observed.hosts
        if state.replicas or state.host in touched
    }


def new_unpin(
    world: World, project_id: str, pin: Pin, request: Request, records: Sequence[RolloutRecord]
) -> RolloutRecord:
    """Describe the end of a pin, which changes nothing that runs."""
    identity = _identity(world, records)
    return RolloutRecord(
        **identity,
        kind="unpin",
        project_id=project_id,
        environment=request.environment,
        commit=pin.commit,
        reason=request.reason,
        outcome="succeeded",
        finished_at=identity["started_at"],
    )


def new_break(
    world: World, project_id: str, request: Request, records: Sequence[RolloutRecord]
) -> RolloutRecord:
    """Describe that a lease is taken away from its holder, which changes nothing that runs."""
    return RolloutRecord(
        **_identity(world, records),
        kind="break",
        project_id=project_id,
        environment=request.environment,
        commit="",
        reason=request.reason,
        outcome="succeeded",
    )


def close_record(
    record: RolloutRecord,
    first: Execution,
    back: Execution | None,
    finished_at: datetime,
) -> RolloutRecord:
    """Add how it ended."""
    return record.model_copy(
        update={
            "finished_at": finished_at,
            "outcome": judge(first, back),
            "failure": _find_failure(first, back),
            "failures": first.failures,
            "superseded_by": _find_superseded(first, back),
        }
    )


def judge(first: Execution, back: Execution | None) -> Outcome:
    """Say how a rollout ended: `back` is the way back, where there was one."""
    if first.succeeded():
        return "succeeded"
    last = first if back is None else back
    if last.superseded is not None:
        return "superseded"
    if back is not None and back.succeeded():
        if first.failure is None:
            return "partial"
        if first.failure.fault == "revision":
            return "rolled-back"
    cut_off = not last.finished and last.failure is None
    return "interrupted" if last.interrupted or cut_off else "failed"


def _find_failure(first: Execution, back: Execution | None) -> Failure | None:
    """Find what ended the rollout, or the first that was tolerated."""
    failed = first.failure or next(iter(first.failures), None)
    return back.failure or failed if back is not None else failed


def _find_superseded(first: Execution, back: Execution | None) -> str:
    """Find the commit that it made way for; empty where it did not."""
    if judge(first, back) != "superseded":
        return ""
    way = (first if back is None else back).superseded
    return way.commit if way else ""


def _identity(world: World, records: Sequence[RolloutRecord]) -> dict[str, Any]:
    begins = begin_after(records, world.clock.now())
    return {
        "id": new_rollout_id(begins),
        "actor": world.source.actor(),
        "tool": f"agentgit {__version__}",
        "started_at": begins,
    }
