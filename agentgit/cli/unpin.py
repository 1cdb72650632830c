"""`agentgit unpin`."""

from __future__ import annotations

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command("unpin", "agentgit unpin -e production")
@options.environment
@options.reason
@pass_settings
def command(settings: Settings, environment: str | None, reason: str) -> int:
    """Let an environment follow its branch again. Changes nothing that runs."""
    from agentgit.cli.door import choose_environment, open_world, warn
    from agentgit.errors import Exit
    from agentgit.pipeline import unpin

    world = open_world(settings)
    name = choose_environment(world.source.snapshot("HEAD"), environment)
    warn(settings, unpin(world, name, reason))
    answer(f"{name} follows its branch again; what runs is unchanged")
    answer(f"to see what that means:  agentgit plan -e {name}")
    return Exit.DONE
