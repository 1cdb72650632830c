"""The tool on one screen: a request becomes a plan, a plan becomes events, events are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agentgit.compile.build import compile_environment, compile_project
from agentgit.errors import ConfigError, UsageError
from agentgit.execute.lease import Holder, hold_lease
from agentgit.model.events import Event
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.build import build_plan
from agentgit.plan.request import PlanRequest
from agentgit.record.history import verified_commit
from agentgit.workflow.books import new_record, new_unpin
from agentgit.workflow.carry_out import carry_out, check_unchanged
from agentgit.workflow.evidence import CommitEvidence
from agentgit.workflow.observe import observe_hosts
from agentgit.workflow.places import drop_engines, keep_engines, open_hosts, open_ledger
from agentgit.workflow.session import Request, Session, Target, World
from agentgit.workflow.target import choose_target, find_pin, follow

__all__ = ["Request", "Session", "World", "apply_plan", "is_news", "prepare_plan", "unpin"]


@contextmanager
def prepare_plan(world: World, request: Request, *, status: bool = False) -> Iterator[Session]:
    """Compile, observe and plan. It only reads, but for fetching the ledger's refs.

    For a `status`, hosts that do not answer are shown instead of being an error; then there is
    no plan.
    """
    ledger, warnings = open_ledger(world)
    records = ledger.rollouts(request.environment)
    target = choose_target(world, request, records)
    desired = compile_environment(target.snapshot, request.environment)
    desired = desired.model_copy(update={"branch": target.branch})
    if request.kind == "destroy":
        desired = desired.model_copy(update={"instances": ()})
    with open_hosts(world, desired) as providers:
        observed = observe_hosts(providers, request.environment)
        plan = None
        if not (status and observed.unreachable):
            evidence = CommitEvidence(world.source, target.snapshot, request.environment)
            plan = build_plan(desired, observed, _limits(request, target), evidence)
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
    clock = session.world.clock
    with hold_lease(session.providers, plan.environment, holder, clock, session.stop) as fence:
        check_unchanged(session, plan)
        keep_engines(session)
        yield from carry_out(session, plan, record.model_copy(update={"fence": fence}), fence)
        if (
            session.request.kind == "destroy"
            and not observe_hosts(session.providers, plan.environment).replicas
        ):
            drop_engines(session)
    warning = session.ledger.push()
    session.warnings += (warning,) if warning else ()


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


def _limits(request: Request, target: Target) -> PlanRequest:
    return PlanRequest(
        only=frozenset(request.only),
        restart=frozenset(request.only) if request.kind == "restart" else frozenset(),
        destroy=request.kind == "destroy",
        pin=target.new_pin or target.pin,
    )
