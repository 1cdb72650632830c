from __future__ import annotations

import json
from datetime import UTC, datetime

from agentgit.model.events import LeaseAwaited
from agentgit.model.lock import HostLock, Lock
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.report.events_text import Progress
from agentgit.report.json_v1 import dump
from agentgit.report.lock_text import broken_document, lock_document, write_broken, write_lock

ANA = HostLock(
    host="eu-1",
    number=7,
    state="beating",
    actor="Ana <ana@acme.example>",
    rollout="20261120-081530-7f3a",
    kind="apply",
    commit="3f2a91c" + "0" * 33,
    since="2026-11-20 08:15 UTC",
    machine="runner-4, process 812",
    still=0.4,
)


def lock(*hosts: HostLock) -> Lock:
    return Lock(environment="production", ttl=15.0, hosts=hosts)


def test_nobody_is_a_sentence() -> None:
    free = HostLock(host="eu-1", number=7, state="free")
    assert write_lock(lock(free)) == "nobody is changing production: its lease is free"
    assert lock_document(lock(free))["held"] is False


def test_who_is_alive_is_shown_on_every_host() -> None:
    other = ANA.model_copy(update={"host": "eu-2", "number": 3})
    assert write_lock(lock(ANA, other)) == (
        "production is being changed by Ana since 2026-11-20 08:15 UTC\n"
        "  apply to 3f2a91c, rollout 20261120-081530-7f3a, on runner-4, process 812\n"
        "  eu-1  number 7  its heart beats\n"
        "  eu-2  number 3  its heart beats\n"
        "to wait for it:  agentgit apply -e production --lock-timeout 10m\n"
        "to stop it:  agentgit lock break -e production --reason TEXT"
    )


def test_what_stands_still_is_abandoned() -> None:
    still = ANA.model_copy(update={"state": "still", "still": 15.2})
    text = write_lock(lock(still))
    assert "  eu-1  number 7  stands still for 15s" in text
    assert "abandoned: nobody renewed it for 15s, so the next agentgit apply -e production" in text
    assert "lock break" not in text


def test_a_silent_host_is_unknown_and_the_others_are_shown() -> None:
    silent = HostLock(host="eu-2", number=0, state="unknown", reason="timed out")
    free = HostLock(host="eu-1", number=7, state="free")
    assert write_lock(lock(free, silent)) == (
        "who is changing production cannot be said: its lease is free where a host answers\n"
        "  ? eu-2 cannot be reached: timed out\n"
        "until it answers nobody can begin a rollout:  agentgit doctor  shows what is wrong"
    )
    held = write_lock(lock(ANA, silent))
    assert held.startswith("production is being changed by Ana")
    assert "  ? eu-2 cannot be reached: timed out\n" in held
    assert [one["reason"] for one in lock_document(lock(ANA, silent))["hosts"]] == [
        None,
        "timed out",
    ]


def test_one_that_left_no_name_is_somebody() -> None:
    unnamed = HostLock(host="eu-1", number=1, state="still", still=15.0)
    assert write_lock(lock(unnamed)).startswith(
        "production is being changed by somebody who left no name\n  eu-1  number 1"
    )


def test_a_pause_holds_nothing() -> None:
    paused = ANA.model_copy(update={"state": "paused", "still": 0.0})
    text = write_lock(lock(paused))
    assert text.startswith("nobody is changing production")
    assert "rollout 20261120-081530-7f3a of Ana has laid it aside for a pause" in text


def test_what_was_broken_is_told_and_a_document() -> None:
    record = RolloutRecord(
        id="20261120-090000-0000", kind="break", project_id="p", environment="production",
        commit="", actor="Li", tool="agentgit", started_at=datetime(2026, 11, 20, tzinfo=UTC),
        outcome="succeeded", reason="gone for good",
    )  # fmt: skip
    text = write_broken(lock(ANA), record)
    assert "was held by Ana and is free (recorded as 20261120-090000-0000)" in text
    assert "agentgit apply -e production" in text
    document = json.loads(dump(broken_document(lock(ANA), record)))
    assert document["format"] == "agentgit/lock-break@1"
    assert document["broken"][0]["fence"] == 7
    assert document["record"]["kind"] == "break"


def test_the_document_has_every_host() -> None:
    assert lock_document(lock(ANA)) == {
        "format": "agentgit/lock@1",
        "environment": "production",
        "held": True,
        "ttl": 15.0,
        "hosts": [
            {
                "host": "eu-1",
                "fence": 7,
                "state": "beating",
                "actor": "Ana <ana@acme.example>",
                "rollout": "20261120-081530-7f3a",
                "kind": "apply",
                "commit": "3f2a91c" + "0" * 33,
                "since": "2026-11-20 08:15 UTC",
                "machine": "runner-4, process 812",
                "stillSeconds": 0.4,
                "reason": None,
            }
        ],
    }


def test_control_characters_of_others_do_no_harm() -> None:
    evil = ANA.model_copy(update={"actor": "\x1b[2JEve", "machine": "\x07", "since": "\x1b]0;"})
    assert not {"\x1b", "\x07"} & set(write_lock(lock(evil)))


def test_waiting_says_for_whom_and_for_how_long(plan: Plan) -> None:
    wait = LeaseAwaited(
        environment="production", hosts=("eu-1",), seconds=15.0, holder="Ana", patience=600.0
    )
    progress = Progress(plan)
    assert progress.write(wait, 0.0).endswith(
        "waiting for eu-1: the lease of production is held by Ana (at most 10m); it is taken over "
        "when its holder has been still for 15s"
    )
    asked = wait.model_copy(update={"asked": True, "patience": 60.0})
    assert progress.write(asked, 0.0).endswith(
        "production is being changed by Ana to an older commit: asked to make way, waiting for "
        "at most 1m"
    )
