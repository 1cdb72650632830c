"""What the Docker provider needs from an engine: one place that every call passes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from agentgit.errors import EngineError
from agentgit.model.observed import EngineKind

Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE"]
_PASSING = frozenset({404, 408, 409, 425, 429})
_SERVER = re.compile(r"(?P<name>Docker|Libpod)/(?P<version>\S+)")
_API = re.compile(r"\d+\.\d+")
NEWEST_API = (1, 51)  # the newest we have been run against; engines keep older ones


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine answers. `api` is the version of its Docker API that we speak with it."""

    kind: EngineKind
    version: str
    api: str

    @property
    def major(self) -> int:
        """The first number of the version."""
        first = self.version.partition(".")[0]
        return int(first) if first.isdigit() else 0

    @property
    def updates_in_place(self) -> bool:
        """Whether limits and restart policy can be changed in place: Podman learned it in 5."""
        return self.kind == "docker" or self.major >= 5


class RefusedError(EngineError):
    """The engine understood the call and said no; `words` are its own."""

    def __init__(
        self, message: str, *, hint: str | None = None, status: int = 0, words: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.words = words

    @property
    def is_definite(self) -> bool:
        """Whether the engine will say the same again.

        What vanished or came up meanwhile (404, 409) is looked at anew by the next attempt. An
        engine that goes down may leave an endpoint behind, and takes it away when it is back.
        """
        if "endpoint with name" in self.words:
            return False
        return (400 <= self.status < 500 and self.status not in _PASSING) or self.status == 501

    @property
    def is_missing(self) -> bool:
        """Whether what the call was about does not exist.

        Podman says 500 of a container that goes at that very moment.
        """
        return self.status == 404 or (
            self.status == 500 and "no such container" in self.words.lower()
        )

    @property
    def is_conflict(self) -> bool:
        """Whether a name is taken: 409 on Docker, often 500 on Podman."""
        taken = ("already in use", "already exists", "already used", "name is in use")
        return self.status == 409 or any(text in self.words for text in taken)


class Reply(Protocol):
    """What comes back from a call that succeeded."""

    def header(self, name: str) -> str:
        """Give a header, empty where it is missing."""

    @property
    def content(self) -> bytes:
        """The body."""

    def json(self) -> Any:
        """The body as JSON."""


class Engine(Protocol):
    """One engine endpoint. Paths are those of the Docker Engine API, without its version.

    `/libpod/...` is Podman's own API.
    """

    host: str
    endpoint: str

    @property
    def info(self) -> EngineInfo:
        """Who answers. Raises EngineError when nobody does."""

    def call(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Any = None,
        timeout: float | None = None,
    ) -> Reply:
        """One call; a dict is sent as JSON, bytes as a tar. Raises RefusedError, EngineError."""

    def stream(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None,
    ) -> Iterator[bytes]:
        """One call whose body comes in pieces; `timeout` None waits for ever between them."""

    def registry_headers(self, image: str) -> Mapping[str, str]:
        """Give the user's credentials for the registry of an image, as a header."""


def read_version(answer: Mapping[str, Any]) -> EngineInfo:
    """Read the answer of `/version`."""
    components = answer.get("Components") or ()
    podman = any("podman" in str(one.get("Name", "")).lower() for one in components)
    return EngineInfo(
        kind="podman" if podman else "docker",
        version=str(answer.get("Version", "")),
        api=_choose_api(str(answer.get("ApiVersion", "1.41"))),
    )


def read_greeting(name: str, offered: str) -> EngineInfo | None:
    """Read two headers of `/_ping`, Server and Api-Version; None where they do not say it."""
    server = _SERVER.match(name)
    if server is None or not _API.fullmatch(offered):
        return None
    kind: EngineKind = "podman" if server["name"] == "Libpod" else "docker"
    return EngineInfo(kind=kind, version=server["version"], api=_choose_api(offered))


def _choose_api(offered: str) -> str:
    api = min(tuple(int(part) for part in offered.split(".")), NEWEST_API)
    return ".".join(str(part) for part in api)


def find(engine: Engine, path: str) -> dict[str, Any] | None:
    """GET one thing as JSON; None when it does not exist."""
    try:
        found: dict[str, Any] = engine.call("GET", path).json()
    except RefusedError as refused:
        if refused.is_missing:
            return None
        raise
    return found


def drop(engine: Engine, path: str, **query: object) -> None:
    """DELETE one thing; nothing happens when it is gone already."""
    try:
        engine.call("DELETE", path, query=query)
    except RefusedError as refused:
        if not (refused.is_missing or "already in progress" in refused.words):
            raise
