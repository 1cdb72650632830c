"""Carries out a plan under the lease, takes a failure back, and keeps the books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from agentgit.errors import EngineError, LostLeaseError
from agentgit.execute.hooks import Guard
from agentgit.execute.interpreter import Execution, execute
from agentgit.model.events import Event, GoingBack, RolloutFinished, RolloutStarted, WaveDone
from agentgit.model.observed import Observed
from agentgit.model.plan import Plan
from agentgit.model.progress import Passage
from agentgit.model.rollout import RolloutRecord
from agentgit.model.steps import Stamp, UpdateReplica
from agentgit.record.history import unsettled
from agentgit.record.rollout_id import moment_of
from agentgit.workflow.baselines import note_baselines, renew_baselines
from agentgit.workflow.books import close_record
from agentgit.workflow.images import gather_images, warn_of_mixed
from agentgit.workflow.milestones import Milestones
from agentgit.workflow.observe import observe_hosts
from agentgit.workflow.progress import forget_passages
from agentgit.workflow.session import Session
from agentgit.workflow.stock import note_stock
from agentgit.workflow.take_back import choose_return, prepare_way_back, take_back


def carry_out(
    session: Session, plan: Plan, record: RolloutRecord, guard: Guard
) -> Iterator[Event]:
    """Begin the record, perform the plan, take back what a revision failed, end the record."""
    clock = session.world.clock
    began = clock.monotonic()
    way = prepare_way_back(session)
    session.warnings += tuple(
        f"{name} could not go back if this fails: {why}" for name, why in way.missing.items()
    )
    books = Milestones(session, plan, record)
    books.begin()
    first = _execution(session, record, guard)
    back: Execution | None = None
    try:
        yield books.note(_started(plan, record))
        _forget_passed(session, keep=plan.passages)
        _renew_baselines(session, session.observed)
        for event in execute(plan, first):
            if isinstance(event, WaveDone):
                _note_baselines(session, plan, first)
            yield books.note(event)
        returning = choose_return(first, record)
        if returning:
            alone = first.failure is None or first.failure.fault != "revision"
            back = _execution(session, record, guard)
            for event in take_back(session, way, returning, back, alone=alone):
                record = _note_targets(record, event, alone=alone)
                yield books.note(event)
    finally:
        ended = moment_of(record, clock.now(), clock.monotonic() - began)
        record = close_record(record, first, back, ended)
        left = unsettled(session.records) | {record.id}
        now = observe_hosts(session.providers, session.request.environment, left)
        settled = _renew_baselines(session, now)
        facts = {**_look_again(session, now), "unsettled": not settled}
        record = record.model_copy(update=facts)
        _note_stock(session, now, record)
        with suppress(EngineError):  # the next plan says it, too
            session.warnings += warn_of_mixed(session.providers, now)
        if record.outcome in {"succeeded", "partial", "rolled-back"}:
            _forget_passed(session)
        books.note(_finished(record))
        books.finish(record)
    yield books.events[-1]


def _forget_passed(session: Session, keep: tuple[Passage, ...] = ()) -> None:
    """Forget the passed pauses of what this rollout covers, but for those it relies on."""
    only = session.request.only
    with suppress(LostLeaseError):  # the next step says so
        forget_passages(
            session.providers,
            session.request.environment,
            lambda one: one in keep or bool(only and one.instance not in only),
        )


def _renew_baselines(session: Session, now: Observed) -> bool:
    with suppress(LostLeaseError):  # the next step says so
        return renew_baselines(session.providers, now)
    return False


def _note_baselines(session: Session, plan: Plan, execution: Execution) -> None:
    """Take a baseline of what the wave that has just ended has started."""
    seen, execution.seen = execution.seen, {}
    steps = (step for move in plan.moves for step in move.finish)
    updated = {(step.host, step.name) for step in steps if isinstance(step, UpdateReplica)}
    with suppress(LostLeaseError):
        note_baselines(session.providers, session.observed, tuple(seen.values()), updated)


def _note_stock(session: Session, now: Observed, record: RolloutRecord) -> None:
    with suppress(LostLeaseError):
        note_stock(session.providers, session.desired, now, record)


def _look_again(session: Session, now: Observed) -> dict[str, object]:
    """Find the hosts that carry replicas now, and the images of what runs there.

    Of a host that is silent, what was known before.
    """
    hosts = {state.host: str(state.engine) for state in now.hosts if state.replicas}
    silent = {one.host for one in now.unreachable}
    before = {state.host: str(state.engine) for state in session.observed.hosts}
    hosts |= {host: before[host] for host in sorted(silent & before.keys())}
    return {"hosts": hosts, "images": gather_images(now.hosts)}


def is_gone(session: Session) -> bool:
    """Whether a destroy has left nothing of the environment behind, as far as can be seen."""
    name = session.request.environment
    if session.request.kind != "destroy":
        return False
    now = observe_hosts(session.providers, name)
    session.warnings += tuple(
        f"{one.host} does not answer any more: when it does, agentgit destroy -e {name} takes "
        "what is left there"
        for one in now.unreachable
    )
    return not (now.replicas or now.unreachable)


def _execution(session: Session, record: RolloutRecord, guard: Guard) -> Execution:
    return Execution(
        providers=session.providers,
        clock=session.world.clock,
        stamp=Stamp(rollout=record.id, fence=record.fence),
        stop=session.stop,
        guard=guard,
    )


def _note_targets(record: RolloutRecord, event: Event, *, alone: bool) -> RolloutRecord:
    if not isinstance(event, GoingBack):
        return record
    if alone:  # the others stay where they went
        return record.model_copy(update={"back_to": event.to})
    return record.model_copy(update={"back_to": event.to, "instances": event.instances})


def _started(plan: Plan, record: RolloutRecord) -> RolloutStarted:
    return RolloutStarted(
        rollout=record.id,
        environment=plan.environment,
        commit=record.commit,
        waves=len(plan.waves),
        moves=len(plan.moves),
    )


def _finished(record: RolloutRecord) -> RolloutFinished:
    ended = record.finished_at or record.started_at
    seconds = round((ended - record.started_at).total_seconds(), 3)
    return RolloutFinished(rollout=record.id, outcome=record.outcome, seconds=seconds)
