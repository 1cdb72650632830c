"""Asks all hosts of an environment at the same time."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from agentgit.effects import Provider, Providers
from agentgit.errors import EngineError
from agentgit.model.observed import HostState, Observed, Unreachable
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


def _observe(
    provider: Provider, environment: str, unsettled: Collection[str]
) -> HostState | Unreachable:
    try:
        return observe_judged(provider, environment, unsettled)
    except EngineError as error:
        return Unreachable(host=provider.host, reason=error.message, hint=error.hint or "")
