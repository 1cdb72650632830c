"""What runs: every replica with its revision, the commit that made it and its health."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import Observed, Replica
from agentgit.model.plan import Plan
from agentgit.model.progress import Quarantined
from agentgit.model.rollout import RolloutRecord
from agentgit.report.aftermath import describe_state
from agentgit.report.heading import (
    write_gone,
    write_head,
    write_pin,
    write_silence,
    write_standing,
    write_when,
)
from agentgit.report.history_text import write_result
from agentgit.report.palette import PLAIN, Palette, Role, safe
from agentgit.report.quarantine_text import write_standing_quarantine
from agentgit.report.standing import find_standing
from agentgit.report.wording import (
    count,
    lay_out,
    short,
    short_revision,
    word_duration,
)


def write_status(  # noqa: PLR0913 - the facts of one environment
    desired: Desired,
    observed: Observed,
    plan: Plan | None,
    *,
    records: Sequence[RolloutRecord],
    now: datetime,
    palette: Palette = PLAIN,
    quarantined: Sequence[Quarantined] = (),
    gone: bool = False,
) -> str:
    """Write hosts, instances with their replicas, the last rollout and what is pending.

    `quarantined` is what is asked for and not tried again. One that is `gone` from the commit
    cannot be planned any more.
    """
    lines = [_write_runs(desired, observed, plan, records, now, palette)]
    lines += write_pin(plan, now, palette) if plan else []
    lines += [*_write_hosts(observed, palette), ""]
    replicas: dict[str, list[Replica]] = {one.name: [] for one in desired.instances}
    for replica in observed.replicas:
        replicas.setdefault(replica.instance, []).append(replica)
    engines = {one.host: one.engine for one in observed.hosts}
    processes = frozenset(host for host, engine in engines.items() if engine == "process")
    for name in sorted(replicas):
        wanted = desired.instance(name)
        lines += _write_instance(
            name,
            replicas[name],
            wanted,
            processes,
            now,
            palette,
            silent=bool(observed.unreachable),
        )
    lines += ["", *write_standing_quarantine(quarantined, now, palette)]
    lines += _write_last(records, now)
    standing = find_standing(records)
    if not gone:
        lines += _write_pending(plan, observed)
    elif observed.replicas or standing is None or standing.commit:  # it was not destroyed
        lines += write_gone(observed.environment)
    return "\n".join(lines)


def _write_runs(
    desired: Desired,
    observed: Observed,
    plan: Plan | None,
    records: Sequence[RolloutRecord],
    now: datetime,
    palette: Palette,
) -> str:
    standing = find_standing(records)
    if plan and plan.is_empty and plan.commit and observed.replicas:
        return f"{write_head(plan, now, palette)}: everything runs as it should"
    gone = standing is not None and not standing.commit
    if standing is None or (gone and observed.replicas):
        return f"{safe(desired.environment)}: nothing was applied successfully yet"
    return f"{safe(desired.environment)}: {write_standing(standing, now)}"


def _write_hosts(observed: Observed, palette: Palette) -> Iterator[str]:
    rows = [
        (safe(one.host), f"{one.engine} {safe(one.version)}".strip(),
         count(len(one.replicas), "replica"))
        for one in observed.hosts
    ]  # fmt: skip
    yield from lay_out(rows)
    for host in observed.unreachable:
        yield f"  {palette.paint('attention', '?')} {write_silence(host)}"


def _write_instance(  # noqa: PLR0913 - the facts of one instance
    name: str,
    replicas: Sequence[Replica],
    wanted: Instance | None,
    processes: frozenset[str],
    now: datetime,
    palette: Palette,
    *,
    silent: bool,
) -> Iterator[str]:
    serving = sum(replica.serving for replica in replicas)
    number = wanted.spec.scale.replicas if wanted else 0
    seen = "seen serving" if silent else "serving"
    of = f"{serving} of {number} {seen}" if wanted else "not asked for"
    role: Role = "good" if wanted and serving >= number else "attention"
    yield f"  {palette.paint('strong', safe(name))}  {palette.paint(role, of)}"
    ordered = sorted(replicas, key=lambda one: (one.slot, one.host, one.name))
    fits = [wanted and _fits(one, wanted, processes) for one in ordered]
    mixed = any(fits) and not all(fits)
    marks = [("wanted" if fit else "old") if mixed else "" for fit in fits]
    rows = [_replica_row(one, mark, now) for one, mark in zip(ordered, marks, strict=True)]
    yield from lay_out(rows, indent="    ")


def _fits(replica: Replica, wanted: Instance, processes: frozenset[str]) -> bool:
    """Whether a replica is of the revision that is asked for on its host."""
    process = replica.host in processes
    return replica.revision == (wanted.process_revision if process else wanted.revision)


def _replica_row(replica: Replica, mark: str, now: datetime) -> tuple[str, ...]:
    restarts = f", {count(replica.restarts, 'restart')}" if replica.restarts else ""
    error = f", {safe(replica.error)}" if replica.error else ""
    addresses = ", ".join(
        f"{safe(port)} {safe(where)}" for port, where in sorted(replica.addresses.items())
    )
    return (
        str(replica.slot),
        safe(replica.host),
        f"{describe_state(replica)}{restarts}{error}{_say_verdict(replica)}",
        _up(replica, now),
        f"revision {short_revision(safe(replica.revision))}{f', {mark}' if mark else ''}",
        f"since {short(safe(replica.commit))}",
        addresses,
    )


def _say_verdict(replica: Replica) -> str:
    """Say whether somebody changed it by hand, as far as that is known."""
    if replica.drift:
        return f", changed by hand: {', '.join(safe(one.field) for one in replica.drift)}"
    return ", unverified" if replica.unverified else ""


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


def _write_last(records: Sequence[RolloutRecord], now: datetime) -> Iterator[str]:
    if records:
        last = records[0]
        yield f"last rollout: {last.id} {last.kind} {write_result(last)}, {write_when(last, now)}"


def _write_pending(plan: Plan | None, observed: Observed) -> Iterator[str]:
    if plan is None:
        why = "while it is not known what runs on all hosts"
        if not observed.unreachable:  # a guard, a quarantine, a mistake in a file
            why = f"here; to see why:  agentgit plan -e {safe(observed.environment)}"
        yield f"what is pending cannot be said {why}"
        return
    pending = sum(change.kind != "keep" for change in plan.changes)
    if not plan.is_empty:
        what = count(pending, "change") if pending else "a cleanup"
        verb = "are" if pending > 1 else "is"
        yield f"{what} {verb} pending:  agentgit plan -e {safe(plan.environment)}"
