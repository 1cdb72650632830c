"""Environments that a commit does not have any more and that nobody has destroyed."""

from __future__ import annotations

from agentgit.compile.layout import list_environments
from agentgit.errors import GitError
from agentgit.model.snapshot import Snapshot
from agentgit.record.history import is_destroyed
from agentgit.record.ledger import GitLedger
from agentgit.workflow.session import World


def find_orphans(world: World, ledger: GitLedger, snapshot: Snapshot) -> tuple[str, ...]:
    """Find what the records know and the commit had once, in order of name."""
    known = list_environments(snapshot)
    gone = [name for name in ledger.environments() if name not in known]
    return tuple(name for name in gone if _is_left(world, ledger, snapshot, name))


def _is_left(world: World, ledger: GitLedger, snapshot: Snapshot, name: str) -> bool:
    """Whether it runs as far as is known, and its files went on the way to this commit."""
    records = ledger.rollouts(name)
    if is_destroyed(records):
        return False
    here = snapshot.commit or world.source.commit("HEAD")
    try:
        parting = world.source.find_parting(records[0].commit, here.sha)
        return parting is not None and name in list_environments(world.source.snapshot(parting))
    except GitError:  # a shallow clone, or a commit of somebody else
        return False
