"""Which limits are in force: a commit that loosens them is still held to those it found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from agentgit.model.spec import Protection
from agentgit.plan.draft import Draft
from agentgit.plan.strategies.batch import count_share

FEW = 10  # replicas that a share always lets be replaced or removed


class Limit(NamedTuple):
    """How many replicas a limit means; `found` says that it is of the commit before."""

    share: int | str
    most: int
    found: bool

    def describe(self, field: str) -> str:
        """Say it: `maxReplaced is 30%`."""
        if self.found:
            return f"{field} is {self.share} until this commit is verified"
        return f"{field} is {self.share}"


def strictest_most(draft: Draft, field: str, replicas: int) -> Limit:
    """Give the limit by which the fewest may go: a number as it is, of a share at least ten."""
    limits = [
        Limit(share, share if isinstance(share, int) else max(FEW, _count(share, replicas)), found)
        for share, found in _shares(draft, field)
    ]
    return min(limits, key=lambda one: one.most)


def strictest_least(draft: Draft, field: str, replicas: int) -> Limit | None:
    """Give the limit by which the most must stay; None where there is none."""
    limits = [
        Limit(share, _count(share, replicas), found) for share, found in _shares(draft, field)
    ]
    return max(limits, key=lambda one: one.most, default=None)


def wants(draft: Draft, field: str) -> bool:
    """Whether any limit in force asks for something that is asked for or not."""
    return any(getattr(one, field) for one, _ in _in_force(draft))


def word_way(draft: Draft, hint: str, *, found: bool) -> str:
    """Add to a hint how to be held to the limits of this commit alone."""
    if not found or draft.allows("protection"):
        return hint
    if draft.request.going_back:
        return f"{hint}; --allow protection: only the limits of that commit count"
    return (
        f"{hint}, or apply the new protection by itself first (--allow protection: it counts now)"
    )


def _shares(draft: Draft, field: str) -> Iterator[tuple[int | str, bool]]:
    """Give what the protections in force say, that of this commit first."""
    for one, found in _in_force(draft):
        share = getattr(one, field)
        if share is not None:
            yield share, found


def _in_force(draft: Draft) -> Iterator[tuple[Protection, bool]]:
    yield draft.desired.protection, False
    before = draft.request.protected
    if before is not None and not draft.allows("protection"):
        yield before, True


def _count(share: int | str, replicas: int) -> int:
    return count_share(share, replicas, up=True)
