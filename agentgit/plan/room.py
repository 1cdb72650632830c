"""Room on the hosts that get replicas: too little is refused, also after pulls. Pure.

How large an image is nobody tells before it is there. So the declared minimum is asked for twice:
when planning, and again when everything is pulled and nothing that runs was touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentgit.model.desired import Desired
from agentgit.model.plan import Plan
from agentgit.model.refusal import Refusal
from agentgit.model.steps import CheckRoom, CreateReplica
from agentgit.model.value import format_size, round_size
from agentgit.plan.pointing import point_at_limit
from agentgit.plan.refusal import refuse
from agentgit.plan.request import Evidence, PlanRequest

LEAST = 512 * 1024**2  # bytes, where an environment declares nothing
Rooms = Mapping[str, int | None]  # by host; None where its engine does not tell


def find_receiving(plan: Plan, request: PlanRequest) -> tuple[str, ...]:
    """Name the hosts that get replicas and must have room for them."""
    if request.destroy or "low-disk" in request.allow:
        return ()
    steps = (step for move in plan.moves for step in move.steps if isinstance(step, CreateReplica))
    return tuple(sorted({step.host for step in steps}))


def plan_room_checks(
    desired: Desired, request: PlanRequest, rooms: Rooms
) -> tuple[CheckRoom, ...]:
    """Give the checks of what pulls leave."""
    least = _find_least(desired, request)
    known = (host for host, room in sorted(rooms.items()) if room is not None)
    return tuple(CheckRoom(host=host, least=least) for host in known if least)


def refuse_room(
    desired: Desired, request: PlanRequest, rooms: Rooms, evidence: Evidence
) -> Iterator[Refusal]:
    """Refuse to bring replicas to hosts that have too little room now."""
    least = _find_least(desired, request)
    tight = {host: room for host, room in rooms.items() if room is not None and room < least}
    if tight:
        yield refuse(
            "low-disk",
            [
                f"{host} has {round_size(room)} of disk left, and minFreeDisk of "
                f"{desired.environment} is {format_size(least)}"
                for host, room in sorted(tight.items())
            ],
            f"make room on {', '.join(sorted(tight))}, or lower protection.minFreeDisk",
            point_at_limit(desired, "minFreeDisk", evidence),
        )


def _find_least(desired: Desired, request: PlanRequest) -> int:
    """Give the larger minimum of those in force: this commit's, and the one it found."""
    found = [desired.protection]
    if request.protected is not None and "protection" not in request.allow:
        found.append(request.protected)
    declared = (one.min_free_disk for one in found)
    return max(LEAST if one is None else one for one in declared)


def list_unknown(desired: Desired, rooms: Rooms) -> tuple[str, ...]:
    """Name the hosts where a minimum that somebody has declared cannot be checked."""
    if not desired.protection.min_free_disk:
        return ()
    return tuple(host for host, room in sorted(rooms.items()) if room is None)
