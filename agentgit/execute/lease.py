"""The lease: the right to change one environment, held for a limited time.

On every host of the environment, in order of name, a value `lease-<environment>-<number>` is
created; that the host lets a name exist only once is the compare-and-swap, and the highest number
is the fence. The holder counts a heartbeat up inside it. Who finds a lease watches it on its own
clock: while it moves somebody is at work; when it stands still for the whole TTL its holder is
gone, and the next number is taken.

What makes that safe is that a holder gives up sooner than anybody takes over. A renewal counts
from before it was sent; when none has succeeded on some host for the TTL less one call's time, or
one was answered only then, the lease is lost for good, and `check` lets nothing through any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Thread

from agentgit.effects import Clock, Permit, Providers
from agentgit.errors import AgentgitError, EngineError, GuardError, LostLeaseError
from agentgit.execute.hooks import SupersededError
from agentgit.execute.host_lease import HostLease
from agentgit.execute.lease_value import Holder, Seen, Times, read_newest
from agentgit.execute.lease_wait import Wait, Waiting, refuse
from agentgit.execute.lease_watch import Watch, read_leases
from agentgit.execute.wish import Descends, Wish, Wishes, cannot_tell
from agentgit.model.events import LeaseAwaited, Superseded
from agentgit.model.value import format_duration


@dataclass(frozen=True)
class Terms:
    """What a lease is taken on.

    `patience` is for how many seconds to wait for a holder that is alive; `asks` whether one that
    applies an older commit is asked to make way; `permit` is who asks the lease before each call.
    """

    times: Times = field(default_factory=Times)
    patience: float = 0.0
    asks: bool = False
    descends: Descends = cannot_tell
    permit: Permit = field(default_factory=Permit)


class Lease:
    """The lease of one environment on all its hosts.

    `take` it before anything changes and `release` it in any case; `check` before every change.
    The flag `stop` is set when it is lost, and when somebody asks to make way. `waited` says
    whether `take` found somebody else's, `makes_way_for` for whom this rollout is to stop.
    """

    def __init__(
        self,
        providers: Providers,
        environment: str,
        holder: Holder,
        clock: Clock,
        stop: Flag,
        terms: Terms | None = None,
    ) -> None:
        self._terms = terms or Terms()
        self._times = self._terms.times
        self._environment = environment
        self._holder = holder
        self._clock = clock
        self._stop = stop
        self._stores = {host: providers[host].store for host in sorted(providers)}
        self._parts = tuple(
            HostLease(host, store, environment, holder, clock, self._times)
            for host, store in self._stores.items()
        )
        self._wishes = Wishes(self._parts[0].store, environment, self._terms.descends)
        self.lost: LostLeaseError | None = None
        self.makes_way_for: Superseded | None = None
        self.waited = False

    @property
    def fence(self) -> int:
        """The highest number that this lease has on any host; 0 while it is not held."""
        return max(part.number for part in self._parts)

    @property
    def is_held(self) -> bool:
        """Whether it is held on every host, as far as is known."""
        return self.lost is None and all(part.number for part in self._parts)

    def take(self) -> Iterator[LeaseAwaited]:
        """Take the lease on every host; tells when it has to wait.

        Ends without the lease when `stop` is set meanwhile. Raises LeaseError when somebody else
        is at work for longer than there is patience.
        """
        watch = Watch(self._stores, self._environment, self._clock, self._times)
        wait = Wait(self._waiting(), watch, self._wishes)
        watch.look()
        while not self._stop.is_set():
            if watch.busy():
                self.waited = True
                yield from wait.until_free()
                continue
            rival = self._take_all(watch)
            if rival is None:
                return
            if wait.is_over():
                raise refuse(rival, self._environment, self._times)
            watch.look()

    def check(self) -> None:
        """Raise LostLeaseError unless the lease is held for certain. Asks nobody but the clock."""
        if self.lost is None:
            self._look_at_clock()
        if self.lost is not None:
            raise LostLeaseError(self.lost.message, hint=self.lost.hint)
        if not self.fence:
            raise self._word_loss("it is not held at this moment")

    def beat(self, part: HostLease, count: int) -> None:
        """Renew the lease on one host, unless it is too late for that; on the first, heed wishes.

        A host that does not answer is tried again at the next beat, as long as there is time.
        """
        try:
            self.check()
            if not part.renew(count):
                self._lose(self._too_late(part))
        except LostLeaseError:
            return
        except KeyError:
            self._lose(f"somebody else took it on {part.host}")
        except AgentgitError as error:
            part.trouble = error.message.removeprefix(f"{part.host}: ")
            self._look_at_clock()
        else:
            if part is self._parts[0]:
                self._heed_wish()

    def release(self, *, forget: bool = False) -> None:
        """Let go, so that the next one need not wait; `forget` removes every trace of it.

        A host that is away keeps a lease that is abandoned after the TTL. One that was lost is
        somebody else's: then nothing is written, and nothing may be changed any more.
        """
        if self.fence and self.lost is None:
            with suppress(EngineError):
                self._wishes.clear()
        self._put_down(forget=forget)
        if self.lost is None:
            self._terms.permit.check = Permit().check

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let go of the lease for a pause, and take it again at its end, whatever happened in it.

        Raises SupersededError when somebody else has taken it meanwhile; `stop` is set as soon as
        that is seen.
        """
        self.check()
        numbers = {part.host: part.number for part in self._parts}
        self._put_down(paused=True)
        over = Flag()
        looking = Thread(target=self._look_aside, args=(numbers, over), daemon=True)
        looking.start()
        try:
            yield
        finally:
            over.set()
            looking.join()
            self._take_up(numbers)

    def _waiting(self) -> Waiting:
        mine = Wish(self._holder.commit, self._holder.actor, self._holder.rollout)
        return Waiting(
            environment=self._environment,
            clock=self._clock,
            times=self._times,
            patience=self._terms.patience,
            wish=mine if self._terms.asks else None,
            descends=self._terms.descends,
            stop=self._stop,
        )

    def _take_all(self, watch: Watch) -> Seen | None:
        """Take the lease on every host, seen to be free; gives who else was faster, if anybody."""
        self._wishes.clear()
        for part in self._parts:
            rival = self._take(part, watch.seen(part.host))
            if rival is not None:
                twins = [one.host for one in self._parts if one.number == rival.number]
                self._put_down()
                self._terms.permit.check = Permit().check
                if twins and rival.holder and rival.holder.rollout == self._holder.rollout:
                    raise GuardError(
                        f"{part.host} is the same engine as {' or '.join(twins)}: each replica "
                        "would count twice",
                        hint=f"keep one name in environment.yaml of {self._environment}",
                    )
                return rival
        return None

    def _take(self, part: HostLease, free: Seen) -> Seen | None:
        self._terms.permit.check = self._check_clock
        rival = part.take(free)
        if rival is None:
            self._check_clock()
            self._terms.permit.check = self.check
            part.keep_beating(lambda count: self.beat(part, count))
        return rival

    def _take_up(self, numbers: Mapping[str, int]) -> None:
        """Take again what was laid aside, unless somebody else has had it."""
        until = self._clock.monotonic() + self._times.ttl
        while True:
            try:
                for part in self._parts:
                    if not part.number:
                        self._take_part_up(part, numbers[part.host])
            except LostLeaseError:
                raise
            except EngineError as error:
                if self._clock.monotonic() >= until:
                    self._lose(f"it could not be taken again after a pause ({error.message})")
                    self.check()
                self._clock.sleep(self._times.look)
            else:
                return

    def _take_part_up(self, part: HostLease, number: int) -> None:
        seen = read_newest(part.store, self._environment, part.host)
        if seen.holder is not None and seen.holder.rollout == self._holder.rollout:
            number = seen.number  # its own, from an attempt whose answer was lost
        rival = seen if seen.number != number else self._take(part, seen)
        if rival is not None or part.number != number + 1:
            way = self._give_way(rival or seen)
            self._put_down()
            raise SupersededError(way)

    def _put_down(self, *, forget: bool = False, paused: bool = False) -> None:
        """End the heartbeats and give every host back; nothing is written when it was lost."""
        for part in self._parts:
            part.stop_beating()
        for part in self._parts:
            if self.lost is None:
                part.put_down(forget=forget, paused=paused)
            part.number = 0

    def _look_aside(self, numbers: Mapping[str, int], over: Flag) -> None:
        """Notice during a pause that somebody else has taken the lease."""
        while not over.wait(self._times.beat):
            with suppress(AgentgitError):
                for seen in read_leases(self._stores, self._environment):
                    if seen.number != numbers[seen.host]:
                        self._give_way(seen)
                        return

    def _heed_wish(self) -> None:
        """Stop for somebody with a newer commit; one that is not in this clone is believed."""
        if not self._holder.yields or self.makes_way_for is not None:
            return
        with suppress(AgentgitError):
            wish = self._wishes.read()
            if wish is None or wish.commit == self._holder.commit:
                return
            if self._terms.descends(self._holder.commit, wish.commit) is not False:
                self.makes_way_for = Superseded(commit=wish.commit, actor=wish.actor, newer=True)
                self._stop.set()

    def _give_way(self, rival: Seen) -> Superseded:
        commit = rival.holder.commit if rival.holder else ""
        way = self.makes_way_for or Superseded(commit=commit, actor=rival.actor)
        self.makes_way_for = way
        self._stop.set()
        return way

    def _check_clock(self) -> None:
        """Raise LostLeaseError when a part of the lease is too old, also while it is taken."""
        self._look_at_clock()
        if self.lost is not None:
            self.check()

    def _look_at_clock(self) -> None:
        late = next((part for part in self._parts if part.is_overdue()), None)
        if late is not None:
            self._lose(self._too_late(late))

    def _too_late(self, part: HostLease) -> str:
        why = f" ({part.trouble})" if part.trouble else ""
        own = format_duration(self._times.own)
        return f"it could not be renewed on {part.host} for {own}{why}"

    def _lose(self, why: str) -> None:
        self.lost = self.lost or self._word_loss(why)
        self._stop.set()

    def _word_loss(self, why: str) -> LostLeaseError:
        return LostLeaseError(
            f"the lease of {self._environment} was lost: {why}; nothing more was changed",
            hint=f"agentgit lock show -e {self._environment} says who has it now; "
            "the same command goes on",
        )
