"""Lines within the width of a terminal: nothing is lost, and commands stay whole."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from agentgit.model.plan import Plan
from agentgit.report.palette import COLOURED, columns
from agentgit.report.plan_text import write_plan
from agentgit.report.wrapping import wrap_text

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COMMAND = "agentgit apply -e production --revision feature --only support-eu --only support-us"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_and_no_word_is_lost(plan: Plan, now: datetime, width: int) -> None:
    text = write_plan(plan, now=now, command="agentgit apply -e production")
    wrapped = wrap_text(text, width)
    assert max(columns(line) for line in wrapped.splitlines()) <= width
    assert re.sub(r"[|\s]", "", wrapped) == re.sub(r"[|\s]", "", text)


def test_without_a_terminal_nothing_is_broken(plan: Plan, now: datetime) -> None:
    text = write_plan(plan, now=now)
    assert wrap_text(text, None) == text
    assert wrap_text(text, 500) == text


def test_colour_ends_with_its_line_and_goes_on_in_the_next(plan: Plan, now: datetime) -> None:
    text = write_plan(plan, now=now, palette=COLOURED)
    wrapped = wrap_text(text, 40)
    assert COLOUR.sub("", wrapped) == wrap_text(write_plan(plan, now=now), 40)
    for line in wrapped.splitlines():
        codes = COLOUR.findall(line)
        assert not codes or codes[-1] == "\x1b[0m"
    added = wrap_text(f"        | {COLOURED.paint('add', '+ ' + 'word ' * 12)}", 40)
    assert added.splitlines()[1].startswith("        |   \x1b[32mword")


def test_a_command_stays_whole() -> None:
    text = f"to carry it out:  {COMMAND}"
    assert wrap_text(text, 60) == f"to carry it out:\n    {COMMAND}"
    assert wrap_text(text, 120) == text


def test_lines_of_a_text_keep_their_edge() -> None:
    line = "        | + You may refund as much as you like, to whom you like, at any time."
    assert wrap_text(line, 50).splitlines() == [
        "        | + You may refund as much as you like,",
        "        |   to whom you like, at any time.",
    ]


def test_a_word_that_fits_nowhere_is_broken() -> None:
    assert wrap_text(f"  {'x' * 50}", 30).splitlines() == [f"  {'x' * 28}", f"      {'x' * 22}"]
    wide = wrap_text("字" * 30, 21)
    assert max(columns(line) for line in wide.splitlines()) <= 21
