"""Guards against accidents: each refuses, names its flag, and lets pass what is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agentgit.errors import GuardError
from agentgit.model.desired import Desired
from agentgit.model.observed import EngineKind, HostState, Observed
from agentgit.model.spec import Protection
from agentgit.plan.availability import count_least
from agentgit.plan.build import build_plan
from agentgit.plan.request import NoEvidence, PlanRequest
from tests.builders import Fleet, make_desired, make_instance
from tests.plan.guards import refuse


def protect(desired: Desired, **limits: Any) -> Desired:
    return desired.model_copy(update={"protection": Protection(**limits)})


def make_many(count: int, image: str = "acme/support:1", **blocks: Any) -> Desired:
    names = [f"tenant-{number:02}" for number in range(count)]
    return make_desired(*(make_instance(name, image, 1, **blocks) for name in names))


def hint_of(fleet: Fleet, desired: Desired) -> str:
    with pytest.raises(GuardError) as caught:
        fleet.plan(desired)
    return caught.value.hint or ""


def test_replacing_more_than_the_share_at_once_is_refused() -> None:
    fleet = Fleet()
    fleet.apply(make_many(40))
    message = refuse(fleet, make_many(40, "acme/support:2"), "replaced")
    assert message == (
        "40 of 40 replicas of production would be replaced at once, and maxReplaced is 30% (12 of "
        "them)"
    )


def test_what_is_replaced_is_told_how_to_go_step_by_step_only_where_that_can_be() -> None:
    """A canary of one replica is refused itself, and nothing is removed by a canary."""
    alone = Fleet()
    alone.apply(make_many(40))
    assert "--only INSTANCE" in hint_of(alone, make_many(40, "acme/support:2"))
    assert "canary" not in hint_of(alone, make_many(40, "acme/support:2"))
    assert "canary" not in hint_of(alone, make_many(20))
    many = Fleet()
    bold = {"maxSurge": "100%"}
    many.apply(make_desired(make_instance(replicas=40, rollout=bold)))
    new = make_instance("support", "acme/support:2", 40, rollout=bold)
    assert "a canary" in hint_of(many, make_desired(new))


def test_a_number_is_meant_as_it_is_and_a_share_lets_ten_go() -> None:
    fleet = Fleet()
    fleet.apply(make_many(10))
    changed = make_many(4, "acme/support:2").instances + make_many(10).instances[4:]
    fleet.plan(protect(make_desired(*changed), max_replaced="10%"))
    fleet.plan(protect(make_desired(*changed), max_replaced=4))
    message = refuse(fleet, protect(make_desired(*changed), max_replaced=3), "replaced")
    assert message == (
        "4 of 10 replicas of production would be replaced at once, and maxReplaced is 3"
    )


@pytest.mark.parametrize(("changed", "refused"), [(12, False), (13, True)])
def test_the_share_counts_all_replicas(changed: int, *, refused: bool) -> None:
    fleet = Fleet()
    fleet.apply(make_many(40))
    some = make_many(40, "acme/support:2").instances[:changed]
    rest = make_many(40).instances[changed:]
    desired = make_desired(*some, *rest)
    if refused:
        refuse(fleet, desired, "replaced")
    else:
        fleet.plan(desired)


def test_ten_replicas_may_always_be_replaced_or_removed() -> None:
    fleet = Fleet()
    fleet.apply(make_many(10))
    fleet.plan(make_many(10, "acme/support:2"))
    fleet.plan(make_many(1))


def test_replicas_that_change_one_after_another_are_not_replaced_at_once() -> None:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=40)))
    fleet.plan(make_desired(make_instance(image="acme/support:2", replicas=40)))
    bold = {"maxSurge": "100%"}
    refuse(
        fleet,
        make_desired(make_instance(image="acme/support:2", replicas=40, rollout=bold)),
        "replaced",
    )


def plan_canary(*steps: Mapping[str, Any], replicas: int = 22, count: int = 1) -> None:
    """Replace everything with a canary of these steps, as much at once as it will."""
    canary = {"strategy": "canary", "steps": list(steps), "maxSurge": "100%"}
    names = [f"t-{number:02}" for number in range(count)]
    before, after = (
        make_desired(*(make_instance(name, image, replicas, rollout=canary) for name in names))
        for image in ("acme/support:1", "acme/support:2")
    )
    fleet = Fleet()
    fleet.apply(before)
    fleet.plan(after)


PAUSE = {"pause": {"duration": "1m"}}


def test_a_canary_that_looks_at_a_small_part_first_is_a_declared_wave() -> None:
    plan_canary({"setWeight": 10}, PAUSE)
    plan_canary({"setWeight": 25}, {"pause": {"duration": "0s"}}, PAUSE)
    plan_canary({"setWeight": 50}, PAUSE, replicas=2, count=20)  # less than one there is not


@pytest.mark.parametrize(
    "steps",
    [
        [{"setWeight": 100}],
        [{"setWeight": 100}, PAUSE],
        [{"setWeight": 98}, PAUSE],  # which is all of 22
        [{"setWeight": 10}, {"setWeight": 100}, PAUSE],
        [{"setWeight": 10}, {"pause": {"duration": "0s"}}],
        [{"setWeight": 50}, PAUSE],
    ],
)
def test_a_canary_that_looks_too_late_is_none(steps: list[Mapping[str, Any]]) -> None:
    with pytest.raises(GuardError, match="of 22 replicas of production would be replaced"):
        plan_canary(*steps)


def test_removing_more_than_the_share_is_refused() -> None:
    fleet = Fleet()
    fleet.apply(make_many(40))
    assert "would be removed at once" in refuse(fleet, make_many(27), "removed")
    fleet.plan(make_many(28))
    fleet.plan(protect(make_many(20), max_removed="60%"))


def test_scaling_down_counts_as_removing() -> None:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=40)))
    desired = make_desired(make_instance(replicas=20))
    refuse(fleet, desired, "removed")


@pytest.mark.parametrize("limit", [2, "40%"])
def test_scaling_down_below_what_must_serve_is_refused(limit: int | str) -> None:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=5), make_instance("other", replicas=1)))

    def scale(replicas: int) -> Desired:
        some = (make_instance(replicas=replicas), make_instance("other", replicas=1))
        return protect(make_desired(*some), min_available=limit)

    assert refuse(fleet, scale(1), "unavailable") == (
        f"only 1 of 5 replicas of support would serve from then on, and minAvailable is {limit}: "
        "scale.replicas is 1 (environments/production/instances/support.yaml)"
    )
    way = "ask for at least 2 replicas, or lower minAvailable first; if it is meant: "
    assert hint_of(fleet, scale(1)).startswith(way)
    refuse(fleet, scale(0), "unavailable")
    fleet.plan(scale(2))


def test_what_serves_too_little_already_must_not_become_less() -> None:
    policy = {"maxSurge": 0, "maxUnavailable": 3}
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=4, rollout=policy)))
    (engine,) = fleet.engines.values()
    for name, (replica, spec) in list(engine.replicas.items())[:2]:
        engine.replicas[name] = (replica.model_copy(update={"health": "unhealthy"}), spec)
    desired = make_desired(make_instance(image="acme/support:2", replicas=4, rollout=policy))
    assert "only 1 of 4" in refuse(fleet, protect(desired, min_available=3), "unavailable")


@pytest.mark.parametrize("way", ["scale", "files"])
def test_an_environment_never_becomes_empty_by_accident(way: str) -> None:
    fleet = Fleet()
    names = [f"i{number}" for number in range(7)]
    fleet.apply(make_desired(*(make_instance(name, replicas=1) for name in names)))
    nothing = [make_instance(name, replicas=0) for name in names] if way == "scale" else []
    why = "every instance asks for 0 replicas" if way == "scale" else "no instance is declared"
    assert refuse(fleet, make_desired(*nothing), "emptied") == (
        f"production would become empty: 7 replicas run and {why}"
    )
    fleet.plan(make_desired(*nothing), only=frozenset({"i0"}))
    fleet.plan(make_desired(*nothing), destroy=True)
    Fleet().plan(make_desired(*nothing))


def test_fewer_replicas_that_serve_than_promised_is_refused() -> None:
    policy = {"maxSurge": 0, "maxUnavailable": 2}
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=4, rollout=policy)))
    desired = make_desired(make_instance(image="acme/support:2", replicas=4, rollout=policy))
    fleet.plan(desired)
    fleet.plan(protect(desired, min_available="50%"))
    message = refuse(fleet, protect(desired, min_available="75%"), "unavailable")
    assert message.startswith("only 2 of 4 replicas of support would serve meanwhile")


def test_an_instance_that_does_not_serve_anyway_can_be_repaired() -> None:
    fleet = Fleet()
    desired = protect(make_desired(make_instance(replicas=1)), min_available="100%")
    fleet.plan(desired)
    fleet.apply(desired)
    fleet.providers["host-1"].engine.replicas.clear()
    fleet.plan(desired)


def test_an_image_by_a_name_that_may_move_is_refused_where_the_environment_wants_so() -> None:
    fleet = Fleet()
    fleet.plan(make_desired(make_instance()))
    desired = protect(make_desired(make_instance()), pinned_images=True)
    assert "acme/support:1 of support is a name" in refuse(fleet, desired, "mutable-images")
    fixed = make_instance(image=f"acme/support@sha256:{'0' * 64}")
    fleet.plan(protect(make_desired(fixed), pinned_images=True))


@pytest.mark.parametrize(("others", "refused"), [((), []), (("docker",), ["mutable-images"])])
def test_processes_need_no_image(others: tuple[EngineKind, ...], refused: list[str]) -> None:
    engines: tuple[EngineKind, ...] = ("process", *others)
    states = (HostState(host=f"host-{n}", engine=kind) for n, kind in enumerate(engines, 1))
    observed = Observed(environment="production", hosts=tuple(states))
    both = make_instance(replicas=2, process={"source": "src", "command": ["agent"]})
    desired = protect(make_desired(both, hosts=len(engines)), pinned_images=True)
    plan = build_plan(desired, observed, PlanRequest(), NoEvidence())
    assert [one.kind for one in plan.changes] == ["create"]
    assert [one.name for one in plan.refusals] == refused


def test_the_worst_moment_of_a_plan() -> None:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=3)))
    rolling = fleet.plan(make_desired(make_instance(image="acme/support:2", replicas=3)))
    assert count_least(fleet.observe(), rolling.waves) == {"support": 3}
    recreate = {"strategy": "recreate"}
    stopped = fleet.plan(
        make_desired(make_instance(image="acme/support:2", replicas=3, rollout=recreate))
    )
    assert count_least(fleet.observe(), stopped.waves) == {"support": 0}
