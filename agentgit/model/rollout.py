"""Rollouts as the ledger records them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from agentgit.model.plan import Pin
from agentgit.model.value import Value

Outcome = Literal[
    "running", "succeeded", "partial", "failed", "rolled-back", "interrupted", "superseded"
]
RolloutKind = Literal["apply", "rollback", "restart", "destroy", "unpin", "break"]


class Failure(Value):
    """Why a rollout failed: which instance at which step, with the evidence."""

    instance: str
    host: str = ""
    replica: str = ""
    revision: str = ""
    step: str
    message: str
    hint: str = ""
    fault: Literal["revision", "world"]
    log: tuple[str, ...] = ()


class RolloutRecord(Value):
    """One execution of a plan. `id` sorts by time: `20261120-081530-7f3a`.

    `instances` are those it changed; `only` is set when it was limited to some of them. `commit`
    is the deployed commit, `intent` a digest of what it asks for; `back_to` the commits it went
    back to when it failed, `hosts` those that carried replicas at the end, with their engine,
    `identities` those of all hosts that were looked at; `unsettled` says that a host did not take
    the baselines of what this rollout made there.
    `failures` are all that failed, one an instance, `failure` the first; with the outcome
    `partial` those instances went back and all others succeeded. `resumes` is the interrupted
    rollout that this one went on with, `superseded_by` the commit that this one made way for,
    `retry` whether it was allowed to try again what is in quarantine, `allow` the guards that
    were let pass, `saved_plan` the digest of the file that was carried out; `revisions` gives the
    revisions that it brought in, by instance: one, or two where it runs as containers and as
    processes. `images` gives the ids of the images at the end, by revision and host, where they
    are known by names that may mean others by now.
    """

    id: str
    kind: RolloutKind
    project_id: str
    environment: str
    commit: str
    intent: str = ""
    actor: str
    tool: str
    started_at: datetime
    finished_at: datetime | None = None
    outcome: Outcome = "running"
    fence: int = 0
    instances: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    reason: str = ""
    pin: Pin | None = None
    failure: Failure | None = None
    failures: tuple[Failure, ...] = ()
    resumes: str = ""
    superseded_by: str = ""
    retry: bool = False
    allow: tuple[str, ...] = ()
    saved_plan: str = ""
    revisions: Mapping[str, tuple[str, ...]] = {}
    back_to: tuple[str, ...] = ()
    hosts: Mapping[str, str] = {}
    identities: Mapping[str, str] = {}
    unsettled: bool = False
    images: Mapping[str, Mapping[str, str]] = {}
    added: int = 0
    changed: int = 0
    removed: int = 0
