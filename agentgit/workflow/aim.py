"""What a request is about, once all records are known: also those that only a host still has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agentgit.effects import Permit, Providers
from agentgit.errors import AgentgitError
from agentgit.model.desired import Desired
from agentgit.model.rollout import RolloutRecord
from agentgit.record.ledger import GitLedger
from agentgit.workflow.places import open_hosts, open_ledger
from agentgit.workflow.session import Request, Target, World
from agentgit.workflow.settle import settle_leases
from agentgit.workflow.spool import Spooled, bring_back, drop
from agentgit.workflow.target import choose_target, compile_target


@dataclass(frozen=True)
class Aim:
    """The commit to go to, what it asks for, the hosts to go there with.

    `problem` is a mistake in the configuration that a status can do without. `spooled` are the
    records that were found on hosts.
    """

    ledger: GitLedger
    records: tuple[RolloutRecord, ...]
    target: Target
    desired: Desired
    problem: AgentgitError | None
    providers: Providers
    warnings: tuple[str, ...] = ()
    spooled: tuple[Spooled, ...] = ()


@contextmanager
def take_aim(
    world: World,
    request: Request,
    permit: Permit | None = None,
    *,
    status: bool,
    reads: bool = False,
) -> Iterator[Aim]:
    """Choose, compile and open hosts; once more when those know of rollouts that were not here.

    Records decide what is chosen: a pin, the way back. Who is not merely looking also brings to
    the remote what could not be pushed before, and lets the hosts forget it: but for who only
    `reads`, whom no host is to notice.
    """
    ledger, warnings = open_ledger(world)
    for last in (False, True):
        records = ledger.rollouts(request.environment)
        try:
            target = choose_target(world, request, records, looking=status)
            desired, problem = compile_target(target, request, status=status)
        except AgentgitError:
            if last or not _learn(world, request.environment, ledger):
                raise
            continue
        with open_hosts(world, desired, permit) as providers:
            spooled, trouble = bring_back(ledger, providers, request.environment)
            if spooled and not last and ledger.rollouts(request.environment) != records:
                continue
            if not status:
                ended = [one.record for one in spooled if one.record and _has_ended(one)]
                if not reads:
                    settle_leases(providers, request.environment, ended, world.clock)
                trouble = _share(ledger, spooled, forget=not reads) or trouble
            said = tuple(dict.fromkeys(one for one in (*warnings, trouble) if one))
            yield Aim(ledger, records, target, desired, problem, providers, said, spooled)
            return


def _learn(world: World, environment: str, ledger: GitLedger) -> bool:
    """Ask the hosts where nothing can be chosen from what is recorded here; whether that helps."""
    look, records = Request(environment), ledger.rollouts(environment)
    try:
        target = choose_target(world, look, records, looking=True)
        desired, _ = compile_target(target, look, status=True)
        with open_hosts(world, desired) as providers:
            bring_back(ledger, providers, environment)
    except AgentgitError:
        return False  # the first error says what is wrong
    return ledger.rollouts(environment) != records


def _share(ledger: GitLedger, spooled: tuple[Spooled, ...], *, forget: bool) -> str | None:
    """Push what hosts kept for rollouts that have ended; they may `forget` what is there."""
    ended = [one for one in spooled if _has_ended(one)]
    if not ended:
        return None
    warning = ledger.push()
    if warning is None and forget:
        drop(ended)
    return warning


def _has_ended(spooled: Spooled) -> bool:
    return spooled.record is not None and spooled.record.outcome != "running"
