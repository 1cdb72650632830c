"""A project in a real Git repository whose hosts are memory engines."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agentgit.model.events import Event, RolloutFinished
from agentgit.model.observed import Replica
from agentgit.model.rollout import RolloutRecord
from agentgit.pipeline import Request, Session, World, apply_plan, prepare_plan
from agentgit.plan.refusal import check_refused
from agentgit.providers import registry
from agentgit.providers.memory import MemoryEngine, MemoryProvider
from agentgit.source.repository import GitSource
from tests.builders import PROJECT_ID, ManualClock

AT_LEAST_ONE = """
kind: Environment
metadata: {name: production}
spec:
  hosts: {eu-1: {engine: docker}}
  protection: {minAvailable: 1}
"""
FILES = {
    "agentgit.yaml": f"""
apiVersion: agentgit.dev/v1alpha1
kind: Project
metadata: {{name: acme}}
spec: {{id: {PROJECT_ID}}}
""",
    "environments/production/environment.yaml": """
kind: Environment
metadata: {name: production}
spec: {hosts: {eu-1: {engine: docker}}}
""",
    "global/agents/support.yaml": """
kind: Agent
metadata: {name: support}
spec:
  container: {image: "acme/agent:1", healthcheck: {test: check}}
  instructions: {file: ../prompts/support.md}
  scale: {replicas: 2}
""",
    "global/prompts/support.md": "Be kind.\n",
    "environments/production/instances/alpha.yaml": """
kind: Instance
metadata: {name: alpha}
spec: {agent: support}
""",
    "environments/production/instances/beta.yaml": """
kind: Instance
metadata: {name: beta}
spec: {agent: support, scale: {replicas: 1}}
""",
}


@dataclass
class Project:
    """A repository, the engine behind its host, and short words for what is done with them."""

    folder: Path
    engine: MemoryEngine
    clock: ManualClock
    engines: dict[str, MemoryEngine] = field(default_factory=dict)  # by host
    opened: list[GitSource] = field(default_factory=list)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=Ana", "-c", "user.email=ana@acme.example", *words],
            cwd=self.folder, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, subject: str, **files: str | None) -> str:
        """Commit files; `None` deletes one. Names use __ for / and end in .yaml or .md."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/")
            path = path.with_name(
                path.name.removesuffix("_md") + (".md" if name.endswith("_md") else ".yaml")
            )
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def prompt(self, text: str) -> str:
        return self.commit(f"Say {text}", global__prompts__support_md=f"{text}\n")

    def open(self) -> World:
        self.opened.append(GitSource.open(str(self.folder)))
        return World(self.opened[-1], self.clock, self.folder / ".git" / "state")

    def request(self, **words: Any) -> Request:
        return Request(environment="production", **words)

    def apply(self, **words: Any) -> tuple[str, list[Event]]:
        """Plan and apply; gives the outcome and the events."""
        with prepare_plan(self.open(), self.request(**words)) as session:
            return self.run(session)

    def run(self, session: Session) -> tuple[str, list[Event]]:
        self.clock.seconds += 1  # no two rollouts begin at the same moment
        events = list(apply_plan(session))
        last = events[-1]
        assert isinstance(last, RolloutFinished)
        return last.outcome, events

    def plan(self, **words: Any) -> Session:
        """Plan; raises what guards say against it."""
        with prepare_plan(self.open(), self.request(**words)) as session:
            if session.plan is not None:
                check_refused(session.plan)
            return session

    def records(self) -> tuple[RolloutRecord, ...]:
        """What is recorded, whether or not it can be planned."""
        with prepare_plan(self.open(), self.request(), status=True) as session:
            return session.records

    def replicas(self) -> list[Replica]:
        return sorted((r for r, _ in self.engine.replicas.values()), key=lambda r: r.name)

    def ids(self) -> set[str]:
        return {replica.id for replica in self.replicas()}

    def break_prompt(self, text: str) -> None:
        """Replicas whose instructions say so are unhealthy."""
        self.engine.behave = lambda spec: (
            "unhealthy" if text in spec.document["instructions"]["text"] else "healthy"
        )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    engine = MemoryEngine()
    engines = {"eu-1": engine}

    def open_memory(name: str, _: registry.Endpoint, place: registry.Place) -> MemoryProvider:
        there = engines.setdefault(name, MemoryEngine())
        return MemoryProvider(name, place.project_id, there, place.permit)

    monkeypatch.setitem(registry.PROVIDERS, "docker", open_memory)  # type: ignore[arg-type]
    folder = tmp_path / "project"
    folder.mkdir()
    made = Project(folder, engine, ManualClock(), engines)
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "Ana")
    made.git("config", "user.email", "ana@acme.example")
    for path, text in FILES.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.lstrip())
    made.commit("First")
    yield made
    for source in made.opened:
        source.close()
