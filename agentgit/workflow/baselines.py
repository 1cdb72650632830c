"""Baselines in the host store: read whenever a host is looked at, written under the lease only.

One value `baselines-<environment>` on every host with something that could be changed by hand. To
lose it costs no more than knowing whether somebody did so before the next apply.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pydantic import ValidationError

from agentgit.effects import HostStore, Provider, Providers
from agentgit.errors import EngineError, LostLeaseError
from agentgit.model.baseline import Baseline, tell_reader
from agentgit.model.fingerprint import take_fingerprint
from agentgit.model.observed import HostState, Observed, Replica
from agentgit.plan.baseline import add_to_baseline, judge_host, renew_baseline


def observe_judged(
    provider: Provider, environment: str, unsettled: Collection[str] = ()
) -> HostState:
    """Observe a host and say what somebody changed there by hand. Raises EngineError.

    `unsettled` are the rollouts that may have made what has no baseline yet. The baseline is read
    only where it is not the same as what is there: that takes as long as to look at 200 replicas.
    """
    with ThreadPoolExecutor(max_workers=1) as aside:
        looking = aside.submit(provider.store.fingerprint, name_baselines(environment))
        state = provider.observe(environment)
    if not any(one.facts for one in (*state.replicas, *state.strangers)):
        return state
    now = {one.id: one.facts for one in state.replicas if one.facts}
    if looking.result() == take_fingerprint(
        _format(state.version, now, tell_reader(state.engine))
    ):
        return state
    return judge_host(state, _read(provider.store, environment), unsettled)


def renew_baselines(providers: Providers, observed: Observed) -> bool:
    """Forget what is gone and take a baseline of what has none. Raises LostLeaseError.

    Gives whether every host has all of them now.
    """
    taken = [_renew(providers[one.host], observed.environment, one) for one in observed.hosts]
    return all(taken) and not observed.unreachable


def note_baselines(
    providers: Providers,
    observed: Observed,
    replicas: Collection[Replica],
    updated: Collection[tuple[str, str]],
) -> None:
    """Take a baseline of replicas that were just seen healthy. Raises LostLeaseError.

    `updated` are (host, name) of those whose limits were changed in place.
    """
    for state in observed.hosts:
        mine = [one for one in replicas if one.host == state.host]
        names = frozenset(name for host, name in updated if host == state.host)
        if mine:
            add = partial(_add, state=state, replicas=mine, updated=names)
            _change(providers[state.host], observed.environment, add)


def _add(
    known: Baseline, state: HostState, replicas: Collection[Replica], updated: Collection[str]
) -> Baseline:
    """Add replicas; beside those, none that was there before may be the only unknown one."""
    whole = known if known.facts else renew_baseline(known, state)
    return add_to_baseline(whole, state.version, replicas, updated)


def _renew(provider: Provider, environment: str, state: HostState) -> bool:
    try:
        if any(one.unverified for one in state.replicas):
            provider.note_files(environment)
    except LostLeaseError:
        raise
    except EngineError:
        return False  # it stays unverified
    return _change(provider, environment, partial(renew_baseline, state=state))


def _change(provider: Provider, environment: str, change: Callable[[Baseline], Baseline]) -> bool:
    store, name = provider.store, name_baselines(environment)
    try:
        before = _read(store, environment)
        after = change(before)
        if not after.facts:
            if before.facts:
                store.delete(name)
        elif after != before:
            data = _format(after.engine, after.facts, after.reader)
            if before.facts or not store.create(name, data):
                store.write(name, data)
    except LostLeaseError:
        raise
    except (EngineError, KeyError):
        return False  # at worst it is unverified
    return True


def _read(store: HostStore, environment: str) -> Baseline:
    """Read a value; one that nobody finished writing, or of another time, says nothing."""
    try:
        return Baseline.model_validate_json(store.read(name_baselines(environment)) or b"{}")
    except ValidationError:
        return Baseline()


def _format(engine: str, facts: Mapping[str, Mapping[str, str]], reader: int) -> bytes:
    """Write a baseline, of the same facts always the same bytes."""
    by_replica = {id_: dict(known) for id_, known in facts.items()}
    whole = {"engine": engine, "reader": reader, "facts": by_replica}
    return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()


def name_baselines(environment: str) -> str:
    """Name the value of an environment."""
    return f"baselines-{environment}"
