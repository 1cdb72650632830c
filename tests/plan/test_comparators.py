"""Every comparison of a replica with what is asked for, each by the one thing that differs."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.model.container import Limits
from agentgit.model.observed import FactChange, HostState, Live, Observed, Replica
from agentgit.plan.compare import compare_slot, wanted_live
from agentgit.plan.digest import digest_observed
from tests.builders import make_instance

LIMITS = {"cpus": "0.5", "memory": "64m", "pids": 60}
INSTANCE = make_instance(
    replicas=1, container={"restart": "always", "deploy": {"resources": {"limits": LIMITS}}}
)
HOST = HostState(host="eu-1", engine="docker", supports=frozenset({"update"}))
WANTED = wanted_live(INSTANCE, "docker")
assert WANTED is not None


def _live(restart: str = "always", **limits: Any) -> Live:
    changed = WANTED.limits.model_copy(update=limits)  # type: ignore[union-attr]
    return Live(limits=Limits.model_construct(**changed.model_dump()), restart=restart)


def _replica(**changes: Any) -> Replica:
    usual = {
        "host": "eu-1", "id": "a", "name": "support-a", "instance": "support",
        "agent": "support", "slot": 1, "revision": INSTANCE.revision, "commit": "c",
        "state": "running", "health": "healthy", "live": WANTED, "image_id": "sha256:1",
    }  # fmt: skip
    return Replica.model_validate(usual | changes)


DIFFERENCES = [  # what differs of a replica | what happens | the cause | its words
    ({"revision": "f" * 64}, "replace", "fields", "ffffffff -> "),
    ({"host": "eu-2"}, "replace", "moved", "moves from eu-2 to eu-1"),
    ({"state": "exited", "exit_code": 3}, "start", "stopped", "has ended with exit code 3"),
    ({"state": "created"}, "start", "stopped", "was never started"),
    ({"state": "created", "error": "task exists"}, "replace", "stopped", "never started: task"),
    ({"state": "paused"}, "start", "stopped", "somebody paused support-a"),
    ({"state": "restarting"}, "replace", "stopped", "support-a keeps ending"),
    ({"health": "unhealthy"}, "replace", "unhealthy", "support-a is unhealthy"),
    ({"live": _live(cpus=0.7)}, "update", "fields", "cpus 0.7 -> 0.5"),
    ({"live": _live(memory=32 * 1024**2)}, "update", "fields", "memory 32m -> 64m"),
    ({"live": _live(pids=None)}, "update", "fields", "pids unset -> 60"),
    ({"live": _live(restart="no")}, "update", "fields", "restart no -> always"),
    ({"drift": (FactChange(field="cpuset", after="0"),)}, "replace", "drift", "cpuset not set ->"),
    ({"drift": (FactChange(field="memory_swap", after="9"),)}, "update", "drift", "back in place"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "action", "cause", "words"), DIFFERENCES, ids=[one[3] for one in DIFFERENCES]
)
def test_each_difference_has_its_cause(
    changes: dict[str, Any], action: str, cause: str, words: str
) -> None:
    decided = compare_slot(INSTANCE, 1, HOST, [_replica(**changes)], restart=False)
    assert decided.cause is not None
    assert (decided.action, decided.cause.kind) == (action, cause)
    assert words in decided.cause.detail
    seen = [digest_observed(_observe(one)) for one in (_replica(), _replica(**changes))]
    assert (seen[0] != seen[1]) == ("health" not in changes)  # it comes and goes by itself


@pytest.mark.parametrize(
    "changes",
    [{}, {"health": "starting"}, {"health": "none"}, {"commit": "d"}, {"rollout": "r"},
     {"restarts": 4}, {"started_at": "2026"}, {"unverified": True}, {"facts": {"user": "x"}}],
)  # fmt: skip
def test_what_is_no_difference(changes: dict[str, Any]) -> None:
    decided = compare_slot(INSTANCE, 1, HOST, [_replica(**changes)], restart=False)
    assert (decided.action, decided.cause) == ("keep", None)
    seen = {digest_observed(_observe(one)) for one in (_replica(), _replica(**changes))}
    assert len(seen) == 1


def test_another_image_is_seen() -> None:
    seen = {digest_observed(_observe(_replica(image_id=one))) for one in ("sha256:1", "sha256:2")}
    assert len(seen) == 2


def test_a_replica_that_is_not_there_is_created() -> None:
    assert compare_slot(INSTANCE, 1, HOST, [], restart=False).action == "create"


def _observe(replica: Replica) -> Observed:
    state = HOST.model_copy(update={"replicas": (replica,)})
    return Observed(environment="production", hosts=(state,))
