"""The public JSON document of drift, version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.model.plan import Plan
from agentgit.report.json_v1 import commit_document
from agentgit.report.json_v1_plan import change_document

if TYPE_CHECKING:
    from agentgit.report.documents.plan import DriftDocument


def drift_document(plan: Plan) -> DriftDocument:
    """What `drift --json` prints: the changes that would set everything back."""
    drifted = [change for change in plan.changes if change.kind != "keep"]
    return {
        "format": "agentgit/drift@1",
        "environment": plan.environment,
        "commit": commit_document(plan.commit),
        "drifted": bool(drifted),
        "observedDigest": plan.observed_digest,
        "hosts": list(plan.hosts),
        "unverified": list(plan.unverified),
        "changes": [change_document(one) for one in drifted],
    }
