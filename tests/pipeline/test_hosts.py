"""Hosts are known by what a rollout left on them, whatever they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agentgit.errors import EngineError, GuardError
from agentgit.pipeline import apply_plan, is_news, prepare_plan
from agentgit.providers.memory import MemoryEngine
from agentgit.workflow.drift import find_drift
from tests.builders import PROJECT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipeline.conftest import Project

FILE = "environments__production__environment"


def name_hosts(project: Project, *names: str) -> None:
    hosts = ", ".join(f"{name}: {{engine: docker}}" for name in names)
    text = f"kind: Environment\nmetadata: {{name: production}}\nspec: {{hosts: {{{hosts}}}}}\n"
    project.commit("Name hosts", **{FILE: text})


def values(project: Project) -> tuple[str, ...]:
    return project.engine.stores[PROJECT_ID].names("identity-")


def test_the_first_rollout_leaves_an_identity_and_a_destroy_takes_it(project: Project) -> None:
    project.plan()
    assert PROJECT_ID not in project.engine.stores or values(project) == ()
    project.apply()
    known = project.records()[0].identities["eu-1"]
    assert known
    assert values(project) == ("identity-production",)
    project.prompt("Be brief.")
    project.apply()
    assert project.records()[0].identities["eu-1"] == known
    project.apply(kind="destroy")
    assert values(project) == ()


class Away:
    """A store of a host that does not answer."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return refuse


def refuse(*_: object) -> None:
    raise EngineError("connection refused")


def test_a_second_destroy_takes_what_a_host_kept_that_was_away_at_the_end(
    project: Project,
) -> None:
    name_hosts(project, "eu-1", "eu-2")
    project.apply()
    stores = [project.engines[name].stores[PROJECT_ID] for name in ("eu-1", "eu-2")]
    with prepare_plan(project.open(), project.request(kind="destroy")) as session:
        away = session.providers["eu-2"]
        for event in apply_plan(session):
            if event.kind == "wave-done":
                away.observe, away._store = refuse, Away()  # type: ignore[attr-defined,method-assign]
        assert any("eu-2 does not answer any more" in one for one in session.warnings)
    assert not any(engine.replicas for engine in project.engines.values())
    assert {"identity-production", "images-production"} <= set(stores[1].names(""))

    session = project.plan(kind="destroy")
    assert is_news(session)
    assert project.run(session)[0] == "succeeded"
    assert [store.names("") for store in stores] == [(), ()]
    assert not is_news(project.plan(kind="destroy"))


def test_a_host_with_another_name_is_the_same_host(project: Project) -> None:
    project.apply()
    before = project.ids()
    project.engines["us-1"] = project.engine
    name_hosts(project, "us-1")
    plan = project.plan().plan
    assert plan is not None
    assert plan.is_empty
    assert project.apply()[0] == "succeeded"
    assert project.ids() == before


def test_another_engine_under_the_name_is_refused_not_filled(project: Project) -> None:
    project.apply()
    project.engines["eu-1"] = MemoryEngine()
    for kind in ("apply", "destroy"):
        with pytest.raises(GuardError, match="eu-1 is not the host that carries replicas"):
            project.plan(kind=kind)
    with pytest.raises(EngineError, match="eu-1 is not the host that carries replicas"):
        project.plan(kind="restart", only=("alpha",))
    with pytest.raises(EngineError, match="eu-1 is not the host that carries replicas"):
        find_drift(project.open(), "production")
    with prepare_plan(project.open(), project.request(), status=True) as session:
        (unknown,) = session.observed.unreachable
        assert (unknown.host, unknown.lost, session.observed.hosts) == ("eu-1", True, ())
        assert session.plan is None
    given_up = project.plan(allow=frozenset({"lost-hosts"})).plan
    assert given_up is not None
    assert given_up.given_up == ("eu-1",)
    assert (given_up.risk.level, given_up.risk.reasons[0]) == ("high", "1 host given up")
    back = project.plan(kind="rollback", revision="HEAD", allow=frozenset({"lost-hosts"}))
    assert back.given_up == ("eu-1",)
    assert project.apply(allow=frozenset({"lost-hosts"}))[0] == "succeeded"
    assert len(project.engines["eu-1"].replicas) == 3
    plan = project.plan().plan
    assert plan is not None
    assert plan.is_empty
    assert not plan.given_up


def test_a_destroy_can_give_up_what_is_lost(project: Project) -> None:
    project.apply()
    project.engines["eu-1"] = MemoryEngine()
    with pytest.raises(GuardError) as refused:
        project.plan(kind="destroy")
    assert "agentgit destroy -e production --allow lost-hosts" in (refused.value.hint or "")
    assert project.apply(kind="destroy", allow=frozenset({"lost-hosts"}))[0] == "succeeded"
    assert not is_news(project.plan(kind="destroy"))


def test_to_give_a_host_up_is_news_though_nothing_changes(project: Project) -> None:
    name_hosts(project, "eu-1", "eu-2")
    project.apply()
    assert not is_news(project.plan(only=("beta",)))
    assert {one.instance for one, _ in project.engines["eu-2"].replicas.values()} == {"alpha"}
    project.engines["eu-2"] = MemoryEngine()
    session = project.plan(only=("beta",), allow=frozenset({"lost-hosts"}))
    assert session.plan is not None
    assert session.plan.is_empty
    assert is_news(session)


def test_a_lost_host_is_refused_where_the_hosts_are_declared(project: Project) -> None:
    name_hosts(project, "eu-1", "eu-2")
    project.apply()
    assert project.engines["eu-2"].replicas
    name_hosts(project, "eu-1")
    with pytest.raises(
        GuardError, match="eu-2 carries replicas of production and is not in"
    ) as no:
        project.plan()
    place = no.value.location
    assert place is not None
    assert (place.line, place.column) == (3, 15)


def test_where_nothing_can_be_placed_a_lost_host_says_why(project: Project) -> None:
    project.apply()
    text = "kind: Environment\nmetadata: {name: production}\nspec: {hosts: {new: {engine: %s}}}\n"
    project.commit("No engine for containers", **{FILE: text % "process"})
    with pytest.raises(GuardError, match="eu-1 carries replicas of production and is not in"):
        project.plan()


def test_swapped_hosts_are_still_looked_after(project: Project) -> None:
    name_hosts(project, "eu-1", "eu-2")
    project.apply()
    one, two = project.engines["eu-1"], project.engines["eu-2"]
    assert one.replicas
    assert two.replicas
    project.engines |= {"eu-1": two, "eu-2": one}
    project.commit("Swap")
    assert project.plan().plan is not None


def test_what_was_removed_by_hand_is_missing_not_unknown(project: Project) -> None:
    project.apply()
    project.engine.replicas.clear()
    plan = project.plan().plan
    assert plan is not None
    assert {cause.kind for one in plan.changes for cause in one.causes} == {"missing"}


def test_one_engine_under_two_names_is_refused_before_and_after_the_first_apply(
    project: Project,
) -> None:
    project.engines["us-1"] = project.engine
    name_hosts(project, "eu-1", "us-1")
    with pytest.raises(GuardError, match="us-1 is the same engine as eu-1"):
        project.apply()
    assert not project.replicas()
    name_hosts(project, "eu-1")
    project.apply()
    name_hosts(project, "eu-1", "us-1")
    with pytest.raises(GuardError, match="eu-1 and us-1 are one engine under two names"):
        project.plan()
