"""The wish of who waits with a newer commit: that the rollout of an older one makes way.

It is a value on the first host of the environment. Whoever waits leaves it and takes it away
again; the holder of the lease looks for it with every heartbeat.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass

from agentgit.effects import HostStore
from agentgit.errors import EngineError

Descends = Callable[[str, str], bool | None]
"""(older, newer): whether `newer` contains `older` and is another; None where nobody can tell."""


@dataclass(frozen=True)
class Wish:
    """Who wants to apply which commit; `rollout` tells two wishes apart."""

    commit: str
    actor: str
    rollout: str


def cannot_tell(_older: str, _newer: str) -> bool | None:
    """Say nothing about two commits: where there is no repository to ask."""
    return None


class Wishes:
    """The wish for one environment; the newer commit wins where there are two."""

    def __init__(self, store: HostStore, environment: str, descends: Descends) -> None:
        self._store = store
        self._name = f"wish-{environment}"
        self._descends = descends

    def leave(self, wish: Wish) -> None:
        """Have this wish there, unless somebody has left one for a newer commit."""
        content = json.dumps(asdict(wish), sort_keys=True).encode()
        if self._store.create(self._name, content):
            return
        there = self.read()
        if there is None or (there != wish and self._descends(there.commit, wish.commit)):
            with suppress(KeyError):  # taken away at this moment: it is left again soon
                self._store.write(self._name, content)

    def read(self) -> Wish | None:
        """Read the wish; None where there is none, or none that makes sense."""
        raw = self._store.read(self._name)
        try:
            value = json.loads(raw or b"{}")
            return Wish(str(value["commit"]), str(value["actor"]), str(value["rollout"]))
        except (ValueError, KeyError, TypeError):
            return None

    def withdraw(self, wish: Wish) -> None:
        """Take this wish away again; one of somebody else stays. A host that is away keeps it."""
        with suppress(EngineError):
            if self.read() == wish:
                self._store.delete(self._name)

    def clear(self) -> None:
        """Forget every wish: what was meant for an earlier holder is none for the next."""
        self._store.delete(self._name)
