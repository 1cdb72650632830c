"""Carries out a plan under the lease, takes a failure back, and keeps the books."""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.errors import StaleError
from agentgit.execute.interpreter import Execution, execute
from agentgit.model.events import Event, GoingBack, RolloutFinished, RolloutStarted
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.steps import Stamp
from agentgit.plan.digest import digest_observed
from agentgit.workflow.books import close_record
from agentgit.workflow.observe import observe_hosts
from agentgit.workflow.session import Session
from agentgit.workflow.take_back import prepare_way_back, take_back


def check_unchanged(session: Session, plan: Plan) -> None:
    """Refuse a plan that was made from something else than what runs now."""
    now = observe_hosts(session.providers, plan.environment)
    if now.unreachable or digest_observed(now) != plan.observed_digest:
        raise StaleError(
            f"what runs in {plan.environment} has changed since this plan was made",
            hint=f"look again: agentgit plan -e {plan.environment}",
        )


def carry_out(session: Session, plan: Plan, record: RolloutRecord) -> Iterator[Event]:
    """Begin the record, perform the plan, take it back if the revision failed, end the record."""
    way = prepare_way_back(session)
    session.warnings += tuple(
        f"{name} could not go back if this fails: {why}" for name, why in way.missing.items()
    )
    session.ledger.begin(record, plan)
    events: list[Event] = []
    first = _execution(session, record)
    back: Execution | None = None
    try:
        yield _note(events, _started(plan, record))
        for event in execute(plan, first):
            yield _note(events, event)
        if _is_to_blame(first) and record.instances:
            back = _execution(session, record)
            for event in take_back(session, way, record.instances, back):
                record = _note_targets(record, event)
                yield _note(events, event)
            back.finished &= not set(record.instances) & set(way.missing)
    finally:
        record = close_record(record, session, first, back)
        record = record.model_copy(update={"hosts": _find_hosts(session)})
        events.append(_finished(record))
        session.ledger.finish(record, tuple(events))
    yield events[-1]


def _find_hosts(session: Session) -> dict[str, str]:
    """Find the hosts that carry replicas now; of one that is silent, what was known before."""
    now = observe_hosts(session.providers, session.request.environment)
    hosts = {state.host: str(state.engine) for state in now.hosts if state.replicas}
    silent = {one.host for one in now.unreachable}
    before = {state.host: str(state.engine) for state in session.observed.hosts}
    return hosts | {host: before[host] for host in sorted(silent & before.keys())}


def is_gone(session: Session) -> bool:
    """Whether a destroy has left nothing of the environment behind."""
    if session.request.kind != "destroy":
        return False
    now = observe_hosts(session.providers, session.request.environment)
    return not (now.replicas or now.unreachable)


def _is_to_blame(execution: Execution) -> bool:
    """Whether the revision is at fault; what the world did is not taken back but tried again."""
    return execution.failure is not None and execution.failure.fault == "revision"


def _execution(session: Session, record: RolloutRecord) -> Execution:
    return Execution(
        providers=session.providers,
        clock=session.world.clock,
        stamp=Stamp(rollout=record.id, fence=record.fence),
        stop=session.stop,
    )


def _note(events: list[Event], event: Event) -> Event:
    events.append(event)
    return event


def _note_targets(record: RolloutRecord, event: Event) -> RolloutRecord:
    if not isinstance(event, GoingBack):
        return record
    return record.model_copy(update={"back_to": event.to, "instances": event.instances})


def _started(plan: Plan, record: RolloutRecord) -> RolloutStarted:
    return RolloutStarted(
        rollout=record.id,
        environment=plan.environment,
        commit=record.commit,
        waves=len(plan.waves),
        moves=sum(len(wave.moves) for wave in plan.waves),
    )


def _finished(record: RolloutRecord) -> RolloutFinished:
    ended = record.finished_at or record.started_at
    seconds = round((ended - record.started_at).total_seconds(), 3)
    return RolloutFinished(rollout=record.id, outcome=record.outcome, seconds=seconds)
