"""The public JSON document of a comparison of two commits, version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.model.effect import Comparison, Effect, EffectCause, InstanceEffect
from agentgit.report.diff_words import symbol_of
from agentgit.report.json_v1 import (
    commit_document,
    place_document,
    problem_document,
)
from agentgit.report.json_v1_fields import field_document

if TYPE_CHECKING:
    from agentgit.report.documents import diff as shape


def diff_document(comparison: Comparison) -> shape.DiffDocument:
    """What `diff --json` prints; a commit that is null is the work tree."""
    return {
        "format": "agentgit/diff@1",
        "before": commit_document(comparison.before),
        "after": commit_document(comparison.after),
        "empty": comparison.is_empty,
        "environments": [_effect(one) for one in comparison.effects],
    }


def _effect(effect: Effect) -> shape.EffectDocument:
    return {
        "name": effect.environment,
        "kind": effect.kind,
        "empty": effect.is_empty,
        "total": effect.total,
        "replicasBefore": effect.replicas_before,
        "replicasAfter": effect.replicas_after,
        "causes": [_cause(one) for one in effect.causes],
        "instances": [_instance(one) for one in effect.instances],
        "errorsBefore": [problem_document(one) for one in effect.problems_before],
        "errorsAfter": [problem_document(one) for one in effect.problems_after],
    }


def _cause(cause: EffectCause) -> shape.EffectCauseDocument:
    return {
        "symbol": symbol_of(cause),
        "kind": cause.kind,
        "places": [place_document(one) for one in cause.places],
        "gone": cause.gone,
        "ways": [
            {
                "instances": list(way.instances),
                "fields": [field_document(one) for one in way.fields],
            }
            for way in cause.ways
        ],
    }


def _instance(instance: InstanceEffect) -> shape.InstanceEffectDocument:
    """One instance; what changes in it is said by the causes that name it."""
    return {
        "name": instance.instance,
        "kind": instance.kind,
        "agent": instance.agent,
        "path": instance.path,
        "replicasBefore": instance.replicas_before,
        "replicasAfter": instance.replicas_after,
        "replaces": instance.replaces,
        "classes": sorted({field.change_class for field in instance.fields}),
    }
