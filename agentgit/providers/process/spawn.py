"""Starting and ending a process replica; what it is doing is read from its folder.

A runner (`runner.py`) stays beside the replica and holds a lock in its folder. The lock is
taken here, before the runner exists, and handed over: there is no moment in which a second start
could slip in, and nothing that a SIGKILL of anybody could leave wrong.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentgit.errors import EngineError, ReplicaError
from agentgit.model.observed import State
from agentgit.providers.process import runner as runner_script
from agentgit.providers.process.facts import DOCUMENT, Facts, full_environment, read_signal
from agentgit.providers.process.files import is_locked, read_json, try_lock, write_json
from agentgit.providers.process.table import Identity, is_alive, kill_strays, signal_group

_LOCK, _RUN, _STOP = "lock", "run.json", "stop"
_RUNNER, _PID, _EXIT = "runner.json", "pid.json", "exit.json"
LOG = "log"
_TRIES = 20  # looks at a lock before it counts as held
_LOOK = 0.02  # seconds between two looks at a process that is about to end
_PATIENCE = 2.0  # seconds after the grace period before the runner is killed, too
_RELUCTANT = 5.0  # seconds after the grace period that everything has to vanish, at least


@dataclass(frozen=True, slots=True)
class Run:
    """What a replica is doing. `run` names this run of it, `began` is in seconds since boot.

    `starting`: somebody has the right to start it and is about to.
    """

    state: State
    starting: bool = False
    process: Identity | None = None
    run: str = ""
    began: float = 0.0
    started_at: str = ""
    restarts: int = 0
    exit_code: int | None = None
    error: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)


def read_run(folder: Path) -> Run:
    """Read what a replica is doing, whoever died without saying so."""
    raw, ended = read_json(folder / _PID) or {}, read_json(folder / _EXIT)
    process = Identity.parse(raw)
    alive = is_alive(process)
    run = Run(
        state="running",
        process=process,
        run=f"{process.pid}-{process.started}-{process.boot}" if process else "",
        began=float(raw.get("monotonic", 0.0)),
        started_at=str(raw.get("at", "")),
        restarts=int(raw.get("restarts", 0)),
        ports=(read_json(folder / _RUN) or {}).get("ports", {}),
    )
    if alive:
        return run
    if is_locked(folder / _LOCK):
        if process is None:
            return replace(run, state="created", starting=True)
        return _change(run, "restarting", ended)
    if process is None and ended is None:
        return _change(run, "created", None)
    return _change(run, "exited", ended)


def claim(folder: Path) -> int | None:
    """Take the right to start a replica, None when it runs already. Whoever takes it closes it.

    Somebody who only looks at the lock holds it for an instant, a runner for as long as it lives.
    """
    for _ in range(_TRIES):
        lock = try_lock(folder / _LOCK)
        if lock is not None:
            return lock
        time.sleep(_LOOK)
    return None


def await_start(folder: Path, timeout: float) -> None:
    """Wait until somebody else has started a replica, or has given up."""
    deadline = time.monotonic() + timeout
    while read_run(folder).starting and time.monotonic() < deadline:
        time.sleep(_LOOK)


def describe_run(facts: Facts, folder: Path, cwd: Path, ports: Mapping[str, int]) -> None:
    """Write down what the runner is to run; from now on the ports are this replica's."""
    for name in (_STOP, _PID, _EXIT):
        (folder / name).unlink(missing_ok=True)
    document = {
        "argv": list(facts.argv),
        "env": full_environment(facts, folder, ports),
        "cwd": str(cwd),
        "memory": facts.memory,
        "restart": facts.restart,
        "ports": dict(ports),
    }
    write_json(folder / _RUN, document)


def launch(facts: Facts, folder: Path, lock: int, timeout: float) -> None:
    """Start a claimed replica.

    Raises ReplicaError when its command cannot be run, EngineError when this machine is to blame:
    its disk is full, or the runner itself has ended.
    """
    said = _run_runner(folder, lock, timeout)
    if said == "started":
        return
    if not said or said.startswith(runner_script.HOST):
        why = said.removeprefix(runner_script.HOST).lower() or "its runner ended at once"
        raise EngineError(f"{facts.name} could not be started: {why}")
    raise ReplicaError(
        f"{facts.name} did not start: {said}", hint="look at process.command of the agent"
    )


def stop(facts: Facts, folder: Path, grace: float, timeout: float) -> None:
    """Ask a replica to end, wait, kill. Returns when nothing of it runs any more.

    Raises EngineError when it is still there after `timeout`, which is at least some seconds more
    than `grace`.
    """
    (folder / _STOP).touch()
    began, asked = time.monotonic(), set()
    while is_alive(process := Identity.parse(read_json(folder / _PID))) or is_locked(
        folder / _LOCK
    ):
        waited = time.monotonic() - began
        if waited > max(timeout, grace + _RELUCTANT):
            raise EngineError(f"{facts.name} does not end, not even when it is killed")
        if process is not None and waited >= grace:
            signal_group(process, signal.SIGKILL)
        elif process is not None and process not in asked:
            signal_group(process, read_signal(facts.stop_signal))
            asked.add(process)
        if not is_alive(process):
            _end_runner(folder, signal.SIGKILL if waited > grace + _PATIENCE else signal.SIGTERM)
        time.sleep(_LOOK)
    kill_strays(process, f"AGENTGIT_CONFIG={folder / DOCUMENT}".encode())


def _run_runner(folder: Path, lock: int, timeout: float) -> str:
    """Run the runner; it says `started`, or what is wrong."""
    with (folder / LOG).open("ab") as log:
        runner = subprocess.Popen(
            [sys.executable, "-I", "-S", runner_script.__file__, str(folder), str(lock)],
            cwd=folder,
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock,),
        )
    with runner:
        try:
            return runner.communicate(timeout=timeout)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            runner.kill()
            raise EngineError(f"{folder.name} did not start within {timeout:g}s") from None


def _end_runner(folder: Path, number: int) -> None:
    """End the runner's pause before a restart, so that it sees that it is to stop; or end it."""
    runner = Identity.parse(read_json(folder / _RUNNER))
    if runner is not None and is_alive(runner):
        os.kill(runner.pid, number)


def _change(run: Run, state: State, ended: dict[str, object] | None) -> Run:
    code = ended.get("code") if ended else None
    error = str(ended.get("error") or "") if ended else ""
    if state == "exited" and ended is None:
        error = "it ended, and nobody saw how: its runner was killed or the machine restarted"
    exit_code = code if isinstance(code, int) else None
    return replace(run, state=state, exit_code=exit_code, error=error)
