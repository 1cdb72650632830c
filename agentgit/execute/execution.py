"""One run of a plan: what it works with, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Lock

from agentgit.effects import Clock, Providers
from agentgit.execute.hooks import Guard, NoGuard
from agentgit.model.events import InstanceGivenUp, Superseded
from agentgit.model.observed import Replica
from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure
from agentgit.model.steps import CreateReplica, Stamp

WORKERS = 16  # moves at the same time; engines answer side by side, but not without bound
Jobs = Sequence[Callable[[], None]]


@contextmanager
def run_threads(jobs: Jobs, workers: int) -> Iterator[None]:
    """Begin jobs, at most `workers` at a time; the end waits for all."""
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for job in jobs:
            pool.submit(job)
        yield


@dataclass
class Execution:
    """One run of a plan; `stop` may be set at any time to end it at a safe point.

    `finished` says afterwards whether it came to its end at all, `failure`, `interrupted` and
    `superseded` why it did not end well. `seen` are the replicas that were seen healthy, as they
    were then. `failures` are all that failed, the first of each
    instance; `given_up` are the instances it went on without, which are to go back.
    `side_by_side` runs the moves; a rehearsal does so in its own time.
    """

    providers: Providers
    clock: Clock
    stamp: Stamp
    stop: Flag = field(default_factory=Flag)
    guard: Guard = field(default_factory=NoGuard)
    workers: int = WORKERS
    side_by_side: Callable[[Jobs, int], AbstractContextManager[None]] = run_threads
    failure: Failure | None = None
    failures: tuple[Failure, ...] = ()
    given_up: frozenset[str] = frozenset()
    superseded: Superseded | None = None
    interrupted: bool = False
    finished: bool = False
    tolerated: Mapping[str, int] = field(default_factory=dict)
    revisions: Mapping[str, str] = field(default_factory=dict)  # by replica, by instance
    seen: dict[tuple[str, str], Replica] = field(default_factory=dict)  # by host and name
    _lock: Lock = field(default_factory=Lock)

    def begin(self, plan: Plan) -> None:
        """Learn from the plan what may fail, and in which revision each replica comes."""
        self.finished = False
        self.tolerated = plan.tolerated
        steps = (step for move in plan.moves for step in move.steps)
        created = (step.replica for step in steps if isinstance(step, CreateReplica))
        self.revisions = {one.instance: one.revision for one in plan.changes} | {
            one.name: one.revision for one in created
        }

    def ok(self) -> bool:
        """Whether it may go on: everything so far has succeeded, but for what was given up."""
        return self.failure is None and not self.interrupted and self.superseded is None

    def succeeded(self) -> bool:
        """Whether it came to its end, and everything has succeeded."""
        return self.finished and self.ok() and not self.given_up

    def give_up(self, failure: Failure) -> InstanceGivenUp | None:
        """Give up an instance whose revision failed, if it may be, and tell so the first time.

        Called by several threads: the first failures are tolerated, whichever they are.
        """
        if failure.fault != "revision" or not failure.instance:
            return None
        tolerated = self.tolerated.get(failure.instance, 0)
        with self._lock:
            failed = self.given_up | {failure.instance}
            if failed == self.given_up or len(failed) > tolerated:
                return None
            self.given_up = failed
        return InstanceGivenUp(instance=failure.instance, failed=len(failed), tolerated=tolerated)

    def note(self, failure: Failure) -> None:
        """Keep a failure, and end the run with the first that is not tolerated."""
        if all(one.instance != failure.instance for one in self.failures):
            self.failures += (failure,)
        forgiven = failure.fault == "revision" and failure.instance in self.given_up
        if self.failure is None and not forgiven:
            self.failure = failure
