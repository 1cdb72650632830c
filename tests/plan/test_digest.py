"""What the two digests of a plan cover, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.model.observed import FactChange, Live, Observed
from agentgit.model.spec import Host, Protection
from agentgit.plan.digest import digest_desired, digest_intent, digest_observed
from agentgit.plan.moved import describe_moved, find_moved, see_all
from agentgit.plan.request import PlanRequest
from tests.builders import Fleet, make_desired, make_instance

PORT = {"ports": {"http": {"target": 80}}}


def change_first(observed: Observed, **facts: Any) -> Observed:
    (state,) = observed.hosts
    first, *rest = state.replicas
    replicas = (first.model_copy(update=facts), *rest)
    return observed.model_copy(
        update={"hosts": (state.model_copy(update={"replicas": replicas}),)}
    )


@pytest.fixture
def observed() -> Observed:
    fleet = Fleet()
    fleet.apply(make_desired(make_instance(container=PORT)))
    return fleet.observe()


@pytest.mark.parametrize(
    "facts",
    [
        {"health": "unhealthy"},
        {"health": "starting"},
        {"restarts": 7},
        {"started_at": "2026-11-20T08:00:00Z"},
        {"probe": "503"},
        {"addresses": {"http": "127.0.0.1:49999"}},
        {"unverified": True},
    ],
    ids=lambda facts: " ".join(map(str, *facts.items())),
)
def test_what_comes_and_goes_by_itself_makes_no_plan_stale(
    observed: Observed, facts: dict[str, Any]
) -> None:
    assert digest_observed(change_first(observed, **facts)) == digest_observed(observed)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"state": "exited"}, "running -> exited"),
        ({"revision": "f" * 64}, "-> ffffffff"),
        ({"image_id": "sha256:other"}, "another image"),
        ({"live": Live(restart="always")}, "restart unless-stopped -> always"),
        ({"facts": {}}, "networks.acme-0b9c2f-production-default joined -> not set"),
        ({"facts": {"ports.80/tcp": "0.0.0.0:80"}}, "ports.80/tcp not set -> 0.0.0.0:80"),
        ({"drift": (FactChange(field="user", before="1", after="2"),)}, "user 1 -> 2"),
        (
            {"drift": (FactChange(field="memory_swap", before="134217728", after="268435456"),)},
            "memory_swap 128m -> 256m",
        ),
    ],
    ids=["state", "revision", "image", "limits", "network", "port", "drift", "bytes"],
)
def test_what_somebody_did_does_and_is_named(
    observed: Observed, facts: dict[str, Any], said: str
) -> None:
    now = change_first(observed, **facts)
    assert digest_observed(now) != digest_observed(observed)
    (moved,) = find_moved(see_all(observed), see_all(now))
    assert said in describe_moved(moved)


def test_the_intent_covers_the_limits_the_hosts_and_what_is_let_pass() -> None:
    desired = make_desired(make_instance())
    plain = digest_intent(desired, PlanRequest())
    limits = desired.model_copy(update={"protection": Protection(max_replaced="100%")})
    away = desired.model_copy(update={"hosts": {"host-1": Host(endpoint="tcp://elsewhere:2375")}})
    assert digest_intent(limits, PlanRequest()) != plain
    assert digest_intent(away, PlanRequest()) != plain
    assert digest_intent(desired, PlanRequest(allow=frozenset({"removed"}))) != plain
    assert digest_intent(desired, PlanRequest(retry=True)) != plain
    other = desired.model_copy(update={"commit": None, "branch": "main"})
    assert digest_intent(other, PlanRequest(orphans=("old",))) == plain


def test_other_limits_alone_are_nothing_to_go_back_to() -> None:
    desired = make_desired(make_instance())
    limits = desired.model_copy(update={"protection": Protection(max_replaced="100%")})
    assert digest_desired(limits) == digest_desired(desired)


def test_how_many_revisions_are_kept_is_asked_for_too() -> None:
    desired = make_desired(make_instance())
    fewer = desired.model_copy(update={"keep_revisions": 1})
    assert digest_intent(fewer, PlanRequest()) != digest_intent(desired, PlanRequest())
