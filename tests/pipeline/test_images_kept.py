"""The images of the last revisions stay; older ones that we brought go, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from agentgit.model.events import Event, LeftBehind
from agentgit.model.steps import RemoveImage
from agentgit.pipeline import Request, Session, apply_plan, prepare_plan

OTHER = "7d6a1f7e-0000-4000-8000-000000000000"


@pytest.fixture
def fleet(project: Any) -> Any:
    """A registry with five versions of the agent; the first one runs."""
    project.engine.registry |= {f"acme/agent:{n}": digest(n) for n in range(1, 6)}
    project.commit(
        "Keep two",
        environments__production__environment="kind: Environment\nmetadata: {name: production}\n"
        "spec: {keepRevisions: 2, hosts: {eu-1: {engine: docker}}}\n",
    )
    assert project.apply()[0] == "succeeded"
    return project


def digest(number: int) -> str:
    return f"sha256:{str(number) * 64}"


def go_to(project: Any, number: int) -> list[Event]:
    use(project, number)
    outcome, events = project.apply()
    assert outcome == "succeeded"
    return list(events)


def use(project: Any, number: int, check: str = "check") -> None:
    project.commit(
        f"Version {number}",
        global__agents__support=f"""kind: Agent
metadata: {{name: support}}
spec:
  container: {{image: "acme/agent:{number}", healthcheck: {{test: {check}}}}}
  instructions: {{file: ../prompts/support.md}}
  scale: {{replicas: 2}}
""",
    )


def there(project: Any) -> list[int]:
    """The versions that the host has."""
    found = set(project.engine.digests.values())
    return [n for n in range(1, 6) if digest(n) in found]


def removals(session: Session) -> list[str]:
    assert session.plan is not None
    return [one.name for one in session.plan.cleanup if isinstance(one, RemoveImage)]


def test_older_ones_go_with_the_plan_that_says_so(fleet: Any) -> None:
    go_to(fleet, 2)
    assert there(fleet) == [1, 2]
    use(fleet, 3)
    session = fleet.plan()
    assert removals(session) == ["acme/agent:1"]
    fleet.run(session)
    assert there(fleet) == [2, 3]
    assert fleet.engine.calls[-1] == ("remove-image", "acme/agent:1")
    last = fleet.records()[0]
    assert session.ledger.plan("production", last.id).cleanup == session.plan.cleanup
    assert fleet.plan().plan.is_empty


def test_going_back_needs_no_registry(fleet: Any) -> None:
    go_to(fleet, 2)
    go_to(fleet, 3)
    fleet.engine.registry.clear()
    fleet.engine.missing_images = {"acme/agent:1"}
    outcome, _ = fleet.apply(kind="rollback", reason="x")
    assert outcome == "succeeded"
    assert {one.image for one in fleet.replicas()} == {"acme/agent:2"}
    assert there(fleet) == [2, 3]


def test_nothing_goes_while_a_pin_holds(fleet: Any) -> None:
    go_to(fleet, 2)
    use(fleet, 3)
    assert removals(fleet.plan()) == ["acme/agent:1"]
    fleet.prompt("What is followed.")
    session = fleet.plan(revision="HEAD~1", reason="x")
    assert session.plan.pin is not None
    assert removals(session) == []


def test_what_was_there_before_us_stays(fleet: Any) -> None:
    fleet.engine.digests |= {"acme/agent:2": digest(2), "theirs:1": digest(3)}
    go_to(fleet, 2)
    go_to(fleet, 3)
    del fleet.engine.digests["theirs:1"]
    go_to(fleet, 4)
    go_to(fleet, 5)
    assert there(fleet) == [2, 3, 4, 5]


def test_what_anybody_uses_stays(fleet: Any) -> None:
    """A name of theirs; a container of theirs: said when it is removed, and no failure."""
    fleet.engine.digests["mine:1"] = digest(1)
    go_to(fleet, 2)
    go_to(fleet, 3)
    assert there(fleet) == [1, 2, 3]
    use(fleet, 4)
    session = fleet.plan()
    assert removals(session) == ["acme/agent:2"]
    copy_a_container(fleet, 2)
    outcome, events = fleet.run(session)
    assert outcome == "succeeded"
    (left,) = (one for one in events if isinstance(one, LeftBehind))
    assert left.message == "container copy still needs the image acme/agent:2"
    assert left.target == "acme/agent:2"
    assert there(fleet) == [1, 2, 3, 4]
    assert removals(go_on(fleet, 5)) == ["acme/agent:3"]
    del fleet.engine.replicas["copy"]
    assert removals(fleet.plan()) == ["acme/agent:2", "acme/agent:3"]


def go_on(project: Any, number: int) -> Session:
    use(project, number)
    session: Session = project.plan()
    return session


def copy_a_container(project: Any, number: int) -> None:
    replica, spec = next(iter(project.engine.replicas.values()))
    copied = spec.model_copy(update={"project_id": OTHER})
    image = f"id of {digest(number)}"
    project.engine.replicas["copy"] = (
        replica.model_copy(update={"name": "copy", "image_id": image}), copied,
    )  # fmt: skip


def test_what_another_project_keeps_stays(fleet: Any) -> None:
    store = fleet.engine.stores.setdefault(OTHER, type(next(iter(fleet.engine.stores.values())))())
    store.create("images-staging", f'{{"x": "id of {digest(1)}"}}'.encode())
    go_to(fleet, 2)
    go_to(fleet, 3)
    assert there(fleet) == [1, 2, 3]
    store.delete("images-staging")
    go_to(fleet, 4)
    assert there(fleet) == [3, 4]


def test_what_another_environment_keeps_stays(fleet: Any) -> None:
    fleet.engines["here"] = fleet.engine
    fleet.commit(
        "Staging",
        environments__staging__environment="kind: Environment\nmetadata: {name: staging}\n"
        "spec: {hosts: {here: {engine: docker}}}\n",
        environments__staging__instances__alpha="kind: Instance\nmetadata: {name: alpha}\n"
        "spec: {agent: support}\n",
    )
    in_staging(fleet)
    go_to(fleet, 2)
    in_staging(fleet)
    go_to(fleet, 3)
    assert there(fleet) == [1, 2, 3]


def test_what_somebody_came_to_keep_since_the_plan_stays(fleet: Any) -> None:
    go_to(fleet, 2)
    use(fleet, 3)
    session = fleet.plan()
    assert removals(session) == ["acme/agent:1"]
    store = next(iter(fleet.engine.stores.values()))
    store.create("images-staging", f'{{"x": "id of {digest(1)}"}}'.encode())
    outcome, events = fleet.run(session)
    (left,) = (one for one in events if isinstance(one, LeftBehind))
    assert (outcome, there(fleet)) == ("succeeded", [1, 2, 3])
    assert left.message == "environment staging still needs the image acme/agent:1"


def in_staging(project: Any) -> None:
    with prepare_plan(project.open(), Request(environment="staging")) as session:
        assert project.run(session)[0] == "succeeded"


def test_a_failed_revision_is_not_kept(fleet: Any) -> None:
    go_to(fleet, 2)
    fleet.engine.behave = lambda spec: (
        "unhealthy" if spec.container.image.endswith(":3") else "healthy"
    )
    use(fleet, 3)
    assert fleet.apply()[0] == "rolled-back"
    assert there(fleet) == [1, 2, 3]
    go_to(fleet, 4)
    assert there(fleet) == [2, 4]


def test_nothing_goes_where_nothing_is_noted(fleet: Any) -> None:
    go_to(fleet, 2)
    store = next(iter(fleet.engine.stores.values()))
    store.write("images-production", b"{half")
    assert removals(go_on(fleet, 3)) == []
    fleet.apply()
    assert there(fleet) == [1, 2, 3]
    go_to(fleet, 4)
    assert there(fleet) == [3, 4]


def test_an_image_that_came_back_by_itself_is_not_ours(fleet: Any) -> None:
    go_to(fleet, 2)
    for name in [n for n, one in fleet.engine.digests.items() if one == digest(1)]:
        del fleet.engine.digests[name]
    fleet.prompt("Be brief.")
    fleet.apply()
    fleet.engine.digests["acme/agent:1"] = digest(1)
    for number in (3, 4, 5):
        go_to(fleet, number)
    assert there(fleet) == [1, 4, 5]


def test_only_some_instances_remove_no_image(fleet: Any) -> None:
    for number in (2, 3, 4):
        fleet.commit("Alpha", environments__production__instances__alpha=f"""kind: Instance
