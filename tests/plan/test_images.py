"""Which image a revision has, and whether its name means another one by now."""

from __future__ import annotations

from typing import Any

from agentgit.model.observed import HostState, Observed, Replica
from agentgit.plan.images import Chooser, find_moved
from tests.builders import make_instance

INSTANCE = make_instance(image="acme/support:1")
OLD, NEW = "sha256:1", "sha256:2"


def _host(running: str = OLD, **more: Any) -> HostState:
    replica = Replica.model_validate(
        {"host": "eu-1", "id": "a", "name": "support-a", "instance": "support",
         "agent": "support", "slot": 1, "revision": INSTANCE.revision, "commit": "c",
         "state": "running", "image": "acme/support:1", "image_id": running}
    )  # fmt: skip
    replicas = (replica,) if running else ()
    return HostState(host="eu-1", engine="docker", replicas=replicas, **more)


def _look(host: HostState, recorded: str = "") -> tuple[str, list[tuple[str, str, bool]]]:
    observed = Observed(environment="production", hosts=(host,))
    known = {INSTANCE.revision: {"eu-1": recorded}} if recorded else {}
    chooser = Chooser(observed, known)
    moved = find_moved([INSTANCE], observed, {"support": {1: "eu-1"}}, chooser)
    return chooser.choose(INSTANCE, host), [(one.kept, one.now, one.gone) for one in moved]


def test_what_runs_decides_and_a_name_that_has_moved_is_said() -> None:
    assert _look(_host(images={"acme/support:1": OLD})) == (OLD, [])
    assert _look(_host(images={"acme/support:1": NEW}), NEW) == (OLD, [(OLD, NEW, False)])


def test_what_is_recorded_decides_where_nothing_runs() -> None:
    assert _look(_host("", images={"acme/support:1": NEW}), OLD) == (OLD, [(OLD, NEW, False)])
    assert _look(_host("", images={"acme/support:1": NEW})) == ("", [])


def test_an_image_that_is_gone_is_not_asked_for() -> None:
    host = _host(images={"acme/support:1": NEW}, gone_images=frozenset({OLD}))
    assert _look(host) == ("", [(OLD, NEW, True)])
