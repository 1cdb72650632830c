"""Docker, and Podman by the same API: the provider for one engine and one project.

The calls are plain ones of the Docker Engine API, each with its own timeout, and all of them pass
`DockerEngine._send`; how they get to the engine is the matter of its line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode

from agentgit.effects import HostStore
from agentgit.errors import EngineError
from agentgit.model.image import BroughtImage, Image
from agentgit.model.observed import EngineKind, HostState, Replica
from agentgit.model.steps import EngineStep, Stamp
from agentgit.providers.docker.brought import find_brought
from agentgit.providers.docker.calls import (
    EngineInfo,
    Method,
    RefusedError,
    Reply,
    read_greeting,
    read_version,
)
from agentgit.providers.docker.health_trigger import HealthTrigger
from agentgit.providers.docker.images import ask_registry, find_image
from agentgit.providers.docker.inspection import read_replica, split_image
from agentgit.providers.docker.lines import CONNECT_TIMEOUT, Answer, Call, Line, SocketLine
from agentgit.providers.docker.observe import observe_environment
from agentgit.providers.docker.output import read_log
from agentgit.providers.docker.request import (
    request_inside,
    request_published,
    shares_network,
)
from agentgit.providers.docker.room import find_room
from agentgit.providers.docker.steps import find_replica, need_replica, perform_step
from agentgit.providers.docker.store import EngineStore

OnCall = Callable[[str, str], None]  # ("before" or "after", "POST /containers/create")
CALL_TIMEOUT = 30.0  # seconds, where a step says nothing else
_SOCKET = "unix://"
_SAFE = "/:@%!$&'()*+,;=~"  # what may stand in a path as it is


def watch_nothing(when: str, call: str) -> None:
    """Let every call pass; a test injects a function that does not."""


class DockerProvider:
    """One engine endpoint, on behalf of one project. Connects with the first call."""

    store: HostStore

    def __init__(
        self,
        host: str,
        endpoint: str,
        project_id: str,
        *,
        kind: EngineKind = "docker",
        timeout: float = CALL_TIMEOUT,
        on_call: OnCall = watch_nothing,
    ) -> None:
        self.host = host
        self.kind: EngineKind = kind
        self._project_id = project_id
        self._endpoint = endpoint
        self._engine = DockerEngine(host, endpoint, timeout=timeout, on_call=on_call)
        self._health = HealthTrigger()
        self.store = EngineStore(self._engine, project_id)

    def observe(self, environment: str) -> HostState:
        """Everything of ours in that environment, as it is. Only reads. Raises EngineError."""
        state = observe_environment(self._engine, self._project_id, environment)
        self.kind = state.engine
        return state

    def perform(self, step: EngineStep, stamp: Stamp) -> None:
        """Do one step. Doing it again changes nothing more."""
        perform_step(self._engine, self._project_id, step, stamp)

    def replica(self, name: str) -> Replica | None:
        """One replica as it is now, its health freshly probed on Podman."""
        found = find_replica(self._engine, self._project_id, name)
        if found is None:
            return None
        kind = self._engine.info.kind
        fresh = self._health.refresh(self._engine, found) if kind == "podman" else found
        return read_replica(fresh, self.host, kind)

    def note_files(self, environment: str) -> None:
        """What containers read from files of ours is part of what they were told."""

    def knock(self) -> None:
        """Ask over a new connection whether the engine is still there. Raises EngineError."""
        self._engine.knock()

    def logs(self, name: str, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """The lines a replica wrote, oldest first, without line ends."""
        found = need_replica(self._engine, self._project_id, name)
        return read_log(self._engine, found["Id"], tail=tail, follow=follow)

    def request(self, name: str, port: str, path: str, timeout: float) -> tuple[int, bytes]:
        """GET a path of a replica's named port: status and body. Raises EngineError."""
        found = need_replica(self._engine, self._project_id, name)
        replica = read_replica(found, self.host, self._engine.info.kind)
        if port in replica.addresses and shares_network(self._endpoint):
            answer = request_published(replica.addresses[port], path, timeout)
            if answer is not None:
                return answer
        return request_inside(self._engine, found, replica, port, path, timeout)

    def find_image(self, name: str) -> Image | None:
        """What the name of an image means here; None when it is not there. Only reads."""
        return find_image(self._engine, name)

    def ask_registry(self, name: str) -> str:
        """Give the digest that the registry has behind a name now. Raises EngineError."""
        return ask_registry(self._engine, name)

    def free_room(self) -> int | None:
        """Bytes left where the engine keeps images; None when it does not tell. Only reads."""
        return find_room(self._engine)

    def brought_images(self, environment: str) -> tuple[BroughtImage, ...]:
        """The images that the project has brought here, as they are now. Only reads."""
        return find_brought(self._engine, self._project_id, environment)

    def close(self) -> None:
        """Let go of connections."""
        self._engine.close()


