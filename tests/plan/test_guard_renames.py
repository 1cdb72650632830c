"""The same under another name is refused: its volumes and its history would stay behind."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.errors import GuardError
from agentgit.model.desired import Instance
from tests.builders import Fleet, make_desired, make_instance
from tests.plan.guards import applied, refuse

SET = "environments/production/instances/tenants.yaml"


def make_one(name: str, path: str = "", **blocks: Any) -> Instance:
    made = make_instance(name, "acme/support:1", **blocks)
    update = {"agent": "support", **({"path": path} if path else {})}
    return made.model_copy(update=update)


def test_the_same_revision_under_another_name() -> None:
    fleet = applied(make_desired(make_instance("alpha"), make_instance("beta", "acme/beta:1")))
    fleet.evidence = Fleet().evidence  # nothing is known of the past
    renamed = make_desired(make_instance("gamma"), make_instance("beta", "acme/beta:1"))
    assert refuse(fleet, renamed, "renames").startswith("alpha would be removed and gamma")
    other = make_instance("gamma", "acme/gamma:1")
    fleet.plan(make_desired(other, make_instance("beta", "acme/beta:1")))


def test_a_name_that_is_part_of_the_configuration() -> None:
    rest = make_one("zeta")
    many = {key: f"http://alpha.acme/{key}" for key in "abcd"}
    fleet = applied(make_desired(make_one("alpha", config={"self": "alpha", **many}), rest))
    named = {key: f"http://gamma.acme/{key}" for key in "abcd"}
    refuse(
        fleet, make_desired(make_one("gamma", config={"self": "gamma", **named}), rest), "renames"
    )


@pytest.mark.parametrize("path", ["", SET])
def test_a_few_edits_go_with_a_name_but_not_in_a_set(path: str) -> None:
    """Members of a set differ in little: another tenant is another one."""
    rest = make_one("zeta")
    fleet = applied(
        make_desired(make_one("alpha", path, config={"tone": "warm", "region": "eu"}), rest)
    )
    edited = make_desired(make_one("gamma", path, config={"tone": "cool", "region": "us"}), rest)
    if path:
        fleet.plan(edited)
    else:
        refuse(fleet, edited, "renames")


def test_what_differs_in_much_is_something_else() -> None:
    rest = make_one("zeta")
    fleet = applied(make_desired(make_one("alpha", config={"a": 1, "b": 1, "c": 1, "d": 1}), rest))
    fleet.plan(make_desired(make_one("gamma", config={"a": 2, "b": 2, "c": 2, "d": 2}), rest))
    other = make_one("gamma", config={"a": 1, "b": 1, "c": 1, "d": 2})
    fleet.plan(make_desired(other.model_copy(update={"agent": "triage"}), rest))


def test_a_set_whose_names_are_made_in_another_way_is_one_refusal() -> None:
    tenants = [f"t{number}" for number in range(9)]
    fleet = applied(
        make_desired(*(make_one(f"old-{name}", SET, config={"t": name}) for name in tenants))
    )
    new = make_desired(*(make_one(f"new-{name}", SET, config={"t": name}) for name in tenants))
    with pytest.raises(GuardError) as caught:
        fleet.plan(new, allow=frozenset({"replaced", "removed"}))
    (problem,) = caught.value.problems
    first, *_, last = problem.message.splitlines()
    assert first.startswith("old-t0 would be removed and new-t0, the same under another name")
    assert last == "and 4 more"


def test_a_second_fleet_beside_one_that_is_gone_from_the_commit() -> None:
    desired = make_desired(make_instance())
    with pytest.raises(GuardError, match="prod, which this commit does not have any more"):
        Fleet().plan(desired, orphans=("prod",))
    Fleet().plan(desired, orphans=("prod",), allow=frozenset({"renames"}))
    fleet = Fleet()
    fleet.apply(desired)
    fleet.plan(desired, orphans=("prod",))
