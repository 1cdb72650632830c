from __future__ import annotations

from datetime import datetime

from agentgit.model.change import Cause, Change
from agentgit.model.observed import Replica
from agentgit.model.origin import Blame
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.story import Proof, Story
from agentgit.report.blame_words import Blamer
from agentgit.report.why_text import write_story

NAME = "acme-0b9c2f-production-support-eu-1-9c41d07e-1"


def a_story(commit: Commit, record: RolloutRecord, change: Change | None, **more: object) -> Story:
    live = Replica(
        host="eu-1", id="3f9a61c2" * 8, name=NAME, instance="support-eu", agent="support", slot=1,
        revision="9c41d07e" * 8, commit=commit.sha, rollout=record.id, state="running",
        health="healthy", restarts=2, probe="ok",
    )  # fmt: skip
    facts = {"live": live, "host": "eu-1", "slot": 1, "revision": live.revision} | more
    return Story.model_validate(
        {
            "environment": "production", "name": NAME, "instance": "support-eu", "commit": commit,
            "rollout_id": record.id, "rollout": record, "change": change, **facts,
        }
    )  # fmt: skip


EXPECTED = f"""\
{NAME}  healthy on eu-1  (id 3f9a61c23f9a)
  instance  support-eu, slot 1, revision 9c41d07e, in production
  commit    3f2a91c "Raise refund limit" (Ana, 2 hours ago)
  rollout   20261120-110000-0002  apply, rolled back, 1 hour ago by Ana

why it was made
  it replaced one that was different
    instructions             changed     global/prompts/support.md:2                         \
3f2a91c Ana
    model.params.temperature  0.2 -> 0.1  environments/production/agents/support.yaml:6:21

what was seen of it
  healthy after 4.2s
  watched during a pause, all was well
  now healthy, 2 restarts: ok

all of that rollout:  agentgit history show 20261120-110000-0002 -e production
every value it got:  agentgit explain support-eu -e production --revision 3f2a91c"""


def test_from_the_container_to_the_author(
    records: tuple[RolloutRecord, ...], changes: tuple[Change, ...], commit: Commit, now: datetime
) -> None:
    proofs = (Proof(what="healthy", seconds=4.2), Proof(what="held"))
    story = a_story(commit, records[1], changes[1], proofs=proofs)
    lines = (Blame(commit=None), Blame(commit=commit))
    blamer = Blamer({"global/prompts/support.md": lines}, now)
    told = write_story(story, now, blamer=blamer)
    assert " ".join(told.split()) == " ".join(EXPECTED.split())


def test_what_is_gone_and_what_is_not_known(
    records: tuple[RolloutRecord, ...], commit: Commit, now: datetime
) -> None:
    failure = Failure(
        instance="support-eu", replica=NAME, step="await-healthy", message=f"{NAME} ended",
        fault="revision", log=("boom",),
    )  # fmt: skip
    story = a_story(commit, records[1], None, live=None, went_back=True, failure=failure)
    text = write_story(story, now)
    assert text.startswith(f"{NAME}  is gone, it was on eu-1\n")
    assert "removed by  no rollout that is recorded" in text
    assert "went back; this replica is of what ran before" in text
    assert "  failed " in text
    assert "    boom" in text
    lost = story.model_copy(update={"rollout": None, "went_back": False, "failure": None})
    text = write_story(lost, now)
    assert "its record is not here" in text
    assert "  nothing is recorded" in text
    assert "history show" not in text


def test_a_restart_replaces_what_is_equal(
    records: tuple[RolloutRecord, ...], changes: tuple[Change, ...], commit: Commit, now: datetime
) -> None:
    cause = Cause(kind="restart", detail="slot 1: restart was asked for")
    change = changes[1].model_copy(update={"causes": (cause,), "fields": ()})
    text = write_story(a_story(commit, records[1], change), now)
    assert "why it was made\n  it replaced an equal one\n  slot 1: restart was asked for\n" in text
