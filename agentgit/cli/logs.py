"""`agentgit logs`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings

if TYPE_CHECKING:
    from agentgit.model.observed import Observed, Replica


@options.command(
    "logs",
    "agentgit logs support-eu -e production --tail 50",
    "agentgit logs support-eu -e production --slot 1 --follow",
)
@click.argument("instance")
@options.environment
@click.option("--slot", type=click.IntRange(1), metavar="N",
              help="Only the replica in this slot; they count from 1.")  # fmt: skip
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines of each.")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written; one replica only.")
@pass_settings
def command(
    settings: Settings,
    instance: str,
    environment: str | None,
    slot: int | None,
    tail: int | None,
    *,
    follow: bool,
) -> int:
    """Print what the replicas of an instance wrote, oldest line first."""
    from agentgit.cli.door import choose_environment, open_world, warn
    from agentgit.errors import Exit, UsageError
    from agentgit.pipeline import Request, prepare_plan
    from agentgit.report.heading import write_silence

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment, world)
    with prepare_plan(world, Request(name), status=True) as session:
        replicas = _find(session.observed, instance, slot)
        warn(settings, [write_silence(one) for one in session.observed.unreachable])
        if follow and len(replicas) > 1:
            slots = ", ".join(str(one.slot) for one in replicas)
            raise UsageError(
                f"{instance} has {len(replicas)} replicas, and one can be followed at a time",
                hint=f"--slot N with one of {slots}",
            )
        with suppress(KeyboardInterrupt):
            for replica in replicas:
                provider = session.providers[replica.host]
                lines = provider.logs(replica.name, tail=tail, follow=follow)
                _print(lines, replica, alone=len(replicas) == 1)
    return Exit.DONE


def _find(observed: Observed, instance: str, slot: int | None) -> list[Replica]:
    """Find the replicas that are meant. Raises UsageError, EngineError where there are none."""
    from agentgit.errors import UsageError
    from agentgit.plan.lost_hosts import check_reachable

    mine = observed.replicas_of(instance)
    if not mine:
        check_reachable(observed)
        running = ", ".join(sorted({one.instance for one in observed.replicas}))
        hint = f"running: {running}" if running else "nothing runs there"
        raise UsageError(f"{instance} has no replica in {observed.environment}", hint=hint)
    found = [one for one in mine if slot in {None, one.slot}]
    if not found:
        check_reachable(observed)
        slots = ", ".join(str(one.slot) for one in mine)
        raise UsageError(f"{instance} has no replica {slot}", hint=f"there are: {slots}")
    return sorted(found, key=lambda one: (one.slot, one.name))


def _print(lines: Iterator[str], replica: Replica, *, alone: bool) -> None:
    """Write lines as they come, with the slot in front where there are several replicas."""
    from agentgit.report.palette import safe

    prefix = "" if alone else f"{replica.slot} | "
    for line in lines:
        answer(f"{prefix}{safe(line)}")
