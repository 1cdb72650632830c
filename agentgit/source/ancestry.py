"""Tells whether one commit contains another, as far as a clone can know, and where two parted."""

from __future__ import annotations

import os
from pathlib import Path

from agentgit.effects import Git
from agentgit.errors import GitError
from agentgit.source.commits import parents_of


def is_ancestor(git: Git, older: str, newer: str) -> bool:
    """Whether `newer` contains `older`; a commit contains itself.

    A commit that is nowhere in a complete clone was thrown away, so nothing contains it. In a
    shallow clone the history may merely be cut off: a known parent or the other direction can
    still answer, otherwise this raises GitError rather than guess.
    """
    if older == newer or _reaches(git, newer, older):
        return True
    if not git.shallow or _reaches(git, older, newer):
        return False
    raise GitError(
        f"cannot tell whether {newer[:7]} contains {older[:7]}: this clone is shallow",
        hint="git fetch --unshallow brings the whole history (in CI: fetch-depth: 0)",
    )


def find_parting(git: Git, one: str, other: str) -> str | None:
    """Find the newest commit that both contain; None where there is none, or none is here."""
    asked = git.run("merge-base", "--end-of-options", one, other)
    found = asked.out.decode("ascii", "replace").split()
    return found[0] if asked.code == 0 and found else None


def _reaches(git: Git, start: str, goal: str) -> bool:
    if _is_known_ancestor(git, goal, start):
        return True
    return git.shallow and any(
        goal in parents and _is_known_ancestor(git, boundary, start)
        for boundary, parents in _boundary(git)
    )


def _is_known_ancestor(git: Git, older: str, newer: str) -> bool:
    asked = git.run("merge-base", "--is-ancestor", "--end-of-options", older, newer)
    return asked.code == 0


def _boundary(git: Git) -> list[tuple[str, tuple[str, ...]]]:
    """Give the commits where the clone was cut, with the parents it does not hold."""
    asked = git.run("rev-parse", "--path-format=absolute", "--git-path", "shallow")
    path = Path(os.fsdecode(asked.out).removesuffix("\n"))
    names = path.read_text("ascii").split() if path.is_file() else []
    found = zip(names, git.objects(names), strict=True)
    return [(name, parents_of(commit)) for name, commit in found if commit is not None]
