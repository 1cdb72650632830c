"""Today's facts against the baseline: whether somebody changed a replica behind our back.

An engine rewrites what it is told, so what it says is compared only with what it said before. A
new version of the engine may say it otherwise: what shifted everywhere is no drift. Of processes
the facts are our own: another kernel changes none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from agentgit.model.baseline import Baseline, tell_reader
from agentgit.model.observed import FactChange, HostState, Replica
from agentgit.plan.amounts import word_amount

IN_PLACE = frozenset({"memory_swap"})  # set back together with the limits
_NAME = "name"


def judge_host(state: HostState, baseline: Baseline, unsettled: Collection[str] = ()) -> HostState:
    """Mark the replicas of a host that differ from their baseline, or have no whole one.

    A stranger with a known id is a replica that somebody renamed: it is one of ours again. What a
    rollout that is `unsettled` made may have no baseline yet; anything else that is unknown
    beside known ones was made by hand, unless another reader may have had nothing to say of it.
    """
    renamed = [one for one in state.strangers if one.id in baseline.facts]
    replicas = (*state.replicas, *renamed)
    outdated = bool(baseline.facts) and baseline.reader != tell_reader(state.engine)
    changes = {
        one.id: _compare(baseline.facts[one.id], one.facts, outdated=outdated)
        for one in replicas
        if one.id in baseline.facts and one.facts
    }
    says_otherwise = state.engine != "process" and baseline.engine != state.version
    shifted = _find_shifted(changes) if says_otherwise else frozenset[str]()
    judged = [
        one.model_copy(update={"handmade": True})
        if not outdated and _is_handmade(one, baseline, unsettled)
        else _judge(one, changes.get(one.id), shifted, outdated=outdated)
        for one in replicas
    ]
    names = {one.facts.get(_NAME) for one in renamed}
    return state.model_copy(
        update={
            "replicas": tuple(sorted(judged, key=lambda one: (one.instance, one.slot, one.name))),
            "strangers": tuple(one for one in state.strangers if one not in renamed),
            "foreign_ports": {
                port: owner for port, owner in state.foreign_ports.items() if owner not in names
            },
        }
    )


def renew_baseline(known: Baseline, state: HostState) -> Baseline:
    """Give a judged host's baseline: without what is gone, with what was unverified.

    What differs stays what it was: to take it over would be to agree to it. While there is
    something made by hand, what is gone is not forgotten: that tells it from a lost baseline.
    """
    there = {one.id for one in state.replicas}
    handmade = any(one.handmade for one in state.replicas)
    facts = {key: value for key, value in known.facts.items() if handmade or key in there}
    for one in state.replicas:
        if one.unverified:
            before = {change.field: change.before for change in one.drift}
            facts[one.id] = {key: text for key, text in ({**one.facts, **before}).items() if text}
    return Baseline(engine=state.version, reader=tell_reader(state.engine), facts=facts)


def add_to_baseline(
    known: Baseline, engine: str, replicas: Iterable[Replica], updated: Collection[str]
) -> Baseline:
    """Add replicas that were just seen healthy; of those `updated` in place only what that set."""
    facts = dict(known.facts)
    for one in (one for one in replicas if one.facts):
        before = facts.get(one.id)
        if before is None:
            facts[one.id] = one.facts
        elif one.name in updated:
            kept = {key: text for key, text in before.items() if key not in IN_PLACE}
            facts[one.id] = kept | {k: one.facts[k] for k in IN_PLACE & one.facts.keys()}
    version = known.engine if known.facts else engine
    return known.model_copy(update={"engine": version, "facts": facts})


def needs_replacing(replica: Replica) -> bool:
    """Whether it was made by hand, or changed in what cannot be set back in place."""
    return replica.handmade or any(one.field not in IN_PLACE for one in replica.drift)


def describe_drift(replica: Replica) -> str:
    """Say what somebody changed: `memory_swap 128m -> 256m, command`. Digests say nothing."""
    return ", ".join(_describe(one) for one in replica.drift)


def _is_handmade(replica: Replica, baseline: Baseline, unsettled: Collection[str]) -> bool:
    return (
        bool(baseline.facts and replica.facts)
        and replica.id not in baseline.facts
        and replica.rollout not in unsettled
    )


def _judge(
    replica: Replica,
    changes: tuple[FactChange, ...] | None,
    shifted: frozenset[str],
    *,
    outdated: bool,
) -> Replica:
    if changes is None:
        if replica.facts and replica.state == "running":
            return replica.model_copy(update={"unverified": True})
        return replica
    drift = tuple(one for one in changes if one.field not in shifted)
    unverified = replica.unverified or outdated or len(drift) < len(changes)
    if not (drift or unverified):
        return replica
    return replica.model_copy(update={"drift": drift, "unverified": unverified})


def _compare(
    before: Mapping[str, str], now: Mapping[str, str], *, outdated: bool
) -> tuple[FactChange, ...]:
    """List what differs; of facts that another reader wrote only those that both know."""
    if before == now:
        return ()
    fields = before.keys() & now.keys() if outdated else before.keys() | now.keys()
    return tuple(
        FactChange(field=field, before=before.get(field, ""), after=now.get(field, ""))
        for field in sorted(fields)
        if before.get(field, "") != now.get(field, "")
    )


def _find_shifted(changes: Mapping[str, tuple[FactChange, ...]]) -> frozenset[str]:
    """Find the fields that differ in every replica. A name is nothing that an engine changes."""
    fields = [frozenset(one.field for one in found) for found in changes.values()]
    return frozenset.intersection(*fields) - {_NAME} if fields else frozenset()


def _describe(change: FactChange) -> str:
    if any(text.startswith("digest ") for text in (change.before, change.after)):
        return change.field
    words = [
        word_amount(change.field, text) or "not set" for text in (change.before, change.after)
    ]
    return f"{change.field} {words[0]} -> {words[1]}"
