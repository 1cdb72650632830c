"""What a rehearsal found: how a plan would go, by the clock of an imaginary run."""

from __future__ import annotations

from agentgit.model.value import Value


class Course(Value):
    """How one instance fares: replicas that serve before, at the worst moment, and after.

    `mixed` is for how many seconds replicas of more than one revision serve side by side.
    """

    instance: str
    before: int
    least: int
    after: int
    mixed: float = 0.0


class Rehearsal(Value):
    """How a plan would go, if every call takes as long as estimated and every agent does well.

    `seconds` is the whole, `waves` are the seconds of each wave with its pause; `replicas` and
    `memory` (bytes, by declared limits) the most at one time, `unlimited` the most replicas at one
    time that declare no limit. `courses` are of the instances that the plan touches. `failure`
    says why it would not come to its end although every agent does well. Pulling is not estimated:
    `pulls` says how many images have to be pulled.
    """

    seconds: float
    waves: tuple[float, ...] = ()
    replicas: int = 0
    memory: int = 0
    unlimited: int = 0
    courses: tuple[Course, ...] = ()
    failure: str = ""
    pulls: int = 0
