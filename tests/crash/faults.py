"""What can happen to a call besides a kill, and the matrix of it: every fault at every call.

`python -m tests.crash.faults` prints it. After each the same command runs again without a fault,
and the end has to be that of an uninterrupted run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from agentgit.effects import GitResult
from agentgit.errors import DefiniteError, EngineError
from agentgit.model.events import LeftBehind
from tests.crash.matrix import (
    MOST_REPAIRS,
    Result,
    compare,
    fresh,
    is_refusal,
    play_alone,
    print_result,
)
from tests.crash.mortal import Fate, silent_deaths
from tests.crash.process import stopped
from tests.crash.scenarios import Scenario, all_scenarios
from tests.crash.stage import Answer, Stage, project, records, run

Call = Callable[[], Any]
Fault = Callable[[Stage, str, Call], Any]

CALL = 8.0  # seconds that a call takes when the engine is slow
TIMEOUT = 30.0  # seconds after which a call is given up
OUTAGE = 12.0  # seconds for which an engine is stopped
DAY = 86_400.0


def refuse(_: Stage, label: str, __: Call) -> Any:
    """500: the engine says no, and nothing happened."""
    raise EngineError(f"injected: 500 at {label}")


def refuse_for_good(_: Stage, label: str, __: Call) -> Any:
    """400: the engine says no and always will."""
    raise DefiniteError(f"injected: 400 at {label}")


def reset(_: Stage, label: str, do: Call) -> Any:
    """The connection is reset: it was carried out, and the answer is lost."""
    do()
    raise EngineError(f"injected: reset at {label}")


def hang(stage: Stage, label: str, _: Call) -> Any:
    """The engine hangs until the call is given up."""
    stage.clock.sleep(TIMEOUT)
    raise EngineError(f"injected: timeout at {label}")


def delay(stage: Stage, _: str, do: Call) -> Any:
    """The answer is slow."""
    stage.clock.sleep(CALL)
    return do()


def jump_ahead(stage: Stage, _: str, do: Call) -> Any:
    """Somebody sets the clock a day ahead."""
    stage.clock.jump += DAY
    return do()


def jump_back(stage: Stage, _: str, do: Call) -> Any:
    """Somebody sets the clock an hour back."""
    stage.clock.jump -= DAY / 24
    return do()


FAULTS: dict[str, Fault] = {
    "500": refuse,
    "400": refuse_for_good,
    "reset": reset,
    "hang": hang,
    "slow": delay,
    "clock ahead": jump_ahead,
    "clock back": jump_back,
}


def break_git(_: Stage, label: str, __: Call) -> Any:
    """The disk of the repository is full, or the remote is away: git says so."""
    verb = label.removeprefix("git ")
    return GitResult(128, b"", f"fatal: injected: no space left on device at {verb}")


def play_faults(
    scenario: Scenario, kinds: Iterable[str] = tuple(FAULTS), *, every: int = 1
) -> Result:
    """Let each kind of fault happen at every call (or every n-th), one at a time."""
    began = time.perf_counter()
    result = Result(f"{scenario.name}")
    expected, calls = play_alone(scenario)
    result.calls = len(calls)
    for number, (label, changes) in enumerate(calls):
        if number % every:
            continue
        for kind, fault in _fitting(label, changes, kinds):
            result.points += 1
            wrong = play_fault(scenario, number, fault, expected, kind)
            result.converged += not wrong
            result.wrong += [f"{scenario.name}, {kind} at call {number} ({label}): {one}"
                             for one in wrong]  # fmt: skip
    result.seconds = time.perf_counter() - began
    return result


def play_fault(
    scenario: Scenario, at: int, fault: Fault, expected: dict[str, Any], kind: str
) -> list[str]:
    """One fault, then the same command until it has nothing left to do."""
    stage, request = fresh(scenario)

    def happen(number: int, label: str, do: Call) -> Any:
        return fault(stage, label, do) if number == at else do()

    done = first = run(stage, request, Fate(fault=happen))
    wrong = _check_answer(done, scenario)
    if kind.startswith("clock"):
        stage.clock.jump = 0.0
    for _ in range(MOST_REPAIRS):
        done = run(stage, request)
        if done.said in {scenario.ends, "nothing"} or is_refusal(done.said, scenario):
            break
    else:
        wrong.append(f"the same command again ended with {done.said}: {done.error}")
    wrong += check_blame(stage)
    return wrong + stage.observer.wrong + _compare(first, expected, stage)


def play_outage(scenario: Scenario, at: int, expected: dict[str, Any]) -> list[str]:
    """The engines are stopped for a while from one call on; what runs there runs on."""
    stage, request = fresh(scenario)
    stage.observer.rules = replace(scenario.rules, minimum={})
    back = [0.0]

    def happen(number: int, label: str, do: Call) -> Any:
        if number == at:
            back[0] = stage.clock.monotonic() + OUTAGE
        if not label.startswith("git") and stage.clock.monotonic() < back[0]:
            stage.clock.sleep(0.2)
            raise EngineError(f"injected: {label}: the engine is stopped")
        return do()

    done = first = run(stage, request, Fate(fault=happen))
    wrong = _check_answer(done, scenario)
    stage.clock.sleep(OUTAGE)
    for _ in range(MOST_REPAIRS):
        done = run(stage, request)
        if done.said in {scenario.ends, "nothing"} or is_refusal(done.said, scenario):
            break
    return wrong + stage.observer.wrong + _compare(first, expected, stage)


def _compare(first: Answer, expected: dict[str, Any], stage: Stage) -> list[str]:
    """Compare the ends; an image that was left behind, and said so, may be there still."""
    found = _project(stage)
    for note in ("images-", "identity-"):  # of a destroy whose host was away at its very end
        if not expected["replicas"]:
            found["values"] = _without(found["values"], note)
    if any(isinstance(one, LeftBehind) for one in first.events):
        found |= {"images": expected["images"], "values": _without(found["values"], "brought-")}
        expected = {**expected, "values": _without(expected["values"], "brought-")}
    return compare(expected, found)


def play_zombie(scenario: Scenario, at: int, expected: dict[str, Any]) -> list[str]:
    """Stop a process before a call (SIGSTOP), let another finish, let the first go on (SIGCONT).

    The call that was already on its way may still arrive; no other may.
    """
    stage, request = fresh(scenario)
    stage.observer.rules = replace(scenario.rules, minimum={}, twins=2, per_slot=4)

    def happen(number: int, _label: str, do: Call) -> Any:
        if number != at:
            return do()
        with stopped(fate.process):
            run(stage, request, actor="Bo <bo@acme>")
        return do()

    fate = Fate(fault=happen)
    run(stage, request, fate)
    wrong = []
    if len(stage.observer.intruders) > 1:
        wrong.append(f"changes without the lease: {stage.observer.intruders}")
    stage.observer.wrong = [one for one in stage.observer.wrong if "belongs to" not in one]
    for _ in range(MOST_REPAIRS):
        last = run(stage, request)
        if last.said in {scenario.ends, "nothing"}:
            break
        if is_refusal(last.said, scenario):  # what the late call has made stays until a fix comes
            return wrong + stage.observer.wrong
    # A late lease below the newest counts for nobody, and goes with the next change.
    found = _project(stage)
    found["values"] = _without(found["values"], "lease-")
    wanted = {**expected, "values": _without(expected["values"], "lease-")}
    return wrong + stage.observer.wrong + compare(wanted, found)


def _project(stage: Stage) -> dict[str, Any]:
    """The end. A host that failed then may keep notes, which the next rollout there forgets."""
    found = project(stage)
    found["values"] = _without(found["values"], "progress-")
    return found


def _without(values: dict[str, list[str]], prefix: str) -> dict[str, list[str]]:
    return {
        host: [one for one in names if not one.startswith(prefix)]
        for host, names in values.items()
    }


def _fitting(label: str, changes: bool, kinds: Iterable[str]) -> list[tuple[str, Fault]]:
    if label.startswith("git"):
        return [("no space", break_git)] if changes else []
    return [(kind, FAULTS[kind]) for kind in kinds]


def _check_answer(done: Any, scenario: Scenario) -> list[str]:
    """The world's fault is not the revision's: it ends well, or with exit 1 and a true reason."""
    if done.said in {scenario.ends, "nothing"} or is_refusal(done.said, scenario):
        return []
    if done.said in {"failed", "exit 1", "exit 4", "exit 5"}:
        return []
    return [f"it ended with {done.said}: {done.error}"]


def check_blame(stage: Stage) -> list[str]:
    """Nobody blames a revision for what the world did."""
    return [
        f"{one.id} blames the revision: {one.failure.message}"
        for one in records(stage)
        if one.failure and one.failure.fault == "revision" and "injected" in one.failure.message
    ]


def main() -> int:
    """Print the matrix of faults, of outages and of zombies."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--only", default="")
    words.add_argument("--every", type=int, default=1)
    words.add_argument("--what", default="faults,outages,zombies")
    chosen = words.parse_args()
    results = []
    with silent_deaths():
        for scenario in all_scenarios():
            if chosen.only in scenario.name and scenario.later is None:
                for what in chosen.what.split(","):
                    results.append(play_all(what, scenario, chosen.every))
                    print_result(results[-1])
    for one in results:
        for line in one.wrong[:6]:
            print(line, file=sys.stderr)
    return 1 if any(one.wrong for one in results) else 0


def play_all(what: str, scenario: Scenario, every: int) -> Result:
    """Play faults, outages or zombies of one scenario at every n-th call."""
    if what == "faults":
        result = play_faults(scenario, every=every)
        result.name = f"{scenario.name}, faults"
        return result
    began, (expected, calls) = time.perf_counter(), play_alone(scenario)
    play = play_outage if what == "outages" else play_zombie
    result = Result(f"{scenario.name}, {what}", len(calls))
    for number in range(0, len(calls), every):
        wrong = play(scenario, number, expected)
        result.points += 1
        result.converged += not wrong
        result.wrong += [
            f"{scenario.name}, {what} at {number} ({calls[number][0]}): {one}" for one in wrong
        ]
    result.seconds = time.perf_counter() - began
    return result


if __name__ == "__main__":
    sys.exit(main())
