"""Passed pauses on the hosts that took part."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.errors import EngineError, LostLeaseError
from agentgit.model.progress import Passage
from agentgit.model.steps import Hold
from agentgit.workflow.progress import find_passages, forget_passages, note_passages
from tests.builders import Fleet, make_desired, make_instance

CANARY = {"strategy": "canary", "steps": [{"setWeight": 50}, {"pause": {"duration": "1m"}}]}
DESIRED = make_desired(make_instance(rollout=CANARY), hosts=3)
A = Passage(instance="a", old="1", new="2", weight=50)
B = Passage(instance="b", old="1", new="2", weight=25)


def pause(passage: Passage, *hosts: str) -> Hold:
    replicas = tuple((host, f"replica-{host}") for host in hosts)
    return Hold(duration=60.0, replicas=replicas, passes=(passage,))


def stored(fleet: Fleet) -> dict[str, tuple[str, ...]]:
    return {host: one.store.names("progress-") for host, one in fleet.providers.items()}


class Failing:
    """A store that fails with one error whatever is asked."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any) -> Any:
            raise self._error

        return fail


def test_it_is_kept_where_the_replicas_are_and_gathered_from_all() -> None:
    fleet = Fleet(hosts=3)
    note_passages(fleet.providers, "production", pause(A, "host-1", "host-3"))
    note_passages(fleet.providers, "production", pause(B, "host-3"))
    name = ("progress-production",)
    assert stored(fleet) == {"host-1": name, "host-2": (), "host-3": name}
    assert find_passages(fleet.providers, DESIRED) == {A, B}
    calm = make_desired(make_instance(), hosts=3)
    assert find_passages(fleet.providers, calm) == frozenset()
    forget_passages(fleet.providers, "production", lambda one: one == B)
    assert stored(fleet) == {"host-1": (), "host-2": (), "host-3": name}
    assert find_passages(fleet.providers, DESIRED) == {B}
    forget_passages(fleet.providers, "production", lambda _: False)
    assert stored(fleet) == {"host-1": (), "host-2": (), "host-3": ()}


def test_another_environment_is_left_alone() -> None:
    fleet = Fleet()
    note_passages(fleet.providers, "staging", pause(A, "host-1"))
    forget_passages(fleet.providers, "production", lambda _: False)
    assert stored(fleet) == {"host-1": ("progress-staging",)}
    assert find_passages(fleet.providers, DESIRED) == frozenset()


def test_a_host_that_is_away_costs_a_pause_and_no_rollout() -> None:
    fleet = Fleet(hosts=2)
    fleet.providers["host-1"]._store = Failing(EngineError("away"))  # type: ignore[assignment]
    note_passages(fleet.providers, "production", pause(A, "host-1", "host-2"))
    assert find_passages(fleet.providers, DESIRED) == {A}
    forget_passages(fleet.providers, "production", lambda _: False)
    assert find_passages(fleet.providers, DESIRED) == frozenset()


def test_a_lost_lease_is_not_passed_over() -> None:
    fleet = Fleet()
    fleet.providers["host-1"]._store = Failing(LostLeaseError("lost"))  # type: ignore[assignment]
    with pytest.raises(LostLeaseError):
        note_passages(fleet.providers, "production", pause(A, "host-1"))
    with pytest.raises(LostLeaseError):
        forget_passages(fleet.providers, "production", lambda _: False)
