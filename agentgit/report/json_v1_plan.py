"""The public JSON document of a plan, version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.model.change import Change, FieldChange
from agentgit.model.image import AbsentImage, MixedImage, MovedImage
from agentgit.model.plan import Move, Plan, Wave
from agentgit.model.refusal import Refusal
from agentgit.model.risk import Gap, Risk
from agentgit.model.steps import Step, target_of
from agentgit.plan.risk import assess_risk
from agentgit.report.blame_words import Blamer
from agentgit.report.changes_text import is_set_back, symbol_of
from agentgit.report.context import NOTHING_KNOWN, Context
from agentgit.report.field_words import word_ends
from agentgit.report.heading import find_failed_try
from agentgit.report.json_v1 import (
    commit_document,
    origin_document,
    pin_document,
    who_document,
)
from agentgit.report.json_v1_fields import field_document
from agentgit.report.rehearsal import rehearsal_document

if TYPE_CHECKING:
    from agentgit.report.documents import images
    from agentgit.report.documents import plan as shape


def plan_document(
    plan: Plan, context: Context = NOTHING_KNOWN, blamer: Blamer | None = None
) -> shape.PlanDocument:
    """What `plan --json` prints; `triedBefore` is the rollout of the same that went back.

    With a blamer, each field has its `blame`; `rehearsal` is null where there was none.
    """
    tried = find_failed_try(plan, context)
    texts: dict[str, str] = {}
    changes = [change_document(one, plan, blamer, texts) for one in plan.changes]
    return {
        "format": "agentgit/plan@1",
        "project": {"id": plan.project_id, "name": plan.project},
        "environment": plan.environment,
        "commit": commit_document(plan.commit),
        "branch": plan.branch,
        "pin": pin_document(plan.pin),
        "pinning": context.pinning,
        "endedPin": pin_document(plan.ended_pin),
        "resumes": plan.resumes or None,
        "triedBefore": tried.id if tried else None,
        "intentDigest": plan.intent_digest,
        "observedDigest": plan.observed_digest,
        "empty": plan.is_empty,
        "hosts": list(plan.hosts),
        "changes": changes,
        "texts": texts,
        "prepare": [_step(one) for one in plan.prepare],
        "waves": [_wave(one) for one in plan.waves],
        "cleanup": [_step(one) for one in plan.cleanup],
        "passed": [
            {"instance": one.instance, "weight": one.weight, "old": one.old, "new": one.new}
            for one in plan.passages
        ],
        "tolerated": dict(sorted(plan.tolerated.items())),
        "totals": _totals(plan),
        "risk": _risk(plan.risk),
        "rehearsal": rehearsal_document(context.rehearsal),
        "movedImages": [_moved(one) for one in plan.moved_images],
        "mixedImages": [_mixed(one) for one in plan.mixed_images],
        "absentImages": [_absent(one) for one in plan.absent_images],
        "unverified": list(plan.unverified),
        "unknownRoom": list(plan.unknown_room),
        "givenUp": list(plan.given_up),
        "protection": [_field(one, None, None) for one in plan.protection],
        "settings": [_field(one, None, None) for one in plan.settings],
        "refusals": [_refusal(one) for one in plan.refusals],
    }


def change_document(
    change: Change,
    plan: Plan | None = None,
    blamer: Blamer | None = None,
    texts: dict[str, str] | None = None,
) -> shape.ChangeDocument:
    """What happens to one instance, and why; `plan` is what it is part of.

    Long texts go to `texts` where it is given.
    """
    whole = max(change.replicas, change.touched)
    most = max(plan.replicas_before, plan.replicas_after) if plan else whole
    risk = assess_risk((change,), plan.waves if plan else (), most)
    document: shape.ChangeDocument = {
        "symbol": "" if change.kind == "keep" else symbol_of(change),
        "kind": change.kind,
        "drift": is_set_back(change),
        "instance": change.instance,
        "agent": change.agent,
        "path": change.path,
        "replicas": change.replicas,
        "replicasBefore": change.replicas_before,
        "touched": change.touched,
        "revision": change.revision,
        "fromRevisions": list(change.from_revisions),
        "strategy": change.strategy,
        "order": change.order,
        "orderReason": change.order_reason,
        "causes": [{"kind": one.kind, "detail": one.detail} for one in change.causes],
        "fields": [_field(one, blamer, texts) for one in change.fields],
        "risk": {"level": risk.level, "reasons": list(risk.reasons)},
        "share": round(change.touched / whole, 4) if whole else 0.0,
        "gap": _gap(change.gap) if change.gap else None,
        "ends": change.ends,
        "cannotBeUndone": [one for one in [word_ends(change.ends)] if one],
    }
    if blamer is not None:
        last = None if change.fields else blamer.files.get(change.path)
        document["changed"] = who_document(last) if last else None
    return document


def _totals(plan: Plan) -> shape.TotalsDocument:
    return {
        "replicasBefore": plan.replicas_before,
        "replicasHealthy": plan.replicas_healthy,
        "replicasAfter": plan.replicas_after,
        "replicasPeak": plan.peak,
        "replicasTouched": sum(one.touched for one in plan.changes),
    }


def _refusal(refusal: Refusal) -> shape.RefusalDocument:
    return {
        "name": refusal.name,
        "guard": refusal.guard,
        "message": refusal.message,
        "hint": refusal.hint,
        "path": refusal.path or None,
        "line": refusal.line or None,
        "column": refusal.column or None,
    }


def _risk(risk: Risk) -> shape.RiskDocument:
    return {
        "level": risk.level,
        "reasons": list(risk.reasons),
        "gaps": [_gap(one) for one in risk.gaps],
    }


def _gap(gap: Gap) -> shape.GapDocument:
    return {
        "instance": gap.instance,
        "atLeastSeconds": gap.at_least,
        "atMostSeconds": gap.at_most,
        "reason": gap.reason,
    }


def _field(
    field: FieldChange, blamer: Blamer | None, texts: dict[str, str] | None
) -> shape.FieldDocument:
    document = field_document(field, texts)
    document["over"] = origin_document(field.over)
    if blamer is not None:
        found, last = blamer.find(field), blamer.find_last(field)
        document["blame"] = who_document(found[0]) if found else None
        document["blames"] = [who_document(one) for one in found]
        document["changed"] = who_document(last) if last else None
    return document


def _wave(wave: Wave) -> shape.WaveDocument:
    return {
        "title": wave.title,
        "holdSeconds": wave.hold.duration if wave.hold else None,
        "moves": [_move(one) for one in wave.moves],
    }


def _move(move: Move) -> shape.MoveDocument:
    return {
        "instance": move.instance,
        "host": move.host,
        "slot": move.slot,
        "prepare": [_step(one) for one in move.prepare],
        "finish": [_step(one) for one in move.finish],
    }


def _step(step: Step) -> shape.StepDocument:
    return {"step": step.kind, "host": step.host, "target": target_of(step)}


def _moved(image: MovedImage) -> images.MovedImageDocument:
    return {
        "host": image.host,
        "name": image.name,
        "kept": image.kept,
        "now": image.now,
        "gone": image.gone,
        "instances": list(image.instances),
    }


def _mixed(image: MixedImage) -> images.MixedImageDocument:
    return {"name": image.name, "ids": dict(image.ids), "instances": list(image.instances)}


def _absent(image: AbsentImage) -> images.AbsentImageDocument:
    return {"name": image.name, "hosts": list(image.hosts)}
