from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from agentgit.effects import Clock, HostStore, Providers
from agentgit.errors import EngineError, LeaseError
from agentgit.execute import lease
from agentgit.execute.lease import Holder, Lease
from agentgit.providers.memory import MemoryProvider, MemoryStore
from tests.builders import PROJECT_ID, ManualClock


@contextmanager
def hold_lease(
    providers: Providers, environment: str, holder: Holder, clock: Clock, lost: Event
) -> Iterator[int]:
    taken = Lease(providers, environment, holder, clock, lost)
    try:
        list(taken.take())
        yield taken.fence
    finally:
        taken.release()


def read_holder(store: HostStore, environment: str) -> Any:
    names = store.names(f"lease-{environment}-")
    content = json.loads(store.read(names[-1]) or b"{}") if names else {"released": True}
    return None if content.get("released") else content


ANA = Holder("Ana", "r1", "today")
LI = Holder("Li", "r2", "today")


class Host(MemoryProvider):
    """A memory host whose store a test may replace."""

    def __init__(self, name: str, store: MemoryStore | None = None) -> None:
        super().__init__(name, PROJECT_ID)
        self._store = store or self._store


class WorkedStore(MemoryStore):
    """A store in which somebody else is at work: every look at a lease finds it renewed."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def read(self, name: str) -> bytes | None:
        self.looks += 1
        return json.dumps({"actor": "Ana", "rollout": "r1", "beat": self.looks}).encode()


def test_fence_grows_with_every_lease() -> None:
    host = Host("h")
    fences = []
    for _ in range(3):
        with hold_lease({"h": host}, "production", ANA, ManualClock(), Event()) as fence:
            fences.append(fence)
    assert fences == [1, 2, 3]
    assert host.store.names("lease-") == ("lease-production-000003",)


def test_holder_is_told_and_gone_after_release() -> None:
    host = Host("h")
    with hold_lease({"h": host}, "production", ANA, ManualClock(), Event()):
        found = read_holder(host.store, "production")
        assert found is not None
        assert found["actor"] == "Ana"
        assert read_holder(host.store, "staging") is None
    assert read_holder(host.store, "production") is None


def test_a_lease_that_moves_is_refused_at_once() -> None:
    store = WorkedStore()
    store.create("lease-production-000007", b"{}")
    clock = ManualClock()
    with (
        pytest.raises(LeaseError, match="production is being changed by Ana") as caught,
        hold_lease({"h": Host("h", store)}, "production", LI, clock, Event()),
    ):
        pass
    assert caught.value.exit_code == 5
    assert clock.seconds <= lease.BEAT


def test_a_lease_that_stands_still_is_taken_over_after_the_ttl() -> None:
    host = Host("h")
    host.store.create("lease-production-000007", b'{"actor": "Ana", "beat": 3}')
    clock = ManualClock()
    with hold_lease({"h": host}, "production", LI, clock, Event()) as fence:
        assert fence == 8
        assert clock.seconds >= lease.TTL


def test_what_was_taken_is_released_when_another_host_refuses() -> None:
    class Lost(MemoryStore):
        def create(self, name: str, data: bytes) -> bool:
            return False

    free, busy = Host("a"), Host("b", Lost())
    with (
        pytest.raises(LeaseError),
        hold_lease({"b": busy, "a": free}, "production", LI, ManualClock(), Event()),
    ):
        pass
    assert read_holder(free.store, "production") is None
    with hold_lease({"a": free}, "production", LI, ManualClock(), Event()) as fence:
        assert fence == 2


def test_a_taker_that_lost_the_race_gives_way() -> None:
    class Racing(MemoryStore):
        def create(self, name: str, data: bytes) -> bool:
            super().create("lease-production-000003", b'{"actor": "Ana"}')
            return super().create(name, data)

    store = Racing()
    store._values["lease-production-000001"] = b'{"released": true}'
    with (
        pytest.raises(LeaseError, match="Ana"),
        hold_lease({"h": Host("h", store)}, "production", LI, ManualClock(), Event()),
    ):
        pass
    assert "lease-production-000002" not in store.names("lease-")


def test_a_holder_that_cannot_renew_is_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(MemoryStore):
        def write(self, name: str, data: bytes) -> None:
            raise EngineError("the engine is away")

    class Running(ManualClock):
        def monotonic(self) -> float:
            self.seconds += lease.TTL
            return self.seconds

    monkeypatch.setattr(lease, "BEAT", 0.01)
    lost = Event()
    with hold_lease({"h": Host("h", Broken())}, "production", LI, Running(), lost):
        assert lost.wait(timeout=10)


def test_abandoned_leases_of_many_hosts_are_awaited_side_by_side() -> None:
    hosts = {name: Host(name) for name in ("a", "b", "c")}
    for host in hosts.values():
        host.store.create("lease-production-000001", b'{"actor": "Ana", "beat": 3}')
    clock = ManualClock()
    lease_ = Lease(hosts, "production", LI, clock, Event())
    (awaited,) = lease_.take()
    lease_.release()
    assert awaited.hosts == ("a", "b", "c")
    assert clock.seconds < 2 * lease.TTL


def test_a_holder_whose_lease_was_taken_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT", 0.01)
    host, lost = Host("h"), Event()
    with hold_lease({"h": host}, "production", LI, ManualClock(), lost):
        host.store.delete("lease-production-000001")
        assert lost.wait(timeout=10)


def test_a_lease_that_is_forgotten_leaves_no_trace() -> None:
    host = Host("h")
    taken = Lease({"h": host}, "production", LI, ManualClock(), Event())
    list(taken.take())
    taken.release(forget=True)
    assert host.store.names("") == ()
