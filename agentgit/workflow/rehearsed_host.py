"""A copy of one host as it was observed, on which every call takes its estimated time."""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.execute.simulation import SimulatedClock
from agentgit.model.desired import Desired
from agentgit.model.observed import HostState, Replica
from agentgit.model.steps import (
    AwaitHealthy,
    EngineStep,
    ExportSource,
    RemoveReplica,
    ReplicaSpec,
    Stamp,
    StartReplica,
    StopReplica,
    UpdateReplica,
)
from agentgit.plan.estimates import estimate_call, estimate_ready
from agentgit.providers.memory import MemoryProvider
from agentgit.workflow.tally import Tally

_DOWN = {"created", "exited"}
_JUST_AFTER = 1e-6  # seconds, so that rounding makes no look one too early


class RehearsedHost(MemoryProvider):
    """An imaginary host: agents become healthy when their configuration says that they should.

    `awaited` are the waits of the plan, by replica, so that nothing looks more often than it must.
    """

    def __init__(
        self,
        state: HostState,
        desired: Desired,
        clock: SimulatedClock,
        tally: Tally,
        awaited: Mapping[str, AwaitHealthy],
    ) -> None:
        super().__init__(state.host, desired.project.id)
        self._engine_kind = state.engine
        self._clock = clock
        self._tally = tally
        self._awaited = awaited
        self._began: dict[str, float] = {}
        self._ready: dict[str, float] = {}
        for replica in state.replicas:
            spec = _specify(replica, desired)
            self.engine.replicas[replica.name] = (replica, spec)
            if replica.state not in _DOWN and replica.health == "starting":
                self._come_up(replica.name)

    def perform(self, step: EngineStep, stamp: Stamp) -> None:
        """Do one step; its effect is there when its time is over."""
        if isinstance(step, StopReplica | RemoveReplica):
            self._tally.lose(step.name, self._clock.monotonic())
        self._clock.spend(estimate_call(step, self._engine_kind))
        if isinstance(step, ExportSource):
            return
        super().perform(step, stamp)
        now = self._clock.monotonic()
        if isinstance(step, StopReplica | RemoveReplica):
            self._tally.end(step.name, now)
        elif isinstance(step, StartReplica):
            self._come_up(step.name)
        elif isinstance(step, UpdateReplica):
            self._tally.resize(step.name, step.limits.memory, now)

    def replica(self, name: str) -> Replica | None:
        """One replica as it is now; who waits for it is told when to look again."""
        ready, now = self._ready.get(name), self._clock.monotonic()
        found = self._own(name)
        if found is None or ready is None:
            return found[0] if found else None
        wait = self._awaited.get(name)
        if now >= ready and found[0].health == "starting":
            self._set(name, health="healthy")
        if wait is not None:
            began = self._began.setdefault(name, now)
            next_look = ready
            if now >= ready:
                next_look = max(began, ready) + wait.min_healthy_time + _JUST_AFTER
            self._clock.expect(min(next_look, began + wait.timeout) + _JUST_AFTER)
        return self.engine.replicas[name][0]

    def _come_up(self, name: str) -> None:
        """Let a replica that has just started become healthy in its time."""
        replica, spec = self.engine.replicas[name]
        now = self._clock.monotonic()
        ready = now + estimate_ready(spec.container, self._engine_kind)
        if ready > now:
            self._set(name, health="starting")
        self._ready[name] = ready
        self._tally.start(replica, now, ready)


def list_running(state: HostState) -> list[Replica]:
    """List the replicas of a host that take up room now."""
    return [one for one in state.replicas if one.state not in _DOWN]


def _specify(replica: Replica, desired: Desired) -> ReplicaSpec:
    """Say of a replica that is there what matters to an imaginary host."""
    instance = desired.instance(replica.instance)
    return ReplicaSpec(
        name=replica.name,
        project_id=desired.project.id,
        project=desired.project.name,
        environment=desired.environment,
        agent=replica.agent,
        instance=replica.instance,
        slot=replica.slot,
        revision=replica.revision,
        commit=replica.commit,
        container=instance.spec.container if instance else None,
    )
