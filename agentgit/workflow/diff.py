"""Two commits to what lies between them: Git and the compiler, nothing else.

No engine, no network, no secret, no ledger, and nothing of the repository is run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agentgit.compile.build import compile_environment, find_unchanged
from agentgit.compile.known import Known
from agentgit.compile.layout import list_environments
from agentgit.compile.trace import Tracer
from agentgit.compile.words import did_you_mean
from agentgit.effects import Cache
from agentgit.errors import ConfigError, NoFolderError, Problem, UsageError
from agentgit.model.desired import Desired
from agentgit.model.effect import Comparison, Effect
from agentgit.model.snapshot import Snapshot
from agentgit.plan.effect import compare_desired
from agentgit.source.repository import GitSource


@dataclass(frozen=True)
class DiffRequest:
    """From where to where; `head` None is the work tree. No environments means all of them."""

    base: str
    head: str | None = "HEAD"
    environments: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Side:
    """One environment in one commit: what it asks for, or what is wrong with it."""

    snapshot: Snapshot
    desired: Desired | None = None
    problems: tuple[Problem, ...] = ()


def compare_commits(
    source: GitSource, request: DiffRequest, cache: Cache | None = None
) -> Comparison:
    """Compare every environment of two commits, or those that are named. Raises GitError."""
    before = _read(source, request.base)
    after = source.worktree() if request.head is None else _read(source, request.head)
    return compare_snapshots(before, after, request.environments, cache)


def compare_snapshots(
    before: Snapshot,
    after: Snapshot,
    environments: Collection[str] = (),
    cache: Cache | None = None,
) -> Comparison:
    """Compare two snapshots in every environment, or in those that are named.

    With a cache, instances are left out of which an earlier run knows that they are the same.
    """
    known = sorted({*list_environments(before), *list_environments(after)})
    for name in environments:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}"
            raise UsageError(f"there is no environment {name} on either side", hint=hint)
    names = sorted(set(environments)) or known
    effects = tuple(_compare(before, after, name, cache) for name in names)
    return Comparison(before=before.commit, after=after.commit, effects=effects)


def _read(source: GitSource, revision: str) -> Snapshot:
    """Read a commit; one from before the project began has no files. Raises GitError."""
    commit = source.commit(revision)
    try:
        return source.snapshot(revision)
    except NoFolderError:
        nothing: dict[str, bytes] = {}
        return Snapshot(commit, {}, nothing.__getitem__)


def _compare(before: Snapshot, after: Snapshot, environment: str, cache: Cache | None) -> Effect:
    known = {} if cache is None else find_unchanged(before, after, environment, cache)
    if (before.files, before.submodules) == (after.files, after.submodules):
        then = now = _compile(after, environment, known)
    else:
        then, now = _compile(before, environment, known), _compile(after, environment, known)
    if then.problems or now.problems:
        return Effect(
            environment=environment, problems_before=then.problems, problems_after=now.problems
        )
    return compare_desired(
        then.desired,
        now.desired,
        Tracer(before, then.desired),
        Tracer(after, now.desired),
        [one.replicas for instances in known.values() for one in instances],
    )


def _compile(
    snapshot: Snapshot, environment: str, known: Mapping[str, tuple[Known, ...]]
) -> _Side:
    """Compile a side that has the environment; what is wrong with it is kept, not raised."""
    if environment not in list_environments(snapshot):
        return _Side(snapshot)
    try:
        return _Side(snapshot, compile_environment(snapshot, environment, known=known))
    except ConfigError as error:
        return _Side(snapshot, problems=error.problems)
