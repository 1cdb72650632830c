"""The example fleet in a Git repository of its own, run by the command line on a real engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest

from tests.documents import check_document
from tests.engines.images import PYTHON_IMAGE, build_agent_image
from tests.waiting import await_condition

EXAMPLE = Path(__file__).parents[2] / "example-repo"
IMAGE = "localhost/acme-agent:1.4.0"
EXAMPLE_ID = "6f1d2c8a-3b47-4e0f-9a52-7c1e84d0b936"
IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ana"), ("EMAIL", "ana@acme.example"))
}


@dataclass
class Done:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        document = json.loads(self.out)
        check_document(document)
        return document

    def says(self, *words: str) -> str:
        """Check that it is exactly one error with a hint, and that it has these words."""
        lines = self.err.splitlines()
        errors = [line for line in lines if line.startswith("error:")]
        hints = [line for line in lines if line.startswith("hint:")]
        assert (len(errors), len(hints)) == (1, 1), self.err
        return self.has(*words)

    def has(self, *words: str) -> str:
        """Check that these words are in what it wrote, in whichever stream."""
        everything = f"{self.out}\n{self.err}"
        missing = [one for one in words if one not in everything]
        assert not missing, f"{missing} not in:\n{everything}"
        return everything


@dataclass
class Background:
    """A command that is still at work."""

    process: subprocess.Popen[str]
    seen: str = ""

    def until(self, words: str) -> None:
        """Read what it says until these words have come."""
        assert self.process.stderr is not None
        while words not in self.seen:
            line = self.process.stderr.readline()
            assert line, f"ended without saying {words!r}:\n{self.seen}"
            self.seen += line

    def await_condition(self, condition: Callable[[], object], what: str) -> None:
        """Return as soon as the condition holds; it must while the command is at work."""

        def check() -> None:
            assert self.process.poll() is None, self.end()

        await_condition(condition, what, check=check)

    def end(self, signal: int | None = None) -> Done:
        """Wait for its end, after sending a signal if one is given."""
        if signal is not None:
            self.process.send_signal(signal)
        out, err = self.process.communicate(timeout=60)
        assert "Traceback" not in err, err
        return Done(self.process.returncode, out, self.seen + err)


@dataclass
class Fleet:
    """The example in a repository; `kind` is the engine of its one host."""

    folder: Path
    kind: str
    url: str
    state: Path
    project_id: str = field(default_factory=lambda: str(uuid4()))

    def run(self, *words: str, expect: int | None = 0, stdin: str = "") -> Done:
        """Run agentgit; without a terminal. `expect` is the exit code that must come."""
        done = subprocess.run(
            [sys.executable, "-m", "agentgit", *words],
            cwd=self.folder, env=self.environment(), input=stdin, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        said = f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, said
        assert expect is None or done.returncode == expect, said
        return Done(done.returncode, done.stdout, done.stderr)

    def environment(self) -> dict[str, str]:
        """A plain environment: no terminal, no colours, a state folder of this test."""
        return {**os.environ, **IDENTITY, "AGENTGIT_STATE_HOME": str(self.state)}

    @contextmanager
    def background(
        self, *words: str, program: tuple[str, ...] = ("-m", "agentgit")
    ) -> Iterator[Background]:
        """Start agentgit and go on; at the end of the block it is gone."""
        with subprocess.Popen(
            [sys.executable, *program, *words],
            cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                yield Background(process)
            finally:
                process.kill()

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=self.environment(), check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.folder / path
        text = file.read_text()
        assert old in text, f"{path} does not say {old!r}"
        file.write_text(text.replace(old, new))

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def commit(self, subject: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def apply(self, *words: str, expect: int | None = 0) -> Done:
        return self.run("apply", "-e", "production", "--yes", *words, expect=expect)

    def plan(self, *words: str, expect: int | None = 0) -> Done:
        return self.run("plan", "-e", "production", *words, expect=expect)

    def running(self) -> dict[str, str]:
        """What runs, seen without agentgit: replica name to engine id, or to process id."""
        if self.kind == "process":
            return _processes(self.state / self.project_id)
        client = docker.APIClient(base_url=self.url, timeout=30)
        try:
            found = client.containers(
                filters={"label": [f"dev.agentgit.project-id={self.project_id}"]}
            )
            return {one["Names"][0].lstrip("/"): one["Id"] for one in found}
        finally:
            client.close()

    def destroy(self) -> None:
        """Remove all of it by hand: a lease of who was killed holds nothing up."""
        if self.kind != "process":
            _sweep(self.url, self.project_id)
        else:
            _kill(self.state / self.project_id)


def _processes(folder: Path) -> dict[str, str]:
    """The processes of a project that are alive, by replica name, as /proc knows them."""
    needle = f"AGENTGIT_CONFIG={folder}".encode()
    found = {}
    for process in Path("/proc").iterdir():
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        config = next((one for one in variables if one.startswith(needle)), None)
        if config is not None and b"--health" not in words and b"agent.py" in words:
            found[Path(config.decode()).parent.name] = process.name
    return found


def _kill(folder: Path) -> None:
    """Kill what still belongs to a project; first the runners, which would start it again."""
    needle = str(folder).encode()
    for place in ("cmdline", "environ"):
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if process.name.isdigit() and needle in (process / place).read_bytes():
                    os.kill(int(process.name), 9)


def _sweep(url: str, project_id: str) -> None:
    """Remove what carries the project's id, whoever left it; killing comes first."""
    client = docker.APIClient(base_url=url, timeout=30)
    wanted = {"label": [f"dev.agentgit.project-id={project_id}"]}
    for one in client.containers(all=True, filters=wanted):
        if one["State"] == "running":
            client.kill(one["Id"])
        client.remove_container(one["Id"], force=True)
    for volume in client.volumes(filters=wanted)["Volumes"] or ():
        client.remove_volume(volume["Name"])
    for network in client.networks(filters=wanted):
        client.remove_network(network["Id"])
    client.close()


