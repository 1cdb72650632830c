"""`agentgit lock`: digests of images from hosts and registries, in a file that compiles read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentgit.compile.image_lock import render_image_lock
from agentgit.providers.memory import MemoryEngine

ONE, TWO, THREE = (f"sha256:{letter * 64}" for letter in "abc")
LOCK = Path("agentgit.lock")
IMAGE = "acme-hello:1.0.0"
Run = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("containers")


@pytest.fixture
def containers(project: Path) -> None:
    """Let every environment of the project run containers."""
    for file in project.glob("environments/*/environment.yaml"):
        text = file.read_text(encoding="utf-8")
        plain = [line for line in text.splitlines() if "engine:" not in line]
        hosts = "  hosts: {here: {engine: docker}}"
        lines = [hosts if line.strip() == "hosts:" else line for line in plain]
        file.write_text("\n".join([*lines, ""]), encoding="utf-8")


def test_what_a_host_has(agentgit: Run, engine: MemoryEngine) -> None:
    engine.digests[IMAGE] = ONE
    engine.registry[IMAGE] = TWO
    done = agentgit("lock")
    assert done.code == 0, done.err
    assert f"+ {IMAGE}  {ONE[:19]}  as on here of production" in done.out
    assert "wrote agentgit.lock: 1 image; 1 added, 0 changed, 0 dropped" in done.out
    assert LOCK.read_text(encoding="utf-8") == render_image_lock({IMAGE: ONE})
    assert agentgit("lock", "--check").code == 0
    again = agentgit("lock", "images")
    assert (again.code, again.out.strip()) == (0, "agentgit.lock is up to date: 1 image")


def test_what_only_a_registry_has(agentgit: Run, engine: MemoryEngine) -> None:
    engine.registry[IMAGE] = TWO
    done = agentgit("lock", "--json")
    document = json.loads(done.out)
    assert (done.code, document["format"]) == (0, "agentgit/image-lock@1")
    assert document["images"] == {IMAGE: TWO}
    (change,) = document["changes"]
    assert change == {"name": IMAGE, "before": "", "after": TWO, "source": ""}


@pytest.mark.parametrize("arguments", [[IMAGE], ["--upgrade"], ["images", IMAGE]])
def test_a_registry_is_asked_again_by_name(
    agentgit: Run, engine: MemoryEngine, arguments: list[str]
) -> None:
    engine.digests[IMAGE] = ONE
    agentgit("lock")
    engine.registry[IMAGE] = engine.digests[IMAGE] = THREE
    assert agentgit("lock").code == 0
    assert ONE in LOCK.read_text(encoding="utf-8")
    done = agentgit("lock", *arguments)
    assert f"~ {IMAGE}  {ONE[:19]} -> {THREE[:19]}  as its registry has it" in done.out
    assert LOCK.read_text(encoding="utf-8") == render_image_lock({IMAGE: THREE})


def test_an_image_from_no_registry(agentgit: Run, engine: MemoryEngine) -> None:
    engine.images.add(IMAGE)
    engine.registry[IMAGE] = TWO  # another image of that name, perhaps
    done = agentgit("lock")
    assert done.code == 1
    assert f"{IMAGE} is on here of production and came from no registry" in done.err
    assert not LOCK.exists()
    check = agentgit("lock", "--check")
    assert check.code == 65
    assert f"{IMAGE} has no digest" in check.err


def test_what_can_be_locked_is(agentgit: Run, engine: MemoryEngine) -> None:
    instance = Path("environments/staging/instances/hello.yaml")
    text = instance.read_text(encoding="utf-8")
    instance.write_text(f"{text}  container: {{image: acme/other:2}}\n", encoding="utf-8")
    engine.registry["acme/other:2"] = TWO
    done = agentgit("lock")
    assert done.code == 1
    assert f"its registry gives no digest of {IMAGE}" in done.err
    assert LOCK.read_text(encoding="utf-8") == render_image_lock({"acme/other:2": TWO})
    document = json.loads(agentgit("lock", "--json").out)
    assert [IMAGE in one["message"] for one in document["problems"]] == [True]


def test_hosts_that_differ(
    agentgit: Run, engine: MemoryEngine, edit: Callable[[str, str, str], None], monkeypatch: Any
) -> None:
    from agentgit.model.image import Image
    from agentgit.providers.memory import MemoryProvider

    edit("environments/production/environment.yaml", "{here:", "{eu-1: {engine: docker}, here:")
    engine.registry[IMAGE] = THREE

    def find(self: MemoryProvider, name: str) -> Image:
        return Image(id=name, digest=ONE if self.host == "eu-1" else TWO)

    monkeypatch.setattr(MemoryProvider, "find_image", find)
    done = agentgit("lock", "-e", "production")
    assert done.code == 1
    assert f"{IMAGE} means different images on eu-1 of production" in done.err
    assert f"hint: agentgit lock {IMAGE}" in done.err
    assert agentgit("lock", IMAGE).code == 0
    assert LOCK.read_text(encoding="utf-8") == render_image_lock({IMAGE: THREE})


def test_what_nobody_names_any_more(agentgit: Run, engine: MemoryEngine) -> None:
    engine.digests[IMAGE] = ONE
    LOCK.write_text(render_image_lock({"acme/old:1": TWO, IMAGE: ONE}), encoding="utf-8")
    check = agentgit("lock", "--check")
    assert check.code == 65
    assert "no instance names acme/old:1 any more" in check.err
    assert agentgit("lock", "--check", "-e", "staging").code == 0
    agentgit("lock", "-e", "staging")
    assert "acme/old:1" in LOCK.read_text(encoding="utf-8")
    done = agentgit("lock")
    assert "- acme/old:1  no instance names it any more" in done.out
    assert LOCK.read_text(encoding="utf-8") == render_image_lock({IMAGE: ONE})


def test_a_damaged_file_is_written_anew(agentgit: Run, engine: MemoryEngine) -> None:
    engine.digests[IMAGE] = ONE
    LOCK.write_text("<<<<<<< ours\nimages: {}\n", encoding="utf-8")
    assert agentgit("validate").code == 65
    assert agentgit("lock", "--check").code == 65
    assert agentgit("lock").code == 0
    assert LOCK.read_text(encoding="utf-8") == render_image_lock({IMAGE: ONE})
    assert agentgit("validate").code == 0


def test_a_file_that_git_ignores(agentgit: Run, engine: MemoryEngine) -> None:
    engine.digests[IMAGE] = ONE
    Path(".gitignore").write_text("*.lock\n", encoding="utf-8")
    assert "agentgit.lock is ignored by git" in agentgit("lock").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["acme-helo:1.0.0"], f"did you mean {IMAGE}?"),
        (["--check", IMAGE], "--check looks at the whole file"),
        (["-e", "nowhere"], "there is no environment nowhere"),
    ],
)
def test_wrong_use(agentgit: Run, arguments: list[str], said: str) -> None:
    done = agentgit("lock", *arguments)
    assert done.code == 64
    assert said in done.err


def test_what_runs_is_what_is_locked(
    agentgit: Run, engine: MemoryEngine, commit: Callable[[str], str]
) -> None:
    engine.digests[IMAGE] = ONE
    commit("Containers")
    assert agentgit("apply", "-e", "production", "--yes").code == 0
    agentgit("lock")
    uncommitted = agentgit("plan", "-e", "production")
    assert "not committed, so not part of this: agentgit.lock" in uncommitted.err
    commit("Lock images")
    plan = agentgit("plan", "-e", "production")
    line = LOCK.read_text(encoding="utf-8").splitlines().index(f"  {IMAGE}: {ONE}") + 1
    assert f"agentgit.lock:{line}:" in plan.out
    assert agentgit("apply", "-e", "production", "--yes").code == 0
    assert {one.image for one, _ in engine.replicas.values()} == {f"{IMAGE}@{ONE}"}
    assert "No changes." in agentgit("plan", "-e", "production").out
    diff = agentgit("diff", "HEAD~1", "-e", "production")
    assert f"~ agentgit.lock:{line}" in diff.out
    assert agentgit("rollback", "-e", "production", "--reason", "x", "--yes").code == 0
    assert {one.image for one, _ in engine.replicas.values()} == {IMAGE}
