"""Where a process host keeps its state: a folder of its name, or the one that a link names.

A host that was renamed stays where it was: its replicas run there, and its volumes are there. The
link is made by the first rollout, so that it also finds them when nothing runs any more.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from agentgit.errors import EngineError
from agentgit.model.observed import name_identity
from agentgit.providers.process.facts import RECORD
from agentgit.providers.process.files import engine_errors, read_json
from agentgit.providers.process.store import FolderStore


def find_home(base: Path, host: str, beside: Collection[str], environment: str) -> Path:
    """Find the folder of a host; `beside` are all names of the environment's hosts below `base`.

    Where it alone has none yet, and one folder alone carries replicas of the environment below a
    name that no host has any more, it was renamed. Who plans compares its recorded identity.
    """
    with suppress(OSError):  # said by who looks into the folder
        homes = {one: _follow(base / one) for one in beside}
        if [one for one in beside if not homes[one].exists()] != [host]:
            return homes[host]
        left = [
            folder
            for folder in base.iterdir()
            if folder not in homes.values()
            and not folder.is_symlink()
            and _carries(folder, environment)
        ]
        return left[0] if len(left) == 1 else homes[host]
    return base / host


def keep_home(base: Path, host: str, home: Path) -> None:
    """Remember where a host that was renamed keeps its state. Raises EngineError."""
    link = base / host
    with engine_errors(host, "remember its folder"):
        if home != link and not link.is_symlink():
            link.symlink_to(home.name)


def _follow(path: Path) -> Path:
    """Give what a link names, whether or not it is there; everything else is itself."""
    return path.parent / path.readlink() if path.is_symlink() else path


def _carries(folder: Path, environment: str) -> bool:
    records = (read_json(path) or {} for path in folder.glob(f"replicas/[!.]*/{RECORD}"))
    with suppress(EngineError):
        store = FolderStore(folder.name, folder / "store")
        return any(one.get("environment") == environment for one in records) and (
            store.read(name_identity(environment)) is not None
        )
    return False
