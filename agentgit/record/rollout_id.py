"""Names rollouts: the time in UTC, so that names sort by time, and a random end.

Records are read in the order of their beginnings, so a new one begins after all that are known,
whatever the clock of this machine says: it may have been set back, or be behind another one's.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agentgit.model.rollout import RolloutRecord

_TICK = timedelta(seconds=1)  # names tell no shorter times apart


def new_rollout_id(now: datetime, token: str = "") -> str:
    """Name a rollout, such as `20261120-081530-7f3a`; without a token its end is random."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{token or secrets.token_hex(2)}"


def begin_after(records: Sequence[RolloutRecord], now: datetime) -> datetime:
    """Give the moment at which a new rollout begins: now, but later than that of every record."""
    return max([now, *(one.started_at + _TICK for one in records)])


def moment_of(record: RolloutRecord, now: datetime, seconds: float = 0.0) -> datetime:
    """Give the moment in a rollout that is now; at least so many `seconds` after it began."""
    return max(now, record.started_at + timedelta(seconds=seconds))
