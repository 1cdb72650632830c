"""Reads from the records what ran well: last good, verified, previous. Pure.

`records` are those of one environment, newest first. Nothing before a destroy counts. A rollout
that succeeded in part is a success of the instances that did not fail, not of the environment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile

from agentgit.model.rollout import RolloutRecord

_DEPLOYS = frozenset({"apply", "rollback", "restart"})
_DONE = frozenset({"succeeded", "partial"})
_TOUCHES_NOTHING = frozenset({"unpin", "break"})


def last_good(records: Sequence[RolloutRecord], instance: str) -> str | None:
    """Find the commit of the newest success that included an instance."""
    return last_goods(records, (instance,)).get(instance)


def last_goods(records: Sequence[RolloutRecord], instances: Collection[str]) -> dict[str, str]:
    """Find the same for many instances at once; one that never succeeded is left out."""
    left, found = set(instances), dict[str, str]()
    for record in _deploys(records):
        if not left:
            break
        good = (left & set(record.only) if record.only else set(left)) - failed_instances(record)
        found |= dict.fromkeys(good, record.commit)
        left -= good
    return found


def failed_instances(record: RolloutRecord) -> set[str]:
    """Name the instances that failed."""
    first = (record.failure,) if record.failure else ()
    return {one.instance for one in (*first, *record.failures)}


def verified_commit(records: Sequence[RolloutRecord]) -> str | None:
    """Find the commit of the newest success of the whole environment."""
    done = (one.commit for one in _deploys(records) if one.outcome == "succeeded" and not one.only)
    return next(done, None)


def previous_success(records: Sequence[RolloutRecord]) -> str | None:
    """Find the commit to go back to: the last success that asked for something else.

    After a rollback, what it left is newer than where it went, although it was recorded before:
    the search goes on from where the pinned commit first came to run, so that going back twice
    goes back two commits and never forth. What succeeded in part is left, never gone back to.
    """
    successes = list(_deploys(records))
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
        if one.outcome == "succeeded"
        and not one.only
        and one.commit not in left
        and one.intent not in same
    )
    return next(found, None)


def is_destroyed(records: Sequence[RolloutRecord]) -> bool:
    """Whether nothing was ever there, or the last that was done was to remove all of it."""
    newest = next((one for one in records if one.kind not in _TOUCHES_NOTHING), None)
    return newest is None or (newest.kind == "destroy" and newest.outcome == "succeeded")


def known_hosts(records: Sequence[RolloutRecord]) -> Mapping[str, str]:
    """Find which hosts carry replicas, with their engine: as the last rollout left them.

    One that has not ended may have brought replicas to any host that it was about.
    """
    return {host: record.hosts[host] for host, record in _find_carriers(records).items()}


def known_identities(records: Sequence[RolloutRecord]) -> Mapping[str, str]:
    """Find the identities of the same hosts, as far as they are known."""
    found = _find_carriers(records).items()
    return {host: one.identities[host] for host, one in found if one.identities.get(host)}


def _find_carriers(records: Sequence[RolloutRecord]) -> Mapping[str, RolloutRecord]:
    begun: dict[str, RolloutRecord] = {}
    for record in records:
        if record.kind in _TOUCHES_NOTHING:
            continue
        if record.kind == "destroy" and record.outcome == "succeeded":
            return begun  # whatever was silent when it had ended
        begun = {**dict.fromkeys(record.hosts, record), **begun}
        if record.finished_at is not None:
            return begun
    return begun


def unfinished(records: Sequence[RolloutRecord]) -> tuple[RolloutRecord, ...]:
    """Find the rollouts whose end is not recorded, newest first."""
    return tuple(one for one in records if one.outcome == "running")


def unsettled(records: Sequence[RolloutRecord]) -> frozenset[str]:
    """Find the rollouts that did not end well: what they made may have no baseline yet."""
    return frozenset(one.id for one in records if one.unsettled or one.outcome != "succeeded")


def _before_pin(older: list[RolloutRecord], commit: str) -> list[RolloutRecord]:
    ran = [place for place, one in enumerate(older) if one.commit == commit and one.pin is None]
    return older[ran[0] :] if ran else older


def _deploys(records: Sequence[RolloutRecord]) -> Iterator[RolloutRecord]:
    """Give what brought its commit in, at least in part, since the last destroy."""
    for record in records:
        if record.outcome == "succeeded" and record.kind == "destroy":
            return
        if record.outcome in _DONE and record.kind in _DEPLOYS:
            yield record
