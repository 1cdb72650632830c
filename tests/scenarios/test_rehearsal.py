"""A rehearsal against the real thing: the same plan, imagined and then carried out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

import pytest

from agentgit.execute.clock import SystemClock
from agentgit.model.events import Event, StepDone, StepStarted
from agentgit.model.rehearsal import Rehearsal
from agentgit.pipeline import Request, World, apply_plan, prepare_plan
from agentgit.plan.estimates import FACTOR
from agentgit.source.repository import GitSource
from agentgit.workflow.rehearse import rehearse
from tests.scenarios.conftest import ALPHA, WORKER, SmallFleet

BETA = "environments/production/instances/beta.yaml"
CAREFUL = """
  rollout:
    strategy: canary
    steps: [{setWeight: 25}, {pause: {duration: 2s}}]
    minHealthyTime: 1s
"""
AT_ONCE = "  rollout: {strategy: recreate, minHealthyTime: 200ms}\n"
FRAME = {"wave-started", "wave-done", "hold-started", "hold-done", "prepare-done"}


def test_a_rehearsal_is_what_happens_with_processes(small_fleet: SmallFleet) -> None:
    compare(small_fleet)


@pytest.mark.slow
def test_a_rehearsal_is_what_happens_with_containers(small_containers: SmallFleet) -> None:
    compare(small_containers)


def compare(fleet: SmallFleet) -> None:
    """Bring in a canary of four replicas beside one that is recreated: imagined, then for real."""
    alpha = (fleet.folder / ALPHA).read_text()
    fleet.write(ALPHA, f"{alpha}  scale: {{replicas: 4}}{CAREFUL}")
    fleet.write(BETA, f"{alpha.replace('alpha', 'beta')}{AT_ONCE}")
    fleet.commit("Four and one")
    fleet.apply()
    fleet.edit(WORKER, "exit: 0", "exit: 0, more: 1")
    fleet.commit("Another configuration")

    source = GitSource.open(str(fleet.folder))
    imagined: list[Event] = []
    world = World(source, SystemClock(), fleet.state)
    request = Request("production", allow=frozenset({"unavailable", "replaced"}))
    with prepare_plan(world, request) as session:
        assert session.plan is not None
        found = rehearse(session.plan, session.desired, session.observed, imagined.append)
        serving = Counter(one.instance for one in session.observed.replicas if one.serving)
        began = time.monotonic()
        real = list(apply_plan(session))
        seconds = time.monotonic() - began
    source.close()

    assert found.failure == ""
    assert frame(imagined) == frame(real)
    assert by_replica(imagined) == by_replica(real)
    assert count(imagined, serving) == count(real, serving) == said(found)
    assert found.seconds / FACTOR < seconds < found.seconds * FACTOR
    assert len(found.waves) == len(session.plan.waves)


def frame(events: Iterable[Event]) -> list[tuple[str, object]]:
    """What happens between the steps, in order."""
    return [(one.kind, getattr(one, "title", None)) for one in events if one.kind in FRAME]


def by_replica(events: Iterable[Event]) -> dict[str, list[tuple[str, str]]]:
    """What is done to each replica, in order."""
    done: dict[str, list[tuple[str, str]]] = {}
    for one in events:
        if isinstance(one, StepStarted | StepDone):
            done.setdefault(one.target, []).append((one.kind, one.step))
    return done


def count(events: Iterable[Event], serving: Counter[str]) -> tuple[int, dict[str, int]]:
    """Count the most replicas that ran at one time, and the fewest that served, by instance."""
    now, least, runs = Counter(serving), dict(serving), serving.total()
    most = runs
    for one in events:
        if not isinstance(one, StepStarted | StepDone):
            continue
        match one.kind, one.step:
            case "step-done", "start-replica":
                runs += 1
            case "step-done", "await-healthy":
                now[one.instance] += 1
            case "step-started", "stop-replica":
                now[one.instance] -= 1
            case "step-done", "stop-replica":
                runs -= 1
        most = max(most, runs)
        least = {name: min(number, now[name]) for name, number in least.items()}
    return most, least


def said(found: Rehearsal) -> tuple[int, dict[str, int]]:
    return found.replicas, {one.instance: one.least for one in found.courses}
