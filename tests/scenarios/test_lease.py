"""Two at work on one environment: waiting, making way, a lease that is lost or broken."""

from __future__ import annotations

import os
import signal
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.scenarios.conftest import PLACE, Background, SmallFleet
from tests.scenarios.recording_proxy import RecordingProxy, is_change, recording

QUICKLY = """
import sys
from agentgit.execute.lease_value import Times
Times.__init__.__defaults__ = (3.0, 0.3, 1.0, 0.1, 30.0)  # ttl, beat, call, look, way
from agentgit.__main__ import main
sys.exit(main())
"""
PROMPT = "global/prompts/worker.md"


class QuickFleet(SmallFleet):
    """A fleet whose leases live for three seconds; `engine` may be another way to its engine."""

    engine: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed

    def environment(self) -> dict[str, str]:
        return super().environment() | self.engine

    def quick(self, *words: str) -> AbstractContextManager[Background]:
        return self.background(*words, program=("-c", QUICKLY))

    def applying(self, *words: str) -> AbstractContextManager[Background]:
        return self.quick("apply", "-e", "production", "--yes", "--verbose", *words)

    def change(self, text: str) -> str:
        self.write(PROMPT, f"{text}\n")
        return self.commit(text)

    def outcomes(self) -> list[tuple[str, str]]:
        shown = self.run("history", "--json").json["rollouts"]
        return [(one["kind"], one["outcome"]) for one in shown]


@pytest.fixture
def quick_fleet(small_fleet: SmallFleet) -> QuickFleet:
    return quicken(small_fleet)


def quicken(fleet: SmallFleet) -> QuickFleet:
    return QuickFleet(fleet.folder, fleet.kind, fleet.url, fleet.state, fleet.project_id)


def hold_up(fleet: QuickFleet, text: str) -> str:
    """Commit a change whose replicas do not become healthy before `hold` is gone."""
    fleet.hold.touch()
    return fleet.change(text)


def converged(fleet: QuickFleet) -> None:
    (alpha,) = fleet.run("status", "--json").json["instances"]
    (replica,) = alpha["replicas"]
    assert replica["commit"] == fleet.git("rev-parse", "HEAD")
    assert list(fleet.running()) == [replica["name"]]
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")
    assert fleet.run("lock", "show", "--json").json["held"] is False


def test_a_newer_commit_stops_the_rollout_of_an_older_one(quick_fleet: QuickFleet) -> None:
    fleet = quick_fleet
    hold_up(fleet, "Be brief.")
    with fleet.applying() as first:
        first.await_condition(lambda: len(fleet.running()) == 2, "two replicas")
        newer = fleet.change("Be quick.")
        with fleet.applying() as second:
            second.until("asked to make way")
            stopped = first.end()
            assert stopped.code == 130
            stopped.has("which is newer", newer[:7])
            fleet.hold.unlink()
            done = second.end()
    assert done.code == 0, done.has("done")
    done.has(f"done: production runs {newer[:7]}")
    converged(fleet)
    assert fleet.outcomes()[:2] == [("apply", "succeeded"), ("apply", "superseded")]
    history = fleet.run("history", "--json").json["rollouts"]
    assert history[1]["supersededBy"] == newer


@pytest.mark.parametrize(
    ("words", "waits", "ends", "outcomes"),
    [
        (("apply", "--only", "alpha"), "the lease of production is held", "No changes", 1),
        (("restart", "alpha"), "cannot be planned meanwhile", "restarted", 2),
    ],
)
def test_a_lock_timeout_waits_for_who_is_at_work(
    quick_fleet: QuickFleet, words: tuple[str, ...], waits: str, ends: str, outcomes: int
) -> None:
    fleet = quick_fleet
    hold_up(fleet, "Be brief.")
    with fleet.applying() as first:
        first.await_condition(lambda: len(fleet.running()) == 2, "two replicas")
        fleet.apply("--lock-timeout", "1s", expect=5).says("is being changed by Ana")
        with fleet.quick(*words, "-e", "production", "--yes", "--lock-timeout", "60s") as second:
            second.until(waits)
            fleet.hold.unlink()
            assert first.end().code == 0
            done = second.end()
    assert done.code == 0, done
    done.has("planning again", ends)
    converged(fleet)
    assert (
        fleet.outcomes()[:outcomes]
        == [("restart", "succeeded"), ("apply", "succeeded")][-outcomes:]
    )


