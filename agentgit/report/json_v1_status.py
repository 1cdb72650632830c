"""The public JSON document of what runs in an environment, version 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentgit.model.desired import Desired
from agentgit.model.observed import Observed, Replica
from agentgit.model.plan import Plan
from agentgit.model.progress import Quarantined
from agentgit.model.rollout import RolloutRecord
from agentgit.report.json_v1 import commit_document, pin_document, record_document, write_time

if TYPE_CHECKING:
    from agentgit.report.documents.status import (
        QuarantinedDocument,
        ReplicaDocument,
        StatusDocument,
    )


def status_document(
    desired: Desired,
    observed: Observed,
    plan: Plan | None,
    records: Sequence[RolloutRecord],
    quarantined: Sequence[Quarantined] = (),
) -> StatusDocument:
    """What `status --json` prints; `pending` is null where a host does not answer.

    `quarantine` lists what is asked for and not tried again.
    """
    wanted = {one.name: one for one in desired.instances}
    names = sorted({*wanted, *(replica.instance for replica in observed.replicas)})
    return {
        "format": "agentgit/status@1",
        "environment": desired.environment,
        "commit": commit_document(desired.commit),
        "pin": pin_document(plan.pin if plan else None),
        "pending": None if plan is None else not plan.is_empty,
        "hosts": [
            {"name": one.host, "engine": one.engine, "version": one.version}
            for one in observed.hosts
        ],
        "unreachable": [{"name": one.host, "reason": one.reason} for one in observed.unreachable],
        "instances": [
            {
                "name": name,
                "agent": wanted[name].agent if name in wanted else None,
                "wanted": wanted[name].spec.scale.replicas if name in wanted else 0,
                "replicas": [_replica(one) for one in observed.replicas_of(name)],
            }
            for name in names
        ],
        "quarantine": [_quarantined(one) for one in quarantined],
        "lastRollout": record_document(records[0]) if records else None,
    }


def _quarantined(one: Quarantined) -> QuarantinedDocument:
    """A revision of an instance that failed and is not tried again."""
    return {
        "instance": one.instance,
        "revision": one.revision,
        "rollout": one.rollout,
        "since": write_time(one.since),
        "step": one.step,
        "message": one.message,
    }


def _replica(replica: Replica) -> ReplicaDocument:
    return {
        "slot": replica.slot,
        "host": replica.host,
        "id": replica.id,
        "name": replica.name,
        "revision": replica.revision,
        "commit": replica.commit,
        "state": replica.state,
        "health": replica.health,
        "serving": replica.serving,
        "exitCode": replica.exit_code,
        "restarts": replica.restarts,
        "startedAt": replica.started_at,
        "addresses": dict(sorted(replica.addresses.items())),
        "unverified": replica.unverified,
        "changedByHand": [one.field for one in replica.drift],
    }
