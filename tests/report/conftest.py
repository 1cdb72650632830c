"""Small built values that several outputs are tested with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentgit.model.change import Cause, Change, FieldChange
from agentgit.model.origin import Origin
from agentgit.model.plan import Move, Pin, Plan, Wave
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.steps import (
    AwaitHealthy,
    CreateReplica,
    Hold,
    RemoveReplica,
    ReplicaSpec,
    StartReplica,
    StopReplica,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEW, OLD = "3f2a91c" + "0" * 33, "88e01b2" + "0" * 33


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def commit() -> Commit:
    return Commit(
        sha=NEW,
        author="Ana",
        email="ana@acme.example",
        time=NOW - timedelta(hours=2),
        subject="Raise refund limit",
    )


def _prompt() -> FieldChange:
    return FieldChange(
        path="instructions",
        change_class="prompt",
        before="Be kind.\nYou may refund up to 50 EUR without asking.\nSay goodbye.\n",
        after="Be kind.\nYou may refund up to 200 EUR without asking.\nSay goodbye.\n",
        origin=Origin(layer="global", path="global/prompts/support.md", line=2),
        lines=(2, 2),
    )


def _temperature() -> FieldChange:
    return FieldChange(
        path="model.params.temperature",
        change_class="model",
        before=0.2,
        after=0.1,
        origin=Origin(
            layer="environment",
            path="environments/production/agents/support.yaml",
            line=6,
            column=21,
        ),
        over=Origin(layer="global", path="global/agents/support.yaml", line=12, column=34),
    )


@pytest.fixture
def changes() -> tuple[Change, ...]:
    edited = Change(
        kind="replace",
        instance="support-eu",
        agent="support",
        path="environments/production/instances/support-eu.yaml",
        replicas=2,
        touched=2,
        revision="9c41d07e" + "0" * 56,
        from_revisions=("1b2c3d4e" + "0" * 56,),
        causes=(Cause(kind="fields", detail="2 fields differ"),),
        fields=(_prompt(), _temperature()),
        strategy="rolling",
        order="start-first",
    )
    return (
        Change(
            kind="create",
            instance="research-1",
            replicas=1,
            touched=1,
            causes=(Cause(kind="missing", detail="its replica 0 is gone from eu-1"),),
        ),
        edited,
        edited.model_copy(update={"instance": "support-us"}),
        Change(
            kind="create",
            instance="triage",
            path="environments/production/instances/triage.yaml",
            replicas=1,
            touched=1,
            causes=(Cause(kind="new", detail="declared by a file"),),
        ),
        Change(kind="keep", instance="web", replicas=3),
    )


def _move(instance: str, slot: int) -> Move:
    new, old = (
        f"acme-production-{instance}-{slot}-9c41d07e-1",
        f"acme-production-{instance}-{slot}",
    )
    spec = ReplicaSpec(
        name=new,
        project_id="p",
        project="acme",
        environment="production",
        agent="support",
        instance=instance,
        slot=slot,
        revision="9c41d07e" + "0" * 56,
        commit=NEW,
    )
    return Move(
        instance=instance,
        host="eu-1",
        slot=slot,
        cause="fields",
        prepare=(
            CreateReplica(host="eu-1", replica=spec),
            StartReplica(host="eu-1", name=new),
            AwaitHealthy(host="eu-1", name=new, min_healthy_time=1.0, timeout=120.0),
        ),
        finish=(
            StopReplica(host="eu-1", name=old),
            RemoveReplica(host="eu-1", name=old),
        ),
    )


@pytest.fixture
def plan(commit: Commit, changes: tuple[Change, ...]) -> Plan:
    first = Wave(
        title="rolling 1",
        moves=(_move("support-eu", 0), _move("support-us", 0)),
        hold=Hold(duration=120.0),
    )
    second = Wave(title="rolling 2", moves=(_move("support-eu", 1), _move("support-us", 1)))
    return Plan(
        project_id="p",
        project="acme",
        environment="production",
        commit=commit,
        branch="main",
        intent_digest="i",
        observed_digest="o",
        hosts=("eu-1", "eu-2"),
        changes=changes,
        waves=(first, second),
        replicas_before=8,
        replicas_healthy=8,
        replicas_after=9,
        peak=11,
    )


@pytest.fixture
def quiet_plan(plan: Plan) -> Plan:
    keep = tuple(one for one in plan.changes if one.kind == "keep")
    return plan.model_copy(update={"changes": keep, "waves": ()})


@pytest.fixture
def pin() -> Pin:
    return Pin(
        commit=OLD,
        instead_of=NEW,
        owner="Ana",
        reason="refunds went wild",
        since=NOW - timedelta(minutes=5),
    )


@pytest.fixture
def failure() -> Failure:
    return Failure(
        instance="support-eu",
        host="eu-1",
        replica="acme-production-support-eu-0-9c41d07e-1",
        revision="9c41d07e" + "0" * 56,
        step="await-healthy",
        message="did not become healthy within 2m: GET /healthz answered 503",
        fault="revision",
        log=("11:02:09 crm: 401 Unauthorized",),
    )


@pytest.fixture
def records(failure: Failure, pin: Pin) -> tuple[RolloutRecord, ...]:
    def record(**fields: object) -> RolloutRecord:
        return RolloutRecord.model_validate(
            {"project_id": "p", "environment": "production", "tool": "agentgit 0.1.0"} | fields
        )

    return (
        record(
            id="20261120-115500-0003",
            kind="rollback",
            commit=OLD,
            actor="Ana",
            started_at=NOW - timedelta(minutes=5),
            finished_at=NOW - timedelta(minutes=5) + timedelta(seconds=12),
            outcome="succeeded",
            reason="refunds went wild",
            pin=pin,
            changed=2,
        ),
        record(
            id="20261120-110000-0002",
            kind="apply",
            commit=NEW,
            actor="Ana",
            started_at=NOW - timedelta(hours=1),
            finished_at=NOW - timedelta(hours=1) + timedelta(seconds=124),
            outcome="rolled-back",
            failure=failure,
            back_to=(OLD,),
            changed=2,
        ),
        record(
            id="20261119-110000-0001",
            kind="apply",
            commit=OLD,
            actor="Li",
            started_at=NOW - timedelta(days=1),
            finished_at=NOW - timedelta(days=1) + timedelta(seconds=4),
            outcome="succeeded",
            added=3,
        ),
    )
