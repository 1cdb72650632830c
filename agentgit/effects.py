"""The Protocols through which the core touches the world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # only named here; most runs need few of them
    from datetime import datetime

    from agentgit.model.events import Event
    from agentgit.model.fingerprint import Fingerprint
    from agentgit.model.image import BroughtImage, Image
    from agentgit.model.observed import EngineKind, HostState, Replica
    from agentgit.model.plan import Pin, Plan
    from agentgit.model.rollout import RolloutRecord
    from agentgit.model.snapshot import Commit, Snapshot
    from agentgit.model.steps import EngineStep, Stamp


class Clock(Protocol):
    """Time. Durations are seconds on a clock that never jumps."""

    def monotonic(self) -> float:
        """Seconds since some start."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Source(Protocol):
    """Git in: revisions to snapshots."""

    def commit(self, revision: str) -> Commit:
        """Resolve a revision. Raises GitError."""

    def snapshot(self, revision: str) -> Snapshot:
        """The files of a commit. Raises GitError."""

    def worktree(self) -> Snapshot:
        """The files as they lie in the work tree, committed or not, without ignored ones."""

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` contains `older`."""


class Cache(Protocol):
    """Values that can be computed again; what it gives is what was written, or nothing."""

    def read(self, name: str) -> bytes | None:
        """The value, None when there is none that can be trusted."""

    def write(self, name: str, value: bytes) -> None:
        """Replace a value as a whole. It may be forgotten at any time."""


class Spread(Protocol):
    """Work side by side, as far as this machine can."""

    size: int  # pieces of work at a time, this process included
    least: int  # files for which another piece is worth the trouble

    def begin(self, work: Callable[[], bytes]) -> Callable[[], bytes | None]:
        """Begin a piece of work; what is given waits for its result, None where it was lost."""

    def close(self) -> None:
        """End what still works."""


class HostStore(Protocol):
    """A few small named values kept on the host itself, beside what it runs."""

    def create(self, name: str, data: bytes) -> bool:
        """Create a value; False when the name is taken. This is the compare-and-swap."""

    def write(self, name: str, data: bytes) -> None:
        """Replace a value that exists. Raises KeyError when it does not."""

    def read(self, name: str) -> bytes | None:
        """The value, None when there is none."""

    def fingerprint(self, name: str) -> Fingerprint | None:
        """Its fingerprint; None where there is no value, or where it was written without one.

        An older agentgit has done so on Docker: such a value has to be read.
        """

    def names(self, prefix: str) -> tuple[str, ...]:
        """The names that begin with a prefix, sorted."""

    def delete(self, name: str) -> None:
        """Forget a value; nothing happens when there is none."""


class Provider(Protocol):
    """One engine endpoint, on behalf of one project.

    Every call has a timeout. `EngineError` is the world's fault, `ReplicaError` the revision's.
    """

    @property
    def host(self) -> str:
        """The name of the host in the environment."""

    @property
    def kind(self) -> EngineKind:
        """Which kind of engine it is."""

    @property
    def store(self) -> HostStore:
        """The project's small values on that host."""

    def observe(self, environment: str) -> HostState:
        """Everything of ours in that environment, as it is. Only reads. Raises EngineError."""

    def perform(self, step: EngineStep, stamp: Stamp) -> None:
        """Do one step. Doing it again changes nothing more."""

    def replica(self, name: str) -> Replica | None:
        """One replica as it is now, its health freshly probed where the engine does not."""

    def note_files(self, environment: str) -> None:
        """Note what replicas read from their files where nobody has: later edits can be told."""

    def knock(self) -> None:
        """Ask over a new connection whether it is still there. Raises EngineError.

        An engine that shuts down stops its replicas and still answers connections that it has.
        """

    def find_image(self, name: str) -> Image | None:
        """What the name of an image means there now; None when it is not there. Only reads."""

    def ask_registry(self, name: str) -> str:
        """Give the digest that the registry has behind a name now. Raises EngineError."""

    def free_room(self) -> int | None:
        """Bytes left where it keeps what it runs; None where it does not tell. Only reads."""

    def brought_images(self, environment: str) -> tuple[BroughtImage, ...]:
        """The images that the project has brought there, by id, as they are now. Only reads.

        That other environments than this one keep them is said of each.
        """

    def logs(self, name: str, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """The lines a replica wrote, oldest first, without line ends."""

    def request(self, name: str, port: str, path: str, timeout: float) -> tuple[int, bytes]:
        """GET a path of a replica's named port: status and body. Raises EngineError."""

    def close(self) -> None:
        """Let go of connections."""


class Permit:
    """Asked before every single call to a host that changes something.

    Whoever carries a rollout out lets it ask the lease: a step is several calls, and the lease
    may be lost between two of them.
    """

    def __init__(self) -> None:
        self.check: Callable[[], None] = _allow

    def __call__(self) -> None:
        """Raise LostLeaseError when nothing may be changed any more."""
        self.check()

    def watch_call(self, when: str, call: str) -> None:
        """Ask before a call of the Docker API; reading, and commands in a replica, may go on."""
        method, _, path = call.partition(" ")
        if when == "before" and method not in {"GET", "HEAD"} and "/exec" not in path:
            self.check()


def _allow() -> None:
    """Nobody has forbidden it."""


Providers = Mapping[str, Provider]  # by host name
Tree = Callable[
    [str, str], Iterable[tuple[str, str, bytes]]
]  # (commit, folder) -> (path, mode, bytes)


class GitResult(NamedTuple):
    """What a git command answered; `code` is None when it was ended after its timeout."""

    code: int | None
    out: bytes
    err: str


class GitObject(NamedTuple):
    """An object of the repository: its full id, its kind (commit, tree, blob, tag), its bytes."""

    id: str
    kind: str
    data: bytes


class Git(Protocol):
    """One repository, spoken to with plain git commands. May be used by several threads."""

    shallow: bool

    def run(self, *arguments: str, data: bytes = b"", timeout: float | None = None) -> GitResult:
        """Run one command to its end. Raises GitError when git itself cannot be started."""

    def objects(self, names: Sequence[str]) -> tuple[GitObject | None, ...]:
        """Look objects up by id or any name git knows, None for those that are not there."""


class Ledger(Protocol):
    """The record of rollouts."""

    def fetch(self) -> str | None:
        """Bring in what others recorded; a warning when the remote does not answer."""

    def begin(self, record: RolloutRecord, plan: Plan | None) -> None:
        """Record that a rollout begins, with its plan."""

    def note(self, record: RolloutRecord, events: tuple[Event, ...], when: datetime) -> None:
        """Record how far it has come."""

    def finish(self, record: RolloutRecord, events: tuple[Event, ...]) -> None:
        """Record how it ended."""

    def close(self, record: RolloutRecord, by: str) -> None:
        """Record the end of a rollout that somebody else began."""

    def prune(self, environment: str) -> int:
        """Let go of old records that nobody needs; gives their number."""

    def export(
        self,
        environment: str,
        rollout: str,
        pending: tuple[RolloutRecord, tuple[Event, ...]] | None = None,
    ) -> bytes:
        """Pack what is recorded of a rollout; `pending` is an end that could not be."""

    def restore(self, data: bytes) -> RolloutRecord | None:
        """Bring back what was packed, as far as it is not here; None: not readable, not ours."""

    def push(self) -> str | None:
        """Share what is recorded; a warning when the remote does not take it."""

    def rollouts(self, environment: str) -> tuple[RolloutRecord, ...]:
        """All records of an environment, newest first."""

    def events(self, environment: str, rollout: str) -> tuple[Event, ...]:
        """What happened in a rollout, as far as recorded."""

    def pin(self, environment: str) -> Pin | None:
        """The pin in force, whether or not a newer commit has ended it."""
