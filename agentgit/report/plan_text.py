"""A plan for people: what would change, why, in which waves, and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentgit.model.observed import Unreachable
from agentgit.model.plan import Pin, Plan, Wave
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Commit
from agentgit.model.value import format_duration
from agentgit.report.changes_text import is_set_back, write_changes
from agentgit.report.palette import PLAIN, Palette, safe
from agentgit.report.wording import count, join_names, lay_out, short, word_age, write_actor

_WAVES = 12


def write_plan(
    plan: Plan,
    *,
    now: datetime,
    records: Sequence[RolloutRecord] = (),
    palette: Palette = PLAIN,
    command: str = "",
) -> str:
    """Write a plan; `command` is what carries it out, empty where nothing has to be typed."""
    lines = [*write_pin(plan.pin, plan, now, palette), *_write_unreachable(plan, palette)]
    if plan.is_empty:
        return "\n".join([*lines, write_no_changes(plan)])
    head = _write_destroy(plan, palette) if is_destroy(plan) else write_head(plan, now, palette)
    lines = [head, _write_compared(plan, records), *lines, ""]
    lines += write_changes(
        plan.changes, palette, destroy=is_destroy(plan), hosts=len(plan.hosts) > 1
    )
    lines += ["", *_write_waves(plan.waves), *_write_cleanup(plan), "", *_write_totals(plan)]
    if command:
        lines += ["", f"to carry it out:  {command}"]
    return "\n".join(_squeeze(lines))


def write_head(plan: Plan, now: datetime, palette: Palette = PLAIN) -> str:
    """Say what the plan is for: `production at 3f2a91c "Raise refund limit" (Ana, ...), main`."""
    name = palette.paint("strong", safe(plan.environment))
    if plan.commit is None:
        return f"{name} at the work tree, not committed"
    branch = f", {safe(plan.branch)}" if plan.branch else ""
    return f"{name} at {write_commit(plan.commit, now)}{branch}"


def is_destroy(plan: Plan) -> bool:
    """Whether nothing of the environment is left: the planner allows that to a destroy alone."""
    return bool(plan.changes) and all(one.kind == "remove" for one in plan.changes)


def write_commit(commit: Commit, now: datetime) -> str:
    """Write a commit with what people know it by: subject, author, age."""
    subject = f' "{safe(commit.subject)}"' if commit.subject else ""
    known = [word for word in (safe(commit.author), word_age(commit.time, now)) if word]
    return f"{commit.short}{subject}" + (f" ({', '.join(known)})" if known else "")


def write_no_changes(plan: Plan) -> str:
    """Say that there is nothing to do, and what runs."""
    what = plan.commit.short if plan.commit else "what the work tree asks for"
    if not plan.replicas_before:
        return f"No changes. Nothing runs in {safe(plan.environment)}."
    return (
        f"No changes. {safe(plan.environment)} runs {what} on {count(len(plan.hosts), 'host')}, "
        f"{plan.replicas_healthy} of {count(plan.replicas_before, 'replica')} healthy."
    )


def write_silence(host: Unreachable) -> str:
    """Say that a host does not answer, and why."""
    return (
        f"{safe(host.host)} cannot be reached: {safe(host.reason.removeprefix(f'{host.host}: '))}"
    )


def _write_compared(plan: Plan, records: Sequence[RolloutRecord]) -> str:
    good = next((one for one in records if one.outcome == "succeeded" and one.commit), None)
    last = f"last verified at {short(good.commit)}" if good else "never verified before"
    hosts, replicas = count(len(plan.hosts), "host"), count(plan.replicas_before, "replica")
    return f"compared with {hosts}, {replicas}, {last}"


def _write_destroy(plan: Plan, palette: Palette) -> str:
    name = palette.paint("strong", safe(plan.environment))
    return f"{name}: everything that runs there is removed, volumes stay"


def write_pin(pin: Pin | None, plan: Plan, now: datetime, palette: Palette) -> Iterator[str]:
    """Say that the environment is held at a commit, by whom and why, and how to let go."""
    if pin is None:
        return
    reason = f": {safe(pin.reason)}" if pin.reason else ""
    yield palette.paint(
        "attention",
        f"pinned at {short(pin.commit)} instead of {short(pin.instead_of)} by "
        f"{write_actor(pin.owner)}, {word_age(pin.since, now)}{reason}",
    )
    yield (
        f"the pin ends with a newer commit, or with:  agentgit unpin -e {safe(plan.environment)}"
    )


def _write_unreachable(plan: Plan, palette: Palette) -> Iterator[str]:
    for host in plan.unreachable:
        yield f"  {palette.paint('attention', '?')} {write_silence(host)}"
    if plan.unreachable:
        yield "    what runs there is unknown and stays as it is"


def _write_waves(waves: Sequence[Wave]) -> list[str]:
    rows = []
    for number, wave in enumerate(waves[:_WAVES], start=1):
        hold = f"then hold {format_duration(wave.hold.duration)}" if wave.hold else ""
        rows.append((f"wave {number}", safe(wave.title), _write_moves(wave), hold))
    lines = lay_out(rows)
    if len(waves) > _WAVES:
        lines.append(f"  ... and {count(len(waves) - _WAVES, 'more wave')}")
    return lines


def _write_moves(wave: Wave) -> str:
    """Name the instances of a wave, with how many replicas where it is more than one."""
    moves: dict[str, int] = {}
    for move in wave.moves:
        moves[move.instance] = moves.get(move.instance, 0) + 1
    return join_names([f"{name} x{n}" if n > 1 else name for name, n in moves.items()])


def _write_cleanup(plan: Plan) -> Iterator[str]:
    if plan.cleanup:
        yield f"  afterwards  {count(len(plan.cleanup), 'leftover')} removed"


def _write_totals(plan: Plan) -> Iterator[str]:
    active = [change for change in plan.changes if change.kind != "keep"]
    if active:
        yield "  " + " · ".join(_write_reach(plan))
    back = sum(is_set_back(change) for change in active)
    added = sum(change.kind == "create" and not is_set_back(change) for change in active)
    removed = sum(change.kind == "remove" and not is_set_back(change) for change in active)
    changed = len(active) - back - added - removed
    words = [f"{added} to add", f"{changed} to change"]
    words += [f"{back} to set back"] if back else []
    words += [f"{removed} to remove", f"{len(plan.changes) - len(active)} unchanged"]
    yield "  " + ", ".join(words)


def _write_reach(plan: Plan) -> Iterator[str]:
    active = [change for change in plan.changes if change.kind != "keep"]
    touched = sum(change.touched for change in active)
    total = max(plan.replicas_before, plan.replicas_after, touched)
    share = f" ({round(100 * touched / total)} %)" if total else ""
    instances = count(len(plan.changes), "instance")
    yield f"reaches {touched} of {count(total, 'replica')}{share}"
    yield f"{len(active)} of {instances}"
    stopping = [one.instance for one in active if one.order == "stop-first"]
    if stopping:
        yield f"stops before it starts: {join_names(stopping)}"
    elif any(one.kind == "replace" for one in active):
        yield "new replicas are healthy before old ones stop"
    most = max(plan.replicas_before, plan.replicas_after)
    if plan.peak > most:
        yield f"at most {count(plan.peak, 'replica')} at once"


def _squeeze(lines: Sequence[str]) -> list[str]:
    """Drop empty lines that follow an empty line."""
    return [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
