"""Takes a failed change set back to the last good state, by planning again.

The same planner, the same strategy, the same steps: going back is a rollout like any other. What
never succeeded before is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from agentgit.errors import EngineError, LostLeaseError
from agentgit.execute.interpreter import Execution, execute
from agentgit.model.events import Event, GoingBack
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.build import build_plan
from agentgit.plan.refusal import check_refused
from agentgit.plan.request import NoEvidence, PlanRequest
from agentgit.record.history import unsettled
from agentgit.workflow.images import find_recorded, look_at_images
from agentgit.workflow.last_good import WayBack, find_way_back
from agentgit.workflow.observe import observe_hosts
from agentgit.workflow.session import Session


def prepare_way_back(session: Session) -> WayBack:
    """Find the way back before anything is touched, for all that the request may touch.

    That is more than this plan changes: what an interrupted rollout left half way goes back too.
    """
    names = {one.name for one in session.desired.instances}
    names |= {one.instance for one in session.observed.replicas}
    if session.request.only:
        names &= set(session.request.only)
    return find_way_back(
        session.world.source, session.desired, session.observed, session.records, names
    )


def choose_return(first: Execution, record: RolloutRecord) -> tuple[str, ...]:
    """Choose what goes back: all when a revision is to blame, else only what was given up.

    What the world did is not taken back but tried again, and neither is what somebody stopped.
    """
    if first.superseded or first.interrupted or not _may_change(first):
        return ()
    if first.failure is not None and first.failure.fault == "revision":
        return record.instances
    return tuple(sorted(first.given_up))


def take_back(
    session: Session,
    way: WayBack,
    changed: tuple[str, ...],
    execution: Execution,
    *,
    alone: bool = False,
) -> Iterator[Event]:
    """Bring instances back to where each was last good; `execution` says how it ended.

    `changed` are the instances of the plan that failed; with `alone` no other one goes back.
    """
    left = unsettled(session.records) | {execution.stamp.rollout}
    observed = observe_hosts(session.providers, session.request.environment, left)
    there = {one.name for one in way.desired.instances}
    there |= {one.instance for one in observed.replicas}
    within = (frozenset(way.commits) - frozenset(way.missing)) & there
    within &= frozenset(changed) if alone else within
    images = find_recorded(way.desired, observed, session.records)
    with suppress(EngineError):  # going back does not depend on it
        observed = look_at_images(session.providers, way.desired, observed, images)
    request = PlanRequest(only=within, destroy=True, images=images)
    if within:
        plan = build_plan(way.desired, observed, request, NoEvidence())
        check_refused(plan)
        names = {change.instance for change in plan.changes if change.kind != "keep"}
        names |= set(changed)
        yield GoingBack(
            instances=tuple(sorted(names)),
            to=tuple(sorted({way.commits[name] for name in names} - {""})),
        )
        yield from execute(plan.model_copy(update={"tolerated": {}}), execution)
    else:
        yield GoingBack(instances=changed, to=())
        execution.finished = True
    execution.finished &= not set(changed) & set(way.missing)


def _may_change(execution: Execution) -> bool:
    try:
        execution.guard.check()
    except LostLeaseError:
        return False
    return True
