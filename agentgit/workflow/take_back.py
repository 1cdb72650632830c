"""Takes a failed change set back to the last good state, by planning again.

The same planner, the same strategy, the same steps: going back is a rollout like any other. What
never succeeded before is removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.compile.build import compile_environment
from agentgit.execute.interpreter import Execution, execute
from agentgit.model.desired import Desired
from agentgit.model.events import Event, GoingBack
from agentgit.model.observed import Observed
from agentgit.plan.build import build_plan
from agentgit.plan.request import NoEvidence, PlanRequest
from agentgit.record.history import last_good
from agentgit.workflow.observe import observe_hosts
from agentgit.workflow.session import Session


def take_back(session: Session, names: tuple[str, ...], execution: Execution) -> Iterator[Event]:
    """Bring the instances back to where each was last good; `execution` says how it ended."""
    targets = find_targets(session, names)
    shas = tuple(sorted(sha for sha in targets if sha))
    yield GoingBack(instances=names, to=shas)
    for sha in sorted(targets):
        desired = _desired_at(session, sha, targets[sha])
        observed = observe_hosts(session.providers, session.request.environment)
        request = PlanRequest(only=frozenset(targets[sha]), destroy=True)
        known = _known(desired, observed, request)
        if execution.ok() and known.only:
            yield from execute(build_plan(desired, observed, known, NoEvidence()), execution)


def find_targets(session: Session, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Group instances by the commit to go back to; the empty commit means: remove.

    The ledger knows; where it has no word, the commit of the replicas that ran before does.
    """
    targets: dict[str, list[str]] = {}
    for name in names:
        ran = [one.commit for one in session.observed.replicas if one.instance == name]
        sha = last_good(session.records, name) or (ran[0] if ran else "")
        targets.setdefault(sha, []).append(name)
    return {sha: tuple(found) for sha, found in targets.items()}


def _desired_at(session: Session, sha: str, names: tuple[str, ...]) -> Desired:
    if not sha:
        return session.desired.model_copy(update={"instances": ()})
    snapshot = session.world.source.snapshot(sha)
    then = compile_environment(snapshot, session.request.environment)
    wanted = tuple(one for one in then.instances if one.name in names)
    # The hosts are today's: what runs on them must be found.
    return then.model_copy(update={"instances": wanted, "hosts": session.desired.hosts})


def _known(desired: Desired, observed: Observed, request: PlanRequest) -> PlanRequest:
    """Leave out instances that neither run nor are to run: they are gone already."""
    there = {one.name for one in desired.instances} | {one.instance for one in observed.replicas}
    return request.model_copy(update={"only": request.only & there})
