"""A fleet of real processes or containers whose commands are killed, and somebody who looks on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.scenarios.conftest import SmallFleet

LAUNCHER = Path(__file__).with_name("launcher.py")
WORKER = "global/agents/worker.yaml"
PROMPT = "global/prompts/worker.md"
ROOT = Path(__file__).parents[2]


@dataclass
class Onlooker:
    """Looks at what runs all the time, without agentgit."""

    fleet: SmallFleet
    least: int
    wrong: list[str] = field(default_factory=list)
    looks: int = 0

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look on until the block ends."""
        over = Event()
        thread = Thread(target=self._look_until, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _look_until(self, over: Event) -> None:
        while not over.wait(0.05):
            names = self.fleet.running()
            self.looks += 1
            slots = Counter(name.rsplit("-", 2)[0] for name in names)
            if len(names) < self.least:
                self.wrong.append(f"only {sorted(names)}")
            self.wrong += [f"{n} in {slot}" for slot, n in slots.items() if n > 2]


def launch(fleet: SmallFleet, point: str, *words: str) -> tuple[int, str, list[str]]:
    """Run agentgit to its end or to that point: its exit code, what it said, its moments."""
    trace = fleet.state.parent / "trace"
    done = subprocess.run(
        [sys.executable, str(LAUNCHER), point, str(trace), "--", *words],
        cwd=fleet.folder, env={**fleet.environment(), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return done.returncode, said, trace.read_text(errors="replace").splitlines()


def change(fleet: SmallFleet, number: int) -> str:
    """Commit another prompt."""
    fleet.write(PROMPT, f"Prompt number {number}.\n")
    return fleet.commit(f"Prompt {number}")


def choose(moments: list[str], count: int) -> list[str]:
    """Choose points: one of each kind of moment first, then the rest evenly spread."""
    plain = [one for one in moments if not one.startswith("#")]
    kinds: dict[str, int] = {}
    engine = any(one.startswith("http") for one in plain)
    for number, text in enumerate(plain):
        if engine and not text.startswith("http"):
            continue  # files of this machine are killed at by the test on processes
        kinds.setdefault(_kind(text), number)
    first = sorted(kinds.values())
    picked = [first[i * len(first) // count] for i in range(min(count, len(first)))]
    return [str(one) for one in dict.fromkeys(picked)]


def choose_answers(moments: list[str], count: int) -> list[str]:
    """Choose answers of an engine that are lost, evenly spread."""
    answers = sum(one.startswith("# answered") for one in moments)
    return [f"{i * answers // count}R" for i in range(min(count, answers))]


def play(fleet: SmallFleet, points: list[str], words: tuple[str, ...], least: int) -> list[str]:
    """Kill at each point in turn, then run the same again; give all that was wrong."""
    wrong: list[str] = []
    for number, point in enumerate(points):
        sha = change(fleet, time.monotonic_ns())
        onlooker = Onlooker(fleet, least)
        with onlooker.looking():
            code, said, moments = launch(fleet, point, *words)
            if code not in {-signal.SIGKILL, 0}:
                wrong.append(f"{number}: point {point} ended with {code}: {said}")
            again, told, _ = launch(fleet, "-1", *words)
        at = moments[-1] if moments else "nothing"
        found = [f"{again}: {told}"] if again else []
        found += onlooker.wrong + check_end(fleet, sha)
        wrong += [f"killed at {point} ({at}): {one}" for one in found]
    return wrong


def check_end(fleet: SmallFleet, sha: str) -> list[str]:
    """What must be at the end: one replica a slot, of that commit, and nothing left over."""
    wrong = []
    status: Any = json.loads(fleet.run("status", "--json").out)
    rows = [row for one in status["instances"] for row in one["replicas"]]
    if sorted(fleet.running()) != sorted(row["name"] for row in rows):
        wrong.append(f"runs {sorted(fleet.running())}, status says {rows}")
    if {row["commit"] for row in rows} != {sha} or len({row["slot"] for row in rows}) != len(rows):
        wrong.append(f"not {sha[:7]}: {rows}")
    if not fleet.plan().out.startswith("No changes."):
        wrong.append("the next plan is not empty")
    history = json.loads(fleet.run("history", "--json").out)["rollouts"]
    wrong += [f"{one['id']} never ended" for one in history if one["outcome"] == "running"]
    if fleet.kind == "process":
        wrong += _check_folders(fleet)
    fleet.git("fsck", "--strict")
    return wrong


def _check_folders(fleet: SmallFleet) -> list[str]:
    base = fleet.state / fleet.project_id / "local"
    wrong = [f"left over: {path.relative_to(base)}" for path in base.rglob(".half.*")]
    for path in sorted((base / "store").iterdir()):
        if path.name.startswith("lease-"):
            if not json.loads((path / "value").read_text())["released"]:
                wrong.append(f"{path.name} is held")
        elif path.name not in {"identity-production", "baselines-production"}:
            wrong.append(f"left over: {path.name}")
    replicas = {path.name for path in (base / "replicas").iterdir() if path.is_dir()}
    if replicas != set(fleet.running()):
        wrong.append(f"folders of {sorted(replicas)}, running {sorted(fleet.running())}")
    return wrong


def _kind(text: str) -> str:
    """A moment without its numbers: the same for every replica and every run."""
    return re.sub(r"[0-9a-f]{6,}|\d+", "#", text)