class DockerEngine:
    """One endpoint. Can be used from several threads at once."""

    def __init__(
        self,
        host: str,
        endpoint: str,
        *,
        timeout: float = CALL_TIMEOUT,
        on_call: OnCall = watch_nothing,
    ) -> None:
        self.host = host
        self.endpoint = endpoint
        self._timeout = timeout
        self._on_call = on_call
        self._lock = Lock()
        self._line: Line | None = None
        self._info: EngineInfo | None = None

    @property
    def info(self) -> EngineInfo:
        """Who answers. Raises EngineError when nobody does."""
        with self._lock:
            if self._info is None:
                self._info = self._greet() or self._ask_version()
            return self._info

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
        with self._send(
            method,
            self._versioned(path),
            query=query,
            body=body,
            timeout=timeout or self._timeout,
        ) as answer:
            return answer

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
        with self._send(
            method,
            self._versioned(path),
            query=query,
            body=body,
            headers=headers,
            timeout=timeout,
            stream=True,
        ) as answer:
            yield from answer.pieces()

    def registry_headers(self, image: str) -> Mapping[str, str]:
        """Give the user's credentials for the registry of an image, as a header."""
        from agentgit.providers.docker.sdk_line import SdkLine

        with self._explained(), closing(SdkLine(self.endpoint, self._timeout)) as sdk:
            return sdk.registry_headers(split_image(image)[0])

    def close(self) -> None:
        """Let go of connections."""
        if self._line is not None:
            self._line.close()

    def knock(self) -> None:
        """Ask who answers over a connection of its own, and give it little time.

        Where systemd holds the socket, an engine that goes down lets new connections wait.
        """
        timeout = min(self._timeout, CONNECT_TIMEOUT)
        other = DockerEngine(self.host, self.endpoint, timeout=timeout, on_call=self._on_call)
        with closing(other):
            other.info  # noqa: B018 - asks

    def _greet(self) -> EngineInfo | None:
        """Ask who answers; None where something in between leaves out what its headers say."""
        try:
            with self._send("GET", "/_ping", timeout=self._timeout) as answer:
                return read_greeting(answer.header("Server"), answer.header("Api-Version"))
        except RefusedError:
            return None

    def _ask_version(self) -> EngineInfo:
        """Ask for versions. Podman looks for those of all its programs: 0.2 s."""
        with self._send("GET", "/version", timeout=self._timeout) as answer:
            return read_version(answer.json())

    def _versioned(self, path: str) -> str:
        version = "4.0.0" if path.startswith("/libpod/") else self.info.api
        return f"/v{version}{path}"

    @contextmanager
    def _send(  # noqa: PLR0913 - an HTTP call has that many parts
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        stream: bool = False,
    ) -> Iterator[Answer]:
        """Make a call: the one place that all of them pass, and where faults can be injected."""
        self._on_call("before", f"{method} {path}")
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        call = Call(
            method,
            quote(path, safe=_SAFE) + (f"?{urlencode(query)}" if query else ""),
            raw,
            _headers(body) | dict(headers or {}),
            timeout,
            stream,
        )
        with self._explained(), closing(self._connect().send(call)) as answer:
            self._on_call("after", f"{method} {path}")
            if answer.status >= 400:
                raise self._refused(answer)
            yield answer

    def _connect(self) -> Line:
        """Open the line once; it asks nothing of the engine yet."""
        if self._line is None:
            self._line = self._open_line()
        return self._line

    def _open_line(self) -> Line:
        if self.endpoint.startswith(f"{_SOCKET}/"):
            return SocketLine(self.endpoint.removeprefix(_SOCKET))
        from agentgit.providers.docker.sdk_line import SdkLine

        try:
            return SdkLine(self.endpoint, self._timeout)
        except ValueError as error:  # a port that is none, which only a variable can name
            raise EngineError(
                f"{self.host}: {self.endpoint} is no endpoint: {error}",
                hint="write unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST",
            ) from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say plainly that an engine does not answer."""
        try:
            yield
        except (OSError, json.JSONDecodeError) as error:
            raise EngineError(
                f"{self.host}: the engine at {self.endpoint} does not answer: {_reason(error)}",
                hint=_hint(error),
            ) from error

    def _refused(self, answer: Answer) -> RefusedError:
        try:
            words = str(answer.json()["message"])
        except (ValueError, KeyError, TypeError):
            words = answer.content.decode("utf-8", "replace")
        words = words.strip() or f"status {answer.status}"
        return RefusedError(
            f"{self.host}: the engine refused: {words}",
            hint=f"ask the engine at {self.endpoint} for more, or look at its log",
            status=answer.status,
            words=words,
        )


def _headers(body: object) -> dict[str, str]:
    if isinstance(body, bytes):
        return {"Content-Type": "application/x-tar"}
    # a POST without a body is refused by some versions unless its type is said
    return {"Content-Type": "application/json"}


def _root(error: BaseException) -> BaseException:
    """Dig out the cause that says something: libraries wrap it several times."""
    inner = error.__cause__ or error.__context__
    nested = next((one for one in error.args if isinstance(one, BaseException)), None)
    following = nested or inner
    return _root(following) if following is not None and following is not error else error


def _reason(error: BaseException) -> str:
    root = _root(error)
    words = root.strerror if isinstance(root, OSError) and root.strerror else str(root)
    if isinstance(root, TimeoutError):
        return "it took too long"
    return str(error) if isinstance(root, NameError) else words or type(root).__name__


def _hint(error: BaseException) -> str:
    root = _root(error)
    if isinstance(root, PermissionError):
        return "you may not use its socket: join its group (docker), or run as its owner"
    if isinstance(root, FileNotFoundError | ConnectionRefusedError):
        return (
            "start the engine, or correct the host's endpoint in environment.yaml; "
            "agentgit doctor shows which engines answer"
        )
    if "paramiko" in str(error):
        return "ssh endpoints need one package more: pip install 'agentgit[ssh]'"
    return "agentgit doctor shows which engines answer"
