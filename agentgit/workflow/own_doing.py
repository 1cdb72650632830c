"""Whether what has moved since a plan was saved is what its own interrupted rollout has done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from agentgit.model.observed import Live
from agentgit.model.rollout import RolloutRecord
from agentgit.model.steps import RemoveReplica, StartReplica, Step, StopReplica, UpdateReplica
from agentgit.plan.baseline import IN_PLACE
from agentgit.plan.moved import Moved
from agentgit.record.ledger import GitLedger

GOES_ON = frozenset({"running", "interrupted", "failed"})
_TOUCHES_NOTHING = frozenset({"unpin", "break"})


def find_own(records: Sequence[RolloutRecord], digest: str) -> tuple[RolloutRecord, ...]:
    """Find the rollouts of one saved plan that the next one goes on with.

    They are the newest of all, nobody else has been there since, and the last of them did not
    come to its end.
    """
    touching = (one for one in records if one.kind not in _TOUCHES_NOTHING)
    own = tuple(takewhile(lambda one: one.saved_plan == digest, touching))
    return own if own and own[0].outcome in GOES_ON else ()


def find_others_doing(
    moved: Sequence[Moved], own: Sequence[RolloutRecord], ledger: GitLedger
) -> tuple[Moved, ...]:
    """Find the differences that the steps of those rollouts do not make; all, without any."""
    plans = (ledger.plan(one.environment, one.id) for one in own)
    moves = [move for plan in plans if plan for move in plan.moves]
    steps = [step for move in moves for step in (*move.steps, *move.undo)]
    ids = {one.id for one in own}
    return tuple(one for one in moved if not _is_made_by(one, ids, steps))


def _is_made_by(moved: Moved, ids: set[str], steps: Iterable[Step]) -> bool:
    before, after = moved.before, moved.after
    if before is None:
        return after is not None and after.rollout in ids
    mine = [
        one
        for one in steps
        if isinstance(one, RemoveReplica | StopReplica | StartReplica | UpdateReplica)
        and (one.host, one.name) == (before.host, before.name)
    ]
    if after is None:
        return any(isinstance(one, RemoveReplica) for one in mine)
    lives = [
        Live(limits=one.limits, restart=one.restart)
        for one in mine
        if isinstance(one, UpdateReplica)
    ]
    driven = any(isinstance(one, StopReplica | StartReplica) for one in mine)
    same: dict[str, object] = {
        "state": before.state, "live": before.live, "rollout": before.rollout,
    }  # fmt: skip
    if driven:  # an engine may say less of what does not run
        same["routes"] = before.routes
    if lives and all(one.field in IN_PLACE for one in after.drift):  # set together with limits
        same["drift"] = before.drift
    return (
        after.model_copy(update=same) == before
        and (after.live == before.live or after.live in lives)
        and (after.state == before.state or driven)
    )
