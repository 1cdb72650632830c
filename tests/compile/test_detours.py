"""What a commit names without having it: links, submodules, pointers of Git LFS. Never silent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.compile.build import compile_environment, validate_project
from agentgit.errors import ConfigError, Problem
from agentgit.model.snapshot import Snapshot

MakeSnapshot = Callable[..., Snapshot]
ENV = "environments/production"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n"
STAGING = (
    "kind: Environment\nmetadata: {name: staging}\nspec: {hosts: {local: {engine: process}}}\n"
)


def complain(snapshot: Snapshot) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        validate_project(snapshot)
    return [(one.message, _place(one)) for one in caught.value.problems]


def _place(problem: Problem) -> str:
    return "" if problem.location is None else problem.location.path


@pytest.mark.parametrize(
    "path",
    ["global", "environments", "global/agents", "environments/staging", f"{ENV}/agents",
     f"{ENV}/instances/eu"],
)  # fmt: skip
def test_a_folder_of_layers_that_is_elsewhere(make_snapshot: MakeSnapshot, path: str) -> None:
    link = make_snapshot({path: "../x"}, {path: "120000"})
    assert ("links are not followed", path) in complain(link)
    submodule = make_snapshot()._replace(submodules=(path,))
    assert ("this is a submodule, and its files are not read", path) in complain(submodule)


def test_an_environment_whose_instances_are_a_link(make_snapshot: MakeSnapshot) -> None:
    path = "environments/staging/instances"
    files = {"environments/staging/environment.yaml": STAGING, path: "../production/instances"}
    snapshot = make_snapshot(files, {path: "120000"})
    assert complain(snapshot) == [("links are not followed", path)]
    with pytest.raises(ConfigError):
        compile_environment(snapshot, "staging")
    compile_environment(snapshot, "production")  # it has no part in that


def test_what_is_no_layer_may_be_elsewhere(make_snapshot: MakeSnapshot) -> None:
    links = {f"{ENV}/README.md": "../../README.md", "global/notes": "../notes"}
    snapshot = make_snapshot(links, dict.fromkeys(links, "120000"))
    validate_project(snapshot._replace(submodules=("vendor/x", "global/prompts/vendor")))


@pytest.mark.parametrize(
    "submodule", ["agents", "agents/support", "agents/support/vendor/x", "global/prompts"]
)
def test_a_reference_into_a_submodule(make_snapshot: MakeSnapshot, submodule: str) -> None:
    snapshot = make_snapshot()._replace(submodules=(submodule,))
    message = f"{submodule} is a submodule, and its files are not part of this commit"
    assert complain(snapshot) == [(message, "global/agents/support.yaml")]


@pytest.mark.parametrize("path", ["global/prompts/support.md", "agents/support/agent.py"])
def test_a_pointer_is_not_the_file(make_snapshot: MakeSnapshot, path: str) -> None:
    message = f"{path} is a pointer of Git LFS: the file itself is not in this repository"
    assert complain(make_snapshot({path: POINTER})) == [(message, "global/agents/support.yaml")]


def test_a_layer_that_is_a_pointer(make_snapshot: MakeSnapshot) -> None:
    message = "this is a pointer of Git LFS: the file itself is not in this repository"
    path = "global/defaults.yaml"
    assert (message, path) in complain(make_snapshot({path: POINTER}))
