"""Somebody else at work, Ctrl-C, SIGTERM and SIGKILL in the middle of an apply."""

from __future__ import annotations

import signal

import pytest

from tests.scenarios.conftest import Background, SmallFleet

APPLY = ("apply", "-e", "production", "--yes", "--verbose")


def change(fleet: SmallFleet, text: str) -> str:
    """Commit a change whose replicas do not become healthy before `hold` is gone."""
    fleet.hold.touch()
    fleet.write("global/prompts/worker.md", f"{text}\n")
    return fleet.commit(text)


def until_begun(fleet: SmallFleet, apply: Background) -> dict[str, str]:
    """Wait until the new replica runs beside the old one; give what runs then."""
    apply.await_condition(lambda: len(fleet.running()) == 2, "two replicas")
    return fleet.running()


def converge(fleet: SmallFleet) -> None:
    """Apply again: it ends where it was to end, without a double and with an empty plan."""
    fleet.hold.unlink()
    fleet.apply()
    (alpha,) = fleet.run("status", "--json").json["instances"]
    (replica,) = alpha["replicas"]
    assert replica["commit"] == fleet.git("rev-parse", "HEAD")
    assert list(fleet.running()) == [replica["name"]]
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")


def test_the_second_of_two_applies_is_refused(small_fleet: SmallFleet) -> None:
    change(small_fleet, "Be brief.")
    with small_fleet.background(*APPLY) as first:
        both = until_begun(small_fleet, first)
        second = small_fleet.apply(expect=5)
        second.says("production is being changed by Ana <ana@acme.example> since ", "taken over")
        assert small_fleet.running() == both
        small_fleet.hold.unlink()
        assert first.end().code == 0
    assert small_fleet.plan("--detailed-exitcode").out.startswith("No changes.")
    history = small_fleet.run("history", "--json").json["rollouts"]
    assert [one["outcome"] for one in history] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_at_a_safe_point(small_fleet: SmallFleet, number: int) -> None:
    before = small_fleet.running()
    change(small_fleet, "Be brief.")
    with small_fleet.background(*APPLY) as apply:
        until_begun(small_fleet, apply)
        done = apply.end(number)
    assert done.code == 130
    done.has("stopping at the next safe point", "interrupted: what ran in production still runs",
             "agentgit apply -e production")  # fmt: skip
    assert small_fleet.running() == before
    assert "interrupted" in small_fleet.run("status").out
    converge(small_fleet)


def test_a_second_signal_stops_at_once(small_fleet: SmallFleet) -> None:
    before = small_fleet.running()
    change(small_fleet, "Be brief.")
    with small_fleet.background(*APPLY) as apply:
        until_begun(small_fleet, apply)
        apply.process.send_signal(signal.SIGINT)
        apply.until("stopping at the next safe point")
        done = apply.end(signal.SIGINT)
    assert done.code == 130
    assert before.items() <= small_fleet.running().items()
    converge(small_fleet)


def test_what_a_killed_apply_left_is_taken_over(small_fleet: SmallFleet) -> None:
    """Slow: nobody released its lease, so the next one watches that for its whole time to live."""
    before = small_fleet.running()
    change(small_fleet, "Be brief.")
    with small_fleet.background(*APPLY) as apply:
        until_begun(small_fleet, apply)
        assert apply.end(signal.SIGKILL).code == -signal.SIGKILL
    assert before.items() < small_fleet.running().items()
    converge(small_fleet)
