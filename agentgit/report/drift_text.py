"""What has drifted, for people: each difference, and what sets it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.report.changes_text import write_changes
from agentgit.report.extent import BY_JSON
from agentgit.report.heading import write_gone, write_standing, write_unverified
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.standing import Standing, find_standing
from agentgit.report.wording import count


def write_drift(
    plan: Plan,
    records: Sequence[RolloutRecord],
    *,
    now: datetime,
    palette: Palette = PLAIN,
    gone: bool = False,
) -> str:
    """Write the changes of a plan that would set everything back.

    An environment that is `gone` from the commit cannot be planned any more.
    """
    name = palette.paint("strong", safe(plan.environment))
    standing = find_standing(records)
    since = f" ({write_standing(standing, now)})" if standing else ""
    drifted = [change for change in plan.changes if change.kind != "keep"]
    notes = [
        palette.paint(
            "attention",
            f"rollout {safe(one.id)} has not come to its end: what it has left counts as well",
        )
        for one in records
        if one.outcome == "running"
    ]
    notes += [palette.paint("attention", line) for line in write_unverified(plan)]
    hosts = count(len(plan.hosts), "host")
    if not drifted:
        what = _write_running(plan, standing, since, now)
        none = "No drift that can be seen" if plan.unverified else "No drift"
        return "\n".join([f"{none} in {name} on {hosts}, {what}.", *notes])
    way = f"what sets it back, with what else is pending:  agentgit plan -e {name}"
    who = f"{len(drifted)} of {count(len(plan.changes), 'instance')} drifted"
    return "\n".join(
        [
            f"{name}: {who} on {hosts}{since}",
            *notes,
            "",
            *write_changes(
                plan.changes,
                palette,
                environment=plan.environment,
                hosts=len(plan.hosts) > 1,
                extent=BY_JSON,
            ),
            "",
            *(write_gone(plan.environment) if gone else (way,)),
        ]
    )


def _write_running(plan: Plan, standing: Standing | None, since: str, now: datetime) -> str:
    if plan.replicas_before:
        return (
            f"{plan.replicas_healthy} of {count(plan.replicas_before, 'replica')} healthy{since}"
        )
    if standing is not None and not standing.commit:
        return write_standing(standing, now)
    return f"nothing runs{since}"
