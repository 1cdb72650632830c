"""What failed before is not brought in again, unless somebody says so."""

from __future__ import annotations

import pytest

from agentgit.errors import Exit, GuardError
from agentgit.model.desired import Instance
from agentgit.model.progress import Quarantined
from tests.builders import Fleet, make_desired, make_instance

GOOD = make_instance("support")
BAD = make_instance("support", image="acme/support:2")
OTHER = make_instance("triage")


def quarantine(instance: Instance, message: str = "ended with exit code 3") -> Quarantined:
    return Quarantined(
        instance=instance.name, revision=instance.revision, rollout="r7", step="await-healthy",
        message=message,
    )  # fmt: skip


@pytest.fixture
def fleet() -> Fleet:
    fleet = Fleet()
    fleet.apply(make_desired(GOOD, OTHER))
    return fleet


def test_a_change_to_it_is_refused_with_evidence_and_the_way(fleet: Fleet) -> None:
    with pytest.raises(GuardError) as caught:
        fleet.plan(make_desired(BAD, OTHER), quarantined=(quarantine(BAD),))
    assert caught.value.exit_code == Exit.REFUSED
    assert caught.value.message == (
        f"support would change to {BAD.revision[:8]}, which is in quarantine\n"
        "failed in rollout r7, await-healthy: ended with exit code 3"
    )
    hint = caught.value.hint or ""
    assert "agentgit apply -e production --retry --reason TEXT" in hint


def test_a_fix_another_instance_and_a_retry_are_free(fleet: Fleet) -> None:
    tried = (quarantine(BAD),)
    fix = make_instance("support", image="acme/support:3")
    assert not fleet.plan(make_desired(fix, OTHER), quarantined=tried).is_empty
    assert not fleet.plan(make_desired(BAD, OTHER), quarantined=tried, retry=True).is_empty
    fleet.plan(make_desired(BAD, OTHER), quarantined=tried, only=frozenset({"triage"}))
    fleet.plan(make_desired(OTHER), quarantined=tried)
    same = BAD.model_copy(update={"name": "triage"})
    assert not fleet.plan(make_desired(GOOD, same), quarantined=tried).is_empty


def test_a_new_instance_and_a_stopped_replica_are_refused_too(fleet: Fleet) -> None:
    new = make_instance("new")
    with pytest.raises(GuardError, match="new would change to"):
        fleet.plan(make_desired(GOOD, OTHER, new), quarantined=(quarantine(new),))
    engine = fleet.engines["host-1"]
    for name, (replica, spec) in engine.replicas.items():
        if replica.instance == "support":
            engine.replicas[name] = (replica.model_copy(update={"state": "exited"}), spec)
    with pytest.raises(GuardError, match="support would change to"):
        fleet.plan(make_desired(GOOD, OTHER), quarantined=(quarantine(GOOD),))


def test_what_runs_and_serves_is_left_alone_and_may_be_repaired(fleet: Fleet) -> None:
    tried = (quarantine(GOOD),)
    assert fleet.plan(make_desired(GOOD, OTHER), quarantined=tried).is_empty
    engine = fleet.engines["host-1"]
    lost = next(name for name, (one, _) in engine.replicas.items() if one.instance == "support")
    del engine.replicas[lost]
    assert not fleet.plan(make_desired(GOOD, OTHER), quarantined=tried).is_empty


def test_where_old_and_new_run_side_by_side_it_is_refused(fleet: Fleet) -> None:
    two = make_desired(BAD, OTHER)
    plan = fleet.plan(two)
    fleet.run(plan.model_copy(update={"waves": plan.waves[:1]}))
    support = {one.revision for one in fleet.observe().replicas if one.instance == "support"}
    assert support == {GOOD.revision, BAD.revision}
    with pytest.raises(GuardError):
        fleet.plan(two, quarantined=(quarantine(BAD),))


def test_many_are_counted_and_the_first_are_named() -> None:
    many = [make_instance(f"i{number}") for number in range(7)]
    tried = tuple(quarantine(one, "x" * 300 + "\nmore") for one in many)
    with pytest.raises(GuardError) as caught:
        Fleet().plan(make_desired(*many), quarantined=tried)
    title, *lines = caught.value.message.splitlines()
    assert title == "7 instances would change to revisions that are in quarantine"
    assert len(lines) == 6
    assert lines[0].startswith(f"i0 {many[0].revision[:8]}: failed in rollout r7")
    assert max(map(len, lines)) < 250
    assert lines[-1] == "and 2 more"


def test_a_rollback_to_it_is_told_where_else_to_go(fleet: Fleet) -> None:
    with pytest.raises(GuardError) as caught:
        fleet.plan(make_desired(BAD, OTHER), quarantined=(quarantine(BAD),), going_back=True)
    assert caught.value.hint == (
        "go back to another commit, with --to: agentgit history -e production lists them"
    )
