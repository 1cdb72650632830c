"""Which pin is in force, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from agentgit.model.plan import Pin
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.record.pins import active_pin, followed_line, has_expired, pin_holds

Make = Callable[..., RolloutRecord]
HISTORY = ("a", "b", "c", "d")  # commits in a line, oldest first


def pin(commit: str, instead_of: str = "c") -> Pin:
    since = datetime(2026, 11, 20, tzinfo=UTC)
    return Pin(commit=commit, instead_of=instead_of, owner="Ana", reason="slow", since=since)


def is_ancestor(older: str, newer: str) -> bool:
    return HISTORY.index(older) <= HISTORY.index(newer)


def done(record: Make, minute: int, commit: str, **fields: object) -> RolloutRecord:
    return record(minute, commit=commit, **{"outcome": "succeeded"} | fields)


def back(record: Make, minute: int, commit: str, **fields: object) -> RolloutRecord:
    return done(record, minute, commit, kind="rollback", pin=pin(commit), **fields)


def test_without_a_rollback_there_is_no_pin(record: Make) -> None:
    assert active_pin(()) is None
    assert active_pin((done(record, 1, "b"), done(record, 0, "a"))) is None


@pytest.mark.parametrize("outcome", ["succeeded", "running", "interrupted", "failed"])
def test_a_rollback_pins_even_when_it_did_not_come_to_its_end(record: Make, outcome: str) -> None:
    records = (back(record, 1, "a", outcome=outcome), done(record, 0, "c"))
    assert active_pin(records) == pin("a")


@pytest.mark.parametrize(("outcome", "fault"), [("rolled-back", "revision"),
                                                ("failed", "revision")])  # fmt: skip
def test_a_rollback_to_a_broken_revision_pins_nothing(
    record: Make, outcome: str, fault: str
) -> None:
    failure = Failure(instance="x", step="await-healthy", message="503", fault=fault)
    broken = back(record, 2, "a", outcome=outcome, failure=failure)
    assert active_pin((broken, done(record, 0, "c"))) is None
    assert active_pin((broken, back(record, 1, "b"), done(record, 0, "c"))) == pin("b")


def test_the_newest_pin_counts(record: Make) -> None:
    assert active_pin((back(record, 2, "a"), back(record, 1, "b"))) == pin("a")


@pytest.mark.parametrize("kind", ["unpin", "destroy"])
def test_unpin_and_destroy_lift_it_when_they_succeed(record: Make, kind: str) -> None:
    rolled_back = back(record, 1, "a")
    assert active_pin((done(record, 2, "c", kind=kind), rolled_back)) is None
    failed = done(record, 2, "c", kind=kind, outcome="failed")
    assert active_pin((failed, rolled_back)) == pin("a")


def test_applies_under_the_pin_keep_it(record: Make) -> None:
    rolled_back = back(record, 1, "a")
    for other in (None, pin("a")):
        under = done(record, 2, "a", pin=other)
        assert active_pin((under, rolled_back)) == pin("a")
    assert active_pin((done(record, 2, "a", kind="restart"), rolled_back)) == pin("a")


def test_an_apply_of_a_newer_commit_lifts_it_once_it_succeeded(record: Make) -> None:
    rolled_back = back(record, 1, "a")
    assert active_pin((done(record, 2, "d"), rolled_back)) is None
    tried = done(record, 2, "d", outcome="rolled-back")
    assert active_pin((tried, rolled_back)) == pin("a")


def test_a_pin_holds_until_a_newer_commit() -> None:
    assert [pin_holds(pin("a", "c"), followed, is_ancestor) for followed in HISTORY] == [
        True,
        True,
        True,
        False,
    ]


def test_a_pin_for_a_time_expires(record: Make) -> None:
    week = pin("a").model_copy(update={"expires": datetime(2026, 11, 27, tzinfo=UTC)})
    assert not has_expired(week, datetime(2026, 11, 26, 23, 59, tzinfo=UTC))
    assert has_expired(week, datetime(2026, 11, 27, tzinfo=UTC))
    assert not has_expired(pin("a"), datetime(2999, 1, 1, tzinfo=UTC))
    held = done(record, 1, "a", kind="rollback", pin=week)
    assert active_pin((held, done(record, 0, "c"))) == week
    assert active_pin((done(record, 2, "c"), held, done(record, 0, "c"))) is None


def test_the_line_is_what_was_applied_because_it_is_followed(record: Make) -> None:
    assert followed_line(()) is None
    first, second = done(record, 0, "a"), done(record, 1, "b")
    assert followed_line((second, first)) == "b"
    assert followed_line((done(record, 2, "c", outcome="partial"), second, first)) == "c"
    for outcome in ("rolled-back", "failed", "interrupted", "superseded", "running"):
        assert followed_line((done(record, 2, "c", outcome=outcome), second, first)) == "b"
    assert followed_line((done(record, 2, "c", only=("x",)), second)) == "b"
    assert followed_line((done(record, 2, "b", kind="destroy"), second)) is None


def test_what_a_pin_brings_in_is_not_the_line(record: Make) -> None:
    second, pinned = done(record, 1, "b"), back(record, 2, "feature")
    under = done(record, 3, "feature")
    assert followed_line((under, pinned, second)) == "b"
    unpinned = done(record, 4, "feature", kind="unpin")
    assert followed_line((unpinned, under, pinned, second)) == "b"
    assert followed_line((done(record, 5, "c"), unpinned, under, pinned, second)) == "c"
    assert followed_line((done(record, 5, "feature"), unpinned, pinned, second)) == "feature"
    forth = done(record, 4, "d", kind="rollback")
    assert followed_line((forth, pinned, second)) == "d"
