"""Opens what a session needs: the ledger, and a provider for every host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentgit.compile.build import compile_project
from agentgit.compile.places import environment_file
from agentgit.effects import Permit, Providers
from agentgit.errors import ConfigError
from agentgit.model.desired import Desired
from agentgit.providers.registry import (
    Place,
    forget_engines,
    open_providers,
    record_engines,
    record_homes,
)
from agentgit.record.cleaning import make_cleaner
from agentgit.record.ledger import GitLedger
from agentgit.workflow.session import Session, World


def open_ledger(world: World) -> tuple[GitLedger, tuple[str, ...]]:
    """Open the record of rollouts and bring in what others wrote; gives warnings."""
    project = compile_project(world.source.snapshot("HEAD"))
    ledger = GitLedger(
        world.source.git,
        project.id,
        project.remote,
        keep=project.keep,
        clean=make_cleaner(_name_folders(world)),
    )
    warning = ledger.fetch()
    return ledger, (warning,) if warning else ()


def _name_folders(world: World) -> dict[str, str]:
    """Say what is written in a record instead of this machine's folders."""
    names = {
        world.state_home: "<state>",
        world.source.top: "<repository>",
        Path.home(): "~",
    }
    resolved = {path.resolve(): name for path, name in names.items()}
    return {str(path): name for path, name in {**resolved, **names}.items()}


@contextmanager
def open_hosts(
    world: World, desired: Desired, permit: Permit | None = None
) -> Iterator[Providers]:
    """Open a provider for every host and close them all at the end.

    `permit` is asked before each of their calls that changes something. Raises ConfigError for an
    environment without any host, which is there to be extended.
    """
    if not desired.hosts:
        path = environment_file(desired.environment)
        raise ConfigError(
            f"{desired.environment} has no hosts, so nothing can run there",
            hint=f"write hosts in {path}, or name an environment that extends it",
        )
    providers = open_providers(desired.hosts, _place(world, desired, permit))
    try:
        yield providers
    finally:
        for provider in providers.values():
            provider.close()


def keep_engines(session: Session) -> None:
    """Remember what `engine: auto` means on this machine, and where renamed hosts live here."""
    hosts, place = session.desired.hosts, _place(session.world, session.desired)
    record_engines(hosts, place)
    record_homes(hosts, place)


def drop_engines(session: Session) -> None:
    """Forget it once the environment is gone."""
    forget_engines(_place(session.world, session.desired))


def _place(world: World, desired: Desired, permit: Permit | None = None) -> Place:
    return Place(
        project_id=desired.project.id,
        environment=desired.environment,
        state=world.state_home / desired.project.id,
        tree=world.source.tree,
        permit=permit or Permit(),
    )
