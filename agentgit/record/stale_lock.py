"""The locks of git that stand in the way: removes what a killed git has left, or names it.

Git holds the lock of a ref for an instant. One of ours that is older belongs to nobody: the
machine lost its power, or a whole group of processes was killed. It would keep a rollout from
ever being ended. Other locks (packed-refs.lock, shallow.lock) may be held for longer, and by gits
that are not ours: they are the user's to remove.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agentgit.effects import Git

STALE = 10.0  # seconds after which nobody can be at it
_LOCKED = re.compile(r"Unable to create '(/.+\.lock)': File exists")
_OURS = "refs/agentgit"  # where all our refs are


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that git has complained of: what is in the way, and what to do about it."""

    message: str
    hint: str


def remove_stale_lock(git: Git, said: str) -> bool:
    """Remove the lock that git has complained of, if ours and stale; whether to try again."""
    path = _find_path(said)
    if path is None or not _is_ours(git, path):
        return False
    try:
        if time.time() - path.stat().st_mtime < STALE:
            return False
        path.unlink()
    except OSError:
        return False
    return True


def describe_lock(said: str) -> Lock | None:
    """Describe the lock that git has complained of; None where it was something else."""
    path = _find_path(said)
    if path is None:
        return None
    try:
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        since = f" since {made:%Y-%m-%d %H:%M} UTC"
    except OSError:
        since = ""  # gone meanwhile
    return Lock(
        f"the repository is locked{since} by {path}",
        "another git may be at work and remove it in a moment; where none runs in this repository "
        "any more, remove that file yourself",
    )


def _is_ours(git: Git, lock: Path) -> bool:
    """Whether it is the lock of a ref of ours: the repository may itself lie below such a name."""
    asked = git.run("rev-parse", "--path-format=absolute", "--git-path", _OURS)
    refs = os.path.realpath(os.fsdecode(asked.out).removesuffix("\n"))
    return asked.code == 0 and Path(os.path.realpath(lock)).is_relative_to(refs)


def _find_path(said: str) -> Path | None:
    found = _LOCKED.search(said)
    return Path(found[1]) if found else None
