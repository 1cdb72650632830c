"""A saved plan against the one that is made of the same again: what it would do otherwise.

Both were made of the same intent and the same observed state, so they differ only where the file
was written by somebody else than the planner, or by another planner, or where health has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from agentgit.model.plan import Plan
from agentgit.model.steps import AwaitHealthy, Step, target_of

_EXPLAINS = {"causes": (), "fields": (), "agent": "", "path": "", "gap": None}
_Row = tuple[str, str, object]


def find_other_steps(saved: Plan, fresh: Plan) -> tuple[str, ...]:
    """Say where a saved plan has not the very steps of the fresh one; nothing where it has.

    Why something is done, and what it puts at risk, may be told otherwise: what is known of the
    past depends on the clone.
    """
    was, now = list(_rows(saved)), list(_rows(fresh))
    if was == now:
        return ()
    before, after = _by_name(was), _by_name(now)
    words = [f"{name} is not planned" for name in before if name not in after]
    words += [f"{name} is planned and not in it" for name in after if name not in before]
    words += [f"{name} is planned otherwise" for name in before
              if name in after and before[name] != after[name]]  # fmt: skip
    return tuple(words) or ("the order is another one",)


def does_the_same(saved: Plan, fresh: Plan) -> bool:
    """Whether both do the same to the same replicas, in whatever order, and wait for whomever.

    What serves is let go last, and what starts is waited for: that follows from health alone.
    """
    return _gather(saved) == _gather(fresh)


def _gather(plan: Plan) -> Counter[str]:
    rows = [f"{plan.tolerated} {plan.passages}"]
    rows += [step.model_dump_json() for step in (*plan.prepare, *plan.cleanup)]
    rows += [f"{one.hold.duration} {one.hold.passes}" for one in plan.waves if one.hold]
    for move in (move for wave in plan.waves for move in wave.moves):
        for part in ("prepare", "finish", "undo"):
            steps: tuple[Step, ...] = getattr(move, part)
            lasting = (step for step in steps if not isinstance(step, AwaitHealthy))
            rows += [f"{move.instance} {part} {step.model_dump_json()}" for step in lasting]
    return Counter(rows)


def _rows(plan: Plan) -> Iterator[_Row]:
    """List everything that is done: where, what, and all that belongs to it."""
    yield "plan", "tolerated failures", dict(plan.tolerated)
    yield "plan", "passed pauses", plan.passages
    for change in plan.changes:
        yield "plan", f"{change.kind} {change.instance}", change.model_copy(update=_EXPLAINS)
    yield from _steps("prepare", plan.prepare)
    for number, wave in enumerate(plan.waves, start=1):
        yield f"wave {number}", wave.title, wave.hold
        for move in wave.moves:
            for part in ("prepare", "finish", "undo"):
                where = f"wave {number}, {move.instance}, {part}"
                yield from _steps(where, getattr(move, part))
    yield from _steps("cleanup", plan.cleanup)


def _steps(where: str, steps: Iterable[Step]) -> Iterator[_Row]:
    for step in steps:
        yield f"{where} on {step.host}", f"{step.kind} {target_of(step)}", step


def _by_name(rows: Iterable[_Row]) -> dict[str, object]:
    return {f"{where}: {what}": detail for where, what, detail in rows}
