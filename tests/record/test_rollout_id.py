"""Names of rollouts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from agentgit.model.rollout import RolloutRecord
from agentgit.record.rollout_id import begin_after, moment_of, new_rollout_id


def test_a_name_is_the_time_in_utc_and_a_token() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert new_rollout_id(datetime(2026, 11, 20, 13, 45, 30, tzinfo=india), "7f3a") == (
        "20261120-081530-7f3a"
    )


def test_names_sort_by_time_and_differ_within_a_second() -> None:
    now = datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)
    assert new_rollout_id(now) < new_rollout_id(now + timedelta(seconds=1))
    assert len({new_rollout_id(now) for _ in range(10)}) > 1


def test_a_rollout_begins_after_all_that_are_known(record: Callable[..., RolloutRecord]) -> None:
    known = [record(minute=3), record(minute=7), record(minute=5)]
    newest = known[1].started_at
    for behind in (timedelta(hours=1), timedelta(seconds=1), timedelta(0)):
        begins = begin_after(known, newest - behind)
        assert new_rollout_id(begins, "0000") > known[1].id
    later = newest + timedelta(seconds=0.9)  # in the same second a name could be smaller
    assert new_rollout_id(begin_after(known, later), "0000") > known[1].id
    assert begin_after(known, newest + timedelta(minutes=1)) == newest + timedelta(minutes=1)
    assert begin_after([], newest) == newest


def test_a_rollout_never_ends_before_it_began(record: Callable[..., RolloutRecord]) -> None:
    one = record(minute=3)
    assert moment_of(one, one.started_at - timedelta(hours=1)) == one.started_at
    took = moment_of(one, one.started_at - timedelta(hours=1), 2.5)
    assert took == one.started_at + timedelta(seconds=2.5)
    assert moment_of(one, one.started_at + timedelta(minutes=1), 2.5).minute == 4
