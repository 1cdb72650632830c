"""Everything a user can cause: what is wrong, where, what to do about it, and the exit code.

Imports next to nothing, so that the start of the program stays cheap. `Location` is where an
error is shown; the `Origin` of a value lives in `agentgit.model.origin`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple, Self


class Exit(IntEnum):
    """The exit codes, a public promise (see the table in README.md)."""

    DONE = 0
    FAILED = 1
    PENDING = 2
    ROLLED_BACK = 3
    STALE = 4
    LEASED = 5
    WAITING = 6
    REFUSED = 7
    USAGE = 64
    CONFIG = 65
    BUG = 70
    INTERRUPTED = 130


class Location(NamedTuple):
    """A place in a file of the repository; lines and columns count from 1.

    `width` is the number of characters to underline; `excerpt` the text of that line, if known.
    """

    path: str
    line: int = 0
    column: int = 0
    width: int = 1
    excerpt: str | None = None

    def __str__(self) -> str:
        """Write `path:line:col`, as far as known."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.path, *numbers])


class Problem(NamedTuple):
    """One thing that is wrong. `also` names the other place that takes part, with its role."""

    message: str
    location: Location | None = None
    hint: str | None = None
    also: tuple[tuple[str, Location], ...] = ()


Plain = tuple[Any, ...]  # what `marshal` can write


def flatten_problem(problem: Problem) -> Plain:
    """Take a problem apart, for a cache or another process."""
    also = [(role, flatten_location(where)) for role, where in problem.also]
    where = None if problem.location is None else flatten_location(problem.location)
    return problem.message, where, problem.hint, also


def flatten_location(place: Location) -> Plain:
    """Take a location apart; `Location(*plain)` is the way back."""
    return place.path, place.line, place.column, place.width, place.excerpt


def restore_problem(plain: Sequence[Any]) -> Problem:
    """Put a problem together again."""
    message, where, hint, also = plain
    location = None if where is None else Location(*where)
    return Problem(message, location, hint, tuple((role, Location(*at)) for role, at in also))


class AgentgitError(Exception):
    """What a user can cause. Shown without a traceback; several problems are shown together.

    A lone message is a problem like any other.
    """

    exit_code = Exit.FAILED

    def __init__(
        self,
        message: str,
        location: Location | None = None,
        hint: str | None = None,
        also: tuple[tuple[str, Location], ...] = (),
        problems: tuple[Problem, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint
        self.also = also
        self.problems = problems or (Problem(message, location, hint, also),)

    @classmethod
    def of(cls, problems: tuple[Problem, ...]) -> Self:
        """Gather problems, which must not be empty, into one error."""
        return cls(*problems[0], problems)


class ConfigError(AgentgitError):
    """The configuration is wrong."""

    exit_code = Exit.CONFIG


class UsageError(AgentgitError):
    """The command was called in a way that cannot work."""

    exit_code = Exit.USAGE


class GuardError(AgentgitError):
    """A guard refuses the plan; the hint names the flag or the way."""

    exit_code = Exit.REFUSED


class LeaseError(AgentgitError):
    """The environment is leased by someone else."""

    exit_code = Exit.LEASED


class StaleError(AgentgitError):
    """What runs has changed since the plan was made."""

    exit_code = Exit.STALE


class MovedOnError(StaleError):
    """It has changed while somebody else's rollout was waited for: plan again."""


class EngineError(AgentgitError):
    """An engine refused a call or does not answer: the world's fault, not the revision's."""

    @property
    def is_definite(self) -> bool:
        """Whether trying again soon cannot help."""
        return False


class DefiniteError(EngineError):
    """The world says no and will go on saying so until somebody does something about it."""

    @property
    def is_definite(self) -> bool:
        """It is."""
        return True


class LostLeaseError(DefiniteError):
    """The lease could not be renewed in time or was taken: nothing more may be changed."""


class ReplicaError(AgentgitError):
    """A replica of a revision did not start, crashed or stayed unhealthy: the revision's fault."""

    exit_code = Exit.ROLLED_BACK


class GitError(AgentgitError):
    """Git cannot give what was asked for: no repository, no commit, no such revision."""


class NoCommitError(GitError):
    """There is no repository here, or no commit in it yet: nothing that could be read."""

    exit_code = Exit.CONFIG


class NoFolderError(GitError):
    """The commit is here and has no such folder: it may be from before the project began."""
