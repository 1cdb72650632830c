"""The ledger's copy on a host: what a rollout records survives the machine that carries it out.

A value `ledger-<environment>-<rollout>` lies on the first host from the beginning of a rollout
until its record is at the remote. Whoever plans next brings back what it does not have: the end
of a rollout that could not be pushed, the beginning of one that nobody ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from agentgit.effects import HostStore, Provider, Providers
from agentgit.errors import EngineError, GitError
from agentgit.model.events import Event
from agentgit.model.rollout import RolloutRecord
from agentgit.record.ledger import GitLedger

_ROLLOUT = re.compile(r"\d{8}-\d{6}-\w+")
_SIDE_BY_SIDE = 16


@dataclass(frozen=True)
class Spooled:
    """A value on a host, and the record in it; None where it holds nothing that can be read."""

    store: HostStore
    name: str
    rollout: str
    record: RolloutRecord | None


class Spool:
    """The copy of one rollout. What the host does not take is a `trouble`, never an error."""

    def __init__(
        self, ledger: GitLedger, providers: Providers, environment: str, rollout: str
    ) -> None:
        self._ledger = ledger
        self._store = providers[min(providers)].store if providers else None
        self._environment = environment
        self._rollout = rollout
        self.trouble = ""

    def put(self, pending: tuple[RolloutRecord, tuple[Event, ...]] | None = None) -> bool:
        """Copy what is recorded so far, and an end that could not be; whether the host has it.

        Only under the lease: a host takes nothing from who has lost it.
        """
        if self._store is None:
            return False
        name = name_value(self._environment, self._rollout)
        try:
            data = self._ledger.export(self._environment, self._rollout, pending)
            if not self._store.create(name, data):
                self._store.write(name, data)
        except (EngineError, GitError, KeyError) as error:
            self.trouble = str(error)
            return False
        return True


def bring_back(
    ledger: GitLedger, providers: Providers, environment: str
) -> tuple[tuple[Spooled, ...], str]:
    """Record here what hosts have of rollouts; gives what was found, and a warning.

    A host that does not answer has nothing to say; that it is silent is said by who observes it.
    """
    found, warning = [], ""
    for store, name in _list_values(providers, environment):
        record = None
        try:
            data = store.read(name)
            if data is None:
                continue
            record = ledger.restore(data) if data else None
        except EngineError:
            continue
        except GitError as error:
            warning = error.message
        found.append(Spooled(store, name, _rollout_in(name, environment), record))
    return tuple(found), warning


def drop(spooled: Iterable[Spooled]) -> None:
    """Forget values whose rollout has ended; their records must be where they belong."""
    for one in spooled:
        if one.record is not None and one.record.outcome != "running":
            _forget(one.store, one.name)


def drop_ended(ledger: GitLedger, providers: Providers, environment: str) -> None:
    """Forget the values of all rollouts whose end is recorded here."""
    ended = {one.id for one in ledger.rollouts(environment) if one.outcome != "running"}
    for store, name in _list_values(providers, environment):
        if _rollout_in(name, environment) in ended:
            _forget(store, name)


def drop_empty(spooled: Iterable[Spooled]) -> None:
    """Forget values that were created and never filled. Only under the lease: nobody is at it."""
    for one in spooled:
        with suppress(EngineError):
            if one.record is None and one.store.read(one.name) == b"":
                one.store.delete(one.name)


def name_value(environment: str, rollout: str) -> str:
    """Name the value of a rollout."""
    return f"ledger-{environment}-{rollout}"


def _forget(store: HostStore, name: str) -> None:
    with suppress(EngineError):  # found again by the next plan, and dropped then
        store.delete(name)


def _rollout_in(name: str, environment: str) -> str:
    return name.removeprefix(f"ledger-{environment}-")


def _list_values(providers: Providers, environment: str) -> list[tuple[HostStore, str]]:
    """Find the values on all hosts side by side: the first host was not always the same."""

    def ask(provider: Provider) -> list[tuple[HostStore, str]]:
        prefix = f"ledger-{environment}-"
        try:
            names = provider.store.names(prefix)
        except EngineError:
            return []
        # Another environment's name may go on where this one's ends.
        mine = [one for one in names if _ROLLOUT.fullmatch(one.removeprefix(prefix))]
        return [(provider.store, one) for one in mine]

    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        return [one for found in pool.map(ask, providers.values()) for one in found]