def test_lock_show_tells_who_is_alive_and_who_is_not(quick_fleet: QuickFleet) -> None:
    fleet = quick_fleet
    free = fleet.run("lock", "show", "-e", "production")
    assert free.out == "nobody is changing production: its lease is free\n"
    commit = hold_up(fleet, "Be brief.")
    with fleet.applying() as first:
        first.await_condition(lambda: len(fleet.running()) == 2, "two replicas")
        fleet.run("lock", "show").has(
            "production is being changed by Ana since ", f"apply to {commit[:7]}, rollout ",
            f", process {first.process.pid}", "its heart beats", "agentgit lock break",
        )  # fmt: skip
        first.end(signal.SIGKILL)
    with fleet.quick("lock", "show", "--json") as shown:
        document = shown.end().json
    (host,) = document["hosts"]
    assert (document["held"], host["state"], host["actor"]) == (
        True, "still", "Ana <ana@acme.example>",
    )  # fmt: skip
    assert host["stillSeconds"] >= 3
    with fleet.quick("lock", "show") as shown:
        assert "stands still" in shown.end().out
    fleet.hold.unlink()
    with fleet.applying() as second:
        assert second.end().code == 0
    converged(fleet)


def test_a_broken_lease_stops_its_holder(quick_fleet: QuickFleet) -> None:
    fleet = quick_fleet
    fleet.run("lock", "break", "-e", "production", "--reason", "why not", expect=64).says(
        "nobody holds the lease of production"
    )
    fleet.run("lock", "break", "-e", "production", expect=64)
    commit = hold_up(fleet, "Be brief.")
    with fleet.applying() as first:
        first.await_condition(lambda: len(fleet.running()) == 2, "two replicas")
        both = fleet.running()
        with fleet.quick("lock", "break", "-e", "production", "--reason", "it hangs") as breaker:
            broken = breaker.end()
        assert broken.code == 0, broken
        broken.has("broken: the lease of production was held by Ana", "agentgit apply")
        lost = first.end()
    assert lost.code == 1
    lost.has("the lease of production was lost: somebody else took it", "agentgit lock show")
    assert fleet.running() == both
    (record,) = [one for one in fleet.run("history", "--json").json["rollouts"]
                 if one["kind"] == "break"]  # fmt: skip
    assert (record["commit"], record["reason"]) == (commit, "it hangs")
    fleet.hold.unlink()
    fleet.apply()
    converged(fleet)


def test_who_was_stopped_for_too_long_changes_nothing_more(quick_fleet: QuickFleet) -> None:
    """The equivalent of a recording proxy for processes: every file of the host, and what runs."""
    fleet = quick_fleet
    hold_up(fleet, "Be brief.")
    with fleet.applying() as first:
        first.await_condition(lambda: len(fleet.running()) == 2, "two replicas")
        first.process.send_signal(signal.SIGSTOP)
        fleet.hold.unlink()
        fleet.change("Be quick.")
        with fleet.applying() as second:
            assert second.end().code == 0
        before = (fleet.running(), list_files(fleet.state))
        lost = first.end(signal.SIGCONT)
        assert (fleet.running(), list_files(fleet.state)) == before
    assert lost.code == 1
    lost.has("the lease of production was lost: it could not be renewed on local")
    converged(fleet)


def list_files(folder: Path) -> list[tuple[str, int]]:
    """Every file with the time of its last change, but for what the health checks write."""
    return sorted(
        (str(path), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"health.json", "log"}
    )


@pytest.mark.parametrize("number", [1, 6, 8, 12])
def test_a_holder_that_was_stopped_sends_no_later_call(
    small_containers: SmallFleet, number: int
) -> None:
    """It is stopped right after its n-th changing call, in the middle of a step."""
    fleet = quicken(small_containers)
    variable = "CONTAINER_HOST" if fleet.kind == "podman" else "DOCKER_HOST"
    fleet.edit(PLACE, f', endpoint: "{fleet.url}"', "")
    fleet.engine = {variable: fleet.url}
    fleet.change("Be brief.")
    with (
        tempfile.TemporaryDirectory() as folder,
        recording(fleet.url, Path(folder) / "proxy.sock") as proxy,
    ):
        slow = quicken(fleet)
        slow.engine = {variable: proxy.url}
        with slow.applying() as first:
            stop_at(proxy, number, first.process.pid)
            first.await_condition(lambda: is_stopped(first.process.pid), "the stop")
            sent = len(proxy.changes)
            fleet.change("Be quick.")
            with fleet.applying() as second:
                done = second.end()
            assert done.code == 0, done
            before = fleet.running()
            lost = first.end(signal.SIGCONT)
        assert proxy.changes[sent:] == [], (lost, proxy.changes)
        assert len(proxy.calls) > sent
    assert lost.code != 0
    assert fleet.running() == before
    converged(fleet)


def stop_at(proxy: RecordingProxy, number: int, process: int) -> None:
    """Stop a process when its n-th changing call has been sent, before it gets an answer."""

    def on_call(call: str) -> None:
        if is_change(call) and len(proxy.changes) == number:
            os.kill(process, signal.SIGSTOP)

    proxy.on_call = on_call


def is_stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("T")
