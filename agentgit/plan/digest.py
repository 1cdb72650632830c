"""Two digests that bind a plan: what is asked for, and what was seen."""

from __future__ import annotations

import hashlib
import json

from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import Live, Observed
from agentgit.model.value import Json
from agentgit.plan.request import PlanRequest


def digest_desired(desired: Desired) -> str:
    """Digest what is asked for: revisions, scale, placement and policy, not the commit."""
    rows = [_row(instance) for instance in desired.instances]
    return _digest([desired.project.id, desired.environment, rows])


def digest_instances(desired: Desired) -> dict[str, str]:
    """Digest the same for each instance by itself."""
    return {instance.name: _digest(_row(instance)) for instance in desired.instances}


def digest_intent(desired: Desired, request: PlanRequest) -> str:
    """Digest what is asked for together with the limits of the request, and what it lets pass."""
    asked = [sorted(request.only), sorted(request.restart), request.destroy]
    passing = [sorted(request.allow), request.retry]
    return _digest([digest_desired(desired), asked, *([passing] if any(passing) else [])])


def digest_observed(observed: Observed) -> str:
    """Digest what was seen: replicas with revision, image, state and limits; no clocks."""
    rows = [
        [
            *(one.host, one.id, one.instance, one.slot, one.revision, one.image_id, one.state),
            one.live.model_dump(mode="json"),
            *([change.field, change.after] for change in one.drift),
        ]
        for one in observed.replicas
    ]
    return _digest([[state.host for state in observed.hosts], rows])


def digest_live(live: Live) -> str:
    """Digest what an engine can change in place, short enough to be part of a name."""
    return _digest(live.model_dump(mode="json"))[:8]


def _row(instance: Instance) -> list[Json]:
    return [
        instance.name,
        instance.revision,
        instance.process_revision,
        instance.spec.scale.model_dump(mode="json"),
        instance.spec.placement.model_dump(mode="json"),
        instance.rollout.model_dump(mode="json"),
    ]


def _digest(value: Json) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
