"""The process table: which process is still the one we started, and signals to it."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentgit.errors import DefiniteError

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for ever: its id is reused one day, id with start time and boot is not.

    `started` is in clock ticks since the boot (field 22 of /proc/PID/stat).
    """

    pid: int
    started: int
    boot: str

    @classmethod
    def parse(cls, raw: dict[str, Any] | None) -> Identity | None:
        """Read what the runner recorded; None when there is nothing that makes sense."""
        try:
            return cls(int(raw["pid"]), int(raw["started"]), str(raw["boot"])) if raw else None
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    session: int
    started: int


def check_system() -> None:
    """Refuse a system that does not show its processes the way Linux does."""
    if not (sys.platform.startswith("linux") and (_PROC / "self" / "stat").exists()):
        raise DefiniteError(
            "replicas can only be processes on Linux with /proc",
            hint="use `engine: docker` or `engine: podman` for this host",
        )


def is_alive(process: Identity | None) -> bool:
    """Whether that very process still runs; a zombie is dead."""
    if process is None or process.boot != read_boot():
        return False
    stat = _read_stat(process.pid)
    return stat is not None and stat.started == process.started and stat.state not in "ZXx"


def read_data_limit(process: Identity) -> int | None:
    """Read how many bytes of data the kernel lets that very process have; -1: as many as it wants.

    None when it is gone, or belongs to somebody else by now.
    """
    with suppress(OSError):
        limit = resource.prlimit(process.pid, resource.RLIMIT_DATA)[0]
        return limit if is_alive(process) else None
    return None


def signal_group(process: Identity, number: int) -> None:
    """Signal that very process and its group; nothing happens when it is gone."""
    if is_alive(process):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def kill_strays(process: Identity | None, mark: bytes) -> None:
    """Kill what outlived its leader: the same session, and our mark in its environment."""
    if process is None or process.boot != read_boot():
        return
    for pid in _list_pids():
        stat = _read_stat(pid)
        if stat is not None and stat.session == process.pid and stat.state not in "ZXx":
            with suppress(OSError):
                if mark in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                    os.kill(pid, signal.SIGKILL)


def read_self() -> Identity:
    """Identify the process that asks."""
    stat = _read_stat(os.getpid())
    return Identity(os.getpid(), stat.started if stat else 0, read_boot())


def read_boot() -> str:
    """Name this boot of the machine."""
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _list_pids() -> Iterator[int]:
    return (int(path.name) for path in sorted(_PROC.iterdir()) if path.name.isdigit())


def _read_stat(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # the program's name may contain anything
    return _Stat(state=fields[0], session=int(fields[3]), started=int(fields[19]))
