"""A no-change plan of real replicas, beside the same list and inspect calls made by hand.

By hand is a plain script of the standard library: one connection that is kept open, one call after
the other, the answers parsed and thrown away. It makes the calls that a plan makes (containers,
networks and volumes listed once, each replica inspected), but not those for who answers, what the
host store has and what an image's name means. A plan inspects several at once; by hand with as
many connections is shown, too. `plan` is in this process, as the calls by hand are; `agentgit
plan` is the whole program, most of which is its start. All that is timed here runs without the
garbage collector, as a command of agentgit does.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import local
from typing import Any
from urllib.parse import quote

from compose import composed

Work = Callable[[], object]
AGENTGIT = str(Path(sys.executable).with_name("agentgit"))
ENGINES = Path(__file__).parents[1] / "engines" / "engines.sh"
IMAGE = "agentgit-test-python:1"
REPLICAS = 10  # of each instance
READERS = 8  # inspects side by side, as many as agentgit makes; by hand it is one
BUDGET = 1.2  # of the calls made by hand
_TRIES = 4
_IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Bench"), ("EMAIL", "bench@example.com"))
}


def report_engines(sizes: dict[str, int], rounds: int) -> None:
    """Print a few lines for every engine that can be had here; `sizes` are replicas by engine."""
    with _engines() as urls:
        for kind, size in sizes.items():
            if kind not in urls:
                print(f"\n{kind}: no such engine here")
            elif size:
                with (
                    _fleet(kind, urls[kind], size) as fleet,
                    composed(
                        fleet.folder.parent, urls[kind], IMAGE, _instances(size), REPLICAS
                    ) as again,
                ):
                    _report(fleet, kind, urls[kind], rounds, again)


def _report(fleet: _Fleet, kind: str, url: str, rounds: int, again: Work | None) -> None:
    works: dict[str, Work] = {
        "calls by hand": lambda: call_by_hand(url, fleet.project),
        f"by hand, {READERS} at once": lambda: call_by_hand(url, fleet.project, READERS),
        "observe": lambda: fleet.observe(kind, url),
        "plan": fleet.plan,
        "agentgit plan": lambda: fleet.run("plan", "-e", "prod"),
    }
    if again is not None:
        works["docker-compose up"] = again
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for number in range(rounds + 1):  # in turn, so that a busy moment meets all of them
        for name, work in works.items():
            one = _time(work)
            if number:  # the first round warms up
                spent[name].append(one)
    replicas = call_by_hand(url, fleet.project)
    print(
        f"\n{kind}: {replicas} replicas, median of {rounds} rounds, "
        f"load {os.getloadavg()[0]:.1f}; applied in {fleet.took:.0f} s"
    )
    print(f"{'':20}{'seconds':>10}{'processor':>12}")
    by_hand = [wall for wall, _ in spent["calls by hand"]]
    for name, times in spent.items():
        wall, processor = (statistics.median(one) for one in zip(*times, strict=True))
        ratio = statistics.median(a / b for (a, _), b in zip(times, by_hand, strict=True))
        budget = f"   budget {BUDGET:.2f}" if name == "plan" else ""
        print(f"{name:20}{wall:10.3f}{processor:12.3f}   {ratio:6.2f} of by hand{budget}")
    print(
        f"{'a replica by hand':20}{1000 * statistics.median(by_hand) / max(1, replicas):7.2f} ms"
    )


def _time(work: Work) -> tuple[float, float]:
    """Give seconds, and seconds of the processor on our side: what the engine needs is its own."""
    gc.collect()
    gc.disable()
    before, began = _processor(), time.perf_counter()
    work()
    wall = time.perf_counter() - began
    gc.enable()
    return wall, _processor() - before


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def call_by_hand(url: str, project: str, readers: int = 1) -> int:
    """Make the list and inspect calls that a plan makes; gives the number of replicas."""
    mine = local()

    def get(path: str) -> Any:
        if not hasattr(mine, "line"):
            mine.line = _UnixConnection(url.removeprefix("unix://"))
        mine.line.request("GET", path, headers={"Host": "engine"})
        return json.loads(mine.line.getresponse().read())

    ours = quote(json.dumps({"label": [f"dev.agentgit.project-id={project}"]}))
    listed = get("/containers/json?all=1")  # also who else has ports
    get(f"/networks?filters={ours}")
    get(f"/volumes?filters={ours}")
    paths = [
        f"/containers/{one['Id']}/json"
        for one in listed
        if one["Labels"].get("dev.agentgit.project-id") == project
        and one["Labels"].get("dev.agentgit.kind") == "replica"
    ]
    if readers == 1:
        return len([get(path) for path in paths])
    with ThreadPoolExecutor(readers) as pool:
        return len(list(pool.map(get, paths)))


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class _Fleet:
    """A project in a repository, applied to one engine."""

    def __init__(self, folder: Path, project: str) -> None:
        self.folder = folder
        self.project = project
        self.took = 0.0

    def apply(self) -> None:
        """Start everything; a machine that is too busy for a lease may need another try."""
        began = time.perf_counter()
        for left in reversed(range(_TRIES)):
            if self.run("apply", "-e", "prod", "--yes", must=not left):
                break
        self.took = time.perf_counter() - began

    def run(self, *words: str, must: bool = True) -> bool:
        done = subprocess.run([AGENTGIT, "-C", str(self.folder), *words], capture_output=True,
                              text=True, env=self._environment(), check=False)  # fmt: skip
        if done.returncode and must:
            raise SystemExit(f"agentgit {' '.join(words)}: {done.stderr}")
        return done.returncode == 0

    def plan(self) -> None:
        """Plan in this process, all but the start of a program and the text."""
        from agentgit.execute.clock import SystemClock
        from agentgit.pipeline import Request, World, prepare_plan
        from agentgit.source.repository import GitSource

        source = GitSource.open(str(self.folder))
        world = World(source, SystemClock(), self.folder.parent / "state")
        with prepare_plan(world, Request("prod")) as session:
            if session.plan is None or not session.plan.is_empty:
                raise SystemExit("a plan of what runs is not empty")
        source.close()

    def observe(self, kind: str, url: str) -> None:
        """Read what runs, and nothing else."""
        from agentgit.providers.docker.provider import DockerProvider

        provider = DockerProvider(kind, url, self.project)
        provider.observe("prod")
        provider.close()

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, env=self._environment(), check=True)

    def _environment(self) -> dict[str, str]:
        state = {"AGENTGIT_STATE_HOME": str(self.folder.parent / "state")}
        return {**os.environ, **_IDENTITY, **state}


@contextmanager
def _fleet(kind: str, url: str, size: int) -> Iterator[_Fleet]:
    base = Path(tempfile.mkdtemp(prefix="agentgit-bench-"))
    fleet = _Fleet(base / "fleet", str(uuid.uuid4()))
    for path, text in _files(fleet.project, kind, url, size).items():
        file = fleet.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    fleet.git("init", "--quiet", "--initial-branch=main")
    fleet.git("add", "--all")
    fleet.git("-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "The fleet")
    try:
        fleet.apply()
        yield fleet
    finally:
        fleet.run("destroy", "-e", "prod", "--yes")
        shutil.rmtree(base)


def _files(project: str, kind: str, url: str, size: int) -> dict[str, str]:
    head = "apiVersion: agentgit.dev/v1alpha1\nkind: Project\nmetadata: {name: bench}\n"
    files = {
        "agentgit.yaml": f"{head}spec: {{id: {project}}}\n",
        "environments/prod/environment.yaml": (
            "kind: Environment\nmetadata: {name: prod}\n"
            f'spec: {{hosts: {{here: {{engine: {kind}, endpoint: "{url}"}}}}}}\n'
        ),
        "global/agents/worker.yaml": (
            "kind: Agent\nmetadata: {name: worker}\nspec:\n"
            f'  container: {{image: "{IMAGE}", command: [sleep, infinity], restart: "no",\n'
            "    stop_grace_period: 100ms, ports: {http: {target: 8080}}}\n"
            f"  scale: {{replicas: {REPLICAS}}}\n  rollout: {{minHealthyTime: 10ms}}\n"
        ),
    }
    for number in range(_instances(size)):
        name = f"agent-{number:03d}"
        files[f"environments/prod/instances/{name}.yaml"] = (
            f"kind: Instance\nmetadata: {{name: {name}}}\nspec: {{agent: worker}}\n"
        )
    return files


def _instances(size: int) -> int:
    return max(1, size // REPLICAS)


@contextmanager
def _engines() -> Iterator[dict[str, str]]:
    """Engines that are named in AGENTGIT_TEST_DOCKER and _PODMAN, or those of the tests."""
    kinds = ("docker", "podman")
    given = {kind: os.environ.get(f"AGENTGIT_TEST_{kind.upper()}", "") for kind in kinds}
    if any(given.values()):
        yield {kind: url for kind, url in given.items() if url}
        return
    root = os.environ.get("AGENTGIT_TEST_ENGINES") or f"{tempfile.gettempdir()}/agentgit-engines"
    ran = subprocess.run([ENGINES, "status", root], capture_output=True, check=False)
    done = subprocess.run([ENGINES, "up", root], stdout=subprocess.PIPE, text=True, check=False)
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    try:
        names = {kind: found.get(f"AGENTGIT_TEST_{kind.upper()}", "") for kind in kinds}
        yield {kind: url for kind, url in names.items() if url}
    finally:
        if ran.returncode and not done.returncode:
            subprocess.run([ENGINES, "down", root], check=False)
