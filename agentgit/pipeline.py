"""The tool on one screen: a request becomes a plan, a plan becomes events, events are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from agentgit.effects import Permit
from agentgit.errors import AgentgitError, ConfigError
from agentgit.model.events import Event
from agentgit.model.guards import OF_CHANGES
from agentgit.model.progress import Passage
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.build import build_plan
from agentgit.plan.lost_hosts import check_reachable, leave_out
from agentgit.plan.refusal import check_refused
from agentgit.plan.request import PlanRequest
from agentgit.record.history import (
    is_destroyed,
    unfinished,
    unsettled,
    verified_commit,
)
from agentgit.record.quarantine import find_quarantined
from agentgit.workflow.aim import take_aim
from agentgit.workflow.books import new_record
from agentgit.workflow.carry_out import carry_out, is_gone
from agentgit.workflow.evidence import CommitEvidence
from agentgit.workflow.hold_lease import check_unchanged, make_lease
from agentgit.workflow.identity import forget_hosts, mark_hosts
from agentgit.workflow.images import find_recorded, look_at_images
from agentgit.workflow.last_good import find_running
from agentgit.workflow.leased import Leased
from agentgit.workflow.line import check_goes_back
from agentgit.workflow.milestones import close_interrupted, share
from agentgit.workflow.observe import find_missing, observe_hosts
from agentgit.workflow.orphans import find_orphans
from agentgit.workflow.own_changes import find_own_changes
from agentgit.workflow.places import drop_engines, keep_engines
from agentgit.workflow.progress import find_passages
from agentgit.workflow.saved import hold_commit, hold_plan
from agentgit.workflow.session import Request, Session, Target, World
from agentgit.workflow.stock import plan_around
from agentgit.workflow.unpin import unpin

__all__ = ["Request", "Session", "World", "apply_plan", "is_news", "prepare_plan", "unpin"]


@contextmanager
def prepare_plan(
    world: World, request: Request, *, status: bool = False, reads: bool = False
) -> Iterator[Session]:
    """Compile, observe and plan. It changes nothing but records: brings in, and shares, what is.

    Who only `reads` leaves the hosts entirely alone.

    For a `status`, what is wrong is a warning instead of an error, and hosts that do not answer
    are shown; then there is no plan.
    """
    permit = Permit()
    with take_aim(world, request, permit, status=status, reads=reads) as aim:
        target, desired = hold_commit(world, request, aim.records, aim.target, aim.desired)
        observed = observe_hosts(aim.providers, request.environment, unsettled(aim.records))
        lost = find_missing(observed, aim.records)
        gives_up = request.kind != "restart" and not status and "lost-hosts" in request.allow
        if not gives_up:
            observed = leave_out(observed, lost)
        if request.kind == "restart":  # brings in no change, whatever is pending
            check_reachable(observed)
            desired = find_running(world.source, desired, observed, aim.records, request.only)
        session = Session(
            world=world,
            request=request,
            target=target,
            desired=desired,
            observed=observed,
            plan=None,
            providers=aim.providers,
            ledger=aim.ledger,
            records=aim.records,
            warnings=aim.warnings,
            spooled=aim.spooled,
            permit=permit,
            given_up=tuple(one.host for one in lost) if gives_up else (),
        )
        problem = aim.problem
        if not (status and (observed.unreachable or problem)):
            try:
                _make_plan(session, status=status)
                hold_plan(session)
            except AgentgitError as error:
                if not status:
                    raise
                problem = error
        if problem:
            session.warnings += (f"what is pending cannot be said: {problem.message}",)
        yield session


def _make_plan(session: Session, *, status: bool) -> None:
    request, target, desired, records = (
        session.request, session.target, session.desired, session.records,
    )  # fmt: skip
    source = session.world.source
    images = find_recorded(desired, session.observed, records)
    session.observed = look_at_images(session.providers, desired, session.observed, images)
    limits = _limits(
        request, target, records, find_passages(session.providers, desired), status=status
    ).model_copy(
        update={
            "images": images,
            "given_up": session.given_up,
            **({} if status else _look_back(session)),
        }
    )
    evidence = CommitEvidence(source, target.snapshot, request.environment, records, desired)
    plan = build_plan(desired, session.observed, limits, evidence)
    check_goes_back(request, target, desired, records, plan)
    session.plan = plan if status else plan_around(session, plan, limits, evidence)


def apply_plan(session: Session) -> Iterator[Event]:
    """Carry the plan out under the lease, and record it. The last event says how it ended.

    Raises GuardError where the plan is refused, LeaseError when somebody else is at work,
    StaleError when what runs has changed, and MovedOnError where that happened while somebody
    else was waited for.
    """
    plan = session.plan
    if plan is None or plan.commit is None:
        raise ConfigError("only a commit can be applied", hint="commit your changes first")
    check_refused(plan)
    record = new_record(session, plan)
    lease = make_lease(session, record)
    gone = False
    try:
        yield from lease.take()
        if not lease.is_held:  # asked to stop while it waited
            return
        check_unchanged(session, plan, waited=lease.waited)
        keep_engines(session)
        guard = Leased(lease, session.providers, plan.environment, session.world.clock)
        facts = {"fence": lease.fence, "identities": mark_hosts(session)}
        record = close_interrupted(session, record.model_copy(update=facts))
        yield from carry_out(session, plan, record, guard)
        gone = is_gone(session)
        if gone:  # when the end is recorded: until then the hosts are to be known
            forget_hosts(session.providers, plan.environment)
    finally:
        lease.release(forget=gone)
        share(session)
    if gone:
        drop_engines(session)


def is_news(session: Session) -> bool:
    """Whether applying would record something even where no replica changes."""
    commit = session.target.commit
    if commit is None:
        return False
    if session.target.new_pin is not None or (session.plan and session.plan.resumes):
        return True  # also to say that what was interrupted has ended
    if session.request.kind == "destroy":
        left = any(state.identity for state in session.observed.hosts)
        return left or not is_destroyed(session.records)
    if session.request.kind != "apply":
        return False
    plan = session.plan
    unknown = bool(plan and (plan.unverified or plan.given_up))
    return unknown or verified_commit(session.records) != commit.sha


def _look_back(session: Session) -> dict[str, object]:
    """Find what the environment itself was before, and environments that nobody looks after."""
    world, request, target, records = (
        session.world, session.request, session.target, session.records,
    )  # fmt: skip
    found = find_own_changes(world, request, target, records)
    orphans = (
        find_orphans(world, session.ledger, target.snapshot) if request.kind == "apply" else ()
    )
    session.warnings += tuple(one for one in (found.warning,) if one) + tuple(
        f"{name} is not in this commit any more and was never destroyed: nobody looks after what "
        f"runs there; agentgit destroy -e {name} removes it"
        for name in orphans
    )
    return {
        "protected": found.protected,
        "own": found.changes,
        "orphans": () if records else orphans,
    }


def _limits(
    request: Request,
    target: Target,
    records: tuple[RolloutRecord, ...],
    passages: frozenset[Passage],
    *,
    status: bool,
) -> PlanRequest:
    left = unfinished(records)
    return PlanRequest(
        resumes=left[0].id if left else "",
        refused=target.refused,
        passages=passages,
        only=frozenset(request.only),
        restart=frozenset(request.only) if request.kind == "restart" else frozenset(),
        destroy=request.kind == "destroy",
        pin=target.new_pin or target.pin,
        ended_pin=target.ended_pin,
        quarantined=find_quarantined(records),
        retry=request.retry or status or request.kind == "restart",
        again=replace(request, file="").command,
        going_back=request.kind == "rollback",
        allow=OF_CHANGES if status or request.kind == "destroy" else request.allow,
    )
