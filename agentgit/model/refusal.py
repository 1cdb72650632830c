"""What a guard says against a plan."""

from __future__ import annotations

from typing import Literal

from agentgit.model.guards import Guard
from agentgit.model.value import Value

Refuser = Guard | Literal["quarantine", "ports", "exclusive-volume", "canary-share"]


class Refusal(Value):
    """Why a plan must not be carried out as it is.

    `guard` is the name that lets it pass; None where only the way in `hint` does. `name` says in a
    word who, or what, refuses. `line` and `column` are 0 where the place
    is the file.
    """

    name: Refuser
    guard: Guard | None = None
    message: str
    hint: str
    path: str = ""
    line: int = 0
    column: int = 0