def make_fleet(folder: Path, kind: str, url: str, state: Path) -> Fleet:
    """Copy the example, give it an identity of its own, and commit it."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("demo.sh", "__pycache__"))
    fleet = Fleet(folder, kind, url, state)
    fleet.edit("agentgit.yaml", EXAMPLE_ID, fleet.project_id)
    endpoint = f', endpoint: "{url}"' if url else ""
    hosts = f"  hosts: {{local: {{engine: {kind}{endpoint}, labels: {{pool: agents}}}}}}\n"
    for path in (folder / "environments").glob("*/environment.yaml"):
        before, found, _ = path.read_text().partition("  hosts:\n")
        assert found, f"{path} does not end with its hosts"
        path.write_text(before + hosts)
    fleet.git("init", "-q", "-b", "main")
    fleet.commit("First fleet")
    return fleet


@pytest.fixture(
    params=[
        pytest.param("process", marks=pytest.mark.xdist_group("process")),
        pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.xdist_group("docker")]),
        pytest.param("podman", marks=[pytest.mark.podman, pytest.mark.xdist_group("podman")]),
    ]
)
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    """The example fleet on each kind of engine."""
    kind, url = request.param, ""
    if kind != "process":
        url = request.getfixturevalue(f"{kind}_engine").url
        build_image(url)
    made = make_fleet(tmp_path / "fleet", kind, url, tmp_path / "state")
    yield made
    made.destroy()


@pytest.fixture
def process_fleet(tmp_path: Path) -> Iterator[Fleet]:
    """The example fleet as processes, for what does not depend on the engine."""
    made = make_fleet(tmp_path / "fleet", "process", "", tmp_path / "state")
    yield made
    made.destroy()


WORKER = "global/agents/worker.yaml"
ALPHA = "environments/production/instances/alpha.yaml"
PLACE = "environments/production/environment.yaml"
SMALL = {
    "agentgit.yaml": """\
apiVersion: agentgit.dev/v1alpha1
kind: Project
metadata: {name: acme}
spec:
  id: ID
""",
    PLACE: """\
kind: Environment
metadata: {name: production}
spec:
  hosts: {local: {HOST}}
