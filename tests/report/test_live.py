from __future__ import annotations

from agentgit.model.events import Event, StepDone, StepFailed, StepStarted, WaveStarted
from agentgit.model.plan import Plan
from agentgit.model.rollout import Failure
from agentgit.report.live import draw_rollout
from agentgit.report.palette import columns

NEW = "acme-production-support-eu-0-9c41d07e-1"
OLD = "acme-production-support-eu-0"


def _step(kind: type[StepStarted | StepDone], step: str, target: str) -> Event:
    fields = {"instance": "support-eu", "host": "eu-1", "step": step, "target": target}
    return kind.model_validate(fields | ({"seconds": 1.0} if kind is StepDone else {}))


def test_nothing_yet(plan: Plan) -> None:
    head, blank, *rows = draw_rollout(plan, (), 0.0)
    assert head.startswith("production  3f2a91c  preparing")
    assert head.endswith("0.0s")
    assert blank == ""
    assert rows == ["  support-eu  ··  0 of 2", "  support-us  ··  0 of 2"]


def test_what_goes_on_is_named(plan: Plan) -> None:
    events = (
        WaveStarted(number=1, of=2, title="rolling 1", moves=2),
        _step(StepDone, "create-replica", NEW),
        _step(StepStarted, "await-healthy", NEW),
    )
    lines = draw_rollout(plan, events, 72.0)
    assert "wave 1 of 2  rolling 1" in lines[0]
    assert lines[0].endswith("1m12s")
    assert lines[2] == f"  support-eu  ◐·  0 of 2  waiting until healthy: {NEW}"


def test_a_move_is_done_with_its_last_step(plan: Plan) -> None:
    events = (_step(StepDone, "stop-replica", OLD), _step(StepDone, "remove-replica", OLD))
    assert draw_rollout(plan, events, 1.0)[2] == "  support-eu  ●·  1 of 2"


def test_a_failure_shows(plan: Plan, failure: Failure) -> None:
    events = (StepFailed(failure=failure),)
    assert "failed" in draw_rollout(plan, events, 1.0)[2]


def test_it_never_exceeds_the_terminal(plan: Plan) -> None:
    moves = tuple(
        plan.waves[0].moves[0].model_copy(update={"instance": f"tenant-{n:03}-with-a-long-name"})
        for n in range(100)
    )
    wave = plan.waves[0].model_copy(update={"moves": moves})
    many = plan.model_copy(update={"waves": (wave,)})
    lines = draw_rollout(many, (), 1.0, width=60, height=12)
    assert len(lines) <= 12
    assert max(columns(line) for line in lines) <= 60
    assert lines[-1] == "  ... and 92 more"
