from __future__ import annotations

from datetime import datetime

from agentgit.model.rollout import RolloutRecord
from agentgit.report.history_text import write_history

EXPECTED = """\
20261120-115500-0003  5 minutes ago  rollback  succeeded    +0 ~2 -0  12s    Ana  88e01b2
    reason: refunds went wild
    pinned at 88e01b2 instead of 3f2a91c
20261120-110000-0002  1 hour ago     apply     rolled back  +0 ~2 -0  2m04s  Ana  \
3f2a91c "Raise refund limit"
    support-eu: did not become healthy within 2m: GET /healthz answered 503
    went back to 88e01b2
20261119-110000-0001  1 day ago      apply     succeeded    +3 ~0 -0  4.0s   Li   88e01b2"""


def test_history_is_a_table_with_what_matters_below(
    records: tuple[RolloutRecord, ...], now: datetime
) -> None:
    subjects = {records[1].commit: "Raise refund limit"}
    text = write_history(records, now=now, subjects=subjects, environment="production")
    assert text == EXPECTED


def test_no_history_says_what_to_type(now: datetime) -> None:
    assert write_history((), now=now, subjects={}, environment="production") == (
        "No rollouts yet. The first one:  agentgit apply -e production"
    )


def test_what_never_ended_is_abandoned_once_something_newer_began(
    records: tuple[RolloutRecord, ...], now: datetime
) -> None:
    open_ended = {"outcome": "running", "finished_at": None}
    running = tuple(one.model_copy(update=open_ended) for one in records[:2])
    lines = write_history(running, now=now, subjects={}, environment="production").splitlines()
    (newest,) = [line for line in lines if line.startswith(records[0].id)]
    (older,) = [line for line in lines if line.startswith(records[1].id)]
    assert "  running  " in newest
    assert "  abandoned  " in older
