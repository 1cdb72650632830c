"""What a plan looks up, it finds at once: by name in a fleet, and never stale in a copy of it."""

from __future__ import annotations

import pytest

from agentgit.model.observed import Observed
from tests.builders import ENVIRONMENT, Fleet, make_desired, make_instance


def observe(*names: str) -> Observed:
    fleet = Fleet()
    fleet.apply(make_desired(*(make_instance(name) for name in names)))
    return fleet.observe()


def test_replicas_are_found_by_instance() -> None:
    observed = observe("alpha", "beta")
    assert [one.slot for one in observed.replicas_of("beta")] == [1, 2]
    assert observed.replicas_of("gamma") == ()
    assert observed.replicas is observed.replicas


def test_a_copy_finds_its_own() -> None:
    observed, other = observe("alpha"), observe("beta")
    assert observed.replicas_of("alpha")
    copy = observed.model_copy(update={"hosts": other.hosts})
    assert copy.replicas == other.replicas
    assert copy.replicas_of("alpha") == ()
    assert observed.replicas_of("alpha")

    desired = make_desired(make_instance("alpha"))
    assert desired.instance("alpha") is not None
    fewer = desired.model_copy(update={"instances": ()})
    assert fewer.instance("alpha") is None


def test_what_is_kept_beside_the_fields_is_no_part_of_the_value() -> None:
    observed = observe("alpha")
    same = Observed(environment=ENVIRONMENT, hosts=observed.hosts)
    assert observed.replicas_of("alpha")
    assert observed == same
    assert observed.model_dump() == same.model_dump()
    assert repr(observed) == repr(same)


@pytest.mark.parametrize("order", ["alpha beta", "beta alpha"])
def test_replicas_come_in_one_order(order: str) -> None:
    observed = observe(*order.split())
    found = [(one.host, one.instance, one.slot) for one in observed.replicas]
    assert found == sorted(found)
