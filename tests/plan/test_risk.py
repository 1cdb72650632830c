"""What a plan risks, and for how long nobody serves."""

from __future__ import annotations

from agentgit.model.plan import Plan
from tests.builders import Fleet, make_desired, make_instance

CHECK = {"healthcheck": {"test": "true", "interval": "5s"}, "stop_grace_period": "30s"}


def plan_change(before: dict[str, object], after: dict[str, object]) -> Plan:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(**before)))  # type: ignore[arg-type]
    return fleet.plan(make_desired(make_instance(**after)))  # type: ignore[arg-type]


def test_a_lone_replica_that_stops_first_leaves_a_gap() -> None:
    fixed = {**CHECK, "ports": {"http": {"target": 80, "published": 8080}}}
    base = {"replicas": 1, "container": fixed, "rollout": {"healthyDeadline": "1m"}}
    plan = plan_change(base, {**base, "image": "acme/support:2"})
    (gap,) = plan.risk.gaps
    assert (gap.instance, gap.at_least, gap.at_most) == ("support", 6.0, 90.0)
    assert "8080" in gap.reason
    assert plan.risk.level == "high"
    assert plan.changes[0].gap == gap


def test_several_replicas_that_change_one_by_one_leave_none() -> None:
    policy = {"maxSurge": 0, "maxUnavailable": 1}
    base = {"replicas": 3, "container": CHECK, "rollout": policy}
    assert plan_change(base, {**base, "image": "acme/support:2"}).risk.gaps == ()


def test_recreate_leaves_a_gap_however_many_there_are() -> None:
    base = {"replicas": 3, "container": CHECK, "rollout": {"strategy": "recreate"}}
    plan = plan_change(base, {**base, "image": "acme/support:2"})
    assert [gap.reason for gap in plan.risk.gaps] == ["strategy recreate"]


def test_replacing_most_of_a_fleet_at_once_is_a_high_risk_without_a_pause() -> None:
    base = {"replicas": 12, "container": CHECK}
    plan = plan_change(base, {**base, "image": "acme/support:2"})
    assert plan.risk.level == "high"
    assert "12 of 12 replicas replaced with no pause to look" in plan.risk.reasons
    canary = {"strategy": "canary", "steps": [{"setWeight": 25}, {"pause": {"duration": "1m"}}]}
    careful = {**base, "rollout": canary}
    few = {**base, "replicas": 4}
    assert plan_change(few, {**few, "image": "acme/support:2"}).risk.level != "high"
    assert plan_change(careful, {**careful, "image": "acme/support:2"}).risk.level != "high"


def test_removing_an_instance_is_a_high_risk_and_nothing_to_do_is_none() -> None:
    fleet = Fleet()
    both = make_desired(make_instance("alpha"), make_instance("beta"))
    fleet.apply(both)
    assert fleet.plan(both).risk.level == "none"
    plan = fleet.plan(make_desired(make_instance("alpha")))
    assert (plan.risk.level, plan.risk.reasons) == ("high", ("1 instance removed",))


def test_more_replicas_are_a_low_risk() -> None:
    plan = plan_change({"replicas": 2}, {"replicas": 3})
    assert (plan.risk.level, plan.risk.reasons) == ("low", ())


def test_two_hosts_whose_replicas_stop_at_the_same_time_leave_a_gap() -> None:
    """A fixed port makes each stop first, and maxSurge lets both do so side by side."""
    fixed = {**CHECK, "ports": {"http": {"target": 80, "published": 8080}}}

    def plan(surge: int) -> Plan:
        blocks = {"container": fixed, "rollout": {"maxSurge": surge}}
        fleet = Fleet(hosts=2)
        fleet.apply(make_desired(make_instance(**blocks), hosts=2))  # type: ignore[arg-type]
        new = make_instance("support", "acme/support:2", **blocks)  # type: ignore[arg-type]
        return fleet.plan(make_desired(new, hosts=2))

    (gap,) = plan(2).risk.gaps
    assert (gap.instance, gap.reason) == ("support", "port 8080 of host-1 is fixed")
    assert plan(2).risk.level == "high"
    assert plan(1).risk.gaps == ()


def test_who_does_not_serve_has_no_gap_to_lose() -> None:
    base = {"replicas": 1, "container": CHECK, "rollout": {"strategy": "recreate"}}
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(**base)))  # type: ignore[arg-type]
    (engine,) = fleet.engines.values()
    ((name, (replica, spec)),) = engine.replicas.items()
    engine.replicas[name] = (replica.model_copy(update={"health": "unhealthy"}), spec)
    new = make_instance("support", "acme/support:2", **base)  # type: ignore[arg-type]
    assert fleet.plan(make_desired(new)).risk.gaps == ()


def test_fewer_replicas_are_a_risk_and_none_at_all_a_high_one() -> None:
    fleet = Fleet()
    other = make_instance("beta")
    fleet.apply(make_desired(make_instance("alpha", replicas=3), other))

    def scale(replicas: int) -> Plan:
        return fleet.plan(make_desired(make_instance("alpha", replicas=replicas), other))

    assert (scale(1).risk.level, scale(1).risk.reasons) == ("medium", ("2 replicas fewer",))
    assert scale(0).risk.level == "high"
    assert "1 instance left without a replica" in scale(0).risk.reasons
