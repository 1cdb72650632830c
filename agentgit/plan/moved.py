"""What was seen when a plan was made against what is there now: what has moved since, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentgit.model.observed import Health, Observed, Replica
from agentgit.model.saved_plan import Seen
from agentgit.model.value import Value
from agentgit.plan.amounts import word_amount
from agentgit.plan.compare import compare_live, word_live

_NAMED = 8  # of what has moved


class Moved(Value):
    """A replica that is not as it was: `before` is None where it is new, `after` where it is gone.

    A replica that was given another id under the same name is both: gone, and new.
    """

    before: Seen | None = None
    after: Seen | None = None


def see(replica: Replica) -> Seen:
    """Take from a replica what the observed digest covers."""
    return Seen(**{field: getattr(replica, field) for field in Seen.model_fields})


def see_all(observed: Observed) -> tuple[Seen, ...]:
    """Take it from all replicas, in their order."""
    return tuple(see(one) for one in observed.replicas)


def find_moved(before: Sequence[Seen], after: Sequence[Seen]) -> tuple[Moved, ...]:
    """Pair replicas by host and id; gives those that differ, in order of host and name."""
    then = {(one.host, one.id): one for one in before}
    now = {(one.host, one.id): one for one in after}
    found = [
        Moved(before=then.get(key), after=now.get(key))
        for key in then.keys() | now.keys()
        if then.get(key) != now.get(key)
    ]
    return tuple(sorted(found, key=_order))


def describe_flaps(before: Mapping[str, Health], observed: Observed) -> tuple[str, ...]:
    """Say whose health is another one: `eu-1: acme-...-alpha-1: healthy -> unhealthy`."""
    return tuple(
        f"{one.host}: {one.name}: {before[one.name]} -> {one.health}"
        for one in observed.replicas
        if before.get(one.name, one.health) != one.health
    )


def describe_moved(moved: Moved) -> str:
    """Say what has moved: `eu-1: acme-...-alpha-1: memory 512m -> 256m`."""
    one = moved.after or moved.before
    if one is None:  # pragma: no cover - find_moved gives at least one side
        return ""
    return f"{one.host}: {one.name}: {_describe(moved)}"


def list_some(message: str, words: Sequence[str]) -> str:
    """Write a message with a line for each of some words, and how many more there are."""
    more = len(words) - _NAMED
    return "\n".join([message, *words[:_NAMED], *([f"and {more} more"] if more > 0 else [])])


def _describe(moved: Moved) -> str:
    before, after = moved.before, moved.after
    if before is None or after is None:
        return "is gone" if after is None else f"is new, {after.state}"
    words = [
        f"{field} {word_live(field, old)} -> {word_live(field, new)}"
        for field, old, new in compare_live(before.live, after.live)
    ]
    if before.state != after.state:
        words.insert(0, f"{before.state} -> {after.state}")
    if before.revision != after.revision:
        words.append(f"revision {before.revision[:8]} -> {after.revision[:8]}")
    if before.image_id != after.image_id:
        words.append("another image")
    words += _describe_facts(before, after)
    if before.name != after.name:
        words.append(f"was called {before.name}")
    return ", ".join(words) or "is another slot's"


def _describe_facts(before: Seen, after: Seen) -> list[str]:
    """Name the facts that differ, once each: routes, and whatever somebody changed."""
    then = {**before.routes, **{one.field: one.after for one in before.drift}}
    now = {**after.routes, **{one.field: one.after for one in after.drift}}
    was = {one.field: one.before for one in after.drift}
    return [
        f"{field} {word_amount(field, then.get(field) or was.get(field) or 'not set')} -> "
        f"{word_amount(field, now.get(field) or 'not set')}"
        for field in sorted(then.keys() | now.keys())
        if then.get(field) != now.get(field)
    ]


def _order(moved: Moved) -> tuple[str, str, bool]:
    one = moved.after or moved.before
    return (one.host, one.name, moved.after is not None) if one else ("", "", False)
