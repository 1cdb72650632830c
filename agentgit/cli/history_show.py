"""`agentgit history show`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings

if TYPE_CHECKING:
    from agentgit.model.rollout import RolloutRecord
    from agentgit.model.snapshot import Commit
    from agentgit.pipeline import World
    from agentgit.record.ledger import GitLedger

_LISTED = 5


@options.command(
    "show",
    "agentgit history show 20261120-081530-7f3a",
    "agentgit history show 7f3a -e production --json",
)
@click.argument("rollout")
@options.environment
@options.verbose
@options.as_json
@pass_settings
def command(
    settings: Settings, rollout: str, environment: str | None, *, verbose: bool, as_json: bool
) -> int:
    """Show one rollout: its plan with causes, what happened, why it failed.

    The beginning or the last part of its name is enough where only one has it.
    """
    from agentgit.cli.door import choose_environment, open_world, warn
    from agentgit.errors import Exit
    from agentgit.record.history import unfinished
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_history import show_document
    from agentgit.report.rollout_text import Recorded, write_rollout
    from agentgit.workflow.places import open_ledger

    world = open_world(settings)
    names = None
    if environment is not None:
        names = (choose_environment(world.source.snapshot("HEAD"), environment, world),)
    ledger, warnings = open_ledger(world)
    warn(settings, warnings)
    record = _find(ledger, names or ledger.environments(), rollout)
    plan = ledger.plan(record.environment, record.id)
    events = ledger.events(record.environment, record.id)
    if as_json:
        answer(dump(show_document(record, plan, events)))
        return Exit.DONE
    others = ledger.rollouts(record.environment)
    shown = Recorded(
        record=record,
        commit=_describe(world, record.commit),
        plan=plan,
        events=events,
        resumed_by=next((one.id for one in others if one.resumes == record.id), ""),
        abandoned=record in unfinished(others) and others[0] != record,
    )
    palette = settings.palette(sys.stdout)
    answer(write_rollout(shown, world.clock.now(), palette, verbose=verbose))
    return Exit.DONE


def _find(ledger: GitLedger, environments: tuple[str, ...], text: str) -> RolloutRecord:
    """Find the rollout that is meant. Raises UsageError where it is none, or more than one."""
    from agentgit.errors import UsageError

    records = [one for name in environments for one in ledger.rollouts(name)]
    found = [one for one in records if one.id == text] or [
        one for one in records if one.id.startswith(text) or one.id.endswith(f"-{text}")
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"there is no rollout {text}", hint="agentgit history lists them")
    names = ", ".join(one.id for one in found[:_LISTED])
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    raise UsageError(f"{text} can mean {len(found)} rollouts", hint=f"say more: {names}{more}")


def _describe(world: World, sha: str) -> Commit:
    """Give a commit as people know it; one that is not in this clone has its id only."""
    from agentgit.errors import GitError
    from agentgit.model.snapshot import Commit

    try:
        return world.source.commit(sha)
    except GitError:
        return Commit(sha=sha)
