"""Names rollouts: the time in UTC, so that names sort by time, and a random end."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def new_rollout_id(now: datetime, token: str = "") -> str:
    """Name a rollout, such as `20261120-081530-7f3a`; without a token its end is random."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{token or secrets.token_hex(2)}"
