"""The host store on an engine: each value is a never-started container that holds a file.

The engine's unique names are the compare-and-swap. The file begins with a digest of the rest, so
that a reader notices a value that is being written at that moment. The time of its last change is
none: it is the number of its fingerprint, which an engine tells without reading the file.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from typing import Any

from agentgit.errors import DefiniteError
from agentgit.model.fingerprint import Fingerprint, take_fingerprint
from agentgit.providers.docker.calls import Engine, RefusedError, find
from agentgit.providers.docker.carrier import (
    create_carrier,
    get_file,
    put_file,
    remove_carrier,
    stat_file,
)
from agentgit.providers.docker.labels import (
    PREFIX,
    is_listed,
    is_ours,
    label_owned,
    read_label,
)

_FILE = "value"
_DIGEST = 64  # hex digits of SHA-256
_ATTEMPTS = 20  # reads of a value that somebody is writing
_PAUSE = 0.05  # seconds between them


@dataclass(frozen=True)
class EngineStore:
    """A few small named values of one project on one engine.

    Creating a value and filling it are two calls: whoever dies between them leaves an empty one.
    """

    engine: Engine
    project_id: str

    def create(self, name: str, data: bytes) -> bool:
        """Create a value; False when the name is taken."""
        own = self._container(name)
        labels = label_owned(self.project_id, "store", own) | {f"{PREFIX}value": name}
        try:
            container = create_carrier(self.engine, own, labels)
        except RefusedError as refused:
            if not refused.is_conflict:
                raise
            self._find(name)
            return False
        self._put(container, data)
        return True

    def write(self, name: str, data: bytes) -> None:
        """Replace a value that exists. Raises KeyError when it does not."""
        found = self._find(name)
        if found is None:
            raise KeyError(name)
        try:
            self._put(found["Id"], data)
        except RefusedError as refused:
            if refused.is_missing:
                raise KeyError(name) from refused
            raise

    def read(self, name: str) -> bytes | None:
        """Read a value, None when there is none."""
        found = self._find(name)
        return None if found is None else read_value(self.engine, found["Id"])

    def fingerprint(self, name: str) -> Fingerprint | None:
        """Look at a value without reading it; None where an older agentgit has written it.

        Whether the container is ours is not asked: no other has the fingerprint of our value.
        """
        stat = stat_file(self.engine, self._container(name), f"/{_FILE}")
        if stat is None or not stat.changed:
            return None
        return Fingerprint(stat.size - _DIGEST, stat.changed)

    def names(self, prefix: str) -> tuple[str, ...]:
        """List the names that begin with a prefix, sorted."""
        project = self.project_id
        # Only values have this label: a heartbeat does not list all replicas of the fleet.
        query = {"all": 1, "filters": json.dumps({"label": [f"{PREFIX}value"]})}
        found = self.engine.call("GET", "/containers/json", query=query).json()
        values = {
            read_label(one["Labels"], "value")
            for one in found
            if is_listed(one, "store") and read_label(one["Labels"], "project-id") == project
        }
        return tuple(sorted(name for name in values if name.startswith(prefix)))

    def delete(self, name: str) -> None:
        """Forget a value; nothing happens when there is none."""
        found = self._find(name)
        if found is not None:
            remove_carrier(self.engine, found["Id"])

    def _put(self, container: str, data: bytes) -> None:
        number = take_fingerprint(data).number
        put_file(self.engine, container, "/", _FILE, _seal(data), changed=number)

    def _find(self, name: str) -> dict[str, Any] | None:
        own = self._container(name)
        found = find(self.engine, f"/containers/{own}/json")
        if found is not None and not is_ours(found, self.project_id, "store", own):
            raise DefiniteError(
                f"{self.engine.host}: a container named {own} exists and is not this project's",
                hint=f"rename or remove that container on {self.engine.host}",
            )
        return found

    def _container(self, name: str) -> str:
        """Name the container of a value; what such names may not have is written in hex."""
        safe = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{found[0].encode().hex()}_", name)
        return f"agentgit-{self.project_id[:8]}-{safe}"


def read_value(engine: Engine, container: str) -> bytes | None:
    """Read the value of any project's container; None where that is gone.

    `b""` comes of one whose writer died over it. Docker refuses an archive of a container that is
    being removed, with words that do not say so. Raises RefusedError when that does not end.
    """
    for attempt in reversed(range(_ATTEMPTS)):
        try:
            sealed = get_file(engine, container, f"/{_FILE}")
        except RefusedError as refused:
            if refused.status != 500 or not attempt:
                raise
        else:
            if sealed is None:
                return b"" if find(engine, f"/containers/{container}/json") else None
            data = _unseal(sealed)
            if data is not None:
                return data
        time.sleep(_PAUSE)
    return b""


def _seal(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode() + data


def _unseal(sealed: bytes) -> bytes | None:
    data = sealed[_DIGEST:]
    return data if sealed[:_DIGEST] == hashlib.sha256(data).hexdigest().encode() else None
