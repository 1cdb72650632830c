from __future__ import annotations

import pytest

from agentgit.errors import AgentgitError, GuardError
from agentgit.model.guards import Guard
from agentgit.model.observed import HostState, Observed, Replica
from agentgit.model.spec import Protection
from agentgit.plan.build import build_plan
from agentgit.plan.guard_hosts import check_hosts, check_twins
from agentgit.plan.refusal import check_refused
from agentgit.plan.request import NoEvidence, PlanRequest
from tests.builders import Fleet, make_desired, make_instance

FIXED = {"published": 9000, "target": 80}


def ports(**uses: object) -> dict[str, object]:
    return {"ports": uses}


def test_hosts_that_carry_replicas_are_not_lost_from_sight() -> None:
    observed = Fleet().observe()
    check_hosts(observed, known({"host-1": "memory"}), NoEvidence())
    with pytest.raises(GuardError, match="host-2 carries replicas"):
        check_hosts(observed, known({"host-2": "memory"}), NoEvidence())
    with pytest.raises(GuardError, match="run on docker, and the host means memory"):
        check_hosts(observed, known({"host-1": "docker"}), NoEvidence())


def known(hosts: dict[str, str], allow: frozenset[Guard] = frozenset(), **ids: str) -> PlanRequest:
    identities = {host.replace("_", "-"): one for host, one in ids.items()}
    return PlanRequest(known_hosts=hosts, identities=identities, allow=allow)


def see(*states: HostState) -> Observed:
    return Observed(environment="production", hosts=states)


def host(name: str, identity: str, *replicas: Replica) -> HostState:
    return HostState(host=name, engine="docker", identity=identity, replicas=replicas)


def test_a_host_is_known_by_its_identity_not_its_name() -> None:
    both, ids = {"eu-1": "docker", "eu-2": "docker"}, {"eu_1": "A", "eu_2": "B"}
    check_hosts(see(host("eu-1", "A"), host("eu-2", "B")), known(both, **ids), NoEvidence())
    check_hosts(
        see(host("eu-1", "B"), host("eu-2", "A")), known(both, **ids), NoEvidence()
    )  # swapped
    check_hosts(
        see(host("new", "A"), host("eu-2", "B")), known(both, **ids), NoEvidence()
    )  # renamed
    check_hosts(
        see(host("eu-1", "A"), host("new", "")), known({"eu-1": "docker"}, eu_1="A"), NoEvidence()
    )


@pytest.mark.parametrize("identity", ["", "C"])
def test_another_engine_under_a_known_name_is_unknown_not_empty(identity: str) -> None:
    request = known({"eu-1": "docker"}, eu_1="A")
    observed = see(host("eu-1", identity))
    with pytest.raises(GuardError, match="eu-1 is not the host that carries replicas") as refused:
        check_hosts(observed, request, NoEvidence())
    assert "--allow lost-hosts" in (refused.value.hint or "")
    check_hosts(
        observed, known({"eu-1": "docker"}, frozenset({"lost-hosts"}), eu_1="A"), NoEvidence()
    )
    check_hosts(
        observed, known({"eu-2": "docker"}, frozenset({"lost-hosts"}), eu_2="A"), NoEvidence()
    )
    check_hosts(observed, known({}, eu_1="A"), NoEvidence())  # nothing of ours ran there


def test_a_host_that_lost_only_its_identity_is_known_by_what_runs() -> None:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance()))
    (state,) = fleet.observe().hosts
    assert state.replicas
    check_hosts(see(state), known({"host-1": "memory"}, host_1="A"), NoEvidence())


def test_one_engine_under_two_names_is_refused() -> None:
    twins = see(host("eu-1", "A"), host("eu-2", "A"))
    with pytest.raises(GuardError, match="eu-1 and eu-2 are one engine under two names"):
        check_twins(twins)


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
