from __future__ import annotations

import json
import re
from datetime import datetime

import pytest

from agentgit.errors import Location, Problem
from agentgit.model.change import FieldChange
from agentgit.model.effect import Comparison, Effect, EffectCause, InstanceEffect, Way
from agentgit.model.origin import Origin
from agentgit.model.snapshot import Commit
from agentgit.report.diff_text import write_comparison
from agentgit.report.json_v1_diff import diff_document
from agentgit.report.palette import COLOURED
from tests.documents import check_document


def place(path: str, line: int = 0, column: int = 0) -> Origin:
    return Origin(layer="global", path=path, line=line, column=column)


def memory(before: str, was: Origin | None = None) -> FieldChange:
    return FieldChange(
        path="container.deploy.resources.limits.memory",
        change_class="container",
        before=before,
        after="768m",
        origin=place("global/defaults.yaml", 9, 20),
        was=was,
    )


@pytest.fixture
def effect() -> Effect:
    names = [f"support-{number:03}" for number in range(214)]
    prompt = FieldChange(
        path="instructions.text",
        change_class="prompt",
        before="Be kind.\nRefund up to 50 EUR.\n",
        after="Be kind.\nRefund up to 200 EUR.\n",
        origin=place("global/prompts/support.md", 2),
        lines=(2, 2),
    )
    scale = FieldChange(
        path="scale.replicas", change_class="scale", before=2, after=3,
        origin=place("environments/production/instances/support-000.yaml", 6, 21),
    )  # fmt: skip
    changed = [
        InstanceEffect(kind="change", instance=name, agent="support", path=f"{name}.yaml",
                       replicas_before=2, replicas_after=3 if name == names[0] else 2,
                       replaces=True, fields=(memory("512m"), prompt))
        for name in names
    ]  # fmt: skip
    new = InstanceEffect(
        kind="create", instance="triage", agent="triage", path="triage.yaml", replicas_after=1
    )
    other = place("global/agents/support.yaml", 31, 20)
    return Effect(
        environment="production",
        total=220,
        replicas_before=440,
        replicas_after=442,
        instances=(*changed, new),
        causes=(
            EffectCause(
                places=(place("global/defaults.yaml", 9, 20),),
                ways=(
                    Way(fields=(memory("512m"),), instances=tuple(names[:200])),
                    Way(fields=(memory("256m", other),), instances=tuple(names[200:])),
                ),
            ),
            EffectCause(
                places=(place("global/prompts/support.md", 2),),
                ways=(Way(fields=(prompt,), instances=tuple(names)),),
            ),
            EffectCause(
                places=(scale.origin,) if scale.origin else (),
                ways=(Way(fields=(scale,), instances=(names[0],)),),
            ),
            EffectCause(
                kind="create", places=(place("triage.yaml"),), ways=(Way(instances=("triage",)),)
            ),
        ),
    )


@pytest.fixture
def comparison(effect: Effect, commit: Commit) -> Comparison:
    before = Commit(sha="88e01b2" + "0" * 33, author="Li", subject="Support agent 1.4")
    return Comparison(
        before=before, after=commit, effects=(effect, Effect(environment="staging", total=3))
    )


def test_it_reads_from_cause_to_reach(comparison: Comparison, now: datetime) -> None:
    assert write_comparison(comparison, now=now).splitlines() == [
        '88e01b2 "Support agent 1.4" (Li) -> 3f2a91c "Raise refund limit" (Ana, 2 hours ago)',
        "",
        "production  215 of 220 instances change, 214 replaced, 1 new, 440 -> 442 replicas",
        "  ~ global/defaults.yaml:9:20  changes 214 instances in 2 ways",
        "      200: support-000, support-001, support-002, support-003, support-004 and 195 more",
        "        container.deploy.resources.limits.memory  512m -> 768m",
        "      14: support-200, support-201, support-202, support-203, support-204 and 9 more",
        (
            "        container.deploy.resources.limits.memory  256m -> 768m"
            "  before: global/agents/support.yaml:31:20"
        ),
        "  ~ global/prompts/support.md:2  changes 214 instances",
        "      support-000, support-001, support-002, support-003, support-004 and 209 more",
        "      instructions.text",
        "        | @@ -2 +2 @@",
        "        | ~ Refund up to [-50-]{+200+} EUR.",
        "  ± environments/production/instances/support-000.yaml:6:21  changes 1 instance",
        "      support-000",
        "      scale.replicas  2 -> 3",
        "  + triage.yaml  creates 1 instance",
        "      triage  (agent triage, 1 replica)",
        "",
        "staging  no changes",
    ]


