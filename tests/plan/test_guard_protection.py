"""Guards against accidents: each refuses, names its flag, and lets pass what is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agentgit.errors import GuardError
from agentgit.model.desired import Desired
from agentgit.model.spec import Protection
from agentgit.plan.availability import count_least
from tests.builders import Fleet, make_desired, make_instance


def protect(desired: Desired, **limits: Any) -> Desired:
    return desired.model_copy(update={"protection": Protection(**limits)})


def make_many(count: int, image: str = "acme/support:1", **blocks: Any) -> Desired:
    names = [f"tenant-{number:02}" for number in range(count)]
    return make_desired(*(make_instance(name, image, 1, **blocks) for name in names))


def refuse(fleet: Fleet, desired: Desired, guard: str) -> str:
    """Plan, and expect the guard; then expect that its name lets the plan pass."""
    with pytest.raises(GuardError) as caught:
        fleet.plan(desired)
    assert f"--allow {guard}" in (caught.value.hint or "")
    fleet.plan(desired, allow=frozenset({guard}))
    return caught.value.message


def test_replacing_more_than_the_share_at_once_is_refused() -> None:
    fleet = Fleet()
    fleet.apply(make_many(40))
    message = refuse(fleet, make_many(40, "acme/support:2"), "replaced")
    assert message == (
        "40 of 40 replicas of production would be replaced at once, and maxReplaced is 30%"
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


def test_a_canary_is_a_declared_wave() -> None:
    canary: Mapping[str, Any] = {
        "strategy": "canary",
        "steps": [{"setWeight": 100}, {"pause": {"duration": "1m"}}],
    }
    fleet = Fleet()
    fleet.apply(make_many(40, rollout=canary))
    fleet.plan(make_many(40, "acme/support:2", rollout=canary))


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


def test_an_instance_under_another_name_is_refused() -> None:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance("alpha"), make_instance("beta", "acme/beta:1")))
    renamed = make_desired(make_instance("gamma"), make_instance("beta", "acme/beta:1"))
    assert refuse(fleet, renamed, "renames").startswith("alpha would be removed and gamma")
    other = make_desired(
        make_instance("gamma", "acme/gamma:1"), make_instance("beta", "acme/beta:1")
    )
    fleet.plan(other)


def test_a_move_that_leaves_volumes_behind_is_refused() -> None:
    data = {"volumes": {"/data": {"name": "data", "access": "perSlot"}}}
    fleet = Fleet(hosts=2)
    placed = make_instance(replicas=1, container=data)
    desired = make_desired(placed, hosts=2)
    fleet.apply(desired)
    (host,) = {one.host for one in fleet.observe().replicas}
    away = {name: spec.model_copy(update={"labels": {} if name == host else {"pool": "new"}})
            for name, spec in desired.hosts.items()}  # fmt: skip
    moved = make_instance(replicas=1, container=data, placement={"matchLabels": {"pool": "new"}})
    desired = make_desired(moved, hosts=2).model_copy(update={"hosts": away})
    assert f"leave its volumes on {host}" in refuse(fleet, desired, "volumes")


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
