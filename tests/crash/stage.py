"""The stage: memory engines, a repository in memory, an observer, and the commands of agentgit.

A stage can be copied, so that every point of the matrix begins with the same world.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from agentgit.errors import AgentgitError, MovedOnError
from agentgit.model.container import Container
from agentgit.model.events import Event, RolloutFinished
from agentgit.model.observed import Replica
from agentgit.model.rollout import RolloutRecord
from agentgit.model.steps import ReplicaSpec, Stamp
from agentgit.pipeline import Request, World, apply_plan, is_news, prepare_plan
from agentgit.providers import registry
from agentgit.providers.memory import MemoryEngine, MemoryProvider, MemoryStore
from agentgit.record.history import known_hosts, last_good, previous_success, verified_commit
from agentgit.record.ledger import GitLedger
from tests.builders import PROJECT_ID
from tests.crash.clock import StageClock
from tests.crash.memory_git import MemoryGit, MemorySource, Repository
from tests.crash.mortal import Fate, KilledError, Mortal
from tests.crash.observer import Observer, Rules
from tests.crash.process import Process, running

ENVIRONMENT = "production"
FOREIGN = "ffffffff-0000-0000-0000-000000000000"
LONG_ENOUGH = 5.0  # seconds until every replica is what it will be
MOST_PLANS = 5  # plans made anew because somebody else was faster
Judge = Callable[[ReplicaSpec, float], str]  # its health, some seconds after its start
TYPING = 0.1  # seconds before somebody runs the next command: nothing has warmed up yet
NOWHERE = Path("/nonexistent/agentgit")


@dataclass
class Stage:
    """One world. `engines` are by host; `observer` looks at every change of any of them."""

    repository: Repository
    engines: dict[str, MemoryEngine]
    clock: StageClock
    observer: Observer
    judge: Judge
    born: dict[str, float] = field(default_factory=dict)  # when a replica was seen running first

    def copy(self, rules: Rules | None = None) -> Stage:
        """The same world again, with an observer that has seen nothing yet."""
        observer = Observer(rules or self.observer.rules)
        engines = {
            host: copy_engine(engine, observer, host) for host, engine in self.engines.items()
        }
        clock = StageClock()
        clock.seconds = self.clock.seconds
        observer.engines = engines
        observer.settle()
        stage = Stage(self.repository.copy(), engines, clock, observer, self.judge)
        stage.born = dict(self.born)
        clock.on_sleep = stage.live_on
        return stage

    def live_on(self, now: float) -> None:
        """Let replicas warm up, and some of them fall ill, as time passes."""
        for engine in self.engines.values():
            for name, (one, spec) in list(engine.replicas.items()):
                if one.state == "running" and spec.project_id == PROJECT_ID:
                    age = now - self.born.setdefault(one.id, now)
                    health = self.judge(spec, age)
                    if one.health not in {health, "none"}:
                        twin = one.model_copy(update={"health": health})
                        engine.replicas[name] = (twin, spec)


def new_stage(files: dict[str, str], hosts: int, judge: Judge) -> Stage:
    """A world with a first commit, and with things of others on its hosts."""
    repository = Repository()
    repository.commit(files, "First")
    observer = Observer(Rules())
    engines = {f"eu-{number}": MemoryEngine() for number in range(1, hosts + 1)}
    for host, engine in engines.items():
        engine.behave = lambda spec: cast("Any", judge(spec, 0.0))
        _add_foreign(engine, host)
    stage = Stage(repository, engines, StageClock(), observer, judge)
    return stage.copy()


@dataclass
class Answer:
    """How a command ended: the outcome of its rollout, or the exit code of its refusal."""

    said: str
    events: list[Event]
    fate: Fate
    plan: Any = None
    error: AgentgitError | None = None
    warnings: tuple[str, ...] = ()


def run(
    stage: Stage,
    request: dict[str, Any],
    fate: Fate | None = None,
    *,
    repository: Repository | None = None,
    actor: str = "Ana <ana@acme>",
    workers: int = 1,
) -> Answer:
    """Do what the command line does, in a process with this fate."""
    fate = fate or Fate()
    stage.clock.seconds += TYPING
    where = repository or stage.repository
    git = cast("MemoryGit", Mortal(MemoryGit(where), fate, "git"))
    source = MemorySource(git, where, actor)
    events: list[Event] = []
    answer = Answer("nothing", events, fate)
    world = World(cast("Any", source), stage.clock, NOWHERE)
    words = {"environment": ENVIRONMENT, **request}
    process = Process(lambda name, place: _open(stage, fate, name, place), stage.clock, workers)
    fate.process = process
    with running(process):
        try:
            for _ in range(MOST_PLANS):
                try:
                    _plan_and_apply(world, Request(**words), answer)
                except MovedOnError:  # somebody else was waited for: look again, as with --yes
                    continue
                break
        except KilledError:
            pass
        except AgentgitError as error:
            answer.said, answer.error = f"exit {int(error.exit_code)}", error
    if fate.dead:
        answer.said = "killed"
    return answer


def _plan_and_apply(world: World, request: Request, answer: Answer) -> None:
    with prepare_plan(world, request) as session:
        answer.plan = session.plan
        if not (session.plan and session.plan.is_empty and not is_news(session)):
            for event in apply_plan(session):
                answer.events.append(event)
        answer.warnings = session.warnings
    if answer.events:
        last = answer.events[-1]
        answer.said = last.outcome if isinstance(last, RolloutFinished) else "cut off"


def records(stage: Stage, repository: Repository | None = None) -> tuple[RolloutRecord, ...]:
    """What the ledger says, newest first."""
    git = MemoryGit(repository or stage.repository)
    return GitLedger(git, PROJECT_ID).rollouts(ENVIRONMENT)


def project(stage: Stage) -> dict[str, Any]:
    """The world without what may differ between two ways to the same end: ids, times, numbers."""
    stage.clock.sleep(LONG_ENOUGH)
    told = records(stage)
    names = sorted({one.instance for one, spec in _all(stage) if spec.project_id == PROJECT_ID})
    return {
        "replicas": sorted(_describe(one) for one, s in _all(stage) if s.project_id == PROJECT_ID),
        "foreign": sorted(r.id for r, s in _all(stage) if s.project_id != PROJECT_ID),
        "networks": {host: sorted(one.networks) for host, one in stage.engines.items()},
        "volumes": {host: sorted(one.volumes) for host, one in stage.engines.items()},
        "images": {host: sorted(one.digests) for host, one in stage.engines.items()},
        "values": {host: _values(one) for host, one in stage.engines.items()},
        "running": [one.id for one in told if one.outcome == "running"],
        "verified": verified_commit(told),
        "previous": previous_success(told),
        "good": {name: last_good(told, name) for name in names},
        "hosts": dict(known_hosts(told)),
        "others": sorted(ref for ref in stage.repository.refs if "incoming" in ref),
    }


def copy_engine(engine: MemoryEngine, observer: Observer, host: str) -> MemoryEngine:
    """The same engine again, every change of which is looked at."""
    twin = MemoryEngine()
    twin.replicas = observer.watch(host, engine.replicas)
    twin.networks, twin.volumes = set(engine.networks), set(engine.volumes)
    twin.images, twin.missing_images = set(engine.images), set(engine.missing_images)
    twin.digests, twin.registry = dict(engine.digests), engine.registry
    twin.foreign_ports = dict(engine.foreign_ports)
    twin.behave, twin.exit_code = engine.behave, engine.exit_code
    twin._count, twin._port = engine._count, engine._port
    for name, store in engine.stores.items():
        twin.stores[name] = MemoryStore()
        twin.stores[name]._values = dict(store._values)
    return twin


class StampedProvider(MemoryProvider):
    """Tells the observer under which stamp something is changed."""

    observer: Observer

    def perform(self, step: Any, stamp: Stamp) -> None:
        """Do one step, if the observer finds no fault with who does it."""
        self.observer.check_stamp(self.host, step, stamp)
        super().perform(step, stamp)


def _open(stage: Stage, fate: Fate, name: str, place: registry.Place) -> Any:
    provider = StampedProvider(name, place.project_id, stage.engines[name])
    provider.observer = stage.observer
    return Mortal(provider, fate, name, place.permit)


def _all(stage: Stage) -> list[tuple[Replica, ReplicaSpec]]:
    return [found for engine in stage.engines.values() for found in engine.replicas.values()]


def _describe(one: Replica) -> tuple[str, ...]:
    live = one.live.model_dump_json()
    return (one.host, one.instance, str(one.slot), one.revision, one.state, one.health, live)


def _values(engine: MemoryEngine) -> list[str]:
    """The values on a host, without numbers in their names; a lease says whether it is free."""
    found = []
    for name, raw in engine.stores[PROJECT_ID]._values.items():
        if name.startswith("lease-"):
            stem = name.rpartition("-")[0]
            found.append(f"{stem} {'released' if json.loads(raw)['released'] else 'HELD'}")
        else:
            found.append(name)
    return sorted(found)


def _add_foreign(engine: MemoryEngine, host: str) -> None:
    """A replica, a network, a volume and a value of another project."""
    provider = MemoryProvider(host, FOREIGN, engine)
    spec = ReplicaSpec(
        name="acme-ffffff-production-other-1-00000000-1",
        project_id=FOREIGN, project="acme", environment=ENVIRONMENT, agent="other",
        instance="alpha", slot=1, revision="0" * 64, commit="0" * 40,
        container=Container(image="other:1"),
    )  # fmt: skip
    from agentgit.model.steps import CreateReplica, StartReplica

    provider.perform(CreateReplica(host=host, replica=spec), Stamp(rollout="other", fence=1))
    provider.perform(StartReplica(host=host, name=spec.name), Stamp(rollout="other", fence=1))
    engine.networks.add((FOREIGN, "acme-ffffff-production-default"))
    engine.volumes.add((FOREIGN, "acme-ffffff-production-data"))
    provider.store.create("lease-production-000001", b"{}")
    engine.stores.setdefault(PROJECT_ID, MemoryStore())
