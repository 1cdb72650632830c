"""How work grows with what it is about: instructions of Python are counted, not seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

MOST = 2.1  # what grows in step: for twice as many more it is twice as much more


def measure_growth(work: Callable[[int], object], few: int) -> float:
    """Say how much more the step from 2 to 4 times `few` costs than the one from 1 to 2 times."""
    work(1)  # what is done once
    one, two, four = (count_steps(partial(work, few * times)) for times in (1, 2, 4))
    return (four - two) / (two - one)


def count_steps(work: Callable[[], object]) -> int:
    """Count the instructions of Python: a loop within one line is many."""
    steps = 0

    def see(frame: FrameType, event: str, _argument: object) -> object:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return see

    before = sys.gettrace()
    sys.settrace(see)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps
