"""The planner and the steps as a model: every state that any number of crashes can lead to.

A state is what runs, without names and ids. From each state the planner plans; the plan may be
cut off after any of its steps, and the last step of an earlier, cut-off plan may still arrive at
any moment after that (a zombie's late call). States that were seen are not explored again, so the
search ends, and what it has not found is not there. From every state an undisturbed run must end
where it was to end, and the plan after it must be empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from agentgit.errors import AgentgitError
from agentgit.model.desired import Desired
from agentgit.model.observed import Replica
from agentgit.model.plan import Plan
from agentgit.model.steps import AwaitHealthy, ReplicaSpec, Stamp, Step
from tests.builders import Fleet, make_desired, make_instance

Engine = dict[str, tuple[Replica, ReplicaSpec]]
STRATEGIES: dict[str, dict[str, Any]] = {
    "recreate": {"strategy": "recreate"},
    "rolling": {"maxSurge": 1},
    "surge 2": {"maxSurge": 2},
    "unavailable": {"maxSurge": 0, "maxUnavailable": 1},
    "mixed": {"maxSurge": 1, "maxUnavailable": 1},
    "canary": {"strategy": "canary", "steps": [{"setWeight": 33}, {"setWeight": 67}]},
}
LEAST = {"recreate": 0, "rolling": 3, "surge 2": 3, "unavailable": 2, "mixed": 2, "canary": 3}
MOST_STATES = 4000


@dataclass(frozen=True)
class State:
    """What runs, and a step of a dead process that may still be carried out."""

    engine: tuple[tuple[str, tuple[Replica, ReplicaSpec]], ...]
    late: Step | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for states that no planner can tell apart."""
        rows = sorted(
            (r.slot, r.revision, r.state, r.health, r.live.model_dump_json())
            for _, (r, _) in self.engine
        )
        late = (self.late.kind, *_slot_of(self)) if self.late else ()
        return (*rows, late)


def _slot_of(state: State) -> tuple[Any, ...]:
    name = getattr(state.late, "name", "") or getattr(
        getattr(state.late, "replica", None), "name", ""
    )
    for key, (one, _) in state.engine:
        if key == name:
            return one.slot, one.revision, one.state
    return tuple(name.rsplit("-", 3)[1:2])  # what it is about is not there


class Model:
    """One desired state, and everything that can become of it."""

    def __init__(self, desired: Desired, least: int, *, late: bool) -> None:
        self.desired = desired
        self.least = least
        self.late = late
        self.seen: dict[tuple[Any, ...], State] = {}
        self.wrong: list[str] = []

    def explore(self, start: State) -> None:
        """Visit every state once."""
        waiting = [start]
        while waiting and len(self.seen) < MOST_STATES:
            state = waiting.pop()
            if state.key in self.seen:
                continue
            self.seen[state.key] = state
            waiting += self._follow(state)
        assert not waiting, "the search did not come to its end"

    def _follow(self, state: State) -> Iterator[State]:
        fleet = _fleet(state.engine)
        if state.late is not None:
            after = _perform(_fleet(state.engine), state.late)
            yield State(_rows(after))
        plan = fleet.plan(self.desired, resumes="r0")
        done = 0
        for step in _steps(plan):
            before = _rows(fleet)
            if self.late and not isinstance(step, AwaitHealthy):
                yield State(before, step)  # cut off: the call is on its way
            _perform(fleet, step)
            self._check(fleet, step, late=state.late is not None)
            done += 1
            yield State(_rows(fleet))
        again = fleet.plan(self.desired)
        if not again.is_empty:
            self.wrong.append(f"from {state.key}: still to do after {done} steps")

    def _check(self, fleet: Fleet, step: Step, *, late: bool) -> None:
        found = [one for engine in fleet.engines.values() for one, _ in engine.replicas.values()]
        serving = sum(one.serving for one in found)
        if serving < self.least and not late:
            self.wrong.append(f"{serving} serve after {step.kind}, {self.least} are promised")
        for slot in {one.slot for one in found}:
            mine = [one for one in found if one.slot == slot]
            alike = {one.revision for one in mine}
            if len(mine) > 2 or (len(alike) < len(mine) and not late):
                self.wrong.append(f"{len(mine)} in slot {slot} after {step.kind}")


def _steps(plan: Plan) -> Iterator[Step]:
    """The steps in the order of one worker; the steps of a wave side by side are in its matrix."""
    yield from plan.prepare
    for wave in plan.waves:
        for part in ("prepare", "finish"):
            for move in wave.moves:
                yield from getattr(move, part)
    yield from plan.cleanup


def _perform(fleet: Fleet, step: Step) -> Fleet:
    if isinstance(step, AwaitHealthy):
        engine = fleet.engines[step.host].replicas
        one, spec = engine[step.name]
        assert one.state == "running", step
        engine[step.name] = (one.model_copy(update={"health": "healthy"}), spec)
        return fleet
    with suppress(AgentgitError):  # what is not there any more cannot be started or stopped
        fleet.providers[step.host].perform(step, Stamp(rollout="r1", fence=1))
    return fleet


def _fleet(rows: tuple[Any, ...]) -> Fleet:
    fleet = Fleet()
    (engine,) = fleet.engines.values()
    engine.replicas = dict(rows)
    engine._count = sum(ord(key[-1]) for key in engine.replicas) * 1000
    engine.behave = lambda _: "starting"  # type: ignore[assignment, return-value]
    return fleet


def _rows(fleet: Fleet) -> tuple[Any, ...]:
    (engine,) = fleet.engines.values()
    return tuple(sorted(engine.replicas.items()))


def _start(rollout: dict[str, Any], replicas: int = 3) -> State:
    fleet = Fleet()
    old = make_desired(_instance("1", rollout, replicas))
    execution, _ = fleet.apply(old)
    assert execution.ok()
    (engine,) = fleet.engines.values()
    return State(tuple(sorted(engine.replicas.items())))


def _instance(tag: str, rollout: dict[str, Any], replicas: int = 3) -> Any:
    blocks = {"container": {"healthcheck": {"test": "true"}}, "rollout": rollout}
    return make_instance("alpha", f"acme/agent:{tag}", replicas, **blocks)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_whatever_crashes_lead_to_is_mended(strategy: str) -> None:
    rollout = STRATEGIES[strategy]
    model = Model(make_desired(_instance("2", rollout)), LEAST[strategy], late=False)
    model.explore(_start(rollout))
    assert not model.wrong, "\n".join(sorted(set(model.wrong)))
    assert len(model.seen) > 6


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_late_call_of_a_dead_process_is_mended_too(strategy: str) -> None:
    rollout = STRATEGIES[strategy]
    model = Model(make_desired(_instance("2", rollout)), LEAST[strategy], late=True)
    model.explore(_start(rollout))
    assert not [one for one in model.wrong if "still to do" in one], sorted(set(model.wrong))
    assert len(model.seen) > 20
