"""Reads from the records what ran well: last good, verified, previous. Pure.

`records` are those of one environment, newest first. Nothing before a destroy counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from agentgit.model.rollout import RolloutRecord

_DEPLOYS = frozenset({"apply", "rollback", "restart"})


def last_good(records: Sequence[RolloutRecord], instance: str) -> str | None:
    """Find the commit of the newest success that included an instance."""
    found = (one.commit for one in _successes(records) if not one.only or instance in one.only)
    return next(found, None)


def verified_commit(records: Sequence[RolloutRecord]) -> str | None:
    """Find the commit of the newest success of the whole environment."""
    return next((one.commit for one in _successes(records) if not one.only), None)


def previous_success(records: Sequence[RolloutRecord]) -> str | None:
    """Find the commit to go back to: the last success that asked for something else.

    After a rollback, what it left is newer than where it went, although it was recorded before:
    the search goes on from where the pinned commit first came to run, so that going back twice
    goes back two commits and never forth.
    """
    successes = list(_successes(records))
    if not successes:
        return None
    commit = successes[0].commit
    now = list(takewhile(lambda one: one.commit == commit, successes))
    older = successes[len(now) :]
    left = {commit}
    pinned = next((one.pin for one in now if one.pin is not None), None)
    if pinned is not None:
        left.add(pinned.instead_of)
        older = _before_pin(older, commit)
    same = {one.intent for one in successes if one.commit in left} - {""}
    found = (
        one.commit
        for one in older
        if not one.only and one.commit not in left and one.intent not in same
    )
    return next(found, None)


def known_hosts(records: Sequence[RolloutRecord]) -> Mapping[str, str]:
    """Find which hosts carried replicas when the last rollout ended, with their engine."""
    for record in records:
        if record.kind != "unpin" and record.finished_at is not None:
            return record.hosts
    return {}


def _before_pin(older: list[RolloutRecord], commit: str) -> list[RolloutRecord]:
    ran = [place for place, one in enumerate(older) if one.commit == commit and one.pin is None]
    return older[ran[0] :] if ran else older


def _successes(records: Sequence[RolloutRecord]) -> Iterator[RolloutRecord]:
    for record in records:
        if record.outcome != "succeeded":
            continue
        if record.kind == "destroy":
            return
        if record.kind in _DEPLOYS:
            yield record
