"""Room on the disk of a host."""

from __future__ import annotations

import os
from pathlib import Path

from agentgit.errors import DefiniteError
from agentgit.model.steps import CheckRoom
from agentgit.model.value import format_size, round_size


def measure_room(folder: Path) -> int | None:
    """Give the bytes that are left on this machine where a folder is, or will be."""
    for one in (folder, *folder.parents):
        try:
            found = os.statvfs(one)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        return found.f_bavail * found.f_frsize
    return None


def check_room(host: str, room: int | None, step: CheckRoom) -> None:
    """Raise DefiniteError when too little is left; what nobody knows is no reason to stop."""
    if room is not None and room < step.least:
        raise DefiniteError(
            f"{host}: {round_size(room)} of disk is left, and minFreeDisk is "
            f"{format_size(step.least)}",
            hint=f"make room on {host}, or lower protection.minFreeDisk; --allow low-disk goes on",
        )
