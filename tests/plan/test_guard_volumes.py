"""Data is not left behind by accident, whichever way a volume gets lost."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.model.desired import Desired
from tests.builders import Fleet, make_desired, make_instance
from tests.plan.guards import applied, refuse

DATA = {"/data": {"name": "data", "access": "perSlot"}}


def make_holder(volumes: dict[str, Any], **blocks: Any) -> Desired:
    """An instance with volumes, and another one that has nothing to do with them."""
    container = {"volumes": volumes, **blocks.pop("container", {})}
    replicas = blocks.pop("replicas", 1)
    one = make_instance("alpha", replicas=replicas, container=container, **blocks)
    return make_desired(one, make_instance("zeta"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DATA, {"/data": {"name": "store"}}),
        (DATA, {}),
        ({"/data": {"name": "data", "access": "exclusive"}}, DATA),
        (DATA, {"/data": {"name": "data", "access": "exclusive"}}),
        ({"/data": {"name": "data", "access": "shared"}}, DATA),
    ],
    ids=["renamed", "dropped", "to perSlot", "to exclusive", "no longer shared"],
)
def test_a_volume_that_nobody_would_have_any_more_is_refused(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    message = refuse(applied(make_holder(before)), make_holder(after), "volumes")
    assert message.startswith("alpha would no longer have all its volumes and leave acme-")
    assert message.endswith("behind on host-1")


def test_an_instance_that_is_removed_leaves_its_volumes_behind() -> None:
    fleet = applied(make_holder(DATA))
    alone = make_desired(make_instance("zeta"))
    assert "alpha would be removed and leave" in refuse(fleet, alone, "volumes")
    fleet.evidence = Fleet().evidence  # its commit cannot be read: its volumes are seen by name
    assert "alpha would be removed and leave" in refuse(fleet, alone, "volumes")


def test_what_somebody_still_has_is_not_lost() -> None:
    shared = {"/data": {"name": "data", "access": "shared"}}
    user = make_instance("beta", container={"volumes": shared})
    before = make_desired(*make_holder(shared).instances, user)
    fleet = applied(before)
    fleet.plan(make_desired(*make_holder({}).instances, user))
    fleet.plan(make_desired(user, make_instance("zeta")))


def test_another_mount_another_image_and_fewer_slots_lose_nothing() -> None:
    fleet = applied(make_holder(DATA, replicas=3))
    fleet.plan(make_holder({"/store": DATA["/data"]}, replicas=3))
    fleet.plan(make_holder(DATA, replicas=3, container={"init": True}))
    fleet.plan(make_holder(DATA, replicas=1))
    fleet.plan(make_holder(DATA, replicas=1, container={"init": True}))
    refuse(fleet, make_holder({"/data": {"name": "store"}}, replicas=1), "volumes")


def test_a_move_that_leaves_volumes_behind_is_refused() -> None:
    fleet = Fleet(hosts=2)
    placed = make_instance(replicas=1, container={"volumes": DATA})
    desired = make_desired(placed, hosts=2)
    fleet.apply(desired)
    (host,) = {one.host for one in fleet.observe().replicas}
    away = {name: spec.model_copy(update={"labels": {} if name == host else {"pool": "new"}})
            for name, spec in desired.hosts.items()}  # fmt: skip
    moved = make_instance(
        replicas=1, container={"volumes": DATA}, placement={"matchLabels": {"pool": "new"}}
    )
    desired = make_desired(moved, hosts=2).model_copy(update={"hosts": away})
    message = refuse(fleet, desired, "volumes")
    assert message.startswith("support would move to another host and leave acme-")
    assert message.endswith(f"behind on {host}")
