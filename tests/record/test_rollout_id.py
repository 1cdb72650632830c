"""Names of rollouts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from agentgit.record.rollout_id import new_rollout_id


def test_a_name_is_the_time_in_utc_and_a_token() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert new_rollout_id(datetime(2026, 11, 20, 13, 45, 30, tzinfo=india), "7f3a") == (
        "20261120-081530-7f3a"
    )


def test_names_sort_by_time_and_differ_within_a_second() -> None:
    now = datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)
    assert new_rollout_id(now) < new_rollout_id(now + timedelta(seconds=1))
    assert len({new_rollout_id(now) for _ in range(10)}) > 1
