"""What every provider must do: subclass `ProviderContract`, fill in two hooks, run with pytest.

    class TestMine(ProviderContract):
        @pytest.fixture
        def open_provider(self):
            ...yield a function (project id) -> Provider; afterwards remove all that was made

        def content(self, behaviour):
            return {"container": Container(...)}

`content` gives the fields of a `ReplicaSpec` beside its identity, for an agent that behaves as
told (`agentgit.testing.agent.PROGRAM` does) and has one port named `http`. The rest of the hooks
have defaults: `prepare`, `configuration`, `pause` and the class variables.
"""

from __future__ import annotations

from agentgit.testing.provider_given import GivenContract
from agentgit.testing.provider_hooks import ENVIRONMENT, STAMP, OpenProvider
from agentgit.testing.provider_life import LifeContract
from agentgit.testing.store_contract import StoreContract

__all__ = ["ENVIRONMENT", "STAMP", "OpenProvider", "ProviderContract"]


class ProviderContract(LifeContract, GivenContract, StoreContract):
    """One provider, seen from outside."""
