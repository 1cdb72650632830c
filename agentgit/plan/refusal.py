"""What guards say becomes part of the plan: it is shown as a whole, and not carried out."""

from __future__ import annotations

from collections.abc import Sequence

from agentgit.errors import GuardError, Location, Problem
from agentgit.model.guards import Guard
from agentgit.model.plan import Plan
from agentgit.model.refusal import Refusal

_NAMED = 5  # of those that a guard is about


def check_refused(plan: Plan) -> None:
    """Refuse to carry out what guards do not let pass. Raises GuardError with all they say."""
    error = find_refused(plan)
    if error is not None:
        raise error


def find_refused(plan: Plan) -> GuardError | None:
    """Gather all that guards say; None where the plan may be carried out."""
    problems = tuple(_describe(one) for one in plan.refusals)
    return GuardError.of(problems) if problems else None


def refuse(
    guard: Guard, messages: Sequence[str], hint: str, where: Location | None = None
) -> Refusal:
    """Make one refusal of all that a guard has found; it names its flag."""
    more = len(messages) - _NAMED
    lines = [*messages[:_NAMED], *([f"and {more} more"] if more > 0 else [])]
    return Refusal(
        name=guard,
        guard=guard,
        message="\n".join(lines),
        hint=f"{hint}; if it is meant: --allow {guard}",
        path=where.path if where else "",
        line=where.line if where else 0,
        column=where.column if where else 0,
    )


def _describe(refusal: Refusal) -> Problem:
    place = Location(refusal.path, refusal.line, refusal.column) if refusal.path else None
    return Problem(refusal.message, place, refusal.hint)
