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
    raise_refused(plan.refusals)


def raise_refused(refusals: Sequence[Refusal]) -> None:
    """Refuse, where there is anything to refuse. Raises GuardError."""
    error = gather_refused(refusals)
    if error is not None:
        raise error


def gather_refused(refusals: Sequence[Refusal]) -> GuardError | None:
    """Gather all that guards say; None where they say nothing."""
    problems = tuple(_describe(one) for one in refusals)
    return GuardError.of(problems) if problems else None


def refuse(
    guard: Guard, messages: Sequence[str], hint: str, where: Location | None = None
) -> Refusal:
    """Make one refusal of all that a guard has found; it names its flag."""
    return Refusal(
        name=guard,
        guard=guard,
        message=list_first(messages),
        hint=f"{hint}; if it is meant: --allow {guard}",
        path=where.path if where else "",
        line=where.line if where else 0,
        column=where.column if where else 0,
    )


def list_first(messages: Sequence[str]) -> str:
    """Write a line for each of the first messages, and how many more there are."""
    more = len(messages) - _NAMED
    return "\n".join([*messages[:_NAMED], *([f"and {more} more"] if more > 0 else [])])


def _describe(refusal: Refusal) -> Problem:
    place = Location(refusal.path, refusal.line, refusal.column) if refusal.path else None
    return Problem(refusal.message, place, refusal.hint)
