"""The conformance suites that a provider must pass, ours and those of third parties.

They are pytest classes: subclass, fill in the hooks, run. Needs pytest installed.
"""

import pytest

_PARTS = (
    "provider_contract",
    "provider_given",
    "provider_hooks",
    "provider_life",
    "store_contract",
)
pytest.register_assert_rewrite(*(f"agentgit.testing.{part}" for part in _PARTS))
