"""Blames what a command shows: only the files that are named in it, only when asked to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentgit.model.origin import Origin
    from agentgit.model.plan import Plan
    from agentgit.model.snapshot import Commit
    from agentgit.report.blame_words import Blamer
    from agentgit.source.repository import GitSource


def blame_shown(
    source: GitSource, commit: Commit | None, places: Iterable[Origin | None]
) -> Blamer:
    """Blame places as a commit has them, None for the work tree. Raises GitError."""
    from agentgit.execute.clock import SystemClock
    from agentgit.report.blame_words import Blamer

    paths = sorted({place.path for place in places if place is not None and place.path})
    return Blamer(source.blame(paths, commit.sha if commit else None), SystemClock().now())


def places_of(plan: Plan) -> Iterator[Origin | None]:
    """Give the places that a plan shows, of each field what decides and what is below."""
    for change in plan.changes:
        for field in change.fields:
            yield from (field.origin, field.over)
