"""A process that can be killed at any call to the outside, or be answered with a fault.

`Fate` counts the calls of one process; `Mortal` puts it before a provider, a host store or git.
Killed means: from then on no call of any thread of that process does anything, so the blocks that
would clean up are of no use to it, as when the kernel has ended it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

READS = frozenset(
    {"observe", "replica", "logs", "request", "close", "read", "names", "objects",
     "find_image", "brought_images", "free_room", "knock", "fingerprint"}
)  # fmt: skip
GIT_READS = frozenset(
    {"for-each-ref", "remote", "merge-base", "rev-list", "ls-remote", "pack-objects"}
)
When = Literal["before", "after"]


class KilledError(BaseException):
    """The process is no more."""


@dataclass
class Fate:
    """What becomes of one process: killed `when` its call number `kill_at` is made.

    `fault` stands before every call: it gets the number, the label and the call, makes it or not,
    and answers or raises for it.
    """

    kill_at: int | None = None
    when: When = "before"
    fault: Callable[[int, str, Callable[[], Any]], Any] | None = None
    trace: list[tuple[str, bool]] = field(default_factory=list)  # (label, whether it changes)
    dead: bool = False
    process: Any = None  # the process whose fate this is, once it runs
    lock: Lock = field(default_factory=Lock)

    def call(self, label: str, changes: bool, do: Callable[[], Any]) -> Any:
        """Let a call through, or not."""
        with self.lock:
            if self.dead:
                raise KilledError
            number = len(self.trace)
            self.trace.append((label, changes))
            if number == self.kill_at:
                self.dead = True
                if self.when == "before":
                    raise KilledError
        if number == self.kill_at:
            do()
            raise KilledError
        return self.fault(number, label, do) if self.fault else do()

    def points(self) -> list[int]:
        """The calls that changed something: between two of them all moments are alike."""
        return [number for number, (_, changes) in enumerate(self.trace) if changes]


class Mortal:
    """Something of the outside as one process sees it. `permit` is asked before every change."""

    def __init__(
        self, target: Any, fate: Fate, name: str, permit: Callable[[], None] = lambda: None
    ) -> None:
        self._target = target
        self._fate = fate
        self._name = name
        self._permit = permit

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if name == "store":
            return Mortal(found, self._fate, f"{self._name}.store", self._permit)
        if not callable(found):
            return found

        def call(*words: Any, **named: Any) -> Any:
            label, changes = _describe(self._name, name, words)
            if changes:
                self._permit()  # as every provider asks before it changes something
            return self._fate.call(label, changes, lambda: found(*words, **named))

        return call


@contextmanager
def silent_deaths() -> Iterator[None]:
    """Say nothing of threads that end because their process is dead."""
    before = threading.excepthook

    def hook(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_type is not KilledError:
            before(failed)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before


def _describe(where: str, name: str, words: tuple[Any, ...]) -> tuple[str, bool]:
    if name == "perform":
        return f"{where} {words[0].kind}", True
    if name == "run":
        verbs = [word for word in words if isinstance(word, str)]
        while verbs[0] == "-c":
            del verbs[:2]
        return f"git {verbs[0]}", verbs[0] not in GIT_READS
    target = words[0] if words and isinstance(words[0], str) else ""
    return f"{where} {name} {target}".rstrip(), name not in READS
