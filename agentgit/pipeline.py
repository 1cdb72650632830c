"""The tool on one screen: a request becomes a plan, a plan becomes events, events are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agentgit.compile.build import compile_project
from agentgit.errors import AgentgitError, ConfigError, UsageError
from agentgit.execute.lease import Holder, Lease
from agentgit.model.events import Event
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.build import build_plan
from agentgit.plan.request import PlanRequest
from agentgit.record.history import known_hosts, verified_commit
from agentgit.workflow.books import new_record, new_unpin
from agentgit.workflow.carry_out import carry_out, check_unchanged, is_gone
from agentgit.workflow.evidence import CommitEvidence
from agentgit.workflow.last_good import find_running
from agentgit.workflow.observe import observe_hosts
from agentgit.workflow.places import drop_engines, keep_engines, open_hosts, open_ledger
from agentgit.workflow.session import Request, Session, Target, World
from agentgit.workflow.target import choose_target, compile_target, find_pin, follow

__all__ = ["Request", "Session", "World", "apply_plan", "is_news", "prepare_plan", "unpin"]


@contextmanager
def prepare_plan(world: World, request: Request, *, status: bool = False) -> Iterator[Session]:
    """Compile, observe and plan. It only reads, but for fetching the ledger's refs.

    For a `status`, what is wrong is a warning instead of an error, and hosts that do not answer
    are shown; then there is no plan.
    """
    ledger, warnings = open_ledger(world)
    records = ledger.rollouts(request.environment)
    target = choose_target(world, request, records, looking=status)
    desired, problem = compile_target(target, request, status=status)
    with open_hosts(world, desired) as providers:
        observed = observe_hosts(providers, request.environment)
        if request.kind == "restart":  # brings in no change, whatever is pending
            desired = find_running(world.source, desired, observed, records, request.only)
        plan = None
        if not (status and (observed.unreachable or problem)):
            evidence = CommitEvidence(world.source, target.snapshot, request.environment, records)
            limits = _limits(request, target, records)
            try:
                plan = build_plan(desired, observed, limits, evidence)
            except AgentgitError as error:
                if not status:
                    raise
                problem = error
        if problem:
            warnings += (f"what is pending cannot be said: {problem.message}",)
        yield Session(
            world=world,
            request=request,
            target=target,
            desired=desired,
            observed=observed,
            plan=plan,
            providers=providers,
            ledger=ledger,
            records=records,
            warnings=warnings,
        )


def apply_plan(session: Session) -> Iterator[Event]:
    """Carry the plan out under the lease, and record it. The last event says how it ended.

    Raises LeaseError when somebody else is at work and StaleError when what runs has changed.
    """
    plan = session.plan
    if plan is None or plan.commit is None:
        raise ConfigError("only a commit can be applied", hint="commit your changes first")
    record = new_record(session, plan)
    holder = Holder(record.actor, record.id, record.started_at.strftime("%Y-%m-%d %H:%M UTC"))
    lease = Lease(session.providers, plan.environment, holder, session.world.clock, session.stop)
    gone = False
    try:
        yield from lease.take()
        check_unchanged(session, plan)
        keep_engines(session)
        yield from carry_out(session, plan, record.model_copy(update={"fence": lease.fence}))
        gone = is_gone(session)
    finally:
        lease.release(forget=gone)
        warning = session.ledger.push()
        session.warnings += (warning,) if warning else ()
    if gone:
        drop_engines(session)


def is_news(session: Session) -> bool:
    """Whether applying would record something even where no replica changes."""
    commit = session.target.commit
    if session.target.new_pin is not None or commit is None:
        return commit is not None
    return session.request.kind == "apply" and verified_commit(session.records) != commit.sha


def unpin(world: World, environment: str, reason: str) -> RolloutRecord:
    """End the pin of an environment; what runs stays until the next apply."""
    ledger, _ = open_ledger(world)
    project_id = compile_project(world.source.snapshot("HEAD")).id
    pin = find_pin(world, ledger.rollouts(environment), follow(world, environment)[1])
    if pin is None:
        raise UsageError(f"{environment} is not pinned", hint="there is nothing to end")
    record = new_unpin(world, project_id, pin, environment, reason)
    ledger.begin(record, None)
    ledger.finish(record, ())
    ledger.push()
    return record


def _limits(request: Request, target: Target, records: tuple[RolloutRecord, ...]) -> PlanRequest:
    return PlanRequest(
        known_hosts=known_hosts(records),
        only=frozenset(request.only),
        restart=frozenset(request.only) if request.kind == "restart" else frozenset(),
        destroy=request.kind == "destroy",
        pin=target.new_pin or target.pin,
        ended_pin=target.ended_pin,
    )
