"""Hosts are known again by a value that the first rollout leaves on each of them.

No engine tells who it is: Docker's id is copied with its machine, and Podman invents one for each
answer. The value goes with the environment; one that is lost is made again by the next rollout.
"""

from __future__ import annotations

import secrets
from contextlib import suppress

from agentgit.effects import Provider, Providers
from agentgit.errors import EngineError
from agentgit.model.observed import name_identity
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
    """Leave nothing behind where an environment was destroyed."""
    for host in sorted(providers):
        with suppress(EngineError):
            providers[host].store.delete(name_identity(environment))


def _mark(provider: Provider, environment: str) -> str:
    """Leave an identity on a host, unless somebody was faster; empty where it takes none."""
    with suppress(EngineError):  # at worst the host is known by its name
        provider.store.create(name_identity(environment), secrets.token_hex(16).encode())
        return provider.observe(environment).identity
    return ""
