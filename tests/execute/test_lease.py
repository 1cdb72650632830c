"""The lease on memory hosts with a clock that only passes when somebody waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgit.effects import Permit
from agentgit.errors import EngineError, LeaseError, LostLeaseError
from agentgit.execute.clock import SystemClock
from agentgit.execute.hooks import SupersededError
from agentgit.execute.lease import Lease, Terms
from agentgit.execute.lease_break import break_lease
from agentgit.execute.lease_value import Holder, Times, read_newest, write_lease
from agentgit.execute.wish import Wish, Wishes
from agentgit.providers.memory import MemoryProvider, MemoryStore
from tests.builders import PROJECT_ID, ManualClock

ANA = Holder("Ana", "r1", "today", commit="c1", yields=True)
LI = Holder("Li", "r2", "today", commit="c2", yields=True)
QUICK = Times(ttl=20.0, beat=0.01, call=1.0, look=0.01)
BY_HAND = Times(beat=3600.0)  # no heartbeat but those that a test makes
ENVIRONMENT = "production"
ORDER = ["c0", "c1", "c2", "c3"]


class Clock(ManualClock):
    """Does something whenever somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.meanwhile()


class Store(MemoryStore):
    """Counts what is written, takes time for it, and can be away."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.written: list[str] = []
        self.before: float = 0.0
        self.after: float = 0.0
        self.away = False

    def write(self, name: str, data: bytes) -> None:
        if self.away:
            raise EngineError("the engine is away")
        self.written.append(name)
        self.clock.seconds += self.before
        super().write(name, data)
        self.clock.seconds += self.after

    def delete(self, name: str) -> None:
        if self.read(name) is not None:
            self.written.append(name)
        super().delete(name)


class Host(MemoryProvider):
    def __init__(self, name: str, store: MemoryStore) -> None:
        super().__init__(name, PROJECT_ID)
        self._store = store


@dataclass
class Place:
    """Hosts with their stores, a clock, and the leases made there."""

    clock: Clock = field(default_factory=Clock)
    stores: dict[str, Store] = field(default_factory=dict)

    def hosts(self, *names: str) -> dict[str, Host]:
        for name in names or ("h",):
            self.stores.setdefault(name, Store(self.clock))
        return {name: Host(name, store) for name, store in self.stores.items()}

    @property
    def store(self) -> Store:
        self.hosts()
        return self.stores["h"]

    def lease(self, holder: Holder = ANA, hosts: Any = None, **terms: Any) -> Lease:
        known = Terms(**{"times": BY_HAND, "descends": descends, **terms})
        providers = hosts or self.hosts(*self.stores)
        return Lease(providers, ENVIRONMENT, holder, self.clock, Event(), known)

    def taken(self, holder: Holder = ANA, **terms: Any) -> Lease:
        lease = self.lease(holder, **terms)
        assert list(lease.take()) == []
        return lease

    def names(self) -> tuple[str, ...]:
        return self.store.names("")

    def free(self) -> bool:
        return all(
            read_newest(one, ENVIRONMENT, name).released for name, one in self.stores.items()
        )

    def beating(self, lease: Lease) -> None:
        """From now on this lease beats once a wait."""
        count = iter(range(1, 10_000))
        self.clock.meanwhile = lambda: beat(lease, next(count))


def descends(older: str, newer: str) -> bool | None:
    if not {older, newer} <= set(ORDER):
        return None
    return ORDER.index(older) < ORDER.index(newer)


def beat(lease: Lease, count: int = 1) -> None:
    for part in lease._parts:
        lease.beat(part, count)


@pytest.fixture
def place() -> Place:
    return Place()


# --- taking and releasing


def test_the_fence_grows_with_every_lease(place: Place) -> None:
    fences = []
    for _ in range(3):
        lease = place.taken()
        fences.append(lease.fence)
        assert lease.is_held
        lease.release()
    assert fences == [1, 2, 3]
    assert place.names() == ("lease-production-000003",)


def test_it_says_who_holds_it_until_it_is_released(place: Place) -> None:
    lease = place.taken()
    seen = read_newest(place.store, ENVIRONMENT, "h")
    assert (seen.holder, seen.released) == (ANA, False)
    assert read_newest(place.store, "staging", "h").released
    lease.release()
    assert place.free()


def test_a_lease_that_is_forgotten_leaves_no_trace(place: Place) -> None:
    place.taken().release(forget=True)
    assert place.names() == ()


def test_an_environment_whose_name_goes_on_is_another(place: Place) -> None:
    place.store.create("lease-production-2-000009", write_lease(LI, 1))
    assert place.taken().fence == 1


def test_a_lease_that_moves_is_refused_at_once(place: Place) -> None:
    place.beating(place.taken())
    with pytest.raises(LeaseError, match="production is being changed by Ana") as caught:
        list(place.lease(LI).take())
    assert caught.value.exit_code == 5
    assert "--lock-timeout" in str(caught.value.hint)
    assert place.clock.seconds <= BY_HAND.look


@pytest.mark.parametrize("content", [b"", b"{", b"[]", write_lease(ANA, 3)])
def test_one_that_stands_still_is_taken_over_after_the_ttl(place: Place, content: bytes) -> None:
    place.store.create("lease-production-000007", content)
    lease = place.lease(LI)
    (awaited,) = lease.take()
    assert (lease.fence, lease.waited) == (8, True)
    assert (awaited.seconds, awaited.asked) == (BY_HAND.ttl, False)
    assert place.clock.seconds >= BY_HAND.ttl
    assert place.names() == ("lease-production-000008",)


def test_abandoned_leases_of_many_hosts_are_awaited_side_by_side(place: Place) -> None:
    hosts = place.hosts("a", "b", "c")
    for host in hosts.values():
        host.store.create("lease-production-000001", write_lease(ANA, 3))
    (awaited,) = place.lease(LI).take()
    assert awaited.hosts == ("a", "b", "c")
    assert place.clock.seconds < 2 * BY_HAND.ttl


def test_what_was_taken_is_released_when_another_host_refuses(place: Place) -> None:
    place.hosts("a", "b")
    free = place.stores["a"]

    class Busy(Store):
        def create(self, name: str, data: bytes) -> bool:
            return False

    place.stores["b"] = Busy(place.clock)
    with pytest.raises(LeaseError):
        list(place.lease(LI).take())
    assert read_newest(free, ENVIRONMENT, "a").released
    assert place.taken(hosts={"a": Host("a", free)}).fence == 2


def test_a_taker_that_lost_the_race_gives_way(place: Place) -> None:
    class Racing(Store):
        def create(self, name: str, data: bytes) -> bool:
            super().create("lease-production-000003", write_lease(ANA, 0))
            return super().create(name, data)

    place.stores["h"] = Racing(place.clock)
    place.store._values["lease-production-000001"] = write_lease(ANA, 1, released=True)
    with pytest.raises(LeaseError, match="Ana"):
        list(place.lease(LI).take())
    assert "lease-production-000002" not in place.names()


def test_a_create_without_an_answer_leaves_no_lease_behind(place: Place) -> None:
    class Cut(Store):
        def create(self, name: str, data: bytes) -> bool:
            super().create(name, data)
            raise EngineError("the answer was lost")

    place.stores["h"] = Cut(place.clock)
    lease = place.lease()
    with pytest.raises(EngineError):
        list(lease.take())
    lease.release()
    assert place.free()


@pytest.mark.parametrize("takers", [2, 8])
def test_of_many_takers_at_once_exactly_one_wins(place: Place, takers: int) -> None:
    hosts = place.hosts("a", "b")
    for _ in range(60):
        start, won = Barrier(takers), list[Lease]()

        def take(start: Barrier = start, won: list[Lease] = won) -> None:
            lease = Lease(hosts, ENVIRONMENT, ANA, SystemClock(), Event(), Terms(QUICK))
            start.wait()
            try:
                list(lease.take())
                won.append(lease)
            except LeaseError:
                lease.release()

        threads = [Thread(target=take) for _ in range(takers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (lease,) = won
        lease.check()
        lease.release()


# --- holding


def test_nothing_may_be_changed_without_it(place: Place) -> None:
    lease = place.lease()
    with pytest.raises(LostLeaseError, match="not held"):
        lease.check()
    list(lease.take())
    lease.check()
    lease.release()
    with pytest.raises(LostLeaseError, match="not held"):
        lease.check()


def test_a_holder_gives_up_before_anybody_takes_over(place: Place) -> None:
    lease = place.taken()
    place.clock.seconds = BY_HAND.own
    lease.check()
    place.clock.seconds = BY_HAND.own + 0.001
    with pytest.raises(LostLeaseError, match="could not be renewed on h for 10s") as caught:
        lease.check()
    assert "agentgit lock show -e production" in str(caught.value.hint)
    assert lease._stop.is_set()


def test_what_kept_it_from_being_renewed_is_said(place: Place) -> None:
    lease = place.taken()
    place.store.away = True
    place.clock.seconds = BY_HAND.own
    beat(lease)
    place.clock.seconds = BY_HAND.own + 0.001
    with pytest.raises(LostLeaseError, match=r"on h for 10s \(the engine is away\)"):
        lease.check()


def test_a_renewal_that_comes_too_late_is_never_sent(place: Place) -> None:
    lease = place.taken()
    place.clock.seconds = BY_HAND.own + 0.001
    beat(lease)
    assert place.store.written == []
    assert lease.lost is not None


def test_a_renewal_counts_from_before_it_was_sent(place: Place) -> None:
    lease = place.taken()
    place.store.after = 4.0
    beat(lease)
    place.clock.seconds = BY_HAND.own + 0.001
    with pytest.raises(LostLeaseError):
        lease.check()


def test_a_renewal_that_is_answered_too_late_is_none(place: Place) -> None:
    lease = place.taken()
    place.clock.seconds, place.store.before = 9.0, 2.0
    beat(lease)
    assert lease.lost is not None


def test_a_host_that_is_away_is_tried_again_until_the_time_is_over(place: Place) -> None:
    lease = place.taken()
    place.store.away = True
    place.clock.seconds = 9.0
    beat(lease)
    lease.check()
    place.store.away = False
    beat(lease)
    place.clock.seconds = 18.0
    lease.check()


def test_one_host_that_is_lost_is_all_of_it_lost(place: Place) -> None:
    place.hosts("a", "b")
    lease = place.taken()
    place.stores["b"].away = True
    place.clock.seconds = 9.0
    beat(lease)
    place.clock.seconds = 11.0
    with pytest.raises(LostLeaseError, match="on b"):
        lease.check()
    lease.release()
    assert place.stores["a"].written == ["lease-production-000001"]  # the heartbeat at 9 s


def test_what_is_lost_once_stays_lost(place: Place) -> None:
    lease = place.taken()
    place.clock.seconds = 11.0
    for _ in range(2):
        with pytest.raises(LostLeaseError):
            lease.check()
        place.clock.seconds = 1.0
        beat(lease)


def test_a_holder_whose_lease_was_taken_learns_it_at_its_next_beat(place: Place) -> None:
    lease = place.taken()
    place.store.delete("lease-production-000001")
    beat(lease)
    with pytest.raises(LostLeaseError, match="somebody else took it on h"):
        lease.check()


def test_who_lost_it_writes_nothing_any_more(place: Place) -> None:
    permit = Permit()
    lease = place.taken(permit=permit)
    place.clock.seconds = 11.0
    permit_refuses(permit)
    lease.release(forget=True)
    assert place.store.written == []
    permit_refuses(permit)


def test_the_permit_ends_with_a_lease_that_was_released(place: Place) -> None:
    permit = Permit()
    lease = place.taken(permit=permit)
    permit()
    lease.release()
    permit()


def permit_refuses(permit: Permit) -> None:
    with pytest.raises(LostLeaseError):
        permit()


def test_the_heart_beats_by_itself_until_it_is_released(place: Place) -> None:
    class Awaited(Store):
        beaten = Event()

        def write(self, name: str, data: bytes) -> None:
            super().write(name, data)
            if len(self.written) == 3:
                self.beaten.set()

    store = Awaited(place.clock)
    place.stores["h"] = store
    lease = place.taken(times=Times(beat=0.01))
    assert store.beaten.wait(timeout=10)
    lease.release()
    assert place.free()


@given(
    delays=st.lists(
        st.tuples(*[st.sampled_from([0.0, 0.5, 2.0, 5.5, 9.0, 14.0, 20.0])] * 3), max_size=40
    )
)
@settings(max_examples=300, deadline=None)
def test_never_do_two_hold_it(delays: list[tuple[float, float, float]]) -> None:
    """However slow each beat and its answer: who takes over finds the other one stopped."""
    place = Place()
    first = place.taken()
    plan = iter(delays)

    def meanwhile() -> None:
        pause, place.store.before, place.store.after = next(plan, (20.0, 0.0, 0.0))
        place.clock.seconds += pause
        if pause < 9:
            beat(first, int(place.clock.seconds * 1000))

    place.clock.meanwhile = meanwhile
    second = place.lease(LI, patience=10_000.0)
    list(second.take())
    assert second.is_held
    with pytest.raises(LostLeaseError):
        first.check()


# --- waiting


def test_with_patience_one_waits_until_it_is_released(place: Place) -> None:
    first = place.taken(replace(ANA, yields=False))
    looks = iter(range(100))

    def meanwhile() -> None:
        look = next(looks)
        beat(first, look)
        if look == 40:
            first.release()

    place.clock.meanwhile = meanwhile
    second = place.lease(LI, patience=60.0)
    (awaited,) = second.take()
    assert (awaited.holder, awaited.patience, awaited.asked) == ("Ana", 60.0, False)
    assert (second.fence, second.waited) == (2, True)


def test_patience_ends(place: Place) -> None:
    place.beating(place.taken())
    with pytest.raises(LeaseError):
        list(place.lease(LI, patience=30.0).take())
    assert 30.0 <= place.clock.seconds <= 31.0


def test_who_is_asked_to_stop_while_waiting_takes_nothing(place: Place) -> None:
    place.beating(place.taken())
    lease = place.lease(LI, patience=30.0)
    for _ in lease.take():
        lease._stop.set()
    assert not lease.is_held
    assert read_newest(place.store, ENVIRONMENT, "h").holder == ANA


# --- making way


def make_way(place: Place, first: Lease) -> None:
    """The first beats, and releases when it is asked to stop."""
    count = iter(range(1, 1000))

    def meanwhile() -> None:
        beat(first, next(count))
        if first._stop.is_set():
            first.release()

    place.clock.meanwhile = meanwhile


def test_an_older_rollout_makes_way(place: Place) -> None:
    first = place.taken()
    make_way(place, first)
    second = place.lease(LI, asks=True)
    (awaited,) = second.take()
    assert (awaited.asked, awaited.patience) == (True, BY_HAND.way)
    assert first.makes_way_for is not None
    assert (first.makes_way_for.commit, first.makes_way_for.actor) == ("c2", "Li")
    assert second.fence == 2
    assert place.names() == ("lease-production-000002",)


@pytest.mark.parametrize(
    ("holder", "commit", "asks"),
    [
        (replace(ANA, yields=False), "c2", True),  # a rollback, a restart, a pin
        (replace(ANA, commit="c3"), "c2", True),  # the newer one is at work
        (replace(ANA, commit="c2"), "c2", True),
        (replace(ANA, commit="elsewhere"), "c2", True),
        (ANA, "c2", False),  # a rollout of some instances only
    ],
)
def test_others_are_not_asked(place: Place, holder: Holder, commit: str, *, asks: bool) -> None:
    first = place.taken(holder)
    place.beating(first)
    with pytest.raises(LeaseError):
        list(place.lease(replace(LI, commit=commit), asks=asks).take())
    assert place.clock.seconds <= BY_HAND.look
    assert first.makes_way_for is None


def test_who_does_not_make_way_is_waited_for_only_so_long(place: Place) -> None:
    first = place.taken()
    count = iter(range(1, 1000))
    place.clock.meanwhile = lambda: first._parts[0].renew(next(count)) and None
    with pytest.raises(LeaseError):
        list(place.lease(LI, asks=True).take())
    assert BY_HAND.way <= place.clock.seconds <= BY_HAND.way + 1
    assert place.names() == ("lease-production-000001",)


@pytest.mark.parametrize(
    ("wished", "heeded"),
    [("c2", True), ("nobody-knows", True), ("c0", False), ("c1", False)],
)
def test_a_wish_counts_when_it_is_for_a_newer_commit(
    place: Place, wished: str, *, heeded: bool
) -> None:
    lease = place.taken()
    Wishes(place.store, ENVIRONMENT, descends).leave(Wish(wished, "Li", "r2"))
    beat(lease)
    assert (lease.makes_way_for is not None, lease._stop.is_set()) == (heeded, heeded)
    assert lease.lost is None


def test_a_wish_of_the_dead_is_none_for_the_next(place: Place) -> None:
    Wishes(place.store, ENVIRONMENT, descends).leave(Wish("c3", "Li", "r2"))
    lease = place.taken()
    beat(lease)
    assert lease.makes_way_for is None


def test_of_two_wishes_the_newer_commit_stays(place: Place) -> None:
    wishes = Wishes(place.store, ENVIRONMENT, descends)
    older, newer = Wish("c2", "Li", "r2"), Wish("c3", "Bo", "r3")
    for first, second in ((older, newer), (newer, older)):
        wishes.clear()
        wishes.leave(first)
        wishes.leave(second)
        assert wishes.read() == newer
        wishes.withdraw(older)
        assert wishes.read() == newer


# --- pauses


@contextmanager
def paused(lease: Lease) -> Iterator[None]:
    with lease.aside():
        yield


def test_a_pause_is_no_held_lease(place: Place) -> None:
    lease = place.taken()
    with paused(lease):
        seen = read_newest(place.store, ENVIRONMENT, "h")
        assert (seen.released, seen.paused, seen.holder) == (True, True, ANA)
        with pytest.raises(LostLeaseError, match="not held at this moment"):
            lease.check()
    lease.check()
    assert (lease.fence, place.names()) == (2, ("lease-production-000002",))


def test_a_pause_ends_well_also_when_it_fails(place: Place) -> None:
    lease = place.taken()
    with pytest.raises(KeyError), paused(lease):
        raise KeyError
    lease.check()


def meanwhile(place: Place, *, given_back: bool) -> None:
    other = place.taken(LI)
    if given_back:
        other.release()


@pytest.mark.parametrize("given_back", [False, True])
def test_somebody_else_in_a_pause_ends_the_rollout(place: Place, *, given_back: bool) -> None:
    lease = place.taken()
    with pytest.raises(SupersededError) as caught, paused(lease):
        meanwhile(place, given_back=given_back)
    assert (caught.value.by.commit, caught.value.by.actor) == ("c2", "Li")
    assert lease.makes_way_for == caught.value.by
    assert lease._stop.is_set()
    lease.release()
    assert read_newest(place.store, ENVIRONMENT, "h").holder == LI


def test_somebody_else_is_noticed_during_the_pause(place: Place) -> None:
    lease = place.taken(times=Times(beat=0.01))
    noticed = []

    def look() -> None:
        place.taken(LI)
        noticed.append(lease._stop.wait(timeout=10))

    with pytest.raises(SupersededError), paused(lease):
        look()
    assert noticed == [True]


def test_a_host_that_is_away_after_a_pause_is_waited_for(place: Place) -> None:
    class Away(Store):
        away_at = 0

        def names(self, prefix: str) -> tuple[str, ...]:
            if self.away_at > 0:
                self.away_at -= 1
                raise EngineError("the engine is away")
            return super().names(prefix)

    store = Away(place.clock)
    place.stores["h"] = store
    lease = place.taken()
    with paused(lease):
        store.away_at = 5
    lease.check()
    with pytest.raises(LostLeaseError, match="not be taken again after a pause"), paused(lease):
        store.away_at = 10_000


def test_all_hosts_are_taken_again_after_a_pause(place: Place) -> None:
    place.hosts("a", "b", "c")
    lease = place.taken()
    with paused(lease):
        pass
    assert lease.is_held
    beat(lease)
    place.clock.seconds += 9
    lease.check()


# --- broken leases


def test_a_broken_holder_has_stopped_before_anybody_else_may_begin(place: Place) -> None:
    first = place.taken()
    count = iter(range(1, 1000))
    seen = []

    def meanwhile() -> None:
        beat(first, next(count))
        seen.append(read_newest(place.store, ENVIRONMENT, "h").released)

    place.clock.meanwhile = meanwhile
    (broken,) = break_lease(place.hosts(), ENVIRONMENT, LI, place.clock, BY_HAND)
    assert broken.holder == ANA
    assert place.clock.seconds >= BY_HAND.ttl
    assert not any(seen)
    assert first.lost is not None
    assert place.free()
    assert place.taken().fence == 3


def test_a_holder_that_stands_still_is_broken_as_safely(place: Place) -> None:
    first = place.taken()
    break_lease(place.hosts(), ENVIRONMENT, LI, place.clock, BY_HAND)
    with pytest.raises(LostLeaseError):
        first.check()


def test_there_may_be_nothing_to_break(place: Place) -> None:
    place.taken().release()
    assert break_lease(place.hosts(), ENVIRONMENT, LI, place.clock, BY_HAND) == ()
    assert place.names() == ("lease-production-000001",)
