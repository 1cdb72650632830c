"""`agentgit status`."""

from __future__ import annotations

import sys

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command("status", "agentgit status -e production", "agentgit status -e production --json")
@options.environment
@options.as_json
@pass_settings
def command(settings: Settings, environment: str | None, *, as_json: bool) -> int:
    """Show what runs: every replica with its revision, its commit and its health.

    Exit 1 where a host does not answer: then this is not all of it.
    """
    from agentgit.cli.door import choose_environment, open_world, warn
    from agentgit.errors import Exit
    from agentgit.pipeline import Request, prepare_plan
    from agentgit.report.json_v1 import dump, status_document
    from agentgit.report.status_text import write_status

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment)
    with prepare_plan(world, Request(name), status=True) as session:
        warn(settings, session.warnings)
        facts = (session.desired, session.observed, session.plan)
        answer(
            dump(status_document(*facts, session.records)) if as_json
            else write_status(
                *facts, records=session.records, now=world.clock.now(),
                palette=settings.palette(sys.stdout),
            )
        )  # fmt: skip
        return Exit.FAILED if session.observed.unreachable else Exit.DONE
