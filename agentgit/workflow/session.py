"""What a command works with from beginning to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from typing import Literal

from agentgit.effects import Clock, Providers
from agentgit.model.desired import Desired
from agentgit.model.observed import Observed
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Commit, Snapshot
from agentgit.record.ledger import GitLedger
from agentgit.source.repository import GitSource

RequestKind = Literal["apply", "rollback", "restart", "destroy"]


@dataclass(frozen=True)
class World:
    """Where agentgit works; `state_home` is a folder for what belongs to this machine."""

    source: GitSource
    clock: Clock
    state_home: Path


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    `revision` is a commit to go to (for a rollback: back to), `worktree` plans uncommitted
    files.
    `only` limits to instances; for a restart these are the ones to restart, all when empty.
    """

    environment: str
    kind: RequestKind = "apply"
    revision: str | None = None
    worktree: bool = False
    only: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Target:
    """The commit to go to. `followed` is what the environment would follow without any pin.

    `pin` is the pin in force, `new_pin` the one that this request sets, `ended_pin` one that a
    newer commit has just ended.
    """

    snapshot: Snapshot
    commit: Commit | None
    branch: str | None
    followed: Commit | None
    pin: Pin | None = None
    new_pin: Pin | None = None
    ended_pin: Pin | None = None


@dataclass
class Session:
    """Everything known for one request. `plan` is None when a host does not answer (status).

    Setting `stop` ends an apply at the next safe point.
    """

    world: World
    request: Request
    target: Target
    desired: Desired
    observed: Observed
    plan: Plan | None
    providers: Providers
    ledger: GitLedger
    records: tuple[RolloutRecord, ...]
    warnings: tuple[str, ...] = ()
    stop: Flag = field(default_factory=Flag)
