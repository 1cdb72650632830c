"""Hosts that are not what they were are unknown, never empty."""

from __future__ import annotations

import pytest

from agentgit.errors import EngineError, GuardError
from agentgit.model.observed import HostState, Observed, Replica, Unreachable
from agentgit.plan.lost_hosts import check_hosts, check_reachable, find_lost, leave_out
from agentgit.plan.request import NoEvidence, PlanRequest
from tests.builders import Fleet, make_desired, make_instance


def see(*states: HostState, silent: str = "") -> Observed:
    away = (Unreachable(host=silent, reason=f"{silent}: timed out"),) if silent else ()
    return Observed(environment="production", hosts=states, unreachable=away)


def host(name: str, identity: str = "", *replicas: Replica) -> HostState:
    return HostState(host=name, engine="docker", identity=identity, replicas=replicas)


def lost(observed: Observed, *names: str, **identities: str) -> tuple[str, ...]:
    """Name what is lost of hosts that carried replicas on Docker."""
    known = {name.replace("_", "-"): one for name, one in identities.items()}
    found = find_lost(observed, dict.fromkeys((*names, *known), "docker"), known)
    assert all(one.lost and one.reason and one.hint for one in found)
    return tuple(one.host for one in found)


def test_hosts_that_carry_replicas_are_not_lost_from_sight() -> None:
    assert lost(see(host("eu-1")), "eu-1") == ()
    assert lost(see(host("eu-1")), "eu-1", "eu-2") == ("eu-2",)
    (one,) = find_lost(see(host("eu-1")), {"eu-1": "podman"}, {})
    assert "run on podman, and the host means docker now" in one.reason


def test_a_host_is_known_by_its_identity_not_its_name() -> None:
    assert lost(see(host("eu-1", "A"), host("eu-2", "B")), eu_1="A", eu_2="B") == ()
    assert lost(see(host("eu-1", "B"), host("eu-2", "A")), eu_1="A", eu_2="B") == ()  # swapped
    assert lost(see(host("new", "A"), host("eu-2", "B")), eu_1="A", eu_2="B") == ()  # renamed
    assert lost(see(host("eu-1", "A"), host("new")), eu_1="A") == ()


@pytest.mark.parametrize("identity", ["", "C"])
def test_another_engine_under_a_known_name_is_unknown_not_empty(identity: str) -> None:
    observed = see(host("eu-1", identity), host("eu-2", "B"))
    assert lost(observed, eu_1="A", eu_2="B") == ("eu-1",)
    assert lost(observed, eu_2="B") == ()  # nothing of ours ran on the other
    known = leave_out(observed, find_lost(observed, {"eu-1": "docker"}, {"eu-1": "A"}))
    assert [state.host for state in known.hosts] == ["eu-2"]
    with pytest.raises(EngineError, match=r"eu-1 is not the host .* is not known"):
        check_reachable(known)
    with pytest.raises(GuardError, match=r"eu-1 is not the host .* nobody would look") as refused:
        check_hosts(known, PlanRequest(), NoEvidence())
    assert "--allow lost-hosts" in (refused.value.hint or "")
    check_hosts(observed, PlanRequest(), NoEvidence())


def test_what_is_silent_is_not_lost_and_nothing_lets_it_pass() -> None:
    observed = see(host("eu-1", "C"), silent="eu-2")
    assert lost(observed, eu_1="A", eu_2="B") == ("eu-1",)
    known = leave_out(observed, find_lost(observed, {"eu-1": "docker"}, {"eu-1": "A"}))
    said = "eu-2 of production cannot be reached: timed out"
    with pytest.raises(EngineError, match=said):
        check_reachable(known)
    with pytest.raises(EngineError, match=said):
        check_hosts(known, PlanRequest(), NoEvidence())


def test_a_host_that_lost_only_its_identity_is_known_by_what_runs() -> None:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance()))
    (state,) = fleet.observe().hosts
    assert state.replicas
    assert not find_lost(see(state), {"host-1": "memory"}, {"host-1": "A"})


def test_one_engine_under_two_names_is_refused() -> None:
    with pytest.raises(GuardError, match="eu-1 and eu-2 are one engine under two names"):
        check_hosts(see(host("eu-1", "A"), host("eu-2", "A")), PlanRequest(), NoEvidence())
