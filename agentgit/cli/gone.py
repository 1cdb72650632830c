"""What is said of an environment whose files are gone, and whose replicas are not."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from agentgit.errors import AgentgitError, GuardError

if TYPE_CHECKING:
    from agentgit.model.snapshot import Snapshot
    from agentgit.pipeline import World


def is_gone(world: World, name: str) -> bool:
    """Whether the commit does not have an environment any more."""
    from agentgit.compile.layout import list_environments

    return name not in list_environments(world.source.snapshot("HEAD"))


def refuse_gone(world: World, snapshot: Snapshot, names: Collection[str]) -> None:
    """Refuse to plan an environment that this commit does not have any more while it runs.

    Raises GuardError with what runs there, as far as its hosts tell.
    """
    from agentgit.compile.layout import list_environments
    from agentgit.workflow.orphans import find_orphans
    from agentgit.workflow.places import open_ledger

    missing = set(names) - set(list_environments(snapshot))
    if not missing:
        return
    ledger, _ = open_ledger(world)
    for name in find_orphans(world, ledger, snapshot):
        if name in missing:
            raise GuardError(
                f"{name} is not in this commit any more and was never destroyed: "
                f"{_count_running(world, name)}",
                hint=f"agentgit destroy -e {name} removes all of it; to keep it, bring back "
                f"environments/{name}",
            )


def _count_running(world: World, name: str) -> str:
    from agentgit.pipeline import Request, prepare_plan
    from agentgit.report.wording import count

    try:
        with prepare_plan(world, Request(name), status=True) as session:
            silent = [one.host for one in session.observed.unreachable]
            number = len(session.observed.replicas)
    except AgentgitError as error:
        return f"what runs there is not known, {error.message}"
    more = f", and what runs on {', '.join(silent)} is not known" if silent else ""
    return f"{count(number, 'replica')} of it {'runs' if number == 1 else 'run'}{more}"
