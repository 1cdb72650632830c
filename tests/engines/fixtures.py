"""Real engines as pytest fixtures: `docker_engine` and `podman_engine`.

A plugin: the top conftest says `pytest_plugins = ["tests.engines.fixtures"]`. Engines are started
by the first test that asks for one, are shared by every xdist worker and by other test sessions
that run at the same time, and are stopped when the last of these sessions ends, however it ends.
Engines that somebody started by hand, or that AGENTGIT_TEST_DOCKER / AGENTGIT_TEST_PODMAN name,
are used and left alone.
"""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.engines.own import SCRIPT, own_root, shared_root

STARTUP = 600
"""Seconds: the first start on a bare machine downloads packages."""


@dataclass(frozen=True)
class Engine:
    """Where one engine is reached.

    A port published on all addresses is reached at `address`. Container addresses, and ports
    published on 127.0.0.1 only, exist inside the engine's network: start a client with `inside`.
    """

    kind: str
    url: str
    address: str
    network: str | None = None

    def inside(self, *command: str) -> list[str]:
        """The command, to be run inside the engine's network."""
        return ["nsenter", f"--net={self.network}", "--", *command] if self.network else [*command]


class NoEnginesError(Exception):
    """Engines cannot be had here; the text says why."""


@pytest.fixture(scope="session")
def docker_engine() -> Engine:
    return _engine("docker")


@pytest.fixture(scope="session")
def podman_engine() -> Engine:
    return _engine("podman")


@pytest.fixture(scope="session", params=["docker", "podman"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of them in turn, for what must hold on both."""
    return _engine(request.param)


def pytest_configure(config: pytest.Config) -> None:
    # the controller only: it outlives the workers
    if not hasattr(config, "workerinput"):
        config.add_cleanup(_Session().close)


class _Session:
    """Holds a shared lock while tests run: whoever ends last can take it alone, and stops.

    The kernel lets go of the lock of a process that dies, so nothing is counted.
    """

    def __init__(self) -> None:
        self._lock: IO[str] | None = None
        with suppress(OSError):
            shared_root().mkdir(parents=True, exist_ok=True)
            self._lock = (shared_root() / "users").open("a")
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def close(self) -> None:
        if self._lock is None:
            return
        with self._lock, suppress(BlockingIOError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _marker().exists():
                _script("down")
            for kind in ("docker", "podman"):
                if own_root(kind).exists():  # left by a session that was killed
                    _script("down", own_root(kind))


def _engine(kind: str) -> Engine:
    given = os.environ.get(f"AGENTGIT_TEST_{kind.upper()}")
    if given:
        address = os.environ.get(f"AGENTGIT_TEST_{kind.upper()}_ADDRESS", "127.0.0.1")
        return Engine(kind, given, address, _network(given))
    try:
        found = _bring_up()
    except NoEnginesError as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason), pytrace=False)
        pytest.skip(str(reason))
    url = found[f"AGENTGIT_TEST_{kind.upper()}"]
    return Engine(kind, url, found[f"AGENTGIT_TEST_{kind.upper()}_ADDRESS"], _network(url))


def _network(url: str) -> str | None:
    namespace = Path(url.removeprefix("unix://")).parent / "ns" / "net"
    return str(namespace) if namespace.exists() else None


def _bring_up() -> dict[str, str]:
    with _alone():
        if _script("status").returncode != 0:
            # before the start: one that is interrupted half way is taken down as well
            with suppress(OSError):
                _marker().touch()
        done = _script("up")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NoEnginesError(f"no engines: {last}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


@contextmanager
def _alone() -> Iterator[None]:
    try:
        lock = (shared_root() / "starting").open("a")
    except OSError as error:
        raise NoEnginesError(f"no engines: {error}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _script(command: str, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), command, str(root or shared_root())],
        capture_output=True,
        text=True,
        timeout=STARTUP,
        check=False,
    )


def _marker() -> Path:
    """There while the engines belong to test sessions; `engines.sh down` removes it."""
    return shared_root() / "started-by-tests"
