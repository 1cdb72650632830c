"""What is in quarantine, as the records have it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.record.quarantine import find_quarantined, name_revisions
from tests.builders import Fleet, make_desired, make_instance

Make = Callable[..., RolloutRecord]


def failure(revision: str, instance: str = "a", fault: str = "revision") -> Failure:
    return Failure.model_validate(
        {"instance": instance, "revision": revision, "fault": fault, "step": "await-healthy",
         "message": "ended with exit code 3"}
    )  # fmt: skip


def went_well(
    record: Make, minute: int, outcome: str = "succeeded", **revisions: str
) -> RolloutRecord:
    brought = {name: (revision,) for name, revision in revisions.items()}
    return record(minute, outcome=outcome, revisions=brought)


def went_back(record: Make, minute: int, *failures: Failure, **fields: object) -> RolloutRecord:
    brought = {one.instance: (one.revision,) for one in failures}
    usual = {"outcome": "rolled-back", "failure": failures[0], "failures": failures}
    return record(minute, **usual | {"revisions": brought} | fields)


def pairs(*records: RolloutRecord) -> list[str]:
    return [f"{one.instance} {one.revision}" for one in find_quarantined(records)]


def test_what_failed_and_went_back_is_in_quarantine_with_its_evidence(record: Make) -> None:
    records = (went_back(record, 1, failure("bad")), went_well(record, 0, a="good"))
    (one,) = find_quarantined(records)
    assert (one.instance, one.revision, one.rollout) == ("a", "bad", records[0].id)
    assert (one.step, one.message) == ("await-healthy", "ended with exit code 3")
    assert one.since == records[0].started_at


def test_it_stays_there_through_whatever_else_happens(record: Make) -> None:
    later = (
        went_well(record, 4, a="fix"),
        record(3, kind="unpin", outcome="succeeded"),
        went_well(record, 2, b="bad"),
    )
    assert pairs(*later, went_back(record, 1, failure("bad"))) == ["a bad"]


@pytest.mark.parametrize("outcome", ["succeeded", "partial"])
def test_a_later_success_of_the_same_revision_lifts_it(record: Make, outcome: str) -> None:
    bad = went_back(record, 1, failure("bad"), failure("bad", "b"))
    assert pairs(went_well(record, 2, outcome, a="bad"), bad) == ["b bad"]
    assert pairs(bad, went_well(record, 0, outcome, a="other")) == ["a bad", "b bad"]


def test_of_a_partial_rollout_only_what_failed_is_bad(record: Make) -> None:
    brought = {"a": ("x",), "b": ("x",)}
    part = went_back(record, 1, failure("x", "b"), outcome="partial", revisions=brought)
    assert pairs(part) == ["b x"]
    assert pairs(part, went_back(record, 0, failure("x"))) == ["b x"]


def test_a_retry_lifts_it_until_it_fails_again(record: Make) -> None:
    bad = went_back(record, 1, failure("bad"))
    for outcome in ("running", "interrupted", "failed", "superseded"):
        again = record(2, outcome=outcome, retry=True, revisions={"a": ("bad",)})
        assert pairs(again, bad) == []
    assert pairs(went_back(record, 2, failure("bad"), retry=True), bad) == ["a bad"]
    others = record(2, outcome="succeeded", retry=True, revisions={"b": ("bad",)})
    assert pairs(others, bad) == ["a bad"]


def test_a_destroy_that_came_to_its_end_clears_all(record: Make) -> None:
    bad = went_back(record, 1, failure("bad"))
    assert pairs(record(2, kind="destroy", outcome="failed"), bad) == ["a bad"]
    assert pairs(record(2, kind="destroy", outcome="succeeded"), bad) == []


def test_the_worlds_fault_is_nobodys_quarantine(record: Make) -> None:
    assert pairs(went_back(record, 1, failure("new", fault="world"))) == []


@pytest.mark.parametrize("outcome", ["running", "failed", "interrupted", "superseded"])
def test_what_has_not_gone_back_yet_may_go_on(record: Make, outcome: str) -> None:
    assert pairs(went_back(record, 1, failure("bad"), outcome=outcome)) == []


def test_what_it_would_go_back_to_is_never_in_quarantine(record: Make) -> None:
    restart = went_back(record, 1, failure("good"), kind="restart")
    first = went_well(record, 0, a="good")
    assert pairs(restart, first) == []
    assert pairs(went_well(record, 3, a="next"), restart, first) == []
    older = went_back(record, 2, failure("good"), kind="rollback")
    assert pairs(older, went_well(record, 1, a="next"), first) == ["a good"]


def test_a_record_names_what_it_brings_in() -> None:
    fleet = Fleet()
    kept, old = make_instance("kept"), make_instance("changed")
    fleet.apply(make_desired(kept, old, make_instance("gone")))
    new, fresh = (
        make_instance("changed", image="acme/support:2"),
        make_instance("fresh", "acme/fresh:1"),
    )
    plan = fleet.plan(make_desired(kept, new, fresh))
    assert name_revisions(plan) == {"changed": (new.revision,), "fresh": (fresh.revision,)}
