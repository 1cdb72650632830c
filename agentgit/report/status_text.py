"""What runs: every replica with its revision, the commit that made it and its health."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentgit.model.desired import Desired
from agentgit.model.observed import Observed, Replica
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.report.history_text import write_result
from agentgit.report.palette import PLAIN, Palette, Role, safe
from agentgit.report.plan_text import write_head, write_pin, write_silence
from agentgit.report.wording import (
    count,
    lay_out,
    short,
    short_revision,
    word_age,
    word_duration,
    write_actor,
)


def write_status(
    desired: Desired,
    observed: Observed,
    plan: Plan | None,
    *,
    records: Sequence[RolloutRecord],
    now: datetime,
    palette: Palette = PLAIN,
) -> str:
    """Write hosts, instances with their replicas, the last rollout and what is pending."""
    lines = [_write_runs(desired, plan, records, now, palette)]
    lines += write_pin(plan.pin, plan, now, palette) if plan else []
    lines += [*_write_hosts(observed, palette), ""]
    replicas: dict[str, list[Replica]] = {one.name: [] for one in desired.instances}
    for replica in observed.replicas:
        replicas.setdefault(replica.instance, []).append(replica)
    wanted = {one.name: one.spec.scale.replicas for one in desired.instances}
    for name in sorted(replicas):
        lines += _write_instance(name, replicas[name], wanted.get(name), now, palette)
    return "\n".join([*lines, "", *_write_pending(plan, records, now)])


def describe_state(replica: Replica) -> str:
    """Say in a word or two how a replica is."""
    if replica.state == "running":
        return "running" if replica.health == "none" else replica.health
    if replica.state == "exited" and replica.exit_code is not None:
        return f"exited with {replica.exit_code}"
    return replica.state


def _write_runs(
    desired: Desired,
    plan: Plan | None,
    records: Sequence[RolloutRecord],
    now: datetime,
    palette: Palette,
) -> str:
    good = next((one for one in records if one.outcome == "succeeded" and one.commit), None)
    if plan and plan.is_empty and plan.commit:
        return f"{write_head(plan, now, palette)}: everything runs as it should"
    if good is None:
        return f"{safe(desired.environment)}: nothing was applied successfully yet"
    return f"{safe(desired.environment)}: last applied {short(good.commit)}, {_when(good, now)}"


def _when(record: RolloutRecord, now: datetime) -> str:
    return (
        f"{word_age(record.finished_at or record.started_at, now)} by {write_actor(record.actor)}"
    )


def _write_hosts(observed: Observed, palette: Palette) -> Iterator[str]:
    rows = [
        (safe(one.host), f"{one.engine} {safe(one.version)}".strip(),
         count(len(one.replicas), "replica"))
        for one in observed.hosts
    ]  # fmt: skip
    yield from lay_out(rows)
    for host in observed.unreachable:
        yield f"  {palette.paint('attention', '?')} {write_silence(host)}"


def _write_instance(
    name: str,
    replicas: Sequence[Replica],
    wanted: int | None,
    now: datetime,
    palette: Palette,
) -> Iterator[str]:
    serving = sum(replica.serving for replica in replicas)
    of = "not asked for" if wanted is None else f"{serving} of {wanted} serving"
    role: Role = "good" if wanted is not None and serving >= wanted else "attention"
    yield f"  {palette.paint('strong', safe(name))}  {palette.paint(role, of)}"
    ordered = sorted(replicas, key=lambda one: (one.slot, one.host, one.name))
    rows = [_replica_row(replica, now) for replica in ordered]
    yield from lay_out(rows, indent="    ")


def _replica_row(replica: Replica, now: datetime) -> tuple[str, ...]:
    restarts = f", {count(replica.restarts, 'restart')}" if replica.restarts else ""
    error = f", {safe(replica.error)}" if replica.error else ""
    addresses = ", ".join(
        f"{safe(port)} {safe(where)}" for port, where in sorted(replica.addresses.items())
    )
    return (
        str(replica.slot),
        safe(replica.host),
        f"{describe_state(replica)}{restarts}{error}",
        _up(replica, now),
        f"revision {short_revision(safe(replica.revision))}",
        f"since {short(safe(replica.commit))}",
        addresses,
    )


def _up(replica: Replica, now: datetime) -> str:
    """Say for how long it runs; engines write nanoseconds, which are cut."""
    if replica.state != "running" or not replica.started_at:
        return ""
    text = replica.started_at.rstrip("Z")[:19]
    try:
        started = datetime.fromisoformat(text).replace(tzinfo=now.tzinfo)
    except ValueError:
        return ""
    return f"up {word_duration((now - started).total_seconds())}"


def _write_pending(
    plan: Plan | None, records: Sequence[RolloutRecord], now: datetime
) -> Iterator[str]:
    if records:
        last = records[0]
        yield f"last rollout: {last.id} {last.kind} {write_result(last)}, {_when(last, now)}"
    if plan is None:
        yield "what is pending cannot be said while a host does not answer"
        return
    pending = sum(change.kind != "keep" for change in plan.changes)
    if not plan.is_empty:
        what = count(pending, "change") if pending else "a cleanup"
        verb = "are" if pending > 1 else "is"
        yield f"{what} {verb} pending:  agentgit plan -e {safe(plan.environment)}"
