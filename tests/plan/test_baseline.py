"""What somebody changed by hand, told from what an engine says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.model.baseline import READER, Baseline, tell_reader
from agentgit.model.observed import FactChange, HostState, Replica
from agentgit.plan.baseline import (
    add_to_baseline,
    describe_drift,
    judge_host,
    needs_replacing,
    renew_baseline,
)

FACTS = {"name": "support-1", "command": '["serve"]', "memory_swap": "134217728"}


def replica(key: str = "a", state: str = "running", **facts: str) -> Replica:
    known = {field: text for field, text in (FACTS | facts).items() if text}
    return Replica.model_validate(
        {"host": "eu-1", "id": key, "name": f"support-{key}", "instance": "support",
         "agent": "support", "slot": 1, "revision": "r", "commit": "c", "state": state,
         "facts": known}
    )  # fmt: skip


def host(*replicas: Replica, version: str = "26.1", **more: Any) -> HostState:
    return HostState(host="eu-1", engine="docker", version=version, replicas=replicas, **more)


def baseline(*replicas: Replica, engine: str = "26.1", reader: int = READER) -> Baseline:
    return Baseline(engine=engine, reader=reader, facts={one.id: one.facts for one in replicas})


def test_what_is_as_it_was_is_left_alone() -> None:
    state = host(replica("a"), replica("b"))
    assert judge_host(state, baseline(replica("a"), replica("b"))) == state


@pytest.mark.parametrize(
    ("changed", "said", "replaced"),
    [
        ({"command": '["other"]'}, 'command ["serve"] -> ["other"]', True),
        ({"command": ""}, 'command ["serve"] -> not set', True),
        ({"cpuset": "0"}, "cpuset not set -> 0", True),
        ({"memory_swap": "268435456"}, "memory_swap 128m -> 256m", False),
        ({"memory_swap": "300000000"}, "memory_swap 128m -> 300000000 bytes", False),
        ({"memory_swap": ""}, "memory_swap 128m -> not set", False),
        ({"environment.KEY": "digest 12"}, "environment.KEY", True),
    ],
)
def test_what_somebody_changed_is_named(
    changed: dict[str, str],
    said: str,
    replaced: bool,  # noqa: FBT001 - a case's value
) -> None:
    judged = judge_host(host(replica(**changed)), baseline(replica()))
    (one,) = judged.replicas
    assert describe_drift(one) == said
    assert needs_replacing(one) is replaced
    assert not one.unverified


def test_without_a_baseline_what_runs_is_unverified() -> None:
    judged = judge_host(host(replica("a"), replica("b", state="exited")), Baseline())
    assert [one.unverified for one in judged.replicas] == [True, False]
    assert not any(one.drift for one in judged.replicas)


def test_what_nobody_can_tell_of_its_files_is_unverified_beside_its_baseline() -> None:
    untold = replica().model_copy(update={"unverified": True})
    for facts in ({}, {"cpuset": "0"}):
        now = untold.model_copy(update={"facts": untold.facts | facts})
        (one,) = judge_host(host(now), baseline(replica())).replicas
        assert one.unverified
        assert [change.field for change in one.drift] == list(facts)


def test_what_another_version_says_otherwise_of_all_is_no_drift() -> None:
    now = host(replica("a", command="serve"), replica("b", command="serve", cpuset="0"))
    judged = judge_host(now, baseline(replica("a"), replica("b"), engine="20.10"))
    assert [one.drift for one in judged.replicas] == [
        (),
        (FactChange(field="cpuset", after="0"),),
    ]
    assert all(one.unverified for one in judged.replicas)
    renewed = renew_baseline(baseline(replica("a"), replica("b"), engine="20.10"), judged)
    assert renewed.engine == "26.1"
    assert renewed.facts["b"] == FACTS | {"command": "serve"}  # what differs is not agreed to
    again = judge_host(now, renewed)
    assert [len(one.drift) for one in again.replicas] == [0, 1]
    assert not any(one.unverified for one in again.replicas)


def test_another_kernel_edits_no_files() -> None:
    """What a process host has for a version is its kernel's; what is said of files is ours."""
    edited = {"source/agent.py": "digest 12", "command": ""}
    state = host(replica("a", **edited), replica("b", **edited), version="Linux 7")
    known = baseline(replica("a", command=""), replica("b", command=""), engine="Linux 6",
                     reader=tell_reader("process"))  # fmt: skip
    judged = judge_host(state.model_copy(update={"engine": "process"}), known)
    assert [describe_drift(one) for one in judged.replicas] == ["source/agent.py"] * 2
    assert not any(one.unverified for one in judged.replicas)


