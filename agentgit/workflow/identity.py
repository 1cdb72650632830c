"""Hosts are known again by a value that the first rollout leaves on each of them.

No engine tells who it is: Docker's id is copied with its machine, and Podman invents one for each
answer. The value goes with the environment; one that is lost is made again by the next rollout.
"""

from __future__ import annotations

import secrets
from contextlib import suppress

from agentgit.effects import HostStore, Provider, Providers
from agentgit.errors import EngineError
from agentgit.model.observed import name_identity
from agentgit.providers.brought import KEPT
from agentgit.workflow.baselines import name_baselines
from agentgit.workflow.progress import name_progress
from agentgit.workflow.session import Session


def mark_hosts(session: Session) -> dict[str, str]:
    """Give the identities of all hosts; one that has none gets it. Only under the lease."""
    environment = session.request.environment
    found = {
        state.host: state.identity or _mark(session.providers[state.host], environment)
        for state in session.observed.hosts
    }
    return {host: identity for host, identity in found.items() if identity}


def forget_hosts(providers: Providers, environment: str) -> None:
    """Leave nothing behind where an environment was destroyed; a host may be away."""
    for host in sorted(providers):
        with suppress(EngineError):
            forget_host(providers[host].store, environment)


def forget_host(store: HostStore, environment: str) -> None:
    """Forget what a host keeps for an environment, last by what it is known. Raises EngineError.

    While that is there, a destroy has something left to do.
    """
    for name in (
        f"{KEPT}{environment}",
        name_baselines(environment),
        name_progress(environment),
        name_identity(environment),
    ):
        store.delete(name)


def _mark(provider: Provider, environment: str) -> str:
    """Leave an identity on a host, unless somebody was faster; empty where it takes none."""
    with suppress(EngineError):  # at worst the host is known by its name
        provider.store.create(name_identity(environment), secrets.token_hex(16).encode())
        return provider.observe(environment).identity
    return ""
