"""`make bench-compile`: the compiler on 10,000 instances, each case as a whole process.

Prints medians of seconds and of peak memory, beside the budgets of DESIGN section 8, and ratios to
peers on the same content in the same run. Peers are measured on a subset; what is extrapolated
from it says so.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fleet import ENVIRONMENTS, run_git, write_fleet
from peers import measure_peers, measure_whole

AGENTGIT = str(Path(sys.executable).with_name("agentgit"))


class Case(NamedTuple):
    """What is done before each run of a command, and the budget where there is one."""

    name: str
    prepare: Callable[[Path, int], None]
    seconds: float | None = None
    megabytes: int | None = None
    command: tuple[str, ...] = ("validate",)


class Run(NamedTuple):
    """One whole process."""

    seconds: float
    cpu: float
    megabytes: float


def main() -> None:
    """Generate the fleet, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", type=int, default=400, help="instances for peers; 0 for none")
    parser.add_argument("--whole", metavar="PEER", help="run one peer once on all instances")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="agentgit-bench-"))
    try:
        project = folder / "fleet"
        write_fleet(project, given.instances)
        print(
            f"{given.instances} instances, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        )
        print(f"command: {AGENTGIT} -C FLEET validate, median of {given.runs}")
        cold = measure_cases(project, given.runs)
        if given.peers:
            measure_peers(folder, given.peers, cold / given.instances)
        if given.whole:
            measure_whole(folder, given.whole, given.instances, cold)
    finally:
        shutil.rmtree(folder)


def measure_cases(project: Path, count: int) -> float:
    """Measure every case; give the seconds of the cold one."""
    instance = min((project / "environments" / ENVIRONMENTS[0] / "instances").iterdir())
    shared = project / "environments" / ENVIRONMENTS[0] / "defaults.yaml"
    cases = (
        Case("cold", lambda project, _: forget(project), 1.5, 200),
        Case("nothing changed", lambda *_: None, 0.060),
        Case("one instance edited", lambda _, n: edit(instance, n), 0.160),
        Case("one environment edited", lambda _, n: edit(shared, n)),
        Case("a global line edited",
             lambda project, n: edit(project / "global" / "defaults.yaml", n)),
        Case("diff of one edit", lambda project, n: edit_checked(project, instance, n), 0.5,
             command=("diff", "--worktree")),
    )  # fmt: skip
    cold = 0.0
    for case in cases:
        measure(project)
        runs = []
        for number in range(count):
            case.prepare(project, number)
            runs.append(measure(project, *case.command))
        seconds, cpu, peak = (statistics.median(column) for column in zip(*runs, strict=True))
        cold = cold or seconds
        budget = "" if case.seconds is None else f"   budget {case.seconds:.2f} s"
        budget += "" if case.megabytes is None else f", {case.megabytes} MB"
        ratio = f"{seconds / cold:6.3f} of cold"
        print(f"{case.name:24}{seconds:7.3f} s {cpu:7.3f} s cpu {peak:5.0f} MB {ratio}{budget}")
    return cold


def forget(project: Path) -> None:
    """Delete the cache."""
    shutil.rmtree(project / ".git" / "agentgit", ignore_errors=True)


def edit_checked(project: Path, path: Path, number: int) -> None:
    """Change one value of a fleet that is as committed, and was checked like that last."""
    run_git(project, "checkout", "--quiet", ".")
    forget(project)
    measure(project)
    edit(path, number)


def edit(path: Path, number: int) -> None:
    """Change one value of a file to one that it never had."""
    text = path.read_text()
    fresh = time.time_ns() % 10**9 + number
    if "max_tokens" in text:
        changed = re.sub(r"max_tokens: \d+", f"max_tokens: {fresh}", text)
    else:
        changed = re.sub(r"temperature: [\d.]+", f"temperature: 0.{fresh}", text)
    path.write_text(changed)


def measure(project: Path, *command: str) -> Run:
    """Run a command once, `validate` if none is named."""
    begin = time.perf_counter()
    child = subprocess.Popen([AGENTGIT, "-C", str(project), *(command or ("validate",))],
                             stdout=subprocess.DEVNULL)  # fmt: skip
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit("the fleet does not compile")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
