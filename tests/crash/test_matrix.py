"""The crash matrix, shortened: each scenario at some of its points; `make crash` plays all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.crash.faults import play_all
from tests.crash.matrix import play_alone, play_point, play_scenario
from tests.crash.races import play_race, with_remote
from tests.crash.scenarios import Scenario, all_scenarios

SCENARIOS = {one.name: one for one in all_scenarios()}
EVERY_KILL = 5  # of the kill points of a scenario one in so many is played, other ones in each
EVERY_FAULT = 17
SPREAD = ("rolling, replace", "canary, replace", "unavailable, failing late", "destroy",
          "two hosts, replace", "exclusive volume", "images that go, two hosts")  # fmt: skip


def test_every_strategy_is_there() -> None:
    kinds = {name.partition(", ")[2] for name in SCENARIOS}
    assert {
        "replace",
        "scale up",
        "scale down",
        "in place",
        "failing",
        "restart",
        "rollback",
    } < kinds


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_kill_and_the_same_command_again(name: str) -> None:
    scenario = SCENARIOS[name]
    _, calls = play_alone(scenario)
    points = [
        (n, w) for n, (_, changes) in enumerate(calls) if changes for w in ("before", "after")
    ]
    begin = sum(name.encode()) % EVERY_KILL
    result = play_scenario(scenario, only=points[begin::EVERY_KILL])
    assert not result.wrong, "\n".join(result.wrong)
    assert result.converged == result.points > 0


def test_a_kill_at_every_call_of_a_rolling_update() -> None:
    result = play_scenario(SCENARIOS["rolling, replace"])
    assert not result.wrong, "\n".join(result.wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rolling, scale up", "exclusive volume", "destroy"])
def test_a_second_kill_at_every_call_of_the_repair(name: str) -> None:
    scenario = SCENARIOS[name]
    _, calls = play_alone(scenario)
    points = [(n, "after") for n, (_, changes) in enumerate(calls) if changes]
    result = play_scenario(scenario, second=-1, only=points[1::4])  # type: ignore[arg-type]
    assert not result.wrong, "\n".join(result.wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recreate, replace", "surge 2, failing late", "two at once"])
def test_moves_side_by_side(name: str) -> None:
    """With several workers a call has no number of its own: what is hit differs, the end not."""
    scenario = SCENARIOS[name]
    expected, calls = play_alone(scenario)
    points = [n for n, (_, changes) in enumerate(calls) if changes][::3]
    wrong = [one for n in points for one in play_point(scenario, ((n, "after"),), expected, 4)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPREAD)
@pytest.mark.parametrize("what", ["faults", "outages", "zombies"])
def test_faults_and_zombies(name: str, what: str) -> None:
    result = play_all(what, SCENARIOS[name], EVERY_FAULT if what == "faults" else 7)
    assert not result.wrong, "\n".join(result.wrong)
    assert result.points > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rolling, replace", "canary, replace"])
def test_two_applies_at_once_a_hundred_times(name: str) -> None:
    scenario = with_remote(SCENARIOS[name])
    expected, _ = play_alone(scenario)
    wrong = [f"seed {seed}: {one}" for seed in range(50)
             for one in play_race(scenario, seed, expected)]  # fmt: skip
    assert not wrong, "\n".join(wrong)


def test_the_matrix_sees_what_is_wrong() -> None:
    """The same harness with a promise that nobody keeps, and with another end."""
    scenario: Scenario = SCENARIOS["recreate, replace"]
    expected, _ = play_alone(scenario)
    stricter = replace(scenario, rules=replace(scenario.rules, minimum={"alpha": 3}))
    assert any("promised" in one for one in play_point(stricter, ((3, "after"),), expected))
    assert play_point(scenario, ((3, "after"),), {**expected, "verified": "other"})


def test_the_matrix_sees_a_pause_that_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody remembers a passed pause: the kill after the first one shows it."""
    scenario = SCENARIOS["canary, replace"]
    expected, calls = play_alone(scenario)
    (first, *_) = [n for n, (label, _) in enumerate(calls) if "create progress" in label]
    assert not play_point(scenario, ((first + 3, "after"),), expected)
    monkeypatch.setattr("agentgit.pipeline.find_passages", lambda *_: frozenset())
    found = play_point(scenario, ((first + 3, "after"),), expected)
    assert "the pause of 10s was over and is made again" in found
