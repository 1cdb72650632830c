"""Two commands at the same time, from two clones with one remote; a seed decides the order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from threading import Condition, Thread
from typing import Any

from tests.crash.matrix import compare, fresh
from tests.crash.mortal import Fate
from tests.crash.scenarios import Scenario
from tests.crash.stage import Answer, project, records, run

PATIENCE = 0.05  # seconds: then a call goes on though it is not its turn (it may be waited for)


class Turns:
    """Lets one of several processes make its next call, and chooses the next one at random."""

    def __init__(self, seed: int, names: tuple[str, ...]) -> None:
        self._random = Random(seed)
        self._names = list(names)
        self._turn = self._random.choice(names)
        self._changed = Condition()

    def take(self, name: str, do: Callable[[], Any]) -> Any:
        """Make a call of that process when it is its turn."""
        with self._changed:
            self._changed.wait_for(lambda: self._turn == name, PATIENCE)
        try:
            return do()
        finally:
            self._pass_on()

    def leave(self, name: str) -> None:
        """That process has ended."""
        with self._changed:
            self._names.remove(name)
        self._pass_on()

    def _pass_on(self) -> None:
        with self._changed:
            if self._names:
                self._turn = self._random.choice(self._names)
            self._changed.notify_all()


def with_remote(scenario: Scenario) -> Scenario:
    """The same scenario in a project whose ledger is shared."""
    first, *others = scenario.steps
    project_file = str(first["agentgit.yaml"]).replace(
        "spec: {id", "spec: {ledger: {remote: origin}, id"
    )
    first = {**first, "agentgit.yaml": project_file}
    return replace(scenario, name=f"{scenario.name}, shared", steps=(first, *others))


def play_race(scenario: Scenario, seed: int, expected: dict[str, Any]) -> list[str]:
    """Two people type the same at the same time; then one of them again. Gives what was wrong."""
    stage, request = fresh(scenario)
    remote = stage.repository.copy()
    clones = {"ana": stage.repository.copy(), "bo": stage.repository.copy()}
    for clone in clones.values():
        clone.remotes["origin"] = remote
    turns, answers = Turns(seed, tuple(clones)), dict[str, Answer]()

    def act(name: str) -> None:
        fate = Fate(fault=lambda _number, _label, do: turns.take(name, do))
        try:
            answers[name] = run(
                stage, request, fate, repository=clones[name], actor=f"{name} <{name}@acme>"
            )
        finally:
            turns.leave(name)

    threads = [Thread(target=act, args=(name,)) for name in clones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = list(stage.observer.wrong)
    if len(answers) < len(clones):
        return [*wrong, f"only {sorted(answers)} came to an end"]
    said = {name: one.said for name, one in answers.items()}
    allowed = {"succeeded", "nothing", "exit 4", "exit 5", "superseded"}
    if not set(said.values()) <= allowed:
        wrong.append(f"they ended with {said}: {[one.error for one in answers.values()]}")
    stage.repository = clones["ana"]
    run(stage, request, repository=clones["ana"])
    written = {one.id for one in records(stage, clones["ana"])}
    missing = {one.id for one in records(stage, clones["bo"])} - written
    wrong += [f"{one} is not known to everybody" for one in sorted(missing)]
    found = project(stage)
    left = ["baselines-production", "identity-production", "images-production"]
    left += ["lease-production released"]
    shared = dict.fromkeys(found["values"], left)
    return wrong + stage.observer.wrong + compare({**expected, "values": shared}, found)
