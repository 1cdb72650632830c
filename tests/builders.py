"""Short words for long values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from agentgit.errors import DefiniteError, EngineError
from agentgit.execute.interpreter import Execution, execute
from agentgit.model.desired import Desired, Instance, Project
from agentgit.model.events import Event
from agentgit.model.observed import Observed, Replica
from agentgit.model.plan import Plan
from agentgit.model.snapshot import Commit
from agentgit.model.spec import AgentSpec, Host
from agentgit.model.steps import EngineStep, ReplicaSpec, Stamp
from agentgit.plan.build import build_plan
from agentgit.plan.refusal import check_refused
from agentgit.plan.request import Evidence, NoEvidence, PlanRequest
from agentgit.providers.memory import MemoryEngine, MemoryProvider

PROJECT_ID = "0b9c2f2e-6a0e-4a52-9a7e-3d8f5d0f6c11"
ENVIRONMENT = "production"


class ManualClock:
    """Time that only passes when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 8, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def make_instance(
    name: str = "support", image: str = "acme/support:1", replicas: int = 2, **blocks: Any
) -> Instance:
    """An instance whose revision is a digest of its container, as far as that matters here."""
    container = {"image": image, **blocks.pop("container", {})}
    raw = {"container": container, "scale": {"replicas": replicas}, **blocks}
    spec = AgentSpec.model_validate(raw)
    content = {key: value for key, value in raw.items() if key not in {"scale", "rollout"}}
    container.pop("deploy", None)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    rollout = spec.rollout
    assert not isinstance(rollout, str)
    return Instance(
        name=name,
        agent=name,
        path=f"environments/{ENVIRONMENT}/instances/{name}.yaml",
        spec=spec,
        rollout=rollout,
        revision=digest,
        process_revision=digest,
    )


def make_desired(*instances: Instance, commit: str = "c1", hosts: int = 1) -> Desired:
    """An environment with hosts host-1, host-2, ..."""
    return Desired(
        project=Project(id=PROJECT_ID, name="acme"),
        environment=ENVIRONMENT,
        commit=Commit(sha=commit * 20, subject=commit),
        hosts={f"host-{number}": Host() for number in range(1, hosts + 1)},
        instances=tuple(sorted(instances, key=lambda one: one.name)),
    )


class Remembered(NoEvidence):
    """Knows instances as they were when their replicas were made."""

    def __init__(self, desired: Desired) -> None:
        self._desired = desired

    def before(self, replica: Replica) -> Instance | None:
        return self._desired.instance(replica.instance)

    def applied(self, instance: str) -> Instance | None:
        return self._desired.instance(instance)


class Fleet:
    """Memory hosts, a manual clock, and the pipeline's stages around them."""

    def __init__(self, hosts: int = 1, project_id: str = PROJECT_ID) -> None:
        self.engines = {f"host-{n}": MemoryEngine() for n in range(1, hosts + 1)}
        self.providers = {
            name: FaultyProvider(name, project_id, engine) for name, engine in self.engines.items()
        }
        self.clock = ManualClock()
        self.evidence: Evidence = NoEvidence()

    def observe(self) -> Observed:
        states = tuple(
            self.providers[host].observe(ENVIRONMENT) for host in sorted(self.providers)
        )
        return Observed(environment=ENVIRONMENT, hosts=states)

    def plan(self, desired: Desired, **request: Any) -> Plan:
        plan = build_plan(desired, self.observe(), PlanRequest(**request), self.evidence)
        check_refused(plan)
        return plan

    def run(self, plan: Plan, workers: int = 1) -> tuple[Execution, list[Event]]:
        execution = Execution(
            dict(self.providers), self.clock, Stamp(rollout="r1", fence=1), workers=workers
        )
        return execution, list(self.steps(plan, execution))

    def steps(self, plan: Plan, execution: Execution) -> Iterator[Event]:
        return execute(plan, execution)

    def apply(self, desired: Desired, **request: Any) -> tuple[Execution, list[Event]]:
        return self.run(self.plan(desired, **request))

    def behave(self, decide: Callable[[ReplicaSpec], str]) -> None:
        for engine in self.engines.values():
            engine.behave = decide  # type: ignore[assignment]

    def serving(self, instance: str) -> int:
        found = self.observe().replicas
        return sum(one.serving for one in found if one.instance == instance)

    def names(self) -> list[str]:
        return [one.name for one in self.observe().replicas]


class FaultyProvider(MemoryProvider):
    """A memory provider that can fail a call, and calls somebody after each one."""

    def __init__(self, host: str, project_id: str, engine: MemoryEngine) -> None:
        super().__init__(host, project_id, engine)
        self.fail_at: int | None = None
        self.outage = 0  # calls that the engine does not answer before it is back
        self.lost_answers = 0  # calls that it carries out without an answer
        self.is_down = False
        self.away_for = 0  # calls that an engine which is shut down does not answer
        self.after_call: Callable[[], None] = lambda: None
        self._calls = 0

    def perform(self, step: EngineStep, stamp: Stamp) -> None:
        self._calls += 1
        if self._calls == self.fail_at:
            raise DefiniteError(f"injected at call {self._calls}: {step.kind}")
        self._answer()
        super().perform(step, stamp)
        if self.lost_answers:
            self.lost_answers -= 1
            raise EngineError(f"{self.host}: the connection was reset")
        self.after_call()

    def replica(self, name: str) -> Replica | None:
        self._answer()
        return super().replica(name)

    def knock(self) -> None:
        self.outage, self.away_for = self.outage + self.away_for, 0
        self._answer()

    def shut_down(self, away_for: int) -> None:
        """Stop every replica, as an engine does that ends; calls are answered until a knock."""
        self.away_for, self.is_down = away_for, True
        for name, (replica, _) in self.engine.replicas.items():
            if replica.state == "running":
                self._set(name, state="exited", exit_code=143, health="none")

    def _answer(self) -> None:
        if self.outage:
            self.outage -= 1
            raise EngineError(f"{self.host}: the engine does not answer")
        if self.is_down and not self.away_for:
            self.is_down = False
            for name, (replica, _) in self.engine.replicas.items():
                if replica.live.restart in {"always", "unless-stopped"}:
                    self._start(name)


class DictCache:
    """What is remembered, in memory. Implements `effects.Cache`."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        return self.values.get(name)

    def write(self, name: str, value: bytes) -> None:
        self.values[name] = value
