"""What makes a command of agentgit a process of the stage: its providers, its heartbeats, its end.

Several may run at the same time in threads of their own, or one within a call of another. While
any runs, a few names of the product lead here; what is not asked for by a process of the stage
goes where it always went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, cast

from agentgit.execute.host_lease import HostLease
from agentgit.providers import registry
from agentgit.workflow import carry_out
from tests.crash.clock import Pulse, StageClock


@dataclass(eq=False)
class Process:
    """One command: how its providers are opened, and how many moves it makes side by side."""

    open_provider: Callable[[str, Any], Any]
    clock: StageClock
    workers: int = 1
    pulses: list[Pulse] = field(default_factory=list)


_CURRENT: ContextVar[Process | None] = ContextVar("process", default=None)
_LOCK = Lock()
_RUNNING: list[Process] = []
_BEFORE: dict[str, Any] = {}


@contextmanager
def running(process: Process) -> Iterator[None]:
    """Be that process. At the end nothing of it beats any more, however it ended."""
    with _LOCK:
        if not _RUNNING:
            _divert()
        _RUNNING.append(process)
    token = _CURRENT.set(process)
    try:
        yield
    finally:
        _CURRENT.reset(token)
        for pulse in process.pulses:
            process.clock.drop(pulse)
        with _LOCK:
            _RUNNING.remove(process)
            if not _RUNNING:
                _restore()


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """Let a process stand still, as SIGSTOP does: its heartbeats too."""
    mine = [one for one in process.pulses if one in process.clock.pulses]
    for pulse in mine:
        process.clock.drop(pulse)
    try:
        yield
    finally:
        process.clock.pulses += mine


def _divert() -> None:
    table = cast("dict[str, Any]", registry.PROVIDERS)
    _BEFORE["docker"] = table["docker"]
    _BEFORE["keep"], _BEFORE["stop"] = HostLease.keep_beating, HostLease.stop_beating
    _BEFORE["execution"] = carry_out._execution
    table["docker"] = _open
    HostLease.keep_beating = _keep_beating  # type: ignore[method-assign]
    HostLease.stop_beating = _stop_beating  # type: ignore[method-assign]
    carry_out._execution = _make_execution


def _restore() -> None:
    cast("dict[str, Any]", registry.PROVIDERS)["docker"] = _BEFORE["docker"]
    HostLease.keep_beating = _BEFORE["keep"]  # type: ignore[method-assign]
    HostLease.stop_beating = _BEFORE["stop"]  # type: ignore[method-assign]
    carry_out._execution = _BEFORE["execution"]


def _open(name: str, endpoint: Any, place: Any) -> Any:
    process = _CURRENT.get()
    if process is None:
        return _BEFORE["docker"](name, endpoint, place)
    return process.open_provider(name, place)


def _make_execution(*words: Any) -> Any:
    execution, process = _BEFORE["execution"](*words), _CURRENT.get()
    if process is not None:
        execution.workers = process.workers
    return execution


def _keep_beating(part: HostLease, beat: Callable[[int], None]) -> None:
    process = _CURRENT.get()
    if process is None:
        _BEFORE["keep"](part, beat)
        return
    pulse = Pulse(process.clock.seconds + part.times.beat, part.times.beat, beat)
    vars(part)["pulse"] = pulse
    process.pulses.append(pulse)
    process.clock.pulses.append(pulse)


def _stop_beating(part: HostLease) -> None:
    pulse = vars(part).pop("pulse", None)
    if pulse is None:
        _BEFORE["stop"](part)
    else:
        cast("StageClock", part.clock).drop(pulse)
