"""Where a process host keeps its state: a folder of its name, until it gets another name."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from agentgit.errors import EngineError
from agentgit.model.observed import name_identity
from agentgit.providers.process.facts import RECORD
from agentgit.providers.process.files import read_json
from agentgit.providers.process.store import FolderStore


def find_home(base: Path, host: str, beside: Collection[str], environment: str) -> Path:
    """Find the folder of a host; `beside` are all names of the environment's hosts below `base`.

    Where it is the only one that no rollout has been at, and one folder alone carries replicas of
    the environment below a name that no host has any more, that is this host: it was renamed. Who
    plans compares its identity with the recorded one.
    """
    strangers = [one for one in beside if not _is_known(base / one, environment)]
    if strangers != [host]:
        return base / host
    with suppress(OSError):
        left = [
            folder
            for folder in base.iterdir()
            if folder.name not in beside and _carries(folder, environment)
        ]
        if len(left) == 1:
            return left[0]
    return base / host


def _is_known(folder: Path, environment: str) -> bool:
    with suppress(EngineError):
        store = FolderStore(folder.name, folder / "store")
        return store.read(name_identity(environment)) is not None
    return True  # whatever is wrong there is said by who looks at it


def _carries(folder: Path, environment: str) -> bool:
    records = (read_json(path) or {} for path in folder.glob(f"replicas/[!.]*/{RECORD}"))
    ours = any(one.get("environment") == environment for one in records)
    return ours and _is_known(folder, environment)
