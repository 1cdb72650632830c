"""How far a rollout has come, kept on the host so that it survives whoever carried it out."""

from __future__ import annotations

from datetime import datetime

from agentgit.model.value import Value


class Passage(Value):
    """A pause of a canary that is over: `instance` on its way from `old` to `new`, at `weight`.

    `old` names the revisions that were replaced, sorted and joined by commas.
    """

    instance: str
    old: str
    new: str
    weight: int


class Quarantined(Value):
    """A pair of instance and revision that failed: in which rollout, when, at which step."""

    instance: str
    revision: str
    rollout: str
    since: datetime | None = None
    step: str = ""
    message: str = ""
