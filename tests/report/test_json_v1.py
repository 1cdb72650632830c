"""The public documents: a field that goes missing or changes its name breaks somebody."""

from __future__ import annotations

import json
from typing import Any, get_args

from agentgit.errors import Location, Problem
from agentgit.model.change import Change, FieldChange, Forces
from agentgit.model.events import Event, RolloutFinished, RolloutStarted, StepFailed
from agentgit.model.origin import Origin
from agentgit.model.plan import Pin, Plan
from agentgit.model.risk import Gap
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.model.steps import Hold
from agentgit.report.json_schema import output_schemas
from agentgit.report.json_v1 import (
    dump,
    history_document,
    problems_document,
)
from agentgit.report.json_v1_plan import plan_document
from agentgit.report.json_v1_rollout import rollout_document
from tests.documents import check_document


def _shape(value: Any) -> Any:
    """Keys and types, without the values."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return type(value).__name__


STEP = {"step": "str", "host": "str", "target": "str"}
ORIGIN = {"layer": "str", "path": "str", "line": "int", "column": "int"}
COMMIT = dict.fromkeys(("sha", "author", "email", "time", "subject"), "str")
PIN = dict.fromkeys(("commit", "insteadOf", "owner", "reason", "since"), "str") | {
    "expires": "NoneType"
}
FAILURE = {
    **dict.fromkeys(("instance", "host", "replica", "revision", "step", "message", "hint"), "str"),
    "fault": "str",
    "log": ["str"],
}


PLAN = {
    "format": "str",
    "project": {"id": "str", "name": "str"},
    "environment": "str",
    "commit": COMMIT,
    "branch": "str",
    "pin": PIN,
    "pinning": "bool",
    "endedPin": "NoneType",
    "resumes": "NoneType",
    "triedBefore": "NoneType",
    "intentDigest": "str",
    "observedDigest": "str",
    "empty": "bool",
    "hosts": ["str"],
    "changes": [
        {
            **dict.fromkeys(("symbol", "kind"), "str"),
            "drift": "bool",
            **dict.fromkeys(("instance", "agent", "path"), "str"),
            **dict.fromkeys(("replicas", "replicasBefore", "touched"), "int"),
            "revision": "str",
            "fromRevisions": ["str"],
            **dict.fromkeys(("strategy", "order", "orderReason"), "str"),
            "causes": [{"kind": "str", "detail": "str"}],
            "fields": [
                {
                    "path": "str",
                    "class": "str",
                    "before": "str",
                    "after": "str",
                    "origin": ORIGIN,
                    "over": "NoneType",
                    "was": "NoneType",
                    "lines": ["int"],
                    "files": [],
                    "forces": "str",
                }
            ],
            "risk": {"level": "str", "reasons": ["str"]},
            "share": "float",
            "gap": "NoneType",
            "ends": "int",
            "cannotBeUndone": [],
        }
    ],
    "texts": {},
    "prepare": [],
    "waves": [
        {
            "title": "str",
            "holdSeconds": "float",
            "moves": [
                {
                    "instance": "str",
                    "host": "str",
                    "slot": "int",
                    "prepare": [STEP],
                    "finish": [STEP],
                }
            ],
        }
    ],
    "cleanup": [],
    "passed": [],
    "tolerated": {},
    "totals": dict.fromkeys(
        (
            "replicasBefore",
            "replicasHealthy",
            "replicasAfter",
            "replicasPeak",
            "replicasTouched",
        ),
        "int",
    ),
    "risk": {"level": "str", "reasons": [], "gaps": []},
    "rehearsal": "NoneType",
    "movedImages": [],
    "mixedImages": [],
    "absentImages": [],
    "unverified": [],
    "givenUp": [],
    "protection": [],
    "settings": [],
    "refusals": [],
    "unknownRoom": [],
}


def test_a_long_text_of_many_instances_is_there_once(plan: Plan) -> None:
    edited = plan.changes[1]
    long = {"before": "Be kind. " * 1000, "after": "Be brief. " * 1000}
    fields = (edited.fields[0].model_copy(update=long), *edited.fields[1:])
    many = tuple(
        edited.model_copy(update={"instance": f"tenant-{number:03}", "fields": fields})
        for number in range(500)
    )
    document = plan_document(plan.model_copy(update={"changes": many}))
    check_document(document)
    assert len(dump(document)) < 1_500_000
    first = document["changes"][0]["fields"][0]
    assert "before" not in first
    assert document["texts"][first["beforeText"]] == long["before"]
    assert document["texts"][first["afterText"]] == long["after"]
    assert len(document["texts"]) == 2


def test_what_a_change_risks(plan: Plan, changes: tuple[Change, ...]) -> None:
    gap = Gap(instance="support-eu", at_least=1.0, at_most=20.0, reason="volume data is exclusive")
    edit = {"replicas": 3, "touched": 2, "ends": 2, "gap": gap, "order": "stop-first"}
    change = changes[1].model_copy(update=edit)
    document = plan_document(plan.model_copy(update={"changes": (change, changes[0])}))
    check_document(document)
    one, other = document["changes"]
    assert one["share"] == 0.6667
    assert one["gap"] == {"instance": "support-eu", "atLeastSeconds": 1.0, "atMostSeconds": 20.0,
                          "reason": "volume data is exclusive"}  # fmt: skip
    assert one["risk"] == {"level": "high", "reasons": ["1 instance not served for a while",
                                                        "prompt, model"]}  # fmt: skip
    assert (one["ends"], one["cannotBeUndone"]) == (2, ["what 2 replicas held outside volumes"])
    assert (other["gap"], other["ends"], other["cannotBeUndone"]) == (None, 0, [])


def test_a_change_with_pauses_is_no_leap(plan: Plan, changes: tuple[Change, ...]) -> None:
    change = changes[1].model_copy(update={"replicas": 40, "touched": 40, "kind": "replace"})
    whole = {"changes": (change,), "replicas_before": 40, "replicas_after": 40}
    held = plan.waves[0].model_copy(update={"hold": Hold(duration=60.0, replicas=())})
    for waves, level in (((held,), "medium"), ((), "high")):
        (one,) = plan_document(plan.model_copy(update={**whole, "waves": waves}))["changes"]
        assert one["risk"]["level"] == level


def test_what_each_field_forces(plan: Plan, changes: tuple[Change, ...]) -> None:
    place = Origin(layer="global", path="agents/support/run.py")
    forced: tuple[Forces, ...] = ("replace", "in-place", "scale", "move", "nothing")
    fields = tuple(
        FieldChange(path=one, change_class="container", forces=one, was=place, files=("a", "b"))
        for one in forced
    )
    change = changes[1].model_copy(update={"fields": fields})
    (document,) = plan_document(plan.model_copy(update={"changes": (change,)}))["changes"]
    assert [one["forces"] for one in document["fields"]] == list(forced)
    assert document["fields"][0]["origin"] is None
    assert document["fields"][0]["was"] == {
        "layer": "global", "path": "agents/support/run.py", "line": 0, "column": 0,
    }  # fmt: skip
    assert document["fields"][0]["files"] == ["a", "b"]


def test_the_plan(plan: Plan, pin: Pin) -> None:
    document = plan_document(plan.model_copy(update={"pin": pin}))
    check_document(document)
    edited = document["changes"][1]
    assert _shape(document | {"changes": [edited]}) == PLAN
    assert document["format"] == "agentgit/plan@1"
    assert [one["symbol"] for one in document["changes"]] == ["!", "~", "~", "+", ""]


def test_a_value_that_was_not_set_is_missing_not_null(plan: Plan) -> None:
    field = plan.changes[1].fields[1].model_copy(update={"had": False, "after": None})
    change = plan.changes[1].model_copy(update={"fields": (field,)})
    document = plan_document(plan.model_copy(update={"changes": (change,)}))
    check_document(document)
    (shown,) = document["changes"][0]["fields"]
    assert "before" not in shown
    assert shown["after"] is None


def test_the_history(records: tuple[RolloutRecord, ...]) -> None:
    document = history_document("production", records[1:2])
    check_document(document)
    assert _shape(document) == {
        "format": "str",
        "environment": "str",
        "rollouts": [
            {
                **dict.fromkeys(
                    ("id", "kind", "commit", "actor", "tool", "startedAt", "finishedAt"), "str"
                ),
                "outcome": "str",
                "instances": [],
                "only": [],
                "reason": "str",
                "pin": "NoneType",
                "failure": FAILURE,
                "failures": [],
                "resumes": "NoneType",
                "supersededBy": "NoneType",
                "retry": "bool",
                "allow": [],
                "savedPlan": "NoneType",
                "fence": "int",
                "backTo": ["str"],
                **dict.fromkeys(("added", "changed", "removed"), "int"),
            }
        ],
    }
    assert document["rollouts"][0]["startedAt"] == "2026-11-20T11:00:00+00:00"


def test_a_rollout(plan: Plan, failure: Failure) -> None:
    events = (
        RolloutStarted(rollout="41", environment="production", commit="c", waves=1, moves=2),
        StepFailed(failure=failure),
        RolloutFinished(rollout="41", outcome="rolled-back", seconds=2.5),
    )
    document = rollout_document(plan, events, ("the remote did not answer",))
    check_document(document)
    assert document["outcome"] == "rolled-back"
    assert document["rollout"] == "41"
    assert _shape(document["failures"]) == [FAILURE]
    assert document["events"] == [
        {"kind": "rollout-started", "rollout": "41", "commit": "c", "waves": 1, "moves": 2},
        {"kind": "step-failed", "failure": document["failures"][0]},
        {"kind": "rollout-finished", "rollout": "41", "outcome": "rolled-back", "seconds": 2.5},
    ]
    assert document["warnings"] == ["the remote did not answer"]
    assert rollout_document(plan, (), ())["outcome"] is None


def test_problems() -> None:
    other = (("first here", Location("b.yaml", 1, 1)),)
    document = problems_document((Problem("no", Location("a.yaml", 2, 3), "so", other),), ())
    assert document == {
        "format": "agentgit/problems@1",
        "valid": False,
        "errors": [
            {
                "message": "no",
                "location": {"path": "a.yaml", "line": 2, "column": 3},
                "hint": "so",
                "also": [
                    {
                        "role": "first here",
                        "location": {"path": "b.yaml", "line": 1, "column": 1},
                    }
                ],
            }
        ],
        "warnings": [],
    }


def test_a_document_is_text_without_control_characters(plan: Plan) -> None:
    assert plan.commit is not None
    commit = plan.commit.model_copy(update={"subject": "ü \x1b[2J"})
    text = dump(plan_document(plan.model_copy(update={"commit": commit})))
    assert "\x1b" not in text
    assert json.loads(text)["commit"]["subject"] == "ü \x1b[2J"


def test_every_event_has_its_shape() -> None:
    union, _ = get_args(Event)
    kinds = {one.model_fields["kind"].default for one in get_args(union)}
    schema = output_schemas()["rollout@1"]
    shapes = [one["$ref"].removeprefix("#/$defs/") for one in
              schema["properties"]["events"]["items"]["anyOf"]]  # fmt: skip
    assert {schema["$defs"][one]["properties"]["kind"]["const"] for one in shapes} == kinds
