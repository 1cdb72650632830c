"""Quarantine: which revisions of which instances failed and are not tried again. Pure.

The records are the only source. A failure counts once its rollout has settled: the instance is
back where it was. While it is not, the same apply again is the way to get there. What an instance
went back to is good by definition, so a failure of its last good revision (a restart while a
database is away) puts nothing in quarantine.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentgit.model.desired import Desired
from agentgit.model.plan import Plan
from agentgit.model.progress import Quarantined
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.steps import CreateReplica

_DONE = frozenset({"succeeded", "partial"})
_SETTLED = frozenset({"rolled-back", "partial"})


def find_quarantined(records: Sequence[RolloutRecord]) -> tuple[Quarantined, ...]:
    """Find the pairs in quarantine, in order; `records` of one environment, newest first.

    What lifts one: a later rollout in which that very revision of the instance succeeded, an
    apply with retry that brings it in (until that fails too), or a destroy.
    """
    good: dict[str, tuple[str, ...]] = {}
    bad: dict[tuple[str, str], Quarantined] = {}
    for record in reversed(records):
        if record.kind == "destroy" and record.outcome == "succeeded":
            good, bad = {}, {}
            continue
        failed = _failed_pairs(record)
        for name, revisions in record.revisions.items():
            fine = record.outcome in _DONE and name not in {one.instance for one in failed}
            if fine:
                good[name] = revisions
            if fine or record.retry:
                for revision in revisions:
                    bad.pop((name, revision), None)
        for failure in failed:
            if failure.revision not in good.get(failure.instance, ()):
                bad[failure.instance, failure.revision] = _describe(record, failure)
    return tuple(bad[pair] for pair in sorted(bad))


def find_wanted(quarantined: Sequence[Quarantined], desired: Desired) -> tuple[Quarantined, ...]:
    """Choose the pairs that are still asked for."""
    wanted = {
        (one.name, revision)
        for one in desired.instances
        for revision in (one.revision, one.process_revision)
    }
    return tuple(one for one in quarantined if (one.instance, one.revision) in wanted)


def name_revisions(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Name the revisions that a plan brings in, by instance."""
    found = {
        change.instance: {change.revision}
        for change in plan.changes
        if change.kind not in {"keep", "remove"} and change.revision
    }
    for step in (step for move in plan.moves for step in move.steps):
        if isinstance(step, CreateReplica):
            found.setdefault(step.replica.instance, set()).add(step.replica.revision)
    return {name: tuple(sorted(revisions)) for name, revisions in sorted(found.items())}


def _failed_pairs(record: RolloutRecord) -> tuple[Failure, ...]:
    """Give the failures that are a verdict: of a revision, in a rollout that has settled."""
    if record.outcome not in _SETTLED:
        return ()
    first = (record.failure,) if record.failure else ()
    failures = dict.fromkeys((*first, *record.failures))
    return tuple(one for one in failures if one.fault == "revision" and one.revision)


def _describe(record: RolloutRecord, failure: Failure) -> Quarantined:
    return Quarantined(
        instance=failure.instance,
        revision=failure.revision,
        rollout=record.id,
        since=record.finished_at or record.started_at,
        step=failure.step,
        message=failure.message,
    )
