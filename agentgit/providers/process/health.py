"""Health of process replicas: runs the health check and judges it the way Docker does.

Nobody watches while no command runs, so what was seen is kept beside the replica. A failure
counts at most once per interval and not within the start period; `retries` counted failures in a
row make the replica unhealthy, one success makes it healthy.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

from agentgit.model.container import Healthcheck
from agentgit.model.observed import Health
from agentgit.providers.process.files import NO_ROOM, read_json, write_json

RECORD = "health.json"
_SOON, _LATER = 0.2, 1.0  # seconds between two looks at a replica that is not healthy (yet)
_MANY_LOOKS = 5.0  # seconds that making sure of a failure may take
_EXCERPT = 500  # characters of a check's output that are kept


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known about one run of a replica; times are seconds since boot.

    `run` names that run: a restarted replica begins anew. `streak` are counted failures in a row.
    """

    run: str
    counted_at: float
    status: Health = "starting"
    streak: int = 0
    probed_at: float = 0.0
    succeeded_at: float = 0.0
    output: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """How to look at one running replica. `began` is when it started, in seconds since boot."""

    check: Healthcheck
    folder: Path
    cwd: Path
    environment: Mapping[str, str]
    run: str
    began: float


def look(probe: Probe, *, eager: bool) -> Judgement:
    """Run the check if it is time to, record what was found and give it.

    `eager` looks in any case, and looks again at once when nobody has watched for so long that
    one failure alone says little.
    """
    before = _recall(probe)
    now = time.monotonic()
    if not eager and now - before.probed_at < _pause(before, probe, now):
        return before
    unwatched = now - before.probed_at > probe.check.interval * probe.check.retries
    after = _look_once(probe, before, force=eager and unwatched)
    while eager and unwatched and after.status == "healthy" and after.streak:
        if time.monotonic() - now > _MANY_LOOKS:
            break
        time.sleep(min(probe.check.interval, _LATER))
        after = _look_once(probe, after, force=True)
    try:
        write_json(probe.folder / RECORD, asdict(after))
    except FileNotFoundError:
        pass  # removed meanwhile
    except OSError as error:
        # What runs can be seen on a full disk, too. Who follows a replica counts on what was seen.
        if not (eager and error.errno in NO_ROOM):
            raise
    return after


def judge(before: Judgement, probe: Probe, *, ok: bool, now: float, force: bool) -> Judgement:
    """Decide what one look means. `force` counts a failure whatever the time."""
    if ok:
        return replace(
            before, status="healthy", streak=0, probed_at=now, succeeded_at=now, counted_at=now
        )
    in_start = before.status == "starting" and now - probe.began < probe.check.start_period
    is_due = now - before.counted_at >= probe.check.interval
    if in_start or not (is_due or force):
        return replace(before, probed_at=now)
    streak = before.streak + 1
    status = "unhealthy" if streak >= probe.check.retries else before.status
    return replace(before, status=status, streak=streak, probed_at=now, counted_at=now)


def run_check(probe: Probe) -> tuple[bool, str]:
    """Run the check once: whether it succeeded and what it said."""
    test = probe.check.test
    argv = list(test[1:]) if test[0] == "CMD" else ["/bin/sh", "-c", test[1]]
    try:
        process = subprocess.Popen(
            argv,
            cwd=probe.cwd,
            env=dict(probe.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return False, f"cannot run {argv[0]}: {error.strerror}"
    with process:
        try:
            output, _ = process.communicate(timeout=probe.check.timeout)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return False, f"no answer within {probe.check.timeout:g}s"
    text = output.decode(errors="replace").strip()[-_EXCERPT:]
    return process.returncode == 0, text or f"{argv[0]} ended with {process.returncode}"


def _look_once(probe: Probe, before: Judgement, *, force: bool) -> Judgement:
    ok, output = run_check(probe)
    after = judge(before, probe, ok=ok, now=time.monotonic(), force=force)
    return replace(after, output=output)


def _pause(before: Judgement, probe: Probe, now: float) -> float:
    """How long to wait between two looks: short when it has just begun, longer later."""
    if before.status == "healthy":
        return probe.check.interval
    return min(probe.check.interval, _LATER, max(_SOON, (now - probe.began) / 4))


def _recall(probe: Probe) -> Judgement:
    raw = read_json(probe.folder / RECORD)
    fresh = Judgement(run=probe.run, counted_at=probe.began)
    if raw is None or raw.get("run") != probe.run:
        return fresh
    try:
        return Judgement(
            run=probe.run,
            counted_at=float(raw["counted_at"]),
            status=cast("Health", str(raw["status"])),
            streak=int(raw["streak"]),
            probed_at=float(raw["probed_at"]),
            succeeded_at=float(raw["succeeded_at"]),
            output=str(raw["output"]),
        )
    except (KeyError, TypeError, ValueError):
        return fresh
