"""The public JSON documents of one rollout and of one replica's story, version 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentgit.model.events import Event
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.story import Story
from agentgit.report.blame_words import Blamer
from agentgit.report.json_v1 import (
    commit_document,
    failure_document,
    record_document,
)
from agentgit.report.json_v1_plan import change_document, plan_document
from agentgit.report.json_v1_rollout import event_document

if TYPE_CHECKING:
    from agentgit.report.documents.rollout import HistoryShowDocument, WhyDocument


def show_document(
    record: RolloutRecord, plan: Plan | None, events: Sequence[Event]
) -> HistoryShowDocument:
    """What `history show --json` prints; `plan` is null where none was recorded."""
    return {
        "format": "agentgit/history-show@1",
        "environment": record.environment,
        "rollout": record_document(record),
        "plan": plan_document(plan) if plan else None,
        "events": [event_document(one) for one in events],
    }


def why_document(story: Story, blamer: Blamer | None = None) -> WhyDocument:
    """What `why --json` prints; null is what is not known."""
    live = story.live
    return {
        "format": "agentgit/why@1",
        "environment": story.environment,
        "replica": story.name,
        "running": None if story.unseen else live is not None and live.state == "running",
        "id": live.id if live else None,
        "host": story.host or None,
        "instance": story.instance or None,
        "slot": story.slot or None,
        "revision": story.revision or None,
        "health": live.health if live else None,
        "commit": commit_document(story.commit) if story.commit.sha else None,
        "rollout": record_document(story.rollout) if story.rollout else None,
        "rolloutId": story.rollout_id or None,
        "removedBy": record_document(story.removed_by) if story.removed_by else None,
        "wentBack": story.went_back,
        "change": change_document(story.change, blamer=blamer) if story.change else None,
        "evidence": [{"what": one.what, "seconds": one.seconds} for one in story.proofs],
        "failure": failure_document(story.failure) if story.failure else None,
    }
