"""Room on the hosts that get replicas: too little is refused, also after pulls. Pure.

How large an image is nobody tells before it is there. So the declared minimum is asked for twice:
when planning, and again when everything is pulled and nothing that runs was touched.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.errors import GuardError, Location
from agentgit.model.desired import Desired
from agentgit.model.plan import Plan
from agentgit.model.steps import CheckRoom, CreateReplica
from agentgit.model.value import format_size
from agentgit.plan.image_removal import list_steps
from agentgit.plan.request import PlanRequest

LEAST = 512 * 1024**2  # bytes, where an environment declares nothing
Rooms = Mapping[str, int | None]  # by host; None where its engine does not tell


def find_receiving(plan: Plan, request: PlanRequest) -> tuple[str, ...]:
    """Name the hosts that get replicas and must have room for them."""
    if request.destroy or "low-disk" in request.allow:
        return ()
    steps = (step for step in list_steps(plan) if isinstance(step, CreateReplica))
    return tuple(sorted({step.host for step in steps}))


def plan_room_checks(desired: Desired, rooms: Rooms) -> tuple[CheckRoom, ...]:
    """Give the checks of what pulls leave. Raises GuardError where it is too little now."""
    declared = desired.protection.min_free_disk
    least = LEAST if declared is None else declared
    for host, room in sorted(rooms.items()):
        if room is not None and room < least:
            raise GuardError(
                f"{host} has {room // 1024**2} MiB of disk left, and minFreeDisk of "
                f"{desired.environment} is {format_size(least)}",
                Location(f"environments/{desired.environment}/environment.yaml"),
                f"make room on {host}, or lower protection.minFreeDisk; if it is meant: "
                "--allow low-disk",
            )
    known = (host for host, room in sorted(rooms.items()) if room is not None)
    return tuple(CheckRoom(host=host, least=least) for host in known if least)


def list_unknown(desired: Desired, rooms: Rooms) -> tuple[str, ...]:
    """Name the hosts where a minimum that somebody has declared cannot be checked."""
    if not desired.protection.min_free_disk:
        return ()
    return tuple(host for host, room in sorted(rooms.items()) if room is None)
