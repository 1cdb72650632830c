"""A commit does not lift the limits that it is held to."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.errors import GuardError
from agentgit.model.desired import Desired
from agentgit.model.spec import Protection
from tests.builders import Fleet, make_desired, make_instance

LOOSE = {"max_replaced": "100%", "max_removed": "100%"}


def make_many(count: int, image: str, **limits: Any) -> Desired:
    some = (make_instance(f"t-{number:02}", image, 1) for number in range(count))
    return make_desired(*some).model_copy(update={"protection": Protection(**(LOOSE | limits))})


@pytest.mark.parametrize(
    ("strict", "count", "tag", "guard"),
    [
        ({"max_replaced": "30%"}, 40, 2, "replaced"),
        ({"max_removed": "30%"}, 20, 1, "removed"),
        ({"pinned_images": True}, 40, 2, "mutable-images"),
    ],
)
def test_the_stricter_of_both_commits_is_in_force(
    strict: dict[str, Any], count: int, tag: int, guard: str
) -> None:
    fleet = Fleet()
    fleet.apply(make_many(40, "acme/support:1"))
    desired, before = make_many(count, f"acme/support:{tag}"), Protection(**(LOOSE | strict))
    fleet.plan(desired)
    fleet.plan(desired, protected=Protection(**LOOSE))  # type: ignore[arg-type]
    with pytest.raises(GuardError) as caught:
        fleet.plan(desired, protected=before)
    assert "--allow protection" in (caught.value.hint or "")
    assert f"--allow {guard}" in (caught.value.hint or "")
    fleet.plan(desired, protected=before, allow=frozenset({"protection"}))
    fleet.plan(desired, protected=before, allow=frozenset({guard}))
    tighter, allowed = make_many(count, f"acme/support:{tag}", **strict), frozenset({"protection"})
    with pytest.raises(GuardError) as caught:
        fleet.plan(tighter, protected=Protection(**LOOSE), allow=allowed)  # type: ignore[arg-type]
    assert "--allow protection" not in (caught.value.hint or "")


def test_how_many_must_serve_is_the_larger_number_of_both() -> None:
    bold = {"maxSurge": 0, "maxUnavailable": 2}
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(replicas=4, rollout=bold)))
    desired = make_desired(make_instance("support", "acme/support:2", 4, rollout=bold))
    fleet.plan(desired)
    with pytest.raises(GuardError, match="minAvailable is 75% until this commit is verified"):
        fleet.plan(desired, protected=Protection(min_available="75%"))
