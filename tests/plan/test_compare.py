"""Which replica of a slot stays, and what is said of those that go."""

from __future__ import annotations

from typing import Any

from agentgit.model.observed import HostState, Replica
from agentgit.plan.compare import SlotChange, compare_slot, wanted_live
from agentgit.plan.instance import compare_instance
from agentgit.plan.moves import move_to_new
from tests.builders import Fleet, make_desired, make_instance

INSTANCE = make_instance(replicas=1)


def replica(name: str, **facts: Any) -> Replica:
    live = wanted_live(INSTANCE, "docker")
    known = {"host": "eu-1", "id": f"id of {name}", "name": name, "instance": "support",
             "agent": "support", "slot": 1, "revision": INSTANCE.revision, "commit": "c",
             "state": "running", "health": "healthy", "live": live}  # fmt: skip
    return Replica.model_validate(known | facts)


def compare(*found: Replica, restart: bool = False) -> SlotChange:
    host = HostState(host="eu-1", engine="docker", supports=frozenset({"update"}))
    return compare_slot(INSTANCE, 1, host, found, restart=restart)


def kept(*found: Replica) -> str:
    keeper = compare(*found).keeper
    assert keeper is not None
    return keeper.name


def test_what_serves_is_verified_and_seen_healthy_stays() -> None:
    assert kept(replica("a", unverified=True), replica("b")) == "b"
    assert kept(replica("a", health="none"), replica("b")) == "b"
    assert kept(replica("a", health="starting"), replica("b", unverified=True)) == "b"
    assert kept(replica("a", handmade=True), replica("b", health="starting")) == "b"


def test_what_goes_is_named_beside_any_action() -> None:
    changed = replica("b").model_copy(update={"live": replica("b").live.model_copy(
        update={"restart": "always"})})  # fmt: skip
    for found, action in (
        ((replica("a"), replica("b")), "remove"),
        ((replica("a", unverified=True), changed), "update"),
        ((replica("a", state="exited"), replica("b", state="exited")), "start"),
        ((replica("a", health="unhealthy"), replica("b", health="unhealthy")), "replace"),
    ):
        change = compare(*found)
        assert change.action == action
        (said,) = [one.detail for one in change.causes if one.kind == "surplus"]
        assert said.startswith("slot 1 has 2 replicas: ")
        assert all(one.name in said for one in change.old)


def test_what_does_not_run_is_not_asked_for_its_health() -> None:
    old = {"revision": "old", "health": "unhealthy"}
    for state, words in (
        ("paused", "somebody paused a"),
        ("exited", "a has ended with exit code 3"),
        ("restarting", "a keeps ending"),
    ):
        causes = compare(replica("a", state=state, exit_code=3, **old)).causes
        assert [one.kind for one in causes] == ["fields", "stopped"]
        assert words in causes[1].detail
    assert [one.kind for one in compare(replica("a", **old)).causes] == ["fields", "unhealthy"]


def test_of_two_that_are_replaced_ours_serves_until_the_end() -> None:
    change = compare(replica("a", handmade=True), replica("b"), restart=True)
    fleet = Fleet()
    fleet.apply(make_desired(INSTANCE))
    spec = next(iter(fleet.engines["host-1"].replicas.values()))[1]
    move = move_to_new(change, INSTANCE, spec, stop_first=False)
    gone = [step.name for step in move.finish if step.kind == "remove-replica"]
    assert gone == ["b"]


def test_a_slot_that_only_somebody_asked_for_is_surplus() -> None:
    fleet = Fleet()
    fleet.apply(make_desired(INSTANCE))
    observed = fleet.observe()
    (state,) = observed.hosts
    extra = state.replicas[0].model_copy(update={"slot": 9, "name": "mine", "handmade": True})
    more = state.model_copy(update={"replicas": (*state.replicas, extra)})
    seen = observed.model_copy(update={"hosts": (more,)})
    *_, change = compare_instance(INSTANCE, seen, {1: "host-1"}, restart=False)
    assert change.action == "remove"
    assert [one.kind for one in change.causes] == ["surplus"]
    assert "mine was made by hand" in change.causes[0].detail
