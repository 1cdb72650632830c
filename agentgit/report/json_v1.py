"""The public JSON documents, version 1: spelled out field by field, never a dump of internals.

A field may be added; none is renamed, removed or given another meaning without a new format.
`documents` has their types, which the type checker holds them to and schemas are made of. The
documents of a plan, of what runs and others are in `json_v1_plan`, `json_v1_status` and so on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agentgit.errors import Location, Problem
from agentgit.model.desired import Desired
from agentgit.model.origin import Blame, Blames, Chains, Origin, blame_of
from agentgit.model.plan import Pin
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.value import Json, Path, dotted

if TYPE_CHECKING:
    from agentgit.report.documents import parts, status

Document = dict[str, Any]


def dump(document: Mapping[str, object] | Sequence[Mapping[str, object]]) -> str:
    """Write a document: indented, in the order of its fields; control characters are escaped."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()  # a path that is no UTF-8


def problems_document(
    errors: Sequence[Problem], warnings: Sequence[Problem]
) -> parts.ProblemsDocument:
    """What `validate --json` prints."""
    return {
        "format": "agentgit/problems@1",
        "valid": not errors,
        "errors": [problem_document(one) for one in errors],
        "warnings": [problem_document(one) for one in warnings],
    }


def compile_document(desired: Desired, resolved: Sequence[Mapping[str, Json]]) -> Document:
    """What `compile` prints: `resolved` has the resolved documents in order of name."""
    return {
        "format": "agentgit/compile@1",
        "project": {"id": desired.project.id, "name": desired.project.name},
        "environment": desired.environment,
        "instances": [
            {
                "name": one["name"],
                "agent": one["agent"],
                "path": one["path"],
                "labels": one["labels"],
                "revision": one["revision"],
                "processRevision": one["processRevision"],
                "spec": one["spec"],
            }
            for one in resolved
        ],
    }


def explain_document(
    environment: str, instance: str, chains: Chains, path: Path, blames: Blames | None = None
) -> Document:
    """What `explain --json` prints: every value at or below the path, highest layer first.

    Where lines were blamed, each setting has a `blame`; its commit is null for a line that is
    not committed.
    """
    found = sorted((at, chain) for at, chain in chains.items() if at[: len(path)] == path)
    return {
        "format": "agentgit/explain@1",
        "environment": environment,
        "instance": instance,
        "values": [
            {
                "path": dotted(at),
                "settings": [
                    {
                        "value": one.value,
                        "state": one.state,
                        "origin": origin_document(one.origin),
                        **_blame_document(one.origin, blames),
                    }
                    for one in chain
                ],
            }
            for at, chain in found
        ],
    }


def history_document(environment: str, records: Sequence[RolloutRecord]) -> status.HistoryDocument:
    """What `history --json` prints, newest first."""
    return {
        "format": "agentgit/history@1",
        "environment": environment,
        "rollouts": [record_document(one) for one in records],
    }


def record_document(record: RolloutRecord) -> parts.RolloutRecordDocument:
    """One rollout of the history."""
    return {
        "id": record.id,
        "kind": record.kind,
        "commit": record.commit,
        "actor": record.actor,
        "tool": record.tool,
        "startedAt": write_time(record.started_at),
        "finishedAt": write_time(record.finished_at),
        "outcome": record.outcome,
        "instances": list(record.instances),
        "only": list(record.only),
        "reason": record.reason,
        "pin": pin_document(record.pin),
        "failure": failure_document(record.failure) if record.failure else None,
        "failures": [failure_document(one) for one in record.failures],
        "resumes": record.resumes or None,
        "supersededBy": record.superseded_by or None,
        "retry": record.retry,
        "allow": list(record.allow),
        "savedPlan": record.saved_plan or None,
        "fence": record.fence,
        "backTo": list(record.back_to),
        "added": record.added,
        "changed": record.changed,
        "removed": record.removed,
    }


def failure_document(failure: Failure) -> parts.FailureDocument:
    """Why a rollout failed."""
    return {
        "instance": failure.instance,
        "host": failure.host,
        "replica": failure.replica,
        "revision": failure.revision,
        "step": failure.step,
        "message": failure.message,
        "hint": failure.hint,
        "fault": failure.fault,
        "log": list(failure.log),
    }


def commit_document(commit: Commit | None) -> parts.CommitDocument | None:
    """A commit; null is the work tree."""
    if commit is None:
        return None
    return {
        "sha": commit.sha,
        "author": commit.author,
        "email": commit.email,
        "time": write_time(commit.time),
        "subject": commit.subject,
    }


def pin_document(pin: Pin | None) -> parts.PinDocument | None:
    """A pin, null when there is none."""
    if pin is None:
        return None
    return {
        "commit": pin.commit,
        "insteadOf": pin.instead_of,
        "owner": pin.owner,
        "reason": pin.reason,
        "since": write_time(pin.since),
        "expires": write_time(pin.expires),
    }


def origin_document(origin: Origin | None) -> parts.OriginDocument | None:
    """A place in a layer, null where there is none."""
    return place_document(origin) if origin else None


def place_document(origin: Origin) -> parts.OriginDocument:
    """A place in a layer."""
    return {
        "layer": origin.layer,
        "path": origin.path,
        "line": origin.line,
        "column": origin.column,
    }


def _blame_document(origin: Origin | None, blames: Blames | None) -> parts.BlamedDocument:
    """A field `blame` where lines were blamed, nothing where they were not."""
    if blames is None:
        return {}
    blame = blame_of(origin, blames) if origin else None
    return {"blame": who_document(blame) if blame else None}


def who_document(blame: Blame) -> parts.BlameDocument:
    """Who wrote something last."""
    return {"commit": commit_document(blame.commit), "orEarlier": blame.or_earlier}


def _location_document(location: Location | None) -> parts.LocationDocument | None:
    """A place in a file."""
    if location is None:
        return None
    return {"path": location.path, "line": location.line, "column": location.column}


def problem_document(problem: Problem) -> parts.ProblemDocument:
    """One error or warning."""
    return {
        "message": problem.message,
        "location": _location_document(problem.location),
        "hint": problem.hint,
        "also": [
            {"role": role, "location": _location_document(place)} for role, place in problem.also
        ],
    }


def write_time(moment: datetime | None) -> str | None:
    """Write a moment as ISO 8601, null where there is none."""
    return moment.isoformat() if moment else None
