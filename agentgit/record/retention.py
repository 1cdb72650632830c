"""Chooses which old records are let go of: never one that anybody still reads from. Pure.

A record is cut when nothing that is read from the records changes without it: last good,
verified, the way back of the next rollbacks, the pin, the line that is followed, the hosts, the
quarantine. What that is, the readers themselves say: they are asked again without the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from agentgit.model.plan import Pin
from agentgit.model.rollout import RolloutRecord
from agentgit.record.history import (
    failed_instances,
    known_hosts,
    last_goods,
    previous_success,
    verified_commit,
)
from agentgit.record.pins import active_pin, followed_line
from agentgit.record.quarantine import find_quarantined

STEPS_BACK = 5  # rollbacks in a row that must lead to where they led before
_SLACK = 10  # records are cut once there is a tenth too many: seldom, and then some at once


def choose_cut(records: Sequence[RolloutRecord], keep: int) -> tuple[RolloutRecord, ...]:
    """Choose what to let go of, oldest first; `records` of one environment, newest first.

    The newest `keep` stay, so does what has not ended. Nothing is cut before there are a tenth
    more than that.
    """
    if len(records) <= keep + keep // _SLACK:
        return ()
    names = _special_names(records)
    wanted = _answers(records, names)
    old = [one for one in reversed(records[keep:]) if one.outcome != "running"]
    cut: set[str] = set()

    def let_go(some: list[RolloutRecord]) -> None:
        """Cut all of some records, or as many of them as can be spared."""
        ids = {one.id for one in some}
        left = [one for one in records if one.id not in cut and one.id not in ids]
        if _answers(left, names) == wanted:
            cut.update(ids)
        elif len(some) > 1:
            let_go(some[: len(some) // 2])
            let_go(some[len(some) // 2 :])

    if old:
        let_go(old)
    return tuple(one for one in reversed(records) if one.id in cut)


def _special_names(records: Sequence[RolloutRecord]) -> frozenset[str]:
    """Name the instances that a rollout of the whole does not speak for, and one of the others."""
    named = {name for one in records for name in (*one.only, *failed_instances(one))}
    return frozenset({*named, ""})


def _answers(records: Sequence[RolloutRecord], names: frozenset[str]) -> tuple[Any, ...]:
    """Ask all readers."""
    return (
        last_goods(records, names),
        verified_commit(records),
        _ways_back(records),
        active_pin(records),
        followed_line(records),
        known_hosts(records),
        find_quarantined(records),
        _good_revisions(records),
    )


def _ways_back(records: Sequence[RolloutRecord]) -> list[str]:
    """Say where one rollback after the other would lead."""
    found: list[str] = []
    story = list(records)
    while len(found) < STEPS_BACK and (commit := previous_success(story)) is not None:
        found.append(commit)
        story.insert(0, _go_back(story, commit))
    return found


def _go_back(records: Sequence[RolloutRecord], commit: str) -> RolloutRecord:
    newest = records[0]
    intent = next((one.intent for one in records if one.commit == commit), "")
    now = newest.started_at + timedelta(seconds=1)
    pin = Pin(
        commit=commit,
        instead_of=followed_line(records) or newest.commit,
        owner="",
        reason="",
        since=now,
    )
    return RolloutRecord(
        id=f"{newest.id}-back",
        kind="rollback",
        project_id=newest.project_id,
        environment=newest.environment,
        commit=commit,
        intent=intent,
        actor="",
        tool="",
        started_at=now,
        finished_at=now,
        outcome="succeeded",
        pin=pin,
    )


def _good_revisions(records: Sequence[RolloutRecord]) -> dict[str, tuple[str, ...]]:
    """Find the revisions that succeeded last, by instance: if these fail, that is no verdict."""
    good: dict[str, tuple[str, ...]] = {}
    for record in records:
        if record.kind == "destroy" and record.outcome == "succeeded":
            break
        if record.outcome in {"succeeded", "partial"}:
            failed = failed_instances(record)
            for name, revisions in record.revisions.items():
                if name not in failed:
                    good.setdefault(name, revisions)
    return good
