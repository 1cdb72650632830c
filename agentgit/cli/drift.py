"""`agentgit drift`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings

if TYPE_CHECKING:
    from agentgit.cli.several import Answer
    from agentgit.pipeline import World


@options.command(
    "drift",
    "agentgit drift -e production",
    "agentgit drift -e production -e staging --json",
    "agentgit drift -e production || agentgit plan -e production",
)
@options.environments
@options.as_json
@pass_settings
def command(settings: Settings, environments: tuple[str, ...], *, as_json: bool) -> int:
    """Show what differs from what was last verified, although no commit asked for it.

    Only reads. Exit 2 where something has drifted, 1 where a host does not answer or is another
    one than before, or nothing was ever applied: then it is not known.
    """
    from agentgit.cli.door import choose_environments, open_world
    from agentgit.cli.several import answer_each

    world = open_world(settings)
    names = choose_environments(world.source.snapshot("HEAD"), environments, world)
    return answer_each(settings, names, lambda name: _look(settings, world, name), as_json=as_json)


def _look(settings: Settings, world: World, name: str) -> Answer:
    from agentgit.cli.door import warn
    from agentgit.cli.gone import is_gone
    from agentgit.cli.several import Answer
    from agentgit.errors import Exit
    from agentgit.report.drift_text import write_drift
    from agentgit.report.json_v1_drift import drift_document
    from agentgit.workflow.drift import find_drift

    found = find_drift(world, name)
    warn(settings, found.warnings)
    drifted = any(change.kind != "keep" for change in found.plan.changes)
    now, palette = world.clock.now(), settings.palette(sys.stdout)
    return Answer(
        Exit.PENDING if drifted else Exit.DONE,
        lambda: write_drift(
            found.plan, found.records, now=now, palette=palette, gone=is_gone(world, name)
        ),
        lambda: drift_document(found.plan),
        wrapped=True,
    )
