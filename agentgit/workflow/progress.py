"""Passed pauses of an environment, kept on its hosts so that a rollout that goes on skips them.

A value `progress-<environment>` on every host that took part in a pause. It is written under the
lease only, and losing it costs no more than a pause that is made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from pydantic import TypeAdapter, ValidationError

from agentgit.effects import HostStore, Provider, Providers
from agentgit.errors import EngineError, LostLeaseError
from agentgit.model.desired import Desired
from agentgit.model.progress import Passage
from agentgit.model.steps import Hold

_PASSAGES = TypeAdapter(tuple[Passage, ...])


def find_passages(providers: Providers, desired: Desired) -> frozenset[Passage]:
    """Gather the pauses that were passed, of all hosts; a host that is silent knows none.

    Nobody is asked where nothing pauses.
    """
    pauses = any(step.pause for one in desired.instances for step in one.rollout.steps)
    found: set[Passage] = set()
    for host in sorted(providers) if pauses else ():
        found |= _read(providers[host], desired.environment)
    return frozenset(found)


def note_passages(providers: Providers, environment: str, pause: Hold) -> None:
    """Write down a pause that is over, on every host of its replicas. Raises LostLeaseError."""
    new = frozenset(pause.passes)
    hosts = sorted({host for host, _ in pause.replicas}) if new else ()
    for host in hosts:
        _change(providers[host], environment, lambda known: known | new)


def forget_passages(
    providers: Providers, environment: str, stays: Callable[[Passage], bool]
) -> None:
    """Forget all but what `stays`. Raises LostLeaseError; what a silent host keeps is no harm."""
    for host in sorted(providers):
        _change(providers[host], environment, lambda known: frozenset(filter(stays, known)))


def _change(
    provider: Provider,
    environment: str,
    change: Callable[[frozenset[Passage]], frozenset[Passage]],
) -> None:
    store, name = provider.store, name_progress(environment)
    try:
        raw = store.read(name)
        before = _parse(raw)
        after = change(before)
        if not after:
            if raw is not None:
                store.delete(name)
        elif after != before:
            _write(store, name, _format(after))
    except LostLeaseError:
        raise
    except (EngineError, KeyError):
        return  # at worst a pause is made again


def _read(provider: Provider, environment: str) -> frozenset[Passage]:
    try:
        return _parse(provider.store.read(name_progress(environment)))
    except EngineError:
        return frozenset()


def _write(store: HostStore, name: str, data: bytes) -> None:
    if not store.create(name, data):
        store.write(name, data)


def _parse(raw: bytes | None) -> frozenset[Passage]:
    """Read a value; one that nobody finished writing, or of another time, says nothing."""
    try:
        return frozenset(_PASSAGES.validate_json(raw or b"[]"))
    except ValidationError:
        return frozenset()


def _format(passages: Iterable[Passage]) -> bytes:
    ordered = sorted(passages, key=lambda one: (one.instance, one.old, one.new, one.weight))
    return json.dumps([one.model_dump(mode="json") for one in ordered]).encode()


def name_progress(environment: str) -> str:
    """Name the value of an environment."""
    return f"progress-{environment}"
