"""The crash matrix: kill at every call, run the same command again, compare with nobody killed.

`python -m tests.crash.matrix` prints the whole of it; `--seed` and `--second` choose how second
kills are sampled.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from agentgit.model.events import Event, HoldDone, HoldStarted
from tests.crash.mortal import Fate, When, silent_deaths
from tests.crash.scenarios import Scenario, all_scenarios
from tests.crash.stage import Stage, project, records, run

Point = tuple[int, When]
MOST_REPAIRS = 3  # a repair that is not complete after so many runs will never be


@dataclass
class Result:
    """What became of one scenario."""

    name: str
    calls: int = 0
    points: int = 0
    converged: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def play_scenario(
    scenario: Scenario, *, second: int = 0, seed: int = 0, only: Iterable[Point] | None = None
) -> Result:
    """Kill at every call, and `second` times again during the repair of each (-1: everywhere)."""
    began = time.perf_counter()
    result = Result(scenario.name)
    expected, calls = play_alone(scenario)
    result.calls = len(calls)
    random = Random(f"{scenario.name} {seed}")
    points = list(_points(calls)) if only is None else list(only)
    for point in points:
        tried = [(point,)]
        tried += [(point, again) for again in _second(scenario, point, second, random)]
        for kills in tried:
            result.points += 1
            wrong = play_point(scenario, kills, expected)
            result.converged += not wrong
            result.wrong += [f"{scenario.name}, {_name(kills, calls)}: {one}" for one in wrong]
    result.seconds = time.perf_counter() - began
    return result


def play_alone(scenario: Scenario) -> tuple[dict[str, Any], list[tuple[str, bool]]]:
    """Run it with nobody killed: the end to compare with, and the calls it made."""
    stage, request = fresh(scenario)
    fate = Fate()
    done = run(stage, request, fate)
    assert done.said == scenario.ends, (scenario.name, done.said, done.error)
    if scenario.later is not None:
        stage, request = fresh(scenario)
        request = _overtake(scenario, stage, request)
        done = run(stage, request)
        assert done.said == "succeeded", (scenario.name, done.said, done.error)
    assert not stage.observer.wrong, (scenario.name, stage.observer.wrong)
    expected = project(stage)
    if done.said == "succeeded" and not request:  # and nothing is left to do, by its own word
        again = run(stage, request)
        assert again.said == "nothing", (scenario.name, again.said)
    return expected, fate.trace


def play_point(
    scenario: Scenario, kills: tuple[Point, ...], expected: dict[str, Any], workers: int = 1
) -> list[str]:
    """Kill at each point in turn, then run the same command until it is left alone."""
    stage, request = fresh(scenario)
    wrong: list[str] = []
    passed: set[float] = set()
    for number, when in kills:
        done = run(stage, request, Fate(number, when), workers=workers)
        wrong += _find_repeated(scenario, done.events, passed)
        if done.said != "killed":
            break  # it ended before that call
    ends = scenario.ends
    if scenario.later is not None:
        request, ends = _overtake(scenario, stage, request), "succeeded"
        expected = {key: expected[key] for key in expected if key != "previous"}
    for _ in range(MOST_REPAIRS):
        done = run(stage, request, workers=workers)
        wrong += _find_repeated(scenario, done.events, passed)
        if done.said in {ends, "nothing"} or is_refusal(done.said, scenario):
            break
    else:
        wrong.append(f"the same command again ended with {done.said}: {done.error}")
    wrong += stage.observer.wrong
    return wrong + compare(expected, project(stage)) + _check_records(stage)


def _find_repeated(
    scenario: Scenario, events: Iterable[Event], passed: set[float]
) -> Iterator[str]:
    """List the pauses that were over before and are made again; notes those that are over now.

    Within a scenario no two pauses are as long. A restart, a way back and a newer commit are other
    rollouts, whose pauses are their own.
    """
    if scenario.ends != "succeeded" or scenario.later or scenario.request.get("kind") == "restart":
        return
    seconds = 0.0
    for event in events:
        if isinstance(event, HoldStarted):
            seconds = event.seconds
            if seconds in passed:
                yield f"the pause of {seconds:g}s was over and is made again"
        elif isinstance(event, HoldDone):
            passed.add(seconds)


def compare(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """List what differs between two ends."""
    return [
        f"{key} is {found[key]}, not {expected[key]}"
        for key in expected
        if found[key] != expected[key]
    ]


def is_refusal(said: str, scenario: Scenario) -> bool:
    """Whether the same command again has nothing left to do: it had all been done and recorded.

    A rollback to what runs is a mistake, and a revision that failed is in quarantine.
    """
    if scenario.ends == "rolled-back" and scenario.later is None:
        return said == "exit 7"
    return scenario.request.get("kind") == "rollback" and said == "exit 64"


def _check_records(stage: Stage) -> list[str]:
    ids = [one.id for one in records(stage)]
    return [] if len(ids) == len(set(ids)) else ["a rollout is recorded twice"]


def _overtake(scenario: Scenario, stage: Stage, request: dict[str, Any]) -> dict[str, Any]:
    """Commit what comes later."""
    head = stage.repository.refs["HEAD"]
    before = {p: t.decode() for p, t in stage.repository.commits[head].files.items()}
    after = {p: t for p, t in {**before, **(scenario.later or {})}.items() if t is not None}
    stage.repository.commit(after, "Later", head)
    return request


def fresh(scenario: Scenario) -> tuple[Stage, dict[str, Any]]:
    stage, request = scenario.prepare()
    return stage.copy(scenario.rules), request


def _points(calls: list[tuple[str, bool]]) -> Iterator[Point]:
    """Before and after every call that changes something: in between nothing differs."""
    for number, (_, changes) in enumerate(calls):
        if changes:
            yield number, "before"
            yield number, "after"


def _second(scenario: Scenario, first: Point, count: int, random: Random) -> list[Point]:
    """Choose where the repair of a first kill is killed too."""
    if count == 0:
        return []
    stage, request = fresh(scenario)
    run(stage, request, Fate(*first))
    fate = Fate()
    run(stage, request, fate)
    points = list(_points(fate.trace))
    return points if count < 0 else random.sample(points, min(count, len(points)))


def _name(kills: tuple[Point, ...], calls: list[tuple[str, bool]]) -> str:
    (number, when), *rest = kills
    label = calls[number][0] if number < len(calls) else ""
    more = "".join(f", then {then} call {again}" for again, then in rest)
    return f"killed {when} call {number} ({label}){more}"


def main() -> int:
    """Print the matrix and its totals."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--second", type=int, default=2, help="second kills a point; -1: all")
    words.add_argument("--only", default="", help="scenarios whose name has these words")
    chosen = words.parse_args()
    results = []
    print(f"{'scenario':34}{'calls':>7}{'points':>8}{'converged':>11}{'seconds':>9}")
    with silent_deaths():
        for scenario in all_scenarios():
            if chosen.only in scenario.name:
                result = play_scenario(scenario, second=chosen.second, seed=chosen.seed)
                results.append(result)
                print_result(result)
    total = Result(
        "all",
        sum(one.calls for one in results),
        sum(one.points for one in results),
        sum(one.converged for one in results),
        sum(one.seconds for one in results),
    )
    print_result(total)
    for one in results:
        for line in one.wrong[:5]:
            print(line, file=sys.stderr)
    return 0 if total.points == total.converged else 1


def print_result(one: Result) -> None:
    print(
        f"{one.name:34}{one.calls:7}{one.points:8}{one.converged:11}{one.seconds:9.1f}", flush=True
    )


if __name__ == "__main__":
    sys.exit(main())
