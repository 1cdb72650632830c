"""What a command works with from beginning to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from threading import Event as Flag
from typing import Literal

from agentgit.effects import Clock, Permit, Providers
from agentgit.execute.lease_value import Times
from agentgit.model.desired import Desired
from agentgit.model.guards import Guard
from agentgit.model.observed import Observed
from agentgit.model.plan import Pin, Plan
from agentgit.model.refusal import Refusal
from agentgit.model.rollout import RolloutRecord
from agentgit.model.saved_plan import SavedPlan
from agentgit.model.snapshot import Commit, Snapshot
from agentgit.model.value import format_duration
from agentgit.record.ledger import GitLedger
from agentgit.source.repository import GitSource
from agentgit.workflow.spool import Spooled

RequestKind = Literal["apply", "rollback", "restart", "destroy", "drift"]


@dataclass(frozen=True)
class World:
    """Where agentgit works; `state_home` is a folder for what belongs to this machine.

    `times` is how long leases live: the same for all who share hosts.
    """

    source: GitSource
    clock: Clock
    state_home: Path
    times: Times = field(default_factory=Times)


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    `revision` is a commit to go to (for a rollback: back to), `worktree` plans uncommitted
    files.
    `only` limits to instances; for a restart these are the ones to restart, all when empty.
    `retry` tries again what is in quarantine, `allow` names guards that are let pass, `pin_for`
    is for how many seconds a new pin is to hold.
    `lock_timeout` is for how many seconds to wait for somebody else who is at work. `saved` is
    the plan to carry out, from `file`; then everything else is as it was asked for that one.
    """

    environment: str
    kind: RequestKind = "apply"
    revision: str | None = None
    worktree: bool = False
    only: tuple[str, ...] = ()
    reason: str = ""
    retry: bool = False
    allow: frozenset[Guard] = frozenset()
    pin_for: float | None = None
    lock_timeout: float = 0.0
    saved: SavedPlan | None = None
    file: str = ""

    @property
    def command(self) -> str:
        """The command that asks for the same again; what has been tried again is free to go on."""
        if self.file:
            return f"agentgit apply {quote(self.file)}"
        words = [f"agentgit {self.kind}"]
        words += list(self.only) if self.kind == "restart" else []
        words += [f"-e {self.environment}"]
        if self.revision:
            words += [f"--{'to' if self.kind == 'rollback' else 'revision'} {self.revision}"]
        if self.kind == "apply":
            words += [f"--only {name}" for name in self.only]
        words += [f"--allow {guard}" for guard in sorted(self.allow)]
        if self.pin_for is not None:
            words += [f"--for {format_duration(self.pin_for)}"]
        return " ".join(words)


@dataclass(frozen=True)
class Target:
    """The commit to go to. `followed` is what the environment would follow without any pin.

    `pin` is the pin in force, `new_pin` the one that this request sets, `ended_pin` one that a
    newer commit has just ended, or that has expired. `refused` is what speaks against this commit.
    """

    snapshot: Snapshot
    commit: Commit | None
    branch: str | None
    followed: Commit | None
    pin: Pin | None = None
    new_pin: Pin | None = None
    ended_pin: Pin | None = None
    refused: tuple[Refusal, ...] = ()


@dataclass
class Session:
    """Everything known for one request. `plan` is None when a host does not answer (status).

    `spooled` are the records that were found on hosts. Setting `stop` ends an apply at the next
    safe point. `permit` is asked before each call to a host that changes something, and asks the
    lease while there is one. `given_up` are lost hosts that are done without.
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
    spooled: tuple[Spooled, ...] = ()
    permit: Permit = field(default_factory=Permit)
    given_up: tuple[str, ...] = ()
