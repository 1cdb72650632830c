"""Looks at a replica become a verdict the way Docker forms it."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import pytest

from agentgit.model.container import Healthcheck
from agentgit.providers.process.health import Judgement, Probe, judge, look, run_check

BEGAN = 1000.0


def probe(tmp_path: Path, test: str = "exit 0", began: float = BEGAN, **changes: object) -> Probe:
    settings = {"interval": "5s", "timeout": "5s", "retries": 3} | changes
    return Probe(
        check=Healthcheck.model_validate({"test": ["CMD-SHELL", test]} | settings),
        folder=tmp_path,
        cwd=tmp_path,
        environment={"PATH": os.defpath},
        run="1-1-boot",
        began=began,
    )


def verdicts(probe: Probe, *looks: tuple[float, bool]) -> list[str]:
    """What is thought after each look, given as seconds since the start and whether it was ok."""
    seen, found = Judgement(run=probe.run, counted_at=probe.began), []
    for after, ok in looks:
        seen = judge(seen, probe, ok=ok, now=probe.began + after, force=False)
        found.append(seen.status)
    return found


def test_one_success_is_healthy(tmp_path: Path) -> None:
    assert verdicts(probe(tmp_path), (0.1, False), (0.5, True)) == ["starting", "healthy"]


def test_looking_often_does_not_make_it_unhealthy(tmp_path: Path) -> None:
    looks = [(number / 10, False) for number in range(149)]
    assert set(verdicts(probe(tmp_path), *looks)) == {"starting"}
    assert verdicts(probe(tmp_path), *looks, (15.0, False))[-1] == "unhealthy"


def test_retries_failures_in_a_row(tmp_path: Path) -> None:
    looks = [(1, True), (6, False), (11, False), (16, True), (21, False), (26, False), (31, False)]
    assert verdicts(probe(tmp_path), *looks) == ["healthy"] * 6 + ["unhealthy"]


def test_unhealthy_recovers_at_once(tmp_path: Path) -> None:
    looks = [(5, False), (10, False), (15, False), (15.1, True)]
    assert verdicts(probe(tmp_path), *looks)[-2:] == ["unhealthy", "healthy"]


def test_failures_in_the_start_period_do_not_count(tmp_path: Path) -> None:
    slow = probe(tmp_path, start_period="60s", retries=1)
    looks = [(10, False), (50, False), (59, False), (60, False)]
    assert verdicts(slow, *looks) == ["starting"] * 3 + ["unhealthy"]


def test_start_period_ends_with_the_first_success(tmp_path: Path) -> None:
    slow = probe(tmp_path, start_period="60s", retries=1)
    assert verdicts(slow, (5, True), (10, False)) == ["healthy", "unhealthy"]


def test_check_gets_environment_and_folder(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("found")
    assert run_check(probe(tmp_path, "cat here")) == (True, "found")
    assert run_check(probe(tmp_path, "echo broken >&2; exit 7")) == (False, "broken")
    assert run_check(probe(tmp_path, "exit 7")) == (False, "/bin/sh ended with 7")


def test_on_a_full_disk_it_can_be_seen_and_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("agentgit.providers.process.health.write_json", refuse)
    assert look(probe(tmp_path), eager=True).status == "healthy"
    with pytest.raises(OSError, match="No space left"):  # what is not kept is no verdict
        look(probe(tmp_path), eager=False)


def test_check_that_cannot_be_run(tmp_path: Path) -> None:
    missing = probe(tmp_path, test="-")
    check = Healthcheck(test=("CMD", "no-such-program"))
    found = run_check(Probe(check, tmp_path, tmp_path, {}, missing.run, missing.began))
    assert found == (False, "cannot run no-such-program: No such file or directory")


def test_hanging_check_is_ended_with_its_children(tmp_path: Path) -> None:
    began = time.monotonic()
    ok, output = run_check(probe(tmp_path, "sleep 1000 & sleep 1000", timeout="100ms"))
    assert (ok, output) == (False, "no answer within 0.1s")
    assert time.monotonic() - began < 10


def count_looks(tmp_path: Path) -> int:
    path = tmp_path / "looks"
    return len(path.read_bytes()) if path.exists() else 0


def test_healthy_replica_is_asked_once_per_interval(tmp_path: Path) -> None:
    calm = probe(tmp_path, "printf x >> looks", interval="1h", began=time.monotonic())
    assert [look(calm, eager=False).status for _ in range(3)] == ["healthy"] * 3
    assert count_looks(tmp_path) == 1
    look(calm, eager=True)
    assert count_looks(tmp_path) == 2


def test_one_failure_is_made_sure_of_when_nobody_watched(tmp_path: Path) -> None:
    began = time.monotonic()
    one = probe(tmp_path, "printf x >> looks; test -e ok", began=began, interval="10ms")
    (tmp_path / "ok").touch()
    assert look(one, eager=True).status == "healthy"
    record = json.loads((tmp_path / "health.json").read_bytes())
    (tmp_path / "health.json").write_text(json.dumps(record | {"probed_at": began - 9999}))
    (tmp_path / "ok").unlink()
    assert look(one, eager=True).status == "unhealthy"
    assert count_looks(tmp_path) == 1 + 3


def test_another_run_begins_anew(tmp_path: Path) -> None:
    assert look(probe(tmp_path, began=time.monotonic()), eager=False).status == "healthy"
    other = probe(tmp_path, "exit 1", began=time.monotonic())
    again = Probe(other.check, tmp_path, tmp_path, other.environment, "2-2-boot", other.began)
    assert look(again, eager=False).status == "starting"


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"run": "1-1-boot"}', b"\xff"])
def test_damaged_memory_is_no_memory(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "health.json").write_bytes(damage)
    failing = probe(tmp_path, "exit 1", began=time.monotonic())
    assert look(failing, eager=False).status == "starting"
