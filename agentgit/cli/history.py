"""`agentgit history` and `agentgit history show`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.history_show import command as show
from agentgit.cli.settings import Settings, pass_settings

if TYPE_CHECKING:
    from agentgit.model.rollout import RolloutRecord
    from agentgit.source.repository import GitSource

_EXAMPLES = (
    "agentgit history -e production",
    "agentgit history -e production -n 3",
    "agentgit history show 20261120-081530-7f3a -e production",
)


@click.group(
    "history", epilog=options.show_examples(*_EXAMPLES), invoke_without_command=True,
    subcommand_metavar="[show ROLLOUT]",
)  # fmt: skip
@options.environments
@click.option("-n", "limit", type=click.IntRange(1), default=20, show_default=True,
              metavar="N", help="How many of them.")  # fmt: skip
@options.as_json
@pass_settings
@click.pass_context
def command(
    context: click.Context,
    settings: Settings,
    environments: tuple[str, ...],
    limit: int,
    *,
    as_json: bool,
) -> int:
    """Show who applied what, when, with which outcome; newest first."""
    if context.invoked_subcommand is not None:
        return 0
    from agentgit.cli.door import choose_environments, open_world, warn
    from agentgit.cli.several import Answer, answer_each
    from agentgit.errors import Exit
    from agentgit.report.history_text import write_history
    from agentgit.report.json_v1 import history_document
    from agentgit.workflow.places import open_ledger

    world = open_world(settings)
    names = choose_environments(world.source.snapshot("HEAD"), environments, world)
    ledger, warnings = open_ledger(world)
    warn(settings, warnings)
    now, palette = world.clock.now(), settings.palette(sys.stdout)

    def ask(name: str) -> Answer:
        shown = ledger.rollouts(name)[:limit]
        subjects = _read_subjects(world.source, shown)
        return Answer(
            Exit.DONE,
            lambda: write_history(
                shown, now=now, subjects=subjects, environment=name, palette=palette
            ),
            lambda: history_document(name, shown),
        )

    return answer_each(settings, names, ask, as_json=as_json)


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


command.add_command(show)
