"""The little process beside every process replica: starts it, waits, notes its end, restarts it.

Run as a script with two arguments, the replica's folder and the descriptor of a lock; it imports
nothing but the standard library and survives whoever started it. While it lives it holds that
lock, so a second runner of the same replica cannot exist. It says `started` or what is wrong
on its standard output, after `host: ` where the agent is not to blame. Killing it leaves the
replica running and only loses its exit code.

The folder's files: `run.json` is what to run, `runner.json` this runner, `pid.json` the process
(written by itself before it becomes the agent, which nobody could find without), `exit.json` how
it ended, `stop` says that it shall not be started again.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

FIRST_BACKOFF = 0.1  # seconds; doubles with every restart, as Docker does
LONGEST_BACKOFF = 60.0
HOST = "host: "  # begins what is wrong with this machine
LONG_RUN = 10.0  # who ran that long starts over with the first backoff


def main() -> None:
    """Go into the background and look after the replica until it has ended for good."""
    folder, lock = Path(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(lock, False)  # held by the runner alone
    if os.fork():
        os._exit(0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # only ends a backoff
    _write(folder / "runner.json", _identify())
    run = json.loads((folder / "run.json").read_bytes())
    report = os.dup(1)
    os.dup2(2, 1)  # from here on both go to the log
    restarts, backoff = 0, FIRST_BACKOFF
    while True:
        began = time.monotonic()
        pid, error = _start(folder, run, restarts)
        if not error and not restarts:
            _report(report, "started")
        code = _wait(pid)
        _write(folder / "exit.json", {"code": code, "restarts": restarts, "error": error})
        if time.monotonic() - began > LONG_RUN:
            backoff = FIRST_BACKOFF
        ill = error and not (restarts and error.startswith(HOST))  # a full disk may get room again
        if ill or not _restarts(run["restart"], code) or _is_stopped(folder, backoff):
            break
        restarts, backoff = restarts + 1, min(backoff * 2, LONGEST_BACKOFF)
    os.close(lock)
    if error and not restarts:
        _report(report, error)


def _report(report: int, text: str) -> None:
    """Tell whoever started us, who waits until the descriptor is closed."""
    with suppress(BrokenPipeError):
        os.write(report, text.encode())
    os.close(report)


def _start(folder: Path, run: dict[str, Any], restarts: int) -> tuple[int, str]:
    """Start the agent: its process id, and what is wrong when it cannot be run at all."""
    listen, tell = os.pipe()  # closed by a successful exec, so that reading ends
    pid = os.fork()
    if pid == 0:
        os.close(listen)
        _become(folder, run, restarts, tell)
    os.close(tell)
    with os.fdopen(listen, "rb") as pipe:
        return pid, pipe.read().decode()


def _become(folder: Path, run: dict[str, Any], restarts: int, tell: int) -> NoReturn:
    try:
        os.setsid()
        _note_self(folder, restarts, tell)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)  # a shell's `&` and Python itself ignore some
        os.chdir(run["cwd"])
        if run["memory"]:
            resource.setrlimit(resource.RLIMIT_DATA, (run["memory"], run["memory"]))
        os.execvpe(run["argv"][0], run["argv"], run["env"])  # noqa: S606 - there is no shell
    except (OSError, ValueError) as error:
        os.write(tell, f"cannot run {run['argv'][0]}: {error}".encode())
    os._exit(127)


def _note_self(folder: Path, restarts: int, tell: int) -> None:
    """Leave word of this process; without that it must not become the agent."""
    try:
        _replace(folder / "pid.json", _identify() | _describe(restarts))
    except OSError as error:
        os.write(tell, f"{HOST}cannot write pid.json: {error.strerror}".encode())
        os._exit(127)


def _wait(pid: int) -> int:
    """Wait for the agent, take what is left of its group with it, give its exit code."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL)  # safe: the id is taken until it is reaped
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return 128 - code if code < 0 else code


def _restarts(policy: str, code: int) -> bool:
    return policy in {"always", "unless-stopped"} or (policy == "on-failure" and code != 0)


def _is_stopped(folder: Path, seconds: float) -> bool:
    """Wait before a restart, unless it is not wanted (any more)."""
    stop = folder / "stop"
    if not stop.exists():
        signal.sigtimedwait({signal.SIGTERM}, seconds)
    return stop.exists() or not (folder / "run.json").exists()


def _identify() -> dict[str, Any]:
    stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
    return {
        "pid": os.getpid(),
        "started": int(stat.rpartition(")")[2].split()[19]),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
    }


def _describe(restarts: int) -> dict[str, Any]:
    return {
        "monotonic": time.monotonic(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "restarts": restarts,
    }


def _write(path: Path, value: dict[str, Any]) -> None:
    try:
        _replace(path, value)
    except OSError as error:  # a full disk must not end the replica; the log may be on it, too
        with suppress(OSError):
            os.write(2, f"agentgit: cannot write {path.name}: {error}\n".encode())


def _replace(path: Path, value: dict[str, Any]) -> None:
    half = path.with_name(f".half.{os.getpid()}")
    try:
        half.write_text(json.dumps(value), encoding="utf-8")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
