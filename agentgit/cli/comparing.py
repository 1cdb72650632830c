"""The two sides of a diff: as they were typed, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgit.errors import UsageError

if TYPE_CHECKING:
    from agentgit.cli.settings import Settings
    from agentgit.model.effect import Comparison
    from agentgit.workflow.diff import DiffRequest


def compare(settings: Settings, request: DiffRequest, *, no_cache: bool) -> Comparison:
    """Compare, with what an earlier run remembers of both sides."""
    from agentgit.cli.door import check_revision, open_source
    from agentgit.cli.memory import open_cache
    from agentgit.workflow.diff import compare_commits

    source = open_source(settings)
    for revision in (request.base, request.head):
        check_revision(source, revision)
    cache = open_cache(str(settings.directory), disabled=no_cache)
    return compare_commits(source, request, cache)


def split_range(text: str, head: str | None) -> tuple[str, str | None]:
    """Take `A..B` as git does; `A...B` has a meaning of its own there. Raises UsageError."""
    first, _, second = text.partition("..")
    if head is not None or second.startswith("."):
        second = second.removeprefix(".") or "HEAD"
        hint = f"where they parted: agentgit diff $(git merge-base {first} {second}) {second}"
        raise UsageError(f"{text} is no commit", hint=hint)
    return first or "HEAD", second or None
