"""`agentgit history`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings

if TYPE_CHECKING:
    from agentgit.model.rollout import RolloutRecord
    from agentgit.source.repository import GitSource


@options.command(
    "history", "agentgit history -e production", "agentgit history -e production -n 3"
)
@options.environment
@click.option("-n", "limit", type=click.IntRange(1), default=20, show_default=True,
              metavar="N", help="How many of them.")  # fmt: skip
@options.as_json
@pass_settings
def command(settings: Settings, environment: str | None, limit: int, *, as_json: bool) -> int:
    """Show who applied what, when, with which outcome; newest first."""
    from agentgit.cli.door import choose_environment, open_world, warn
    from agentgit.errors import Exit
    from agentgit.report.history_text import write_history
    from agentgit.report.json_v1 import dump, history_document
    from agentgit.workflow.places import open_ledger

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment)
    ledger, warnings = open_ledger(world)
    warn(settings, warnings)
    shown = ledger.rollouts(name)[:limit]
    answer(
        dump(history_document(name, shown)) if as_json
        else write_history(
            shown, now=world.clock.now(), subjects=_read_subjects(world.source, shown),
            environment=name, palette=settings.palette(sys.stdout),
        )
    )  # fmt: skip
    return Exit.DONE


def _read_subjects(source: GitSource, records: Sequence[RolloutRecord]) -> Mapping[str, str]:
    """Look up what commits are called; one that is not in this clone stays without a name."""
    from agentgit.errors import GitError

    subjects = {}
    for sha in sorted({record.commit for record in records if record.commit}):
        try:
            subjects[sha] = source.commit(sha).subject
        except GitError:
            continue
    return subjects
