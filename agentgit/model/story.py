"""The story of one replica: which rollout made it, why, and what speaks for or against it."""

from __future__ import annotations

from agentgit.model.change import Change
from agentgit.model.observed import Replica
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.value import Value


class Proof(Value):
    """Something that was seen of a replica: `seconds` until it was healthy, or None."""

    what: str
    seconds: float | None = None


class Story(Value):
    """What is known of a replica.

    `live` is None when it is gone, and when it is `unseen`: nobody knows what its host runs.
    `rollout` made it and `removed_by` took it away, where the ledger has them; `change` is why.
    `went_back` says that it was made by the way back of that rollout, so that the change before
    does not explain it. `commit` is what it runs, with what people know it by.
    """

    environment: str
    name: str
    instance: str
    host: str = ""
    slot: int = 0
    revision: str = ""
    commit: Commit
    live: Replica | None = None
    unseen: bool = False
    rollout_id: str = ""
    rollout: RolloutRecord | None = None
    removed_by: RolloutRecord | None = None
    change: Change | None = None
    went_back: bool = False
    proofs: tuple[Proof, ...] = ()
    failure: Failure | None = None
