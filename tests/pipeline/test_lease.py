"""A rollout under its lease: what it leaves alone once that is lost, and for whom it makes way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from agentgit.errors import EngineError, LeaseError, MovedOnError, UsageError
from agentgit.execute.lease_value import Holder, Times, read_newest, write_lease
from agentgit.execute.wish import Wish, Wishes, cannot_tell
from agentgit.model.events import Event
from agentgit.pipeline import Session, apply_plan, prepare_plan
from agentgit.providers import registry
from agentgit.providers.memory import MemoryEngine, MemoryProvider, MemoryStore
from agentgit.workflow.lock import await_unlocked, break_lock, look_at_lock
from tests.builders import PROJECT_ID

CANARY = """
kind: Instance
metadata: {name: alpha}
spec:
  agent: support
  rollout: {strategy: canary, steps: [{setWeight: 50}, {pause: {duration: 2m}}]}
"""
ALPHA = "environments__production__instances__alpha"
LI = Holder("Li", "20261120-090000-0000", "just now")


def store(project: Any) -> Any:
    return project.engine.stores[PROJECT_ID]


def newest(project: Any) -> Any:
    return read_newest(store(project), "production", "eu-1")


def lose(project: Any) -> None:
    """Somebody else takes the lease over, after this holder stood still for its whole life."""
    project.clock.seconds += 16
    name = next(one for one in store(project).names("lease-production-"))
    store(project).delete(name)
    number = int(name.rpartition("-")[2]) + 1
    store(project).create(f"lease-production-{number:06d}", write_lease(LI, 1))


def run(session: Session, at: str, act: Callable[[], None]) -> list[Event]:
    """Carry out, and act once at the first event of a kind."""
    events: list[Event] = []
    for event in apply_plan(session):
        if event.kind == at and at not in [one.kind for one in events]:
            act()
        events.append(event)
    return events


def snapshot(project: Any) -> tuple[int, dict[str, bytes]]:
    return len(project.engine.calls), dict(store(project)._values)


@pytest.mark.parametrize(
    ("at", "broken"), [("step-done", False), ("wave-done", False), ("going-back", True)]
)
def test_who_lost_the_lease_makes_no_further_change(
    project: Any, at: str, *, broken: bool
) -> None:
    """No step, no undo, no way back, no release; the outcome is recorded here."""
    project.apply()
    if broken:
        project.engine.behave = lambda spec: (
            "unhealthy"
            if "rude" in spec.document["instructions"]["text"] and spec.slot == 2
            else "healthy"
        )
    project.prompt("Be rude.")
    seen: list[Any] = []

    def act() -> None:
        lose(project)
        seen.append(snapshot(project))

    with prepare_plan(project.open(), project.request()) as session:
        events = run(session, at, act)
    assert snapshot(project) == seen[0]
    assert events[-1].outcome == "failed"
    assert newest(project).holder == LI
    record = project.plan().records[0]
    assert (record.outcome, record.failure.fault) == ("failed", "world")
    assert "the lease of production was lost" in record.failure.message
    assert "agentgit lock show -e production" in record.failure.hint
    assert any(one.kind == "step-failed" and "lease" in one.failure.message for one in events)


def test_each_step_asks_by_itself(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a provider that does not ask before its single calls."""

    def open_memory(name: str, _: object, place: registry.Place) -> MemoryProvider:
        return MemoryProvider(name, place.project_id, project.engine)

    monkeypatch.setitem(registry.PROVIDERS, "docker", open_memory)  # type: ignore[arg-type]
    project.apply()
    project.prompt("Be brief.")
    before: list[int] = []

    def act() -> None:
        lose(project)
        before.append(len(project.engine.calls))

    with prepare_plan(project.open(), project.request()) as session:
        events = run(session, "step-done", act)
    assert len(project.engine.calls) == before[0]
    assert events[-1].outcome == "failed"
    assert newest(project).holder == LI


