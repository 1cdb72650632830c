from __future__ import annotations

from datetime import datetime, timedelta

from agentgit.model.events import Event, StepDone, WaveDone, WaveStarted
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.report.rollout_text import Recorded, write_rollout

EVENTS: tuple[Event, ...] = (
    WaveStarted(number=1, of=2, title="rolling 1", moves=2),
    StepDone(instance="support-eu", host="eu-1", step="create-replica", target="r", seconds=0.1),
    StepDone(instance="support-eu", host="eu-1", step="await-healthy", target="r", seconds=2.0),
    WaveDone(number=1),
)


def test_a_rollout_that_went_back(
    records: tuple[RolloutRecord, ...], plan: Plan, commit: Commit, now: datetime
) -> None:
    record = records[1].model_copy(update={"resumes": "20261120-100000-aaaa", "fence": 7})
    text = write_rollout(Recorded(record, commit, plan, EVENTS), now)
    lines = text.splitlines()
    assert lines[0] == f"production  rollout {record.id}  apply, rolled back"
    assert lines[1].startswith('  commit        3f2a91c "Raise refund limit" (Ana, 2 hours ago)')
    assert "  went on with  20261120-100000-aaaa" in lines
    assert "  lease         number 7" in lines
    assert "      instructions  global/prompts/support.md:2" in text
    assert "  wave 1  rolling 1  2 moves" in lines
    assert "    support-eu: healthy: r on eu-1 (2.0s)" in text
    assert "created" not in text
    assert "what failed\nsupport-eu  " in text
    assert lines[-1] == "to try again:  fix it, commit, then agentgit apply -e production"


def test_every_step_where_it_is_asked_for(
    records: tuple[RolloutRecord, ...], plan: Plan, commit: Commit, now: datetime
) -> None:
    text = write_rollout(Recorded(records[0], commit, plan, EVENTS), now, verbose=True)
    assert "    support-eu: created: r on eu-1" in text


def test_what_never_ended_says_what_to_type(
    records: tuple[RolloutRecord, ...], commit: Commit, now: datetime
) -> None:
    running = records[0].model_copy(update={"outcome": "running", "finished_at": None})
    text = write_rollout(Recorded(running, commit), now)
    assert "  ended   no end is recorded" in text
    assert text.endswith("agentgit lock show -e production")
    left = write_rollout(Recorded(running, commit, abandoned=True), now)
    assert "apply, abandoned" in left or "rollback, abandoned" in left
    assert left.endswith("to see what is left to do:  agentgit plan -e production")
    ended = running.model_copy(
        update={"outcome": "interrupted", "finished_at": now + timedelta(seconds=1)}
    )
    taken = write_rollout(Recorded(ended, commit, resumed_by="20261120-120000-bbbb"), now)
    assert "  taken up by  20261120-120000-bbbb" in taken
    assert "left to do" not in taken
