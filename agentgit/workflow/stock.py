"""What each environment keeps of images on its hosts: noted when a rollout has succeeded.

One value `images-<environment>` on every host that runs containers, written under the lease only.
Where it is lost, no image is removed until the next rollout has noted it again.
"""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from agentgit.effects import HostStore, Provider, Providers
from agentgit.errors import EngineError, LostLeaseError
from agentgit.model.desired import Desired
from agentgit.model.image import KeptImage, Stock
from agentgit.model.observed import HostState, Observed
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.image_removal import Kept, keep_newest, plan_image_removal
from agentgit.plan.placement import revision_on
from agentgit.plan.request import Evidence, PlanRequest
from agentgit.plan.room import find_receiving, list_unknown, plan_room_checks, refuse_room
from agentgit.providers.brought import KEPT, list_marked, name_mark, unmark
from agentgit.record.history import failed_instances
from agentgit.workflow.images import find_absent
from agentgit.workflow.session import Session

_READER = TypeAdapter(dict[str, tuple[KeptImage, ...]])


def plan_around(session: Session, plan: Plan, request: PlanRequest, evidence: Evidence) -> Plan:
    """Add the checks of room before a plan that moves something, and what goes after it.

    A plan that moves nothing asks no host for more than it was asked already, unless it goes on
    with one that was interrupted. Raises EngineError.
    """
    if not (plan.waves or plan.resumes) or session.request.kind == "drift":
        return plan
    desired, providers = session.desired, session.providers
    rooms = {host: providers[host].free_room() for host in find_receiving(plan, request)}
    stocks = look_at_stock(providers, session.observed)
    checks = plan_room_checks(desired, request, rooms)
    removals = plan_image_removal(plan, desired, session.observed, request, stocks)
    return plan.model_copy(
        update={
            "prepare": (*plan.prepare, *checks),
            "cleanup": (*plan.cleanup, *removals),
            "unknown_room": list_unknown(desired, rooms),
            "absent_images": find_absent(providers, plan),
            "refusals": (*plan.refusals, *refuse_room(desired, request, rooms, evidence)),
        }
    )


def look_at_stock(providers: Providers, observed: Observed) -> dict[str, Stock]:
    """Look at the images of all hosts. Only reads. Raises EngineError."""
    return {
        state.host: _look(providers[state.host], observed.environment)
        for state in observed.hosts
        if state.engine != "process"
    }


def note_stock(
    providers: Providers, desired: Desired, now: Observed, record: RolloutRecord
) -> None:
    """Note what a rollout that has succeeded, at least in part, has left running.

    Raises LostLeaseError. What else goes wrong means that less is known, and less removed.
    """
    if record.outcome not in {"succeeded", "partial"}:
        return
    for state in now.hosts:
        if state.engine != "process":
            try:
                _note(providers[state.host].store, desired, state, record)
                _forget_gone(providers[state.host], now.environment)
            except LostLeaseError:
                raise
            except (EngineError, KeyError):
                continue


def _look(provider: Provider, environment: str) -> Stock:
    brought = provider.brought_images(environment)
    kept = _read(provider.store, f"{KEPT}{environment}") if brought else None
    return Stock(kept=kept, brought=brought)


def _note(store: HostStore, desired: Desired, state: HostState, record: RolloutRecord) -> None:
    name = f"{KEPT}{desired.environment}"
    before = _read(store, name)
    runs = _find_running(desired, state, record)
    declared = {one.name for one in desired.instances}
    if record.only:  # it does not speak for the others
        declared |= (before or {}).keys() - set(record.only)
    keep = 0 if record.kind == "destroy" else desired.keep_revisions
    after = keep_newest(before or {}, runs, declared, keep)
    if not after:
        store.delete(name)
    elif after != before:
        data = _READER.dump_json(dict(after))
        if not store.create(name, data):
            store.write(name, data)


def _find_running(desired: Desired, state: HostState, record: RolloutRecord) -> Kept:
    """Find the image of what is asked for, where it runs and has not failed."""
    failed = failed_instances(record)
    found: dict[str, tuple[KeptImage, ...]] = {}
    for replica in state.replicas:
        instance = desired.instance(replica.instance)
        if instance is None or replica.instance in failed:
            continue
        if replica.revision == revision_on(instance, state):
            image = KeptImage(revision=replica.revision, id=replica.image_id, name=replica.image)
            found.setdefault(replica.instance, (image,))
    return found


def _forget_gone(provider: Provider, environment: str) -> None:
    """Forget that we brought what is gone: when it comes again, it may be somebody else's."""
    marked = list_marked(provider.store)
    if marked:
        there = {name_mark(one.id) for one in provider.brought_images(environment)}
        for id_ in marked:
            if name_mark(id_) not in there:
                unmark(provider.store, id_)


def _read(store: HostStore, name: str) -> dict[str, tuple[KeptImage, ...]] | None:
    """Read a value; None where there is none, or one that nobody finished writing."""
    try:
        return _READER.validate_json(store.read(name) or b"")
    except ValidationError:
        return None
