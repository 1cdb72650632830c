"""Asks all hosts of an environment at the same time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from agentgit.effects import Provider, Providers
from agentgit.errors import EngineError
from agentgit.model.observed import HostState, Observed, Unreachable
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.lost_hosts import find_lost, leave_out
from agentgit.record.history import known_hosts, known_identities, unsettled
from agentgit.workflow.baselines import observe_judged

SIDE_BY_SIDE = 16


def observe_hosts(
    providers: Providers, environment: str, unsettled: Collection[str] = ()
) -> Observed:
    """Gather what every host reports; one that does not answer is unreachable, not empty.

    `unsettled` are the rollouts that may have made what has no baseline yet; what nobody knows
    was made by hand.
    """
    hosts = sorted(providers)
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        states = list(
            pool.map(lambda one: _observe(providers[one], environment, unsettled), hosts)
        )
    return Observed(
        environment=environment,
        hosts=tuple(state for state in states if isinstance(state, HostState)),
        unreachable=tuple(state for state in states if isinstance(state, Unreachable)),
    )


def observe_known(
    providers: Providers,
    environment: str,
    records: Sequence[RolloutRecord],
) -> Observed:
    """Gather the same of hosts that are what the last rollout left; others are unknown, too."""
    observed = observe_hosts(providers, environment, unsettled(records))
    return leave_out(observed, find_missing(observed, records))


def find_missing(observed: Observed, records: Sequence[RolloutRecord]) -> tuple[Unreachable, ...]:
    """Find the hosts that carried replicas when the last rollout ended, and are lost."""
    return find_lost(observed, known_hosts(records), known_identities(records))


def _observe(
    provider: Provider, environment: str, unsettled: Collection[str]
) -> HostState | Unreachable:
    try:
        return observe_judged(provider, environment, unsettled)
    except EngineError as error:
        return Unreachable(host=provider.host, reason=error.message, hint=error.hint or "")
