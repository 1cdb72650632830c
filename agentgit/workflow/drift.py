"""What differs although no commit asked for it: what runs against what was last verified."""

from __future__ import annotations

from dataclasses import dataclass

from agentgit.model.desired import Desired
from agentgit.model.guards import OF_CHANGES
from agentgit.model.observed import Observed
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.build import build_plan
from agentgit.plan.lost_hosts import check_reachable
from agentgit.plan.request import PlanRequest
from agentgit.record.history import is_destroyed
from agentgit.workflow.aim import Aim, take_aim
from agentgit.workflow.evidence import CommitEvidence
from agentgit.workflow.last_good import find_way_back
from agentgit.workflow.observe import observe_known
from agentgit.workflow.session import Request, World


@dataclass(frozen=True)
class Drift:
    """`plan` would set everything back; its changes are what has drifted."""

    plan: Plan
    observed: Observed
    records: tuple[RolloutRecord, ...]
    warnings: tuple[str, ...] = ()


def find_drift(world: World, environment: str) -> Drift:
    """Compare each instance with the commit at which it was last verified. Only reads.

    Raises AgentgitError where nothing was ever verified, EngineError for a host that is silent or
    lost.
    """
    request = Request(environment, kind="drift")
    with take_aim(world, request, status=True) as aim:
        if aim.problem is not None:
            raise aim.problem
        observed = observe_known(aim.providers, environment, aim.records)
        check_reachable(observed)
        desired, missing = _find_verified(world, aim, observed)
        names = {one.name for one in desired.instances} | {
            one.instance for one in observed.replicas
        }
        asked = PlanRequest(
            only=frozenset(names - missing.keys()) if missing else frozenset(),
            destroy=True,
            retry=True,
            allow=OF_CHANGES,
        )
        evidence = CommitEvidence(
            world.source, aim.target.snapshot, environment, aim.records, desired
        )
        plan = build_plan(desired, observed, asked, evidence)
    unread = tuple(f"{name} is left out: {why}" for name, why in sorted(missing.items()))
    return Drift(plan, observed, aim.records, (*aim.warnings, *unread))


def _find_verified(world: World, aim: Aim, observed: Observed) -> tuple[Desired, dict[str, str]]:
    """Put together what was verified of each instance, and why some cannot be read here."""
    if is_destroyed(aim.records):
        return aim.desired.model_copy(update={"instances": ()}), {}
    names = {one.name for one in aim.desired.instances}
    names |= {one.instance for one in observed.replicas}
    way = find_way_back(world.source, aim.desired, observed, aim.records, names)
    return way.desired, dict(way.missing)
