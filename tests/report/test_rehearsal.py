"""What is said of a rehearsal: the duration first, then room, service and the mixed time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from agentgit.model.plan import Plan
from agentgit.model.rehearsal import Course, Rehearsal
from agentgit.report.context import NOTHING_KNOWN
from agentgit.report.json_v1_plan import plan_document
from agentgit.report.plan_markdown import write_plan_comment
from agentgit.report.plan_text import write_plan
from agentgit.report.rehearsal import write_rehearsal
from tests.documents import check_document
from tests.report.test_diff_markdown import render

FOUND = Rehearsal(
    seconds=250.5,
    waves=(100.0, 150.5),
    replicas=14,
    memory=7 * 1024**3,
    unlimited=2,
    pulls=1,
    courses=(
        Course(instance="support-eu", before=3, least=2, after=3, mixed=80.2),
        Course(instance="support-us", before=1, least=0, after=1),
        Course(instance="triage", before=0, least=0, after=1),
    ),
)
SAID = [
    "rehearsed: about 4m10s, without pulling 1 image",
    "at most 14 replicas at once, at least 7.0 GiB by their limits; 2 declare none",
    "fewest that serve: support-eu 2 of 3, support-us 0 of 1",
    "old and new revisions serve side by side: support-eu 1m20s",
]


def test_what_was_found() -> None:
    assert list(write_rehearsal(FOUND)) == SAID


def test_text_markdown_and_document_say_the_same(plan: Plan, now: datetime) -> None:
    context = replace(NOTHING_KNOWN, rehearsal=FOUND)
    text = write_plan(plan, now=now, context=context)
    assert "\n".join([f"  {SAID[0]}", *(f"    {one}" for one in SAID[1:])]) in text
    comment = write_plan_comment(plan, now=now, context=context)
    render(comment)
    assert all(f"`{one}`" in comment for one in SAID)
    document = plan_document(plan, context)
    check_document(document)
    assert document["rehearsal"] == {
        "seconds": 250.5,
        "waveSeconds": [100.0, 150.5],
        "replicasPeak": 14,
        "memoryPeakBytes": 7 * 1024**3,
        "replicasWithoutLimit": 2,
        "imagesNotCounted": 1,
        "failure": None,
        "instances": [
            {"instance": one.instance, "servingBefore": one.before, "servingLeast": one.least,
             "servingAfter": one.after, "mixedSeconds": one.mixed} for one in FOUND.courses
        ],
    }  # fmt: skip


def test_nothing_is_said_without_one(plan: Plan, now: datetime) -> None:
    assert "rehearsed" not in write_plan(plan, now=now)
    assert "rehearsed" not in write_plan_comment(plan, now=now)
    assert plan_document(plan)["rehearsal"] is None


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"unlimited": 0}, "at most 14 replicas at once, 7.0 GiB by their limits"),
        ({"unlimited": 0, "memory": 300 * 1024**2},
         "at most 14 replicas at once, 300 MiB by their limits"),
        ({"memory": 0}, "at most 14 replicas at once, none of which declares a memory limit"),
        ({"pulls": 0}, "rehearsed: about 4m10s"),
        ({"courses": (Course(instance="a", before=2, least=2, after=2),)},
         "no instance serves with fewer replicas than before or after"),
        ({"failure": "a: b did not become healthy within 4s"},
         ("rehearsed: it fails after about 4m10s, even where every agent does well: "
          "a: b did not become healthy within 4s")),
    ],
)  # fmt: skip
def test_other_findings(changes: dict[str, object], line: str) -> None:
    assert line in write_rehearsal(FOUND.model_copy(update=changes))


def test_scaling_down_is_no_loss() -> None:
    fewer = (Course(instance="a", before=3, least=1, after=1),)
    lines = list(write_rehearsal(FOUND.model_copy(update={"courses": fewer})))
    assert not any(line.startswith("fewest") for line in lines)