metadata: {{name: alpha}}
spec: {{agent: support, container: {{image: "acme/agent:{number}"}}}}
""")  # fmt: skip
        session = fleet.plan(only=("alpha",))
        assert removals(session) == []
        fleet.run(session)
    assert there(fleet) == [1, 2, 3, 4]


def test_what_did_not_come_to_its_end_is_not_kept(fleet: Any) -> None:
    """The last good revision is, however often the next one is begun."""
    go_to(fleet, 2)
    use(fleet, 3)
    session = fleet.plan()
    for event in apply_plan(session):
        if event.kind == "wave-done":
            session.stop.set()
    assert event.outcome == "interrupted"
    assert {"acme/agent:2", "acme/agent:3"} <= {one.image for one in fleet.replicas()}
    use(fleet, 4)
    assert fleet.apply()[0] == "succeeded"
    assert there(fleet) == [2, 4]


def test_an_instance_that_is_gone_is_kept_for_a_while(fleet: Any) -> None:
    go_to(fleet, 2)
    fleet.commit("Another", environments__production__instances__gamma="""kind: Instance
metadata: {name: gamma}
spec: {agent: support, container: {image: "acme/agent:3"}}
""")  # fmt: skip
    fleet.apply()
    fleet.commit("Without", environments__production__instances__gamma=None)
    fleet.apply()
    assert 3 in there(fleet)
    assert removals(fleet.plan()) == []
    fleet.prompt("One.")
    fleet.apply()
    assert 3 not in there(fleet)


def test_destroying_leaves_no_image_of_ours(fleet: Any) -> None:
    fleet.engine.digests["theirs:1"] = digest(5)
    go_to(fleet, 2)
    fleet.apply(kind="rollback", reason="pins do not matter here")
    fleet.apply(kind="destroy")
    assert there(fleet) == [5]
    store = next(iter(fleet.engine.stores.values()))
    assert not [one for one in store.names("") if one.startswith(("images-", "brought-"))]
