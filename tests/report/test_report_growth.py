"""What is written costs in step with the fleet: work is counted, not seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from agentgit.model.change import Cause, Change, FieldChange
from agentgit.model.origin import Origin
from agentgit.model.plan import Plan
from agentgit.report.aftermath import write_aftermath
from agentgit.report.context import Context
from agentgit.report.plan_markdown import write_plan_comment
from tests.builders import Fleet, make_desired, make_instance
from tests.growth import MOST, measure_growth
from tests.report.test_diff_markdown import render

FEW = 150  # instances; all that a comment shows is full with them


def text(number: int, path: str = "global/defaults.yaml") -> Change:
    """A text that is another one for each instance, as a template makes it: no line is known."""
    field = FieldChange(
        path="instructions.text", change_class="prompt",
        before=f"Serve {number}.\nBe kind.\n", after=f"Serve {number}.\nBe brief.\n",
        origin=Origin(layer="global", path=path, line=9, column=3),
    )  # fmt: skip
    return change(number, fields=(field,))


def change(number: int, **more: object) -> Change:
    common = {"kind": "replace", "instance": f"i-{number}", "agent": "a", "replicas": 1,
              "touched": 1}  # fmt: skip
    return Change.model_validate(common | more)


SHAPES: dict[str, Callable[[int], Change]] = {
    "one template, a text each": text,
    "a file and a text each": lambda number: text(number, f"{number}.yaml"),
    "a new agent each": lambda number: change(number, kind="create", agent=f"a-{number}"),
    "a drift each": lambda number: change(
        number, causes=(Cause(kind="drift", detail=f"memory {number} -> 256"),)
    ),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_work_grows_with_the_fleet(
    plan: Plan, now: datetime, shape: Callable[[int], Change]
) -> None:
    def write(count: int) -> str:
        changes = tuple(shape(number) for number in range(count))
        return write_plan_comment(plan.model_copy(update={"changes": changes}), now=now)

    assert measure_growth(write, FEW) < MOST


def test_texts_that_are_not_shown_are_counted(plan: Plan, now: datetime) -> None:
    changes = tuple(text(number) for number in range(43))
    shown = write_plan_comment(plan.model_copy(update={"changes": changes}), now=now)
    render(shown)
    assert shown.count("A text changes for 1 instance") == 40
    assert "\n\n… and 3 more texts\n\n" in shown
    assert "**Not all of it fits here.**" in shown


@pytest.mark.parametrize("back", [False, True])
def test_what_runs_afterwards_is_found_by_instance(plan: Plan, *, back: bool) -> None:
    made = {}
    for count in (1, 20, 40, 80):
        fleet = Fleet()
        fleet.apply(make_desired(*(make_instance(f"i-{number}") for number in range(count))))
        seen = fleet.observe()
        changes = tuple(change(number) for number in range(count))
        made[count] = (
            plan.model_copy(update={"changes": changes}),
            Context(before=seen, after=seen),
        )

    def write(count: int) -> list[str]:
        after, context = made[count]
        return list(write_aftermath(after, context, back=back))

    assert measure_growth(write, 20) < MOST
