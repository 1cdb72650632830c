"""A plan as it is kept in a file, to be shown and carried out later exactly as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from agentgit.model.guards import Guard
from agentgit.model.observed import FactChange, Health, Live, State
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.value import Value

SAVED_PLAN = "agentgit/saved-plan@1"


class Seen(Value):
    """What was seen of one replica: what the observed digest covers, its name and its rollout."""

    host: str
    id: str
    name: str
    instance: str
    slot: int
    revision: str
    image_id: str = ""
    rollout: str = ""
    state: State
    live: Live = Live()
    routes: Mapping[str, str] = {}
    drift: tuple[FactChange, ...] = ()


class Asked(Value):
    """What the plan was asked for; the commit that was chosen for it is the plan's."""

    revision: str | None = None
    only: tuple[str, ...] = ()
    retry: bool = False
    allow: tuple[Guard, ...] = ()


class Shown(Value):
    """What the texts of a plan tell besides the plan itself.

    `records` are the few that say what ran and what was tried before, without any log.
    """

    command: str = ""
    instances: int = 0
    intent: str = ""
    follows: str = ""
    here: str = ""
    unchecked: tuple[str, ...] = ()
    records: tuple[RolloutRecord, ...] = ()


class SavedPlan(Value):
    """The request, the plan with all of its steps, and what was seen when it was made.

    `pinning` says that carrying it out sets the plan's pin. `digest` names the file's content.
    `health` is that of each replica by its name: no part of what was seen, but it may say why
    other steps are planned later.
    """

    format: Literal["agentgit/saved-plan@1"] = "agentgit/saved-plan@1"
    digest: str = ""
    tool: str
    saved_at: datetime
    asked: Asked
    pinning: bool = False
    plan: Plan
    seen: tuple[Seen, ...] = ()
    health: Mapping[str, Health] = {}
    shown: Shown = Shown()