def test_colour_adds_nothing_but_colour(comparison: Comparison, now: datetime) -> None:
    coloured = write_comparison(comparison, now=now, palette=COLOURED)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == write_comparison(comparison, now=now)
    assert "\x1b" in coloured


def test_no_change_is_a_sentence(comparison: Comparison, now: datetime) -> None:
    same = Comparison(before=comparison.before, after=None, effects=(comparison.effects[1],))
    assert write_comparison(same, now=now) == (
        'No changes between 88e01b2 "Support agent 1.4" (Li) and the work tree: '
        "1 environment (staging)."
    )


def test_an_error_is_said_once_with_its_side(comparison: Comparison, now: datetime) -> None:
    problem = Problem("replicas must be a whole number", Location("global/defaults.yaml", 5, 21))
    wrong = tuple(
        Effect(environment=name, problems_after=(problem,)) for name in ("staging", "production")
    )
    text = write_comparison(comparison.model_copy(update={"effects": wrong}), now=now)
    assert text.splitlines()[2:] == [
        "staging, production  cannot be compared, the newer side is wrong:",
        "error: replicas must be a whole number",
        "  --> global/defaults.yaml:5:21",
    ]


def test_many_causes_are_bounded(comparison: Comparison, now: datetime) -> None:
    effect = comparison.effects[0]
    many = tuple(
        effect.causes[2].model_copy(update={"places": (place(f"{number}.yaml", 1),)})
        for number in range(500)
    )
    text = write_comparison(
        comparison.model_copy(update={"effects": (effect.model_copy(update={"causes": many}),)}),
        now=now,
    )
    assert len(text.splitlines()) < 130
    assert "... and 460 more causes; --full shows all" in text


def test_nothing_hostile_reaches_the_terminal(comparison: Comparison, now: datetime) -> None:
    effect = comparison.effects[0]
    field = memory("\x1b[2J").model_copy(update={"path": "config.\x1b]0;x\x07"})
    cause = EffectCause(
        places=(place("a\x1b[31m.yaml", 1),), ways=(Way(fields=(field,), instances=("a\rb",)),)
    )
    hostile = effect.model_copy(update={"environment": "p\x1b[1m", "causes": (cause,)})
    commit = Commit(sha="0" * 40, author="\x1b[5mAna", subject="x\r\ny")
    text = write_comparison(Comparison(before=commit, after=commit, effects=(hostile,)), now=now)
    assert re.findall(r"[\x00-\x09\x0b-\x1f]", text) == []


def test_as_a_document(comparison: Comparison) -> None:
    document = json.loads(json.dumps(diff_document(comparison)))
    check_document(document)
    assert document["format"] == "agentgit/diff@1"
    assert document["after"]["subject"] == "Raise refund limit"
    assert document["empty"] is False
    production, staging = document["environments"]
    assert staging["empty"] is True
    first = production["causes"][0]
    assert (first["symbol"], first["places"][0]["line"]) == ("~", 9)
    assert [len(way["instances"]) for way in first["ways"]] == [200, 14]
    assert first["ways"][1]["fields"][0] == {
        "path": "container.deploy.resources.limits.memory",
        "class": "container",
        "before": "256m",
        "after": "768m",
        "origin": {"layer": "global", "path": "global/defaults.yaml", "line": 9, "column": 20},
        "was": {"layer": "global", "path": "global/agents/support.yaml", "line": 31, "column": 20},
        "lines": None,
        "files": [],
        "forces": "replace",
    }
    assert production["instances"][0] == {
        "name": "support-000",
        "kind": "change",
        "agent": "support",
        "path": "support-000.yaml",
        "replicasBefore": 2,
        "replicasAfter": 3,
        "replaces": True,
        "classes": ["container", "prompt"],
    }
