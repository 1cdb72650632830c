"""Many takers at once on one host: in each round exactly one gets the lease of an environment."""

from __future__ import annotations

import uuid
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from agentgit.effects import Provider
from agentgit.errors import LeaseError
from agentgit.execute.clock import SystemClock
from agentgit.execute.lease import Lease, Terms
from agentgit.execute.lease_value import Holder, Times
from agentgit.providers.memory import MemoryEngine, MemoryProvider
from agentgit.providers.process.provider import ProcessProvider

TIMES = Times(ttl=60.0, beat=0.05, call=5.0, look=0.05)
TAKERS = 6


@pytest.fixture(
    params=[
        ("memory", 100),
        ("process", 30),
        pytest.param(("docker", 5), marks=[pytest.mark.docker, pytest.mark.xdist_group("docker")]),
        pytest.param(("podman", 5), marks=[pytest.mark.podman, pytest.mark.xdist_group("podman")]),
    ]
)
def race(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[Provider], int]:
    """A provider for every taker, all of the same host and project, and the rounds to run."""
    kind, rounds = request.param
    project, engine = str(uuid.uuid4()), MemoryEngine()
    if kind == "memory":
        return [MemoryProvider("h", project, engine) for _ in range(TAKERS)], rounds
    if kind == "process":
        folder = tmp_path / "h"
        return [ProcessProvider("h", project, folder, no_tree) for _ in range(TAKERS)], rounds
    open_on = request.getfixturevalue("open_on")
    opened = open_on(request.getfixturevalue(f"{kind}_engine"))
    return [opened(project) for _ in range(TAKERS)], rounds


def no_tree(*_: str) -> Any:
    return ()


def test_exactly_one_taker_wins_each_round(race: tuple[list[Provider], int]) -> None:
    providers, rounds = race
    fences = []
    for number in range(rounds):
        lease = run_round(providers, number)
        fences.append(lease.fence)
        lease.check()
        lease.release()
    assert fences == sorted(set(fences))  # every holder has a higher number than the one before
    names = providers[0].store.names("")
    assert len(names) == 1, names


def run_round(providers: list[Provider], number: int) -> Lease:
    """Let all of them try at the same moment; gives the lease of the one that has it."""
    start, won = Barrier(len(providers)), list[Lease]()
    wrong: list[BaseException] = []

    def take(taker: int, provider: Provider) -> None:
        holder = Holder(f"taker {taker}", f"r{number}-{taker}", "now")
        lease = Lease({"h": provider}, "staging", holder, SystemClock(), Event(), Terms(TIMES))
        start.wait()
        try:
            list(lease.take())
            won.append(lease)
        except LeaseError:
            lease.release()
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            wrong.append(error)
            lease.release()

    threads = [Thread(target=take, args=pair) for pair in enumerate(providers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(won) == 1, [one._holder.actor for one in won]
    return won[0]
