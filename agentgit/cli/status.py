"""`agentgit status`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from agentgit.cli import options
from agentgit.cli.settings import Settings, pass_settings

if TYPE_CHECKING:
    from agentgit.cli.several import Answer
    from agentgit.pipeline import World


@options.command("status", "agentgit status -e production", "agentgit status -e production --json")
@options.environments
@options.as_json
@pass_settings
def command(settings: Settings, environments: tuple[str, ...], *, as_json: bool) -> int:
    """Show what runs: every replica with its revision, its commit and its health.

    Exit 1 where a host does not answer, or is another one than before: then this is not all of it.
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
    from agentgit.pipeline import Request, prepare_plan
    from agentgit.record.history import is_destroyed
    from agentgit.record.quarantine import find_quarantined, find_wanted
    from agentgit.report.json_v1_status import status_document
    from agentgit.report.status_text import write_status

    with prepare_plan(world, Request(name), status=True) as session:
        warn(settings, session.warnings)
    desired, plan, gone = session.desired, session.plan, is_gone(world, name)
    if gone and is_destroyed(session.records):  # nothing is asked for any more
        desired, plan = desired.model_copy(update={"instances": ()}), None
    facts = (desired, session.observed, plan)
    refused = find_wanted(find_quarantined(session.records), desired)
    now, palette = world.clock.now(), settings.palette(sys.stdout)
    return Answer(
        Exit.FAILED if session.observed.unreachable else Exit.DONE,
        lambda: write_status(
            *facts,
            records=session.records,
            now=now,
            palette=palette,
            quarantined=refused,
            gone=gone,
        ),
        lambda: status_document(*facts, session.records, refused),
        wrapped=True,
    )
