"""Looking at the lease of an environment, and breaking it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from agentgit.effects import HostStore, Providers
from agentgit.errors import EngineError, UsageError
from agentgit.execute.lease_break import break_lease
from agentgit.execute.lease_value import Seen
from agentgit.execute.lease_wait import refuse
from agentgit.execute.lease_watch import Watch
from agentgit.model.lock import HostLock, Lock, LockState
from agentgit.model.rollout import RolloutRecord
from agentgit.record.ledger import GitLedger
from agentgit.record.rollout_id import moment_of
from agentgit.workflow.books import new_break
from agentgit.workflow.hold_lease import describe_holder
from agentgit.workflow.places import open_hosts, open_ledger
from agentgit.workflow.session import Request, World
from agentgit.workflow.target import choose_target, compile_target

_SIDE_BY_SIDE = 16


def look_at_lock(world: World, environment: str) -> Lock:
    """Watch the lease until each heartbeat was seen, or stood still long enough to be abandoned.

    A host that does not answer is unknown; of the others it is said who is at work there.
    """
    with _open(world, environment) as (providers, _, _project):
        hosts = sorted(providers)
        with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
            seen = pool.map(
                lambda host: _watch(host, providers[host].store, environment, world), hosts
            )
            return Lock(environment=environment, ttl=world.times.ttl, hosts=tuple(seen))


def _watch(host: str, store: HostStore, environment: str, world: World) -> HostLock:
    watch = Watch({host: store}, environment, world.clock, world.times)
    try:
        (seen,) = watch.look()
        while any(not watch.is_alive(one.host) for one in watch.busy()):
            world.clock.sleep(world.times.look)
            (seen,) = watch.look()
    except EngineError as error:
        reason = error.message.removeprefix(f"{host}: ")
        return HostLock(host=host, number=0, state="unknown", reason=reason)
    return _describe(seen, watch)


def await_unlocked(world: World, environment: str, patience: float) -> str:
    """Wait until nobody is at work; gives who was, empty where nobody had to be waited for.

    Raises LeaseError when somebody alive is still at work after `patience` seconds.
    """
    with _open(world, environment) as (providers, _, _project):
        stores = {host: provider.store for host, provider in providers.items()}
        watch = Watch(stores, environment, world.clock, world.times)
        until, first = world.clock.monotonic() + patience, ""
        watch.look()
        while busy := watch.busy():
            first = first or busy[0].actor
            alive = next((one for one in busy if watch.is_alive(one.host)), None)
            if alive is not None and world.clock.monotonic() >= until:
                raise refuse(alive, environment, world.times)
            world.clock.sleep(world.times.look)
            watch.look()
        return first


def break_lock(world: World, environment: str, reason: str) -> tuple[Lock, RolloutRecord]:
    """Take the lease away from who holds it, and record that; gives what was broken.

    Lasts as long as a holder needs to notice. Raises UsageError when nobody holds it.
    """
    with _open(world, environment) as (providers, ledger, project_id):
        records, request = ledger.rollouts(environment), Request(environment, reason=reason)
        record = new_break(world, project_id, request, records)
        breaker = describe_holder(record)
        broken = break_lease(providers, environment, breaker, world.clock, world.times)
        if not broken:
            raise UsageError(
                f"nobody holds the lease of {environment}", hint="there is nothing to break"
            )
        commits = {one.holder.commit for one in broken if one.holder}
        update = {
            "commit": max(commits, default=""),
            "finished_at": moment_of(record, world.clock.now()),
        }
        record = record.model_copy(update=update)
        ledger.begin(record, None)
        ledger.finish(record, ())
        ledger.push()
        hosts = tuple(_host(one, "still", 0.0) for one in broken)
        return Lock(environment=environment, ttl=world.times.ttl, hosts=hosts), record


@contextmanager
def _open(world: World, environment: str) -> Iterator[tuple[Providers, GitLedger, str]]:
    """Open the hosts of an environment, also of one that only the records still know."""
    ledger, _ = open_ledger(world)
    records, request = ledger.rollouts(environment), Request(environment)
    target = choose_target(world, request, records, looking=True)
    desired, _ = compile_target(target, request, status=True)
    with open_hosts(world, desired) as providers:
        yield providers, ledger, desired.project.id


def _describe(seen: Seen, watch: Watch) -> HostLock:
    if seen.released:
        return _host(seen, "paused" if seen.paused else "free", 0.0)
    still = watch.still(seen.host)
    return _host(seen, "beating" if watch.is_alive(seen.host) else "still", still)


def _host(seen: Seen, state: LockState, still: float) -> HostLock:
    holder = seen.holder
    if holder is None or state == "free":
        return HostLock(host=seen.host, number=seen.number, state=state, still=round(still, 1))
    return HostLock(
        host=seen.host,
        number=seen.number,
        state=state,
        actor=holder.actor,
        rollout=holder.rollout,
        kind=holder.kind,
        commit=holder.commit,
        since=holder.since,
        machine=holder.machine,
        still=round(still, 1),
    )
