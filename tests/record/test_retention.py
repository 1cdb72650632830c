"""What is cut from the records is read by nobody: before and after, all answers are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgit.model.plan import Pin
from agentgit.model.rollout import Failure, RolloutRecord
from agentgit.record.history import known_hosts, last_good, previous_success, verified_commit
from agentgit.record.pins import active_pin, followed_line
from agentgit.record.quarantine import find_quarantined
from agentgit.record.retention import STEPS_BACK, choose_cut

Make = Callable[..., RolloutRecord]
Records = tuple[RolloutRecord, ...]
START = datetime(2026, 11, 20, tzinfo=UTC)
COMMITS = "abcdef"
INSTANCES = ("x", "y", "z")


def make(number: int, **fields: Any) -> RolloutRecord:
    began = START + timedelta(minutes=number)
    usual = {
        "id": f"20261120-{number:06}-0000", "kind": "apply", "project_id": "p",
        "environment": "production", "actor": "Ana", "tool": "t", "started_at": began,
        "finished_at": began, "outcome": "succeeded", "hosts": {"eu-1": "docker"},
    }  # fmt: skip
    return RolloutRecord.model_validate(usual | fields)


def fail(instance: str, revision: str, fault: str) -> Failure:
    return Failure(
        instance=instance, revision=revision, step="await-healthy", message="no", fault=fault
    )


@st.composite
def a_record(draw: st.DrawFn) -> dict[str, Any]:
    """One rollout as it can be, without its place in the story."""
    kind = draw(st.sampled_from(["apply"] * 6 + ["rollback", "restart", "unpin", "destroy",
                                                 "break"]))  # fmt: skip
    commit = draw(st.sampled_from(COMMITS))
    fields: dict[str, Any] = {"kind": kind, "commit": commit, "intent": f"i{ord(commit) // 2}"}
    if kind in {"unpin", "break"}:
        return fields
    fields["outcome"] = draw(st.sampled_from(
        ["succeeded"] * 4 + ["partial", "failed", "rolled-back", "interrupted", "superseded"]
    ))  # fmt: skip
    fields["only"] = draw(st.sampled_from([()] * 4 + [("x",), ("y", "z")]))
    named = fields["only"] or INSTANCES
    fields["revisions"] = {name: (f"r-{commit}",) for name in named if draw(st.booleans())}
    fields["retry"] = draw(st.sampled_from([False] * 4 + [True]))
    fields["hosts"] = {"eu-1": "docker", draw(st.sampled_from(["eu-2", "eu-3"])): "docker"}
    if fields["outcome"] in {"partial", "failed", "rolled-back"}:
        fault = draw(st.sampled_from(["revision", "world"]))
        fields["failure"] = fail(draw(st.sampled_from(named)), f"r-{commit}", fault)
        fields["failures"] = (fields["failure"],)
    if kind == "rollback" or (kind == "apply" and draw(st.integers(0, 9)) == 0):
        fields["pin"] = Pin(commit=commit, instead_of=draw(st.sampled_from(COMMITS)), owner="Ana",
                            reason="", since=START)  # fmt: skip
    return fields


def tell(story: list[dict[str, Any]]) -> Records:
    """Make records of a story, newest first."""
    return tuple(reversed([make(number, **fields) for number, fields in enumerate(story)]))


def ask(records: Sequence[RolloutRecord]) -> dict[str, Any]:
    """Ask whatever is asked from records."""
    return {
        "last good": {name: last_good(records, name) for name in (*INSTANCES, "another")},
        "verified": verified_commit(records),
        "back": go_back(records),
        "pin": active_pin(records),
        "line": followed_line(records),
        "hosts": known_hosts(records),
        "quarantine": find_quarantined(records),
    }


def go_back(records: Sequence[RolloutRecord]) -> list[str | None]:
    """Roll back again and again, as `agentgit rollback` would."""
    story, found = list(records), []
    for step in range(STEPS_BACK):
        commit = previous_success(story)
        found.append(commit)
        if commit is None:
            break
        pin = Pin(commit=commit, instead_of=followed_line(story) or story[0].commit, owner="",
                  reason="", since=START)  # fmt: skip
        intent = next(one.intent for one in story if one.commit == commit)
        story.insert(
            0, make(10_000 + step, kind="rollback", commit=commit, pin=pin, intent=intent)
        )
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(a_record(), min_size=5, max_size=40), st.integers(1, 6),
       st.lists(a_record(), max_size=3))  # fmt: skip
def test_all_answers_stay_now_and_later(
    story: list[dict[str, Any]], keep: int, later: list[dict[str, Any]]
) -> None:
    records = tell(story)
    cut = {one.id for one in choose_cut(records, keep)}
    left = tuple(one for one in records if one.id not in cut)
    assert not cut & {one.id for one in records[:keep]}
    assert ask(left) == ask(records)
    for number, fields in enumerate(later, len(story)):
        more = make(number, **fields)
        records, left = (more, *records), (more, *left)
        for question in ("last good", "verified", "hosts", "quarantine", "pin", "line"):
            assert ask(left)[question] == ask(records)[question]


@pytest.mark.parametrize("keep", [1, 10, 200])
def test_what_nobody_needs_goes(keep: int) -> None:
    """A long life of plain applies leaves the newest, and the few that one can go back to."""
    records = tell([{"commit": f"c{n}", "intent": f"i{n}"} for n in range(keep + 300)])
    cut = choose_cut(records, keep)
    assert len(records) - len(cut) <= max(keep, STEPS_BACK + 1)
    assert list(cut) == list(reversed(records))[: len(cut)]


def test_seldom_and_then_several_at_once() -> None:
    story: list[dict[str, Any]] = [{"commit": f"c{n}", "intent": f"i{n}"} for n in range(221)]
    assert choose_cut(tell(story[:220]), 200) == ()
    assert len(choose_cut(tell(story), 200)) == 21


def test_what_has_not_ended_stays() -> None:
    story: list[dict[str, Any]] = [{"outcome": "running", "finished_at": None, "commit": "z"}]
    story += [{"commit": f"c{n}", "intent": f"i{n}"} for n in range(30)]
    records = tell(story)
    assert records[-1].id not in {one.id for one in choose_cut(records, 2)}


def test_a_thousand_records_are_thinned_quickly() -> None:
    """Not one question for each record: those that nobody needs go in heaps."""
    story: list[dict[str, Any]] = [
        {"commit": f"c{n}", "intent": f"i{n}", "only": (f"tenant-{n % 50}",) if n % 3 else ()}
        for n in range(1000)
    ]
    assert len(choose_cut(tell(story), 200)) >= 700
