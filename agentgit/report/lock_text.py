"""Who holds the lease of an environment: for people, and as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from agentgit.model.lock import HostLock, Lock
from agentgit.model.rollout import RolloutRecord
from agentgit.model.value import format_duration
from agentgit.report.json_v1 import record_document
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.wording import join_names, short, write_actor, write_elapsed


def write_lock(lock: Lock, palette: Palette = PLAIN) -> str:
    """Write who holds it, since when, and whether its heart beats; or that nobody does."""
    name = safe(lock.environment)
    silent = list(_write_silent(lock, palette))
    if not lock.holders:
        free = f"nobody is changing {name}: its lease is free"
        if silent:
            free = f"who is changing {name} cannot be said: its lease is free where a host answers"
        return "\n".join([free, *_write_paused(lock), *silent])
    lines: list[str] = []
    for group in _group(lock.holders):
        lines += _write_holder(lock, group, palette)
    return "\n".join([*lines, *silent])


def write_broken(lock: Lock, record: RolloutRecord) -> str:
    """Write from whom the lease was taken away."""
    whom = join_names([_name(one) for one in _firsts(lock.hosts)])
    name = safe(lock.environment)
    return (
        f"broken: the lease of {name} was held by {whom} and is free (recorded as {record.id})\n"
        "whoever held it changes nothing more; what it began may be half done\n"
        f"to see what runs:  agentgit status -e {name}\n"
        f"to go on:  agentgit apply -e {name}"
    )


def lock_document(lock: Lock) -> dict[str, Any]:
    """What `lock show --json` prints; `held` says whether anybody holds it."""
    return {
        "format": "agentgit/lock@1",
        "environment": lock.environment,
        "held": bool(lock.holders),
        "ttl": lock.ttl,
        "hosts": [_host_document(one) for one in lock.hosts],
    }


def broken_document(lock: Lock, record: RolloutRecord) -> dict[str, Any]:
    """What `lock break --json` prints: what was broken, and its record."""
    return {
        "format": "agentgit/lock-break@1",
        "environment": lock.environment,
        "broken": [_host_document(one) for one in lock.hosts],
        "record": record_document(record),
    }


def _write_holder(lock: Lock, group: Sequence[HostLock], palette: Palette) -> Iterator[str]:
    one, name = group[0], safe(lock.environment)
    to = f" to {short(safe(one.commit))}" if one.commit else ""
    since = f" since {safe(one.since)}" if one.since else ""
    yield f"{name} is being changed by {_name(one)}{since}"
    if one.rollout:
        where = f", on {safe(one.machine)}" if one.machine else ""
        yield f"  {one.kind or 'rollout'}{to}, rollout {safe(one.rollout)}{where}"
    for host in group:
        state = palette.paint("good", "its heart beats")
        if host.state == "still":
            state = palette.paint("attention", f"stands still for {write_elapsed(host.still)}")
        yield f"  {safe(host.host)}  number {host.number}  {state}"
    if all(host.state == "still" for host in group):
        yield (
            f"abandoned: nobody renewed it for {format_duration(lock.ttl)}, so the next "
            f"agentgit apply -e {name} takes it over"
        )
    else:
        yield f"to wait for it:  agentgit apply -e {name} --lock-timeout 10m"
        yield f"to stop it:  agentgit lock break -e {name} --reason TEXT"


def _write_silent(lock: Lock, palette: Palette) -> Iterator[str]:
    """Name the hosts that say nothing; without them nobody can change anything."""
    for one in lock.silent:
        mark = palette.paint("attention", "?")
        yield f"  {mark} {safe(one.host)} cannot be reached: {safe(one.reason)}"
    if lock.silent:
        yield "until it answers nobody can begin a rollout:  agentgit doctor  shows what is wrong"


def _write_paused(lock: Lock) -> Iterator[str]:
    """Say whose rollout pauses without it."""
    for one in _firsts([host for host in lock.hosts if host.state == "paused"]):
        yield (
            f"rollout {safe(one.rollout)} of {_name(one)} has laid it aside for a pause; "
            "whoever changes something meanwhile ends that rollout"
        )


def _group(hosts: Sequence[HostLock]) -> list[list[HostLock]]:
    ordered = sorted(hosts, key=lambda one: (one.rollout, one.host))
    return [list(group) for _, group in groupby(ordered, key=lambda one: one.rollout)]


def _firsts(hosts: Sequence[HostLock]) -> list[HostLock]:
    return [group[0] for group in _group(hosts)]


def _name(one: HostLock) -> str:
    return write_actor(one.actor) if one.actor else "somebody who left no name"


def _host_document(one: HostLock) -> dict[str, Any]:
    return {
        "host": one.host,
        "fence": one.number,
        "state": one.state,
        "actor": one.actor or None,
        "rollout": one.rollout or None,
        "kind": one.kind or None,
        "commit": one.commit or None,
        "since": one.since or None,
        "machine": one.machine or None,
        "stillSeconds": one.still,
        "reason": one.reason or None,
    }
