"""How far a plan reaches, counted once for every output that says it."""

from __future__ import annotations

from collections.abc import Iterator

from agentgit.model.plan import Plan
from agentgit.model.steps import RemoveImage, RemoveLeftover
from agentgit.report.context import Context
from agentgit.report.heading import short_image
from agentgit.report.palette import safe
from agentgit.report.wording import join_names


def count_reached(plan: Plan) -> tuple[int, int]:
    """Count the replicas that something happens to, and all that are there before or after."""
    more = sum(max(0, one.replicas_after - one.replicas_before) for one in plan.changes)
    touched = sum(change.touched for change in plan.changes if change.kind != "keep")
    return touched, max(plan.replicas_before + more, touched)


def percent(part: int, whole: int) -> str:
    """Write a share; nothing but all of it is 100 %, nothing but none of it 0 %."""
    share = round(100 * part / whole)
    if part < whole and share == 100:
        return "over 99 %"
    return "under 1 %" if part and not share else f"{share} %"


def find_unseen(plan: Plan, context: Context) -> list[str]:
    """Name the instances whose new replicas no health check looks at."""
    fresh = (one.instance for one in plan.changes if one.kind in {"create", "replace"})
    return [name for name in fresh if name in context.unchecked]


def has_peak(plan: Plan) -> bool:
    """Whether more replicas run at one time than before or after."""
    return plan.peak > max(plan.replicas_before, plan.replicas_after)


def name_leftovers(plan: Plan) -> list[str]:
    """Name what is removed at the end, as nothing uses it."""
    return [f"{one.what} {one.name}" for one in plan.cleanup if isinstance(one, RemoveLeftover)]


def name_removed_images(plan: Plan) -> list[str]:
    """Name the images that are removed at the end, as no kept revision needs them."""
    several = len(plan.hosts) > 1
    return [
        f"{one.name} ({short_image(one.id)}){f' on {one.host}' if several else ''}"
        for one in plan.cleanup
        if isinstance(one, RemoveImage)
    ]


def write_images(plan: Plan, names: int) -> Iterator[str]:
    """Say which images have to be pulled, and where; at most `names` images and hosts in each."""
    told = [f"{safe(one.name)} on {join_names(one.hosts, names)}" for one in plan.absent_images]
    if told:
        yield f"pulled first, as no such image is there: {join_names(told, names)}"
