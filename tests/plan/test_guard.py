from __future__ import annotations

import pytest

from agentgit.errors import AgentgitError, GuardError
from agentgit.model.spec import Protection
from agentgit.plan.build import build_plan
from agentgit.plan.refusal import check_refused
from agentgit.plan.request import NoEvidence, PlanRequest
from tests.builders import Fleet, make_desired, make_instance

FIXED = {"published": 9000, "target": 80}


def ports(**uses: object) -> dict[str, object]:
    return {"ports": uses}


@pytest.mark.parametrize(
    "uses",
    [
        {"tcp": FIXED, "udp": {**FIXED, "protocol": "udp"}},
        {"one": FIXED, "two": {**FIXED, "host_ip": "127.0.0.2"}},
        {"one": FIXED, "two": {**FIXED, "published": 9001}},
    ],
)
def test_ports_that_do_not_exclude_each_other(uses: dict[str, object]) -> None:
    fleet = Fleet()
    fleet.plan(make_desired(make_instance(replicas=1, container=ports(**uses))))


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - compared, not bound
def test_ports_that_do(address: str) -> None:
    uses = {"one": FIXED, "two": {**FIXED, "host_ip": address}}
    with pytest.raises(GuardError, match="also wanted by another of its replicas"):
        Fleet().plan(make_desired(make_instance(replicas=1, container=ports(**uses))))


def test_two_instances_want_one_port() -> None:
    one = make_instance("one", replicas=1, container=ports(http=FIXED))
    two = make_instance("two", replicas=1, container=ports(http=FIXED))
    with pytest.raises(GuardError, match="wanted by two, is also wanted by one"):
        Fleet().plan(make_desired(one, two))
    Fleet(hosts=2).plan(make_desired(one, two, hosts=2))


def test_a_port_is_refused_together_with_all_else() -> None:
    """The plan is there, and nothing lets a port pass."""
    one = make_instance("one", replicas=2, container=ports(http=FIXED))
    desired = make_desired(one).model_copy(update={"protection": Protection(pinned_images=True)})
    plan = build_plan(desired, Fleet().observe(), PlanRequest(), NoEvidence())
    assert [change.kind for change in plan.changes] == ["create"]
    assert [(said.name, said.guard) for said in plan.refusals] == [
        ("ports", None),
        ("mutable-images", "mutable-images"),
    ]
    with pytest.raises(GuardError) as caught:
        check_refused(plan)
    assert len(caught.value.problems) == 2


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AgentgitError, match="no instance nobody"):
        Fleet().plan(make_desired(make_instance()), only=frozenset({"nobody"}))