def test_another_version_alone_changes_nothing() -> None:
    judged = judge_host(host(replica("a", cpuset="0"), replica("b")),
                        baseline(replica("a"), replica("b"), engine="20.10"))  # fmt: skip
    assert [len(one.drift) for one in judged.replicas] == [1, 0]


def test_no_version_gives_other_names() -> None:
    judged = judge_host(host(replica("a", name="mine")), baseline(replica("a"), engine="20.10"))
    assert describe_drift(judged.replicas[0]) == "name support-1 -> mine"


def test_the_same_version_never_shifts() -> None:
    judged = judge_host(host(replica("a", cpuset="0")), baseline(replica("a")))
    assert [one.field for one in judged.replicas[0].drift] == ["cpuset"]


def test_what_another_reader_wrote_is_compared_as_far_as_both_know() -> None:
    known = Baseline(engine="26.1", reader=READER + 1, facts={"a": {"command": "x", "old": "1"}})
    (one,) = judge_host(host(replica("a")), known).replicas
    assert [change.field for change in one.drift] == ["command"]
    assert one.unverified


def test_of_what_another_reader_had_nothing_to_say_nobody_knows() -> None:
    """Processes without a limit had no facts once: a new release replaces none of them."""
    state = host(replica("a"), replica("b")).model_copy(update={"engine": "process"})
    known = baseline(replica("a", command=""))
    judged = judge_host(state, known)
    assert not any(one.handmade or one.drift for one in judged.replicas)
    assert all(one.unverified for one in judged.replicas)
    renewed = renew_baseline(known, judged)
    assert judge_host(state, renewed) == state
    forged = state.model_copy(update={"replicas": (*state.replicas, replica("c"))})
    assert [one.handmade for one in judge_host(forged, renewed).replicas] == [False, False, True]


def test_a_renamed_replica_is_ours_by_its_id() -> None:
    renamed, copy = replica("a", name="mine"), replica("c", name="copy")
    state = host(strangers=(renamed, copy), foreign_ports={80: "mine", 81: "other"})
    judged = judge_host(state, baseline(replica("a")))
    assert [(one.id, one.drift[0].after) for one in judged.replicas] == [("a", "mine")]
    assert judged.strangers == (copy,)
    assert judged.foreign_ports == {81: "other"}


def test_a_baseline_forgets_what_is_gone_and_keeps_what_is_known() -> None:
    known = baseline(replica("a"), replica("gone"))
    begun = {"r2"}  # a rollout that was killed before it took the baseline of b
    b = replica("b").model_copy(update={"rollout": "r2"})
    judged = judge_host(host(replica("a", cpuset="0"), b), known, begun)
    assert [one.unverified for one in judged.replicas] == [False, True]
    assert renew_baseline(known, judged).facts == {"a": FACTS, "b": FACTS}


def test_what_no_rollout_made_is_no_lost_baseline() -> None:
    known = baseline(replica("a"), replica("gone"))
    for state in ("running", "exited"):
        forged = replica("b", state=state).model_copy(update={"rollout": "r1"})
        judged = judge_host(host(replica("a"), forged), known, {"r2"})
        assert [one.handmade for one in judged.replicas] == [False, True]
        assert [needs_replacing(one) for one in judged.replicas] == [False, True]
        assert not any(one.unverified or one.drift for one in judged.replicas)
        assert renew_baseline(known, judged).facts == known.facts  # nobody agrees to it
    alone = judge_host(host(replica("b")), baseline(replica("gone")))
    assert alone.replicas[0].handmade
    assert renew_baseline(baseline(replica("gone")), alone).facts.keys() == {"gone"}


def test_an_update_in_place_changes_only_what_it_sets() -> None:
    known = baseline(replica("a"))
    seen = replica("a", memory_swap="256", cpuset="0")
    after = add_to_baseline(known, "26.1", [seen], {"support-a"})
    assert after.facts["a"] == FACTS | {"memory_swap": "256"}
    assert add_to_baseline(known, "26.1", [seen], ()).facts["a"] == FACTS
    assert add_to_baseline(Baseline(), "26.1", [seen], ()).facts["a"] == seen.facts
