"""What a plan looks at once for each replica costs in step with them."""

from __future__ import annotations

from collections import Counter

from agentgit.model.observed import HostState
from agentgit.plan.availability import count_least
from agentgit.plan.placement import place_slots
from tests.builders import Fleet, make_desired, make_instance
from tests.growth import MOST, measure_growth


class Name(str):
    """The name of a host that counts how often it is looked up."""

    __slots__ = ()
    looks = 0

    def __hash__(self) -> int:
        Name.looks += 1
        return super().__hash__()


def test_the_worst_moment_of_many_waves() -> None:
    def count(replicas: int) -> object:
        fleet, rollout = Fleet(), {"maxSurge": 0, "maxUnavailable": 1}
        fleet.apply(make_desired(make_instance(replicas=replicas, rollout=rollout)))
        desired = make_desired(make_instance(image="a:2", replicas=replicas, rollout=rollout))
        plan = fleet.plan(desired, allow=frozenset({"replaced"}))
        observed = fleet.observe()
        assert len(plan.waves) == replicas
        return lambda: count_least(observed, plan.waves)

    prepared = {replicas: count(replicas) for replicas in (1, 20, 40, 80)}
    assert measure_growth(lambda replicas: prepared[replicas](), 20) < MOST


def test_many_slots_of_one_instance() -> None:
    def count_looks(replicas: int) -> int:
        state, before = HostState.model_construct(host=Name("eu-1")), Name.looks
        place_slots((state,), {}, replicas, Counter())
        return Name.looks - before

    assert count_looks(400) < 5 * count_looks(100)
