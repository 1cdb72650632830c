"""What a saved plan keeps for the texts that show it, and what it says of itself."""

from __future__ import annotations

from datetime import datetime

from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.saved_plan import SavedPlan, Shown
from agentgit.report.context import Context
from agentgit.report.heading import find_failed_try
from agentgit.report.palette import safe
from agentgit.report.standing import find_standing
from agentgit.report.wording import word_age


def keep_context(plan: Plan, context: Context) -> Shown:
    """Keep what the texts of a plan use; of the records two at most, and nothing they quote."""
    standing, tried = find_standing(context.records), find_failed_try(plan, context)
    needed = {one.id for one in (standing.since if standing else None, tried) if one}
    return Shown(
        command=context.command,
        instances=context.instances,
        intent=context.intent,
        follows=context.follows,
        here=context.here,
        unchecked=tuple(sorted(context.unchecked)),
        records=tuple(_shorten(one) for one in context.records if one.id in needed),
    )


def restore_context(saved: SavedPlan) -> Context:
    """Give the texts what they had when the plan was made."""
    shown = saved.shown
    return Context(
        only=saved.asked.only,
        allow=saved.asked.allow,
        command=shown.command,
        instances=shown.instances,
        records=shown.records,
        intent=shown.intent,
        pinning=saved.pinning,
        follows=shown.follows,
        here=shown.here,
        unchecked=frozenset(shown.unchecked),
    )


def write_saved(saved: SavedPlan, now: datetime) -> str:
    """Say when and with what it was saved, and what is not known here."""
    return (
        f"saved {word_age(saved.saved_at, now)} with {safe(saved.tool)}; whether it still holds "
        "is looked at when it is applied"
    )


def _shorten(record: RolloutRecord) -> RolloutRecord:
    failures = tuple(_without_log(one) for one in record.failures)
    failure = _without_log(record.failure) if record.failure else None
    return record.model_copy(update={"failure": failure, "failures": failures})


def _without_log(failure: Failure) -> Failure:
    return failure.model_copy(update={"log": ()})