""",
    ALPHA: """\
kind: Instance
metadata: {name: alpha}
spec:
  agent: worker
""",
    WORKER: """\
kind: Agent
metadata: {name: worker}
spec:
  instructions: {file: ../prompts/worker.md}
  config: {exit: 0}
  scale: {replicas: 1}
  container:
    image: IMAGE
    command: [sh, -c, "trap 'exit 0' TERM; echo serving; while :; do sleep 0.1; done"]
    healthcheck: {test: [CMD-SHELL, "test ! -e HOLD"], interval: 100ms, timeout: 5s, retries: 900}
    stop_grace_period: 2s
  process: {source: ../../agents, command: [PYTHON, agent.py]}
  rollout: {minHealthyTime: 200ms, healthyDeadline: 60s}
""",
    "global/prompts/worker.md": "Be kind.\n",
    "agents/agent.py": """\
import json, os, signal, sys
with open(os.environ["AGENTGIT_CONFIG"]) as file:
    config = json.load(file)["config"]
print("serving", flush=True)
if config["exit"]:
    print("cannot reach the database", flush=True)
    sys.exit(config["exit"])
signal.sigwait({signal.SIGTERM})
""",
}


class SmallFleet(Fleet):
    """One agent, one instance, one replica: fast, for what does not need more."""

    @property
    def hold(self) -> Path:
        """While this file exists no replica (process) becomes healthy."""
        return self.state.parent / "hold"

    def clone(self, origin: str, folder: Path, *options: str) -> SmallFleet:
        """Clone a repository: another place to work from on the same fleet."""
        self.git("clone", "-q", *options, origin, str(folder))
        return SmallFleet(folder, self.kind, self.url, self.state, self.project_id)


def make_small_fleet(folder: Path, kind: str, url: str, state: Path) -> SmallFleet:
    """Write and commit a small fleet with an identity of its own."""
    fleet = SmallFleet(folder, kind, url, state)
    host = f'engine: {kind}, endpoint: "{url}"' if url else f"engine: {kind}"
    words = {"ID": fleet.project_id, "HOST": host, "HOLD": str(fleet.hold), "IMAGE": PYTHON_IMAGE,
             "PYTHON": sys.executable}  # fmt: skip
    for path, text in SMALL.items():
        for word, meaning in words.items():
            text = text.replace(word, meaning)  # noqa: PLW2901 - one word after the other
        fleet.write(path, text)
    fleet.git("init", "-q", "-b", "main")
    fleet.commit("First fleet")
    return fleet


@contextmanager
def destroyed(fleet: SmallFleet) -> Iterator[None]:
    """Destroy a fleet at the end, whatever a test that failed has left of its repository."""
    first = fleet.git("rev-parse", "HEAD")
    try:
        yield
    finally:
        fleet.git("checkout", "-q", "-f", "-B", "main", first)
        fleet.hold.unlink(missing_ok=True)
        fleet.destroy()


@pytest.fixture
def small_fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    """One process that runs."""
    made = make_small_fleet(tmp_path / "small", "process", "", tmp_path / "state")
    with destroyed(made):
        made.apply()
        yield made


@pytest.fixture(
    params=[
        pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.xdist_group("docker")]),
        pytest.param("podman", marks=[pytest.mark.podman, pytest.mark.xdist_group("podman")]),
    ]
)
def small_containers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallFleet]:
    """One container that runs, on each engine."""
    url = request.getfixturevalue(f"{request.param}_engine").url
    made = make_small_fleet(tmp_path / "small", request.param, url, tmp_path / "state")
    with destroyed(made):
        made.apply()
        yield made


def build_image(url: str) -> None:
    """Build the example's image on a base that needs no registry."""
    agent = EXAMPLE / "agents" / "agent"
    recipe = (agent / "Dockerfile").read_text()
    files = {
        "Dockerfile": recipe.replace("python:3.11-slim", PYTHON_IMAGE).encode(),
        "agent.py": (agent / "agent.py").read_bytes(),
    }
    build_agent_image(url, IMAGE, files)
