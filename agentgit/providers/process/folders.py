"""The folders of a process host: replicas, volumes, and what was left half-made."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from agentgit.errors import DefiniteError
from agentgit.model.observed import Leftover
from agentgit.model.value import Json
from agentgit.providers.process.facts import DOCUMENT, RECORD, Facts, read_facts, write_facts
from agentgit.providers.process.files import (
    HALF,
    make_private,
    publish_folder,
    read_json,
    remove_folder,
    retire_folder,
    write_atomic,
)
from agentgit.providers.process.source import list_abandoned

_ENVIRONMENT = "dev.agentgit.environment"  # the label that says whose a volume is
_LABELS = "labels.json"


class Folders:
    """What lies below the state folder of one project and host.

    A folder whose name begins with `.half.ENVIRONMENT.` is being made or being removed.
    """

    def __init__(self, root: Path, project_id: str) -> None:
        self.root = root
        self.sources = root / "sources"
        self._replicas = root / "replicas"
        self._volumes = root / "volumes"
        self._project_id = project_id

    def prepare(self) -> None:
        """Have the folders."""
        for folder in (self.root, self.sources, self._replicas, self._volumes):
            make_private(folder)

    def of(self, name: str) -> Path:
        """Where a replica has its files."""
        if not name or "/" in name or name.startswith("."):
            raise DefiniteError(f"{name!r} is no name of a replica")
        return self._replicas / name

    def source(self, facts: Facts) -> Path:
        """Where a replica runs."""
        return self.sources / facts.source

    def replica(self, name: str) -> Facts | None:
        """Read what is recorded about a replica; a copied folder or another project's is none."""
        facts = read_facts(self.of(name))
        is_ours = facts and facts.name == name and facts.project_id == self._project_id
        return facts if is_ours else None

    def replicas(self) -> list[Facts]:
        """All replicas of the project on this host, by name."""
        names = (folder.name for folder in _list(self._replicas) if folder.is_dir())
        found = (self.replica(name) for name in names if not name.startswith("."))
        return [facts for facts in found if facts]

    def volumes(self, environment: str) -> tuple[str, ...]:
        """The volumes of an environment."""
        return tuple(
            folder.name
            for folder in _list(self._volumes)
            if (read_json(folder / _LABELS) or {}).get(_ENVIRONMENT) == environment
        )

    def leftovers(self, environment: str) -> tuple[Leftover, ...]:
        """What was left half-made in an environment, and exports that nobody completes."""
        halves = [
            folder.name
            for folder in _list(self._replicas)
            if folder.name.startswith(f"{HALF}{environment}.")
        ]
        return tuple(
            Leftover(kind="config", id=name, name=_read_name(name))
            for name in (*halves, *list_abandoned(self.sources))
        )

    def make_replica(self, facts: Facts, document: Mapping[str, Json]) -> None:
        """Create a replica's folder; one that is there already stays as it is."""
        target = self.of(facts.name)
        if target.is_dir():
            return
        half = self._half(facts.environment, facts.name)
        text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
        try:
            half.mkdir(mode=0o700)
            write_atomic(half / RECORD, write_facts(facts))
            write_atomic(half / DOCUMENT, text.encode())
            (half / DOCUMENT).chmod(0o400)
            publish_folder(half, target)
        except OSError:
            remove_folder(half)  # every try would leave one, on a full disk of all places
            raise

    def remove_replica(self, facts: Facts) -> None:
        """Remove a replica's folder; nothing may run from it any more."""
        retire_folder(self.of(facts.name), self._half(facts.environment, facts.name))

    def make_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a volume; one that is there already stays as it is."""
        target = self._volumes / name
        if target.is_dir():
            return
        half = self._half(labels.get(_ENVIRONMENT, ""), name)
        make_private(half / "data")
        write_atomic(half / _LABELS, json.dumps(labels, sort_keys=True).encode())
        publish_folder(half, target)

    def remove_leftover(self, name: str) -> None:
        """Remove what was left half-made."""
        if not name.startswith(HALF) or "/" in name:
            raise DefiniteError(f"{name} is not something half-made")
        for folder in (self._replicas, self.sources):
            remove_folder(folder / name)

    def _half(self, environment: str, name: str) -> Path:
        return self._replicas / f"{HALF}{environment}.{name}.{secrets.token_hex(8)}"


def _list(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _read_name(half: str) -> str:
    """Name the replica, or the exported folder, that something half-made was to be."""
    parts = half.removeprefix(HALF).split(".")
    return parts[-2]
