"""Blames what a command shows: only the files that are named in it, only when asked to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentgit.model.change import Change
    from agentgit.model.origin import Origin
    from agentgit.model.plan import Plan
    from agentgit.model.snapshot import Commit
    from agentgit.report.blame_words import Blamer
    from agentgit.source.repository import GitSource


def blame_shown(
    source: GitSource,
    commit: Commit | None,
    places: Iterable[Origin | None],
    files: Iterable[str] = (),
) -> Blamer:
    """Blame places, and files as a whole, as a commit has them, None for the work tree.

    Raises GitError.
    """
    from agentgit.execute.clock import SystemClock
    from agentgit.report.blame_words import Blamer

    sha = commit.sha if commit else None
    paths = sorted({place.path for place in places if place is not None and place.path})
    last = source.last_changes(sorted({path for path in files if path}), sha)
    return Blamer(source.blame(paths, sha), SystemClock().now(), last)


def places_of(changes: Iterable[Change]) -> Iterator[Origin | None]:
    """Give the places that changes show, of each field what decides and what is below."""
    for field in (one for change in changes for one in change.fields):
        if not field.files:
            yield from (field.origin, field.over)


def files_of(changes: Iterable[Change]) -> Iterator[str]:
    """Give the files of which no line tells a change: what came, or what went."""
    for change in changes:
        if change.kind != "keep" and not change.fields:
            yield change.path
        for field in change.fields:
            place = field.origin or field.was
            if place and (field.origin is None or field.files or field.lines):
                yield place.path


def blame_plan(source: GitSource, plan: Plan) -> Blamer:
    """Blame what a plan shows. Raises GitError."""
    return blame_shown(source, plan.commit, places_of(plan.changes), files_of(plan.changes))
