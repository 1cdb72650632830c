"""Shows a running rollout: redrawn on a terminal, plain lines elsewhere. Writes to stderr."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING, Protocol

from agentgit.cli.settings import Settings, talk
from agentgit.cli.signals import STOPPING

if TYPE_CHECKING:
    from agentgit.model.events import Event
    from agentgit.model.plan import Plan

_TICK = 0.5  # seconds between two drawings when nothing happens
_UP, _CLEAR_BELOW, _CLEAR_LINE = "\x1b[{}F", "\x1b[J", "\x1b[K"


class Screen(Protocol):
    """Takes events as they come."""

    def show(self, event: Event) -> None:
        """Show one event."""


@contextmanager
def open_screen(
    settings: Settings,
    plan: Plan,
    elapsed: Callable[[], float],
    stopping: Flag,
    *,
    verbose: bool,
) -> Iterator[Screen]:
    """Choose the screen that fits, and leave the terminal in order; `verbose` wants all lines."""
    if verbose or not settings.is_live:
        yield _Lines(settings, plan, elapsed, verbose=verbose)
        return
    picture = _Picture(settings, plan, elapsed, stopping)
    stop = Flag()
    ticker = Thread(target=picture.tick, args=(stop,), daemon=True)
    ticker.start()
    try:
        yield picture
    finally:
        stop.set()
        ticker.join()
        picture.draw()


class _Lines:
    """One line for each event worth one."""

    def __init__(
        self, settings: Settings, plan: Plan, elapsed: Callable[[], float], *, verbose: bool
    ) -> None:
        from agentgit.report.events_text import Progress

        self._elapsed = elapsed
        self._progress = Progress(plan, settings.palette(sys.stderr), verbose=verbose)

    def show(self, event: Event) -> None:
        line = self._progress.write(event, self._elapsed())
        if line:
            talk(line)


class _Picture:
    """A few lines that are drawn again over themselves."""

    def __init__(
        self, settings: Settings, plan: Plan, elapsed: Callable[[], float], stopping: Flag
    ) -> None:
        self._plan = plan
        self._stopping = stopping
        self._elapsed = elapsed
        self._palette = settings.palette(sys.stderr)
        self._events: list[Event] = []
        self._height = 0
        self._lock = Lock()

    def show(self, event: Event) -> None:
        with self._lock:
            self._events.append(event)
        self.draw()

    def tick(self, stop: Flag) -> None:
        while not stop.wait(_TICK):
            self.draw()

    def draw(self) -> None:
        from agentgit.report.live import draw_rollout
        from agentgit.report.palette import clip

        size = shutil.get_terminal_size()
        with self._lock:
            lines = draw_rollout(
                self._plan,
                tuple(self._events),
                self._elapsed(),
                width=size.columns,
                height=size.lines - 2,
                palette=self._palette,
            )
            if self._stopping.is_set():
                lines = (*lines, clip(STOPPING, size.columns))
            back = _UP.format(self._height) if self._height else ""
            body = "".join(f"{line}{_CLEAR_LINE}\n" for line in lines)
            self._height = len(lines)
            sys.stderr.write(f"{back}{body}{_CLEAR_BELOW}")
            sys.stderr.flush()
