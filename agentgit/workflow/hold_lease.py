"""The lease of a session: who holds it, for which commit, and when a plan has to be made again."""

from __future__ import annotations

import os
import socket

from agentgit.errors import GitError, MovedOnError, StaleError
from agentgit.execute.lease import Lease, Terms
from agentgit.execute.lease_value import Holder
from agentgit.execute.wish import Descends
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.digest import digest_observed
from agentgit.plan.moved import describe_moved, find_moved, list_some, see_all
from agentgit.record.history import unsettled
from agentgit.source.repository import GitSource
from agentgit.workflow.observe import observe_hosts
from agentgit.workflow.session import Session


def make_lease(session: Session, record: RolloutRecord) -> Lease:
    """Make the lease for a rollout; nothing is asked of any host yet.

    What follows a branch makes way for a newer commit of it, and asks an older one to. A rollout
    of a part asks nobody: the rest of the older one would stay half done.
    """
    request, world = session.request, session.world
    follows = request.kind == "apply" and session.target.new_pin is None
    terms = Terms(
        times=world.times,
        patience=request.lock_timeout,
        asks=follows and not request.only,
        descends=tell_descent(world.source),
        permit=session.permit,
    )
    holder = describe_holder(record, yields=follows)
    return Lease(session.providers, record.environment, holder, world.clock, session.stop, terms)


def describe_holder(record: RolloutRecord, *, yields: bool = False) -> Holder:
    """Describe who holds a lease, for all who find it."""
    return Holder(
        actor=record.actor,
        rollout=record.id,
        since=record.started_at.strftime("%Y-%m-%d %H:%M UTC"),
        commit=record.commit,
        kind=record.kind,
        yields=yields,
        machine=f"{socket.gethostname()}, process {os.getpid()}",
    )


def tell_descent(source: GitSource) -> Descends:
    """Make the question whether a commit contains another; None where this clone cannot tell."""

    def descends(older: str, newer: str) -> bool | None:
        try:
            source.commit(older)
            source.commit(newer)
            return older != newer and source.is_ancestor(older, newer)
        except GitError:
            return None

    return descends


def check_unchanged(session: Session, plan: Plan, *, waited: bool) -> None:
    """Refuse a plan that was made from something else than what there is now.

    Who has waited for somebody else expects that: then it is to be made again. Raises StaleError.
    """
    now = observe_hosts(session.providers, plan.environment, unsettled(session.records))
    name = plan.environment
    if now.unreachable or digest_observed(now) != plan.observed_digest:
        kind = MovedOnError if waited else StaleError
        moved = find_moved(see_all(session.observed), see_all(now))
        words = [describe_moved(one) for one in moved]
        words += [f"{one.host} does not answer" for one in now.unreachable]
        raise kind(
            list_some(f"what runs in {name} has changed since this plan was made", words),
            hint=f"look again: agentgit plan -e {name}",
        )
    if waited and _is_recorded_since(session):
        raise MovedOnError(
            f"somebody else has changed {name} since this plan was made",
            hint=f"look again: agentgit plan -e {name}",
        )


def _is_recorded_since(session: Session) -> bool:
    session.ledger.fetch()
    return session.ledger.rollouts(session.request.environment) != session.records
