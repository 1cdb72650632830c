"""A clock that is set back, or another machine's that is behind: records stay in their order."""

from __future__ import annotations

from agentgit.pipeline import is_news, unpin
from tests.pipeline.conftest import Project

HOUR = 3600.0


def ends(project: Project) -> list[tuple[str, str]]:
    return [(one.kind, one.outcome) for one in project.records()]


def check_order(project: Project) -> None:
    """Newest first by id and by beginning, and nothing ends before it begins."""
    records = project.records()
    ids = [one.id for one in records]
    assert ids == sorted(ids, reverse=True)
    seconds = [one.id.rpartition("-")[0] for one in records]
    assert len(set(seconds)) == len(seconds)
    assert all(one.finished_at and one.finished_at >= one.started_at for one in records)


def test_destroy_again_after_the_clock_was_set_back(project: Project) -> None:
    project.apply()
    project.clock.seconds -= HOUR
    project.apply(kind="destroy")
    assert not is_news(project.plan(kind="destroy"))
    assert project.plan(kind="destroy").plan.is_empty
    project.apply()
    project.clock.seconds -= HOUR
    project.apply(kind="destroy")
    assert ends(project) == [("destroy", "succeeded"), ("apply", "succeeded")] * 2
    check_order(project)


def test_every_kind_of_record_stays_in_order(project: Project) -> None:
    project.apply()
    first = project.git("rev-parse", "HEAD")
    project.prompt("Be brief.")
    project.clock.seconds -= HOUR
    project.apply()
    project.clock.seconds -= HOUR
    project.apply(kind="rollback")
    pin = project.plan().target.pin
    assert pin is not None
    assert pin.commit == first
    project.clock.seconds -= HOUR
    unpin(project.open(), "production", "fixed")
    assert project.plan().target.pin is None
    project.clock.seconds -= HOUR
    project.apply(kind="restart", only=("alpha",))
    assert [kind for kind, _ in ends(project)] == [
        "restart", "unpin", "rollback", "apply", "apply",
    ]  # fmt: skip
    check_order(project)


def test_what_nobody_ended_does_not_end_before_it_began(project: Project) -> None:
    project.apply()
    ref = project.git("for-each-ref", "--format=%(refname)", "refs/agentgit/rollouts")
    project.git("update-ref", ref, f"{ref}^")
    project.clock.seconds -= HOUR
    assert ends(project) == [("apply", "running")]
    project.apply()
    assert ends(project) == [("apply", "succeeded"), ("apply", "interrupted")]
    check_order(project)


def test_a_rollout_takes_as_long_as_it_takes(project: Project) -> None:
    """Also where the clock is set back in the middle of it, and behind the record afterwards."""
    project.apply()
    project.prompt("Be brief.")
    project.clock.seconds -= HOUR
    began = project.clock.monotonic()
    _, events = project.apply()
    finished = events[-1]
    assert finished.kind == "rollout-finished"
    assert 0 < finished.seconds <= project.clock.monotonic() - began
