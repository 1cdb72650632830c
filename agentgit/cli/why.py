"""`agentgit why`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings

if TYPE_CHECKING:
    from agentgit.model.story import Story
    from agentgit.pipeline import World
    from agentgit.report.blame_words import Blamer


@options.command(
    "why",
    "agentgit why acme-0b9c2f-production-support-eu-1-9c41d07e-1",
    "agentgit why 3f9a61c2 -e production    # the beginning of a container's id",
)
@click.argument("container")
@options.environments
@options.as_json
@pass_settings
def command(
    settings: Settings, container: str, environments: tuple[str, ...], *, as_json: bool
) -> int:
    """Show which rollout made a container, because of which line, by whom, and how it went.

    CONTAINER is a name or the beginning of an id, as the engine shows them; one that is gone is
    looked up in the history. Without -e all environments are searched.
    """
    from agentgit.cli.door import choose_environments, open_world
    from agentgit.compile.layout import list_environments
    from agentgit.errors import Exit
    from agentgit.report.json_v1 import dump
    from agentgit.report.json_v1_history import why_document
    from agentgit.report.why_text import write_story
    from agentgit.workflow.trace import trace_replica

    world = open_world(settings)
    snapshot = world.source.snapshot("HEAD")
    names = environments or tuple(list_environments(snapshot)) or (None,)
    chosen = choose_environments(snapshot, [one for one in names if one], world)
    story = trace_replica(world, chosen, container)
    blamer = _blame(world, story)
    if as_json:
        answer(dump(why_document(story, blamer)))
    else:
        answer(write_story(story, world.clock.now(), settings.palette(sys.stdout), blamer))
    return Exit.DONE


def _blame(world: World, story: Story) -> Blamer | None:
    """Blame the lines that made the change; nobody where that commit is not in this clone."""
    from agentgit.cli.blaming import blame_shown, files_of, places_of
    from agentgit.errors import GitError

    changes = [story.change] if story.change else []
    places, files = places_of(changes), files_of(changes)
    try:
        return blame_shown(world.source, story.commit, places, files) if story.commit.sha else None
    except GitError:
        return None
