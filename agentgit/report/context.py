"""What is known around a plan when it is shown: what was asked for, and what ran and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentgit.model.observed import Observed
from agentgit.model.origin import Origin
from agentgit.model.progress import Quarantined
from agentgit.model.rehearsal import Rehearsal
from agentgit.model.rollout import RolloutRecord


@dataclass(frozen=True, slots=True)
class Context:
    """`kind`, `only` and `command` are the request, the last as it is typed again.

    `instances` counts those of the whole environment, where the plan is limited to some. `intent`
    is the digest of what is asked for, `pinning` says that carrying the plan out sets its pin,
    `here` is the branch that is checked out where the environment `follows` another one.
    `allow` names guards that a saved plan lets pass, `unchecked` instances without a health
    check. `before` and `after` are what ran and runs, `images` says where an image is asked for,
    `quarantined` is what the rollout has put in quarantine, `rehearsal` how the plan would go.
    What is empty is not known, or does not matter.
    """

    kind: str = "apply"
    only: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    command: str = ""
    instances: int = 0
    records: Sequence[RolloutRecord] = ()
    intent: str = ""
    pinning: bool = False
    follows: str = ""
    here: str = ""
    unchecked: frozenset[str] = frozenset()
    before: Observed | None = None
    after: Observed | None = None
    quarantined: Sequence[Quarantined] = ()
    images: Mapping[str, tuple[tuple[str, Origin], ...]] = field(default_factory=dict)
    rehearsal: Rehearsal | None = None


NOTHING_KNOWN = Context()