def test_a_replica_that_others_removed_is_no_verdict_on_its_revision(project: Any) -> None:
    """Who was stopped while it waited for health finds it gone: nothing goes into quarantine."""
    project.apply()
    project.prompt("Be brief.")

    def act() -> None:
        lose(project)
        for name, (replica, _) in list(project.engine.replicas.items()):
            if replica.commit == project.git("rev-parse", "HEAD"):
                del project.engine.replicas[name]

    looked: list[bool] = []
    real = MemoryProvider.replica

    def look(provider: MemoryProvider, name: str) -> Any:
        if not looked:
            looked.append(True)
            act()
        return real(provider, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryProvider, "replica", look)
        assert project.apply(only=("beta",))[0] == "failed"
    record = project.plan().records[0]
    faults = {one.fault for one in (record.failure, *record.failures)}
    assert faults == {"world"}
    assert (record.failure.step, len(looked)) == ("await-healthy", 1)
    assert project.apply()[0] == "succeeded"


def test_after_a_lost_lease_the_same_command_goes_on(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    with prepare_plan(project.open(), project.request()) as session:
        run(session, "wave-done", lambda: lose(project))
    assert project.apply()[0] == "succeeded"
    assert project.plan().plan.is_empty
    assert newest(project).released


def test_a_wish_for_a_newer_commit_supersedes(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    world = replace(project.open(), times=Times(beat=0.01))
    with prepare_plan(world, project.request()) as session:

        def wish() -> None:
            newer = project.prompt("Be quick.")
            Wishes(store(project), "production", cannot_tell).leave(Wish(newer, "Li", "r2"))
            assert session.stop.wait(timeout=10)

        events = run(session, "wave-started", wish)
    newer = project.git("rev-parse", "HEAD")
    assert [one.kind for one in events[-2:]] == ["superseded", "rollout-finished"]
    assert events[-1].outcome == "superseded"
    assert (events[-2].commit, events[-2].actor) == (newer, "Li")
    record = project.plan().records[0]
    assert (record.outcome, record.superseded_by) == ("superseded", newer)
    assert newest(project).released
    assert store(project).names("wish-") == ()
    assert project.apply()[0] == "succeeded"


@contextmanager
def in_the_pause(project: Any, act: Callable[[], None]) -> Iterator[None]:
    """Act once when the rollout has laid its lease aside and looks at its replicas."""
    before, done = project.clock.sleep, list[bool]()

    def sleep(seconds: float) -> None:
        before(seconds)
        if not done and newest(project).paused:
            done.append(True)
            act()

    project.clock.sleep = sleep
    yield
    project.clock.sleep = before
    assert done


def test_in_a_pause_somebody_else_may_go_on(project: Any) -> None:
    project.commit("Canary", **{ALPHA: CANARY})
    project.apply()
    project.prompt("Be brief.")
    with prepare_plan(project.open(), project.request()) as session:

        def go_on() -> None:
            project.prompt("Be quick.")
            assert project.apply()[0] == "succeeded"
            after.append([one.id for one in project.replicas()])

        after: list[list[str]] = []
        with in_the_pause(project, go_on):
            outcome, events = project.run(session)
    assert outcome == "superseded"
    assert [one.id for one in project.replicas()] == after[0]
    assert "going-back" not in [one.kind for one in events]
    head = project.git("rev-parse", "HEAD")
    by_id = {one.id: one for one in project.plan().records}
    assert by_id[events[-1].rollout].superseded_by == head
    assert by_id[events[-1].rollout].failure is None  # to make way is no failure
    (way,) = (one for one in events if one.kind == "superseded")
    assert not way.newer  # nobody asked: somebody took the lease that was laid aside
    assert project.plan().plan.is_empty


def test_what_is_made_after_a_pause_carries_the_new_number(project: Any) -> None:
    project.commit("Canary", **{ALPHA: CANARY})
    project.apply()
    project.prompt("Be brief.")
    with in_the_pause(project, lambda: None):
        assert project.apply()[0] == "succeeded"
    fences = [one.fence for one in project.replicas() if one.instance == "alpha"]
    assert sorted(fences) == [2, 3]


def test_who_has_waited_plans_again(project: Any) -> None:
    project.apply()
    project.prompt("Be brief.")
    with prepare_plan(project.open(), project.request(lock_timeout=600.0)) as session:
        store(project).delete(store(project).names("lease-")[-1])
        store(project).create("lease-production-000007", write_lease(LI, 1))

        def end() -> None:
            value = write_lease(LI, -1, released=True)
            store(project).delete("lease-production-000007")
            project.apply(only=("alpha",))
            store(project).create("lease-production-000099", value)

        with pytest.raises(MovedOnError, match="has changed since this plan was made"):
            run(session, "lease-awaited", end)
    assert newest(project).released


def test_lock_show_and_break(project: Any) -> None:
    project.apply()
    lock = look_at_lock(project.open(), "production")
    assert [(one.host, one.number, one.state) for one in lock.hosts] == [("eu-1", 1, "free")]
    with pytest.raises(UsageError, match="nobody holds the lease of production"):
        break_lock(project.open(), "production", "for fun")
    assert await_unlocked(project.open(), "production", 0.0) == ""

    store(project).delete("lease-production-000001")
    store(project).create("lease-production-000002", write_lease(LI, 1))
    began = project.clock.seconds
    (host,) = look_at_lock(project.open(), "production").hosts
    assert (host.state, host.actor, host.number) == ("still", "Li", 2)
    assert project.clock.seconds - began >= Times().ttl
    assert await_unlocked(project.open(), "production", 0.0) == "Li"
    broken, record = break_lock(project.open(), "production", "for fun")
    assert (broken.hosts[0].actor, record.kind, record.reason) == ("Li", "break", "for fun")
    assert newest(project).released
    records = project.plan().records
    assert [(one.kind, one.outcome) for one in records] == [
        ("break", "succeeded"),
        ("apply", "succeeded"),
    ]
    assert project.plan().plan.is_empty


class Silent(MemoryStore):
    """A host that does not answer."""

    def names(self, prefix: str) -> tuple[str, ...]:
        raise EngineError("eu-2: timed out")


def test_lock_show_says_what_the_other_hosts_know(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = "kind: Environment\nmetadata: {name: production}\nspec:\n  hosts:\n"
    hosts += "    eu-1: {engine: docker}\n    eu-2: {engine: docker}\n"
    project.commit("Two hosts", environments__production__environment=hosts)
    opened = registry.PROVIDERS["docker"]
    away = MemoryEngine()
    away.stores[PROJECT_ID] = Silent()

    def open_memory(name: str, endpoint: Any, place: registry.Place) -> MemoryProvider:
        if name == "eu-2":
            return MemoryProvider(name, place.project_id, away, place.permit)
        return opened(name, endpoint, place)  # type: ignore[return-value]

    monkeypatch.setitem(registry.PROVIDERS, "docker", open_memory)  # type: ignore[arg-type]
    MemoryProvider("eu-1", PROJECT_ID, project.engine).store.create(
        "lease-production-000002", write_lease(LI, 1)
    )
    lock = look_at_lock(project.open(), "production")
    assert [(one.host, one.state, one.actor) for one in lock.hosts] == [
        ("eu-1", "still", "Li"),
        ("eu-2", "unknown", ""),
    ]
    assert [one.reason for one in lock.silent] == ["timed out"]


def test_who_is_at_work_is_waited_for_only_so_long(project: Any) -> None:
    project.apply()
    store(project).create("lease-production-000002", b"")
    beats = iter(range(1, 10_000))
    before = project.clock.sleep

    def sleep(seconds: float) -> None:
        before(seconds)
        store(project).write("lease-production-000002", write_lease(LI, next(beats)))

    project.clock.sleep = sleep
    began = project.clock.seconds
    with pytest.raises(LeaseError, match="Li"):
        await_unlocked(project.open(), "production", 30.0)
    assert 29.9 <= project.clock.seconds - began <= 31
    (host,) = look_at_lock(project.open(), "production").hosts
    assert host.state == "beating"
