"""Removes the lock of one of our refs that a git has left which was killed while it held it.

Git holds such a lock for an instant. One that is older belongs to nobody: the machine lost its
power, or a whole group of processes was killed. It would keep a rollout from ever being ended.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from agentgit.record.milestone import REFS

STALE = 10.0  # seconds after which nobody can be at it
_LOCKED = re.compile(rf"Unable to create '(/[^']+/{REFS}/[^']+\.lock)': File exists")


def remove_stale_lock(said: str) -> bool:
    """Remove the lock that git has complained of, if it is stale; whether to try again."""
    found = _LOCKED.search(said)
    if found is None:
        return False
    path = Path(found[1])
    try:
        if time.time() - path.stat().st_mtime < STALE:
            return False
        path.unlink()
    except OSError:
        return False
    return True
