"""Counts along a rehearsal: what runs, what serves, and in how many revisions at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from heapq import heappop, heappush

from agentgit.model.observed import Replica


class Tally:
    """The most that runs at one time, and for each instance the fewest that serve.

    It is told what happens in order of time; what becomes healthy later is told when it starts.
    """

    def __init__(self, observed: Iterable[Replica]) -> None:
        self.replicas = self.memory = self.unlimited = 0  # the most at one time
        self.before: Counter[str] = Counter()
        self.least: dict[str, int] = {}
        self.mixed: defaultdict[str, float] = defaultdict(float)
        self._running: dict[str, int | None] = {}
        self._memory = self._unlimited = 0
        self._serving: dict[str, tuple[str, str]] = {}  # instance and revision, by replica
        self._revisions: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._mixed_since: dict[str, float] = {}
        self._coming: list[tuple[float, str, str, str]] = []
        for replica in observed:
            self._begin(replica.name, replica.live.limits.memory)
            if replica.serving:
                self._serve(replica.name, replica.instance, replica.revision, 0.0)
        self.before = Counter(instance for instance, _ in self._serving.values())
        self.least = dict(self.before)

    def start(self, replica: Replica, at: float, ready: float) -> None:
        """A replica runs, and serves from `ready` on."""
        self.pass_time(at)
        self._begin(replica.name, replica.live.limits.memory)
        heappush(self._coming, (ready, replica.name, replica.instance, replica.revision))
        self.pass_time(at)

    def resize(self, name: str, memory: int | None, at: float) -> None:
        """A running replica has another limit."""
        self.pass_time(at)
        if name in self._running:
            self._end(name)
            self._begin(name, memory)

    def lose(self, name: str, at: float) -> None:
        """A replica serves no more; it is asked to end."""
        self.pass_time(at)
        instance, revision = self._serving.pop(name, ("", ""))
        if not instance:
            return
        revisions = self._revisions[instance]
        revisions[revision] -= 1
        if not revisions[revision]:
            del revisions[revision]
        self.least[instance] = min(self.least.get(instance, 0), revisions.total())
        if len(revisions) < 2 and instance in self._mixed_since:
            self.mixed[instance] += at - self._mixed_since.pop(instance)

    def end(self, name: str, at: float) -> None:
        """A replica does not run any more."""
        self.lose(name, at)
        if name in self._running:
            self._end(name)

    def pass_time(self, at: float) -> None:
        """Let what becomes healthy until then serve."""
        while self._coming and self._coming[0][0] <= at:
            ready, name, instance, revision = heappop(self._coming)
            if name in self._running and name not in self._serving:
                self._serve(name, instance, revision, ready)

    def close(self, at: float) -> Counter[str]:
        """Count how many serve at the end."""
        self.pass_time(at)
        for instance, since in self._mixed_since.items():
            self.mixed[instance] += at - since
        self._mixed_since.clear()
        return Counter(instance for instance, _ in self._serving.values())

    def _serve(self, name: str, instance: str, revision: str, at: float) -> None:
        self._serving[name] = (instance, revision)
        revisions = self._revisions[instance]
        revisions[revision] += 1
        if len(revisions) > 1:
            self._mixed_since.setdefault(instance, at)

    def _begin(self, name: str, memory: int | None) -> None:
        if name in self._running:
            return
        self._running[name] = memory
        self._memory += memory or 0
        self._unlimited += memory is None
        self.replicas = max(self.replicas, len(self._running))
        self.memory = max(self.memory, self._memory)
        self.unlimited = max(self.unlimited, self._unlimited)

    def _end(self, name: str) -> None:
        memory = self._running.pop(name)
        self._memory -= memory or 0
        self._unlimited -= memory is None
