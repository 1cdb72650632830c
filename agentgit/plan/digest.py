"""Two digests that bind a plan: what is asked for, and what was seen."""

from __future__ import annotations

import hashlib
import json

from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import Live, Observed
from agentgit.model.spec import EnvironmentSpec
from agentgit.model.value import Json
from agentgit.plan.request import PlanRequest

_KEPT = EnvironmentSpec().keep_revisions


def digest_desired(desired: Desired) -> str:
    """Digest what is asked for: revisions, scale, placement and policy, not the commit."""
    rows = [_row(instance) for instance in desired.instances]
    return _digest([desired.project.id, desired.environment, rows])


def digest_instances(desired: Desired) -> dict[str, str]:
    """Digest the same for each instance by itself."""
    return {instance.name: _digest(_row(instance)) for instance in desired.instances}


def digest_hosts(desired: Desired) -> str:
    """Digest where an environment runs: every host with engine, endpoint and labels."""
    hosts = {name: host.model_dump(mode="json") for name, host in desired.hosts.items()}
    return _digest(hosts)


def digest_protection(desired: Desired) -> str:
    """Digest the limits of an environment."""
    return _digest(desired.protection.model_dump(mode="json"))


def digest_intent(desired: Desired, request: PlanRequest) -> str:
    """Digest what an approval binds to: what is asked for, where, under which limits, how.

    The limits are no part of `digest_desired`: going back to other limits alone is no way back.
    What is new and says nothing but its default leaves the digest as it was.
    """
    asked: list[Json] = [
        sorted(request.only), sorted(request.restart), request.destroy, sorted(request.allow),
        request.retry,
    ]  # fmt: skip
    kept: list[Json] = [desired.keep_revisions] if desired.keep_revisions != _KEPT else []
    return _digest(
        [digest_desired(desired), digest_hosts(desired), digest_protection(desired), asked, *kept]
    )


def digest_observed(observed: Observed) -> str:
    """Digest what was seen: replicas with revision, image, state, limits, routes and drift.

    No clocks and no counters. Health is left out too: it comes and goes by itself, and what it
    means for a plan, such as how many serve meanwhile, is judged anew when that is carried out.
    Neither are addresses in it: of a free port they are new with each start.
    """
    rows = [
        [
            *(one.host, one.id, one.instance, one.slot, one.revision, one.image_id, one.state),
            one.live.model_dump(mode="json"),
            dict(one.routes),
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
