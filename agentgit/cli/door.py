"""Opens what a command works on: the repository, the clock, the folder for state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from agentgit.cli.settings import Settings, talk
from agentgit.errors import Problem, UsageError

if TYPE_CHECKING:
    from agentgit.model.snapshot import Snapshot
    from agentgit.pipeline import World
    from agentgit.source.repository import GitSource
    from agentgit.source.state import Look, Place


def open_source(settings: Settings) -> GitSource:
    """Open the repository that the folder lies in. Raises GitError, ConfigError."""
    from agentgit.source.repository import GitSource

    source = GitSource.open(str(settings.directory))
    click.get_current_context().call_on_close(source.close)
    return source


def open_seen(place: Place, look: Look) -> GitSource:
    """Open the repository of a work tree that was looked at already."""
    from agentgit.source.repository import GitSource

    source = GitSource.open_place(place, look)
    click.get_current_context().call_on_close(source.close)
    return source


def open_world(settings: Settings) -> World:
    """Open everything that a plan needs; engines are not asked yet."""
    from agentgit.execute.clock import SystemClock
    from agentgit.pipeline import World

    return World(open_source(settings), SystemClock(), settings.state_home)


def read_snapshot(source: GitSource, revision: str | None) -> Snapshot:
    """Read the files of a revision, or those of the work tree. Raises UsageError."""
    check_revision(source, revision)
    return source.worktree() if revision is None else source.snapshot(revision)


def check_revision(source: GitSource, revision: str | None) -> None:
    """Refuse a revision that was typed and does not exist. Raises UsageError.

    A shallow clone cannot tell whether it exists: that is no mistake of who typed it.
    """
    from agentgit.errors import GitError, NoCommitError

    if revision is None or source.git.shallow:
        return
    try:
        source.commit(revision)
    except NoCommitError:
        raise
    except GitError as error:
        raise UsageError(error.message, hint=error.hint) from error


def choose_environment(
    snapshot: Snapshot, given: str | None, recorded: World | None = None
) -> str:
    """Check the name that was given, or take the only one there is.

    With `recorded` a name will do that only the records know: its files are gone, and what runs
    may not be. Raises UsageError, and ConfigError where the snapshot holds no project at all.
    """
    from agentgit.compile.build import compile_project
    from agentgit.compile.layout import list_environments, require_environment
    from agentgit.compile.places import PROJECT

    if PROJECT not in snapshot.files:
        compile_project(snapshot)  # says why
    names = list_environments(snapshot)
    if given is not None:
        if given not in names and recorded is not None and _is_recorded(recorded, given):
            return given
        require_environment(snapshot, given)
        return given
    if len(names) == 1:
        return names[0]
    if not names:
        raise UsageError(
            "there is no environment yet",
            hint="write environments/staging/environment.yaml, or run agentgit init",
        )
    raise UsageError("which environment?", hint=f"-e NAME with one of {', '.join(names)}")


def choose_environments(
    snapshot: Snapshot, given: Sequence[str], recorded: World | None = None
) -> tuple[str, ...]:
    """Check all names that were given, or take the only one there is. Raises as above."""
    names = given or (None,)
    return tuple(choose_environment(snapshot, name, recorded) for name in names)


def _is_recorded(world: World, name: str) -> bool:
    """Whether this project has ever rolled out an environment of that name."""
    from agentgit.workflow.places import open_ledger

    ledger, _ = open_ledger(world)
    return name in ledger.environments() and bool(ledger.rollouts(name))


def count_files(snapshot: Snapshot) -> int:
    """Count the YAML files that take part in compiling."""
    inside = ("global/", "environments/")
    found = [path for path in snapshot.files if path.endswith(".yaml")]
    return sum(path.startswith(inside) or path == "agentgit.yaml" for path in found)


def warn_uncommitted(settings: Settings, source: GitSource) -> None:
    """Say that what was edited and not committed does not count."""
    paths = () if source.bare else [path for path in source.is_dirty() if _takes_part(path)]
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        hint = "agentgit plan --worktree shows what it would change"
        warn(
            settings,
            (Problem(f"not committed, so not part of this: {paths[0]}{more}", hint=hint),),
        )


def _takes_part(path: str) -> bool:
    """Whether a file is one that compiling looks at."""
    return path in {"agentgit.yaml", "agentgit.lock"} or path.startswith(
        ("global/", "environments/")
    )


def warn(settings: Settings, warnings: Sequence[Problem | str]) -> None:
    """Show warnings on stderr."""
    if not warnings:
        return
    import sys

    from agentgit.report.problems import write_problems

    problems = [Problem(one) if isinstance(one, str) else one for one in warnings]
    talk(write_problems(problems, level="warning", palette=settings.palette(sys.stderr)))
