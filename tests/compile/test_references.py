"""References stay inside the commit, and what is wrong with one is shown where it is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agentgit.compile.build import compile_environment, validate_project
from agentgit.compile.references import join
from agentgit.errors import ConfigError
from agentgit.model.snapshot import Snapshot

MakeSnapshot = Callable[..., Snapshot]
PATH = "environments/production/instances/support-eu.yaml"
GLOBAL = "global/agents/support.yaml"
HEAD = "kind: Instance\nmetadata: {name: support-eu}\nspec:\n  agent: support\n"


@pytest.mark.parametrize(
    ("folder", "named", "path"),
    [
        ("global/agents", "../prompts/a.md", "global/prompts/a.md"),
        ("global/agents", "./a.md", "global/agents/a.md"),
        ("a/b", "../../x/", "x"),
        ("a/b", "../..", ""),
        ("a/b", "../../..", None),
        ("a", "b/../../../c", None),
        ("", "../x", None),
    ],
)
def test_paths_are_relative_and_never_leave(folder: str, named: str, path: str | None) -> None:
    assert join(folder, named) == path


@pytest.mark.parametrize(
    ("line", "column", "message", "hint"),
    [
        ("instructions: {file: ../../../../x}", 24, "../../../../x leaves the repository",
         "name one inside it"),
        ("instructions: {file: /etc/passwd}", 24, "/etc/passwd is an absolute path",
         f"paths are relative to {PATH}"),
        ("instructions: {file: ../../../global/prompts/suport.md}", 24,
         "there is no file global/prompts/suport.md in the repository",
         "did you mean global/prompts/support.md?"),
        ("instructions: {file: support.md}", 24,
         "there is no file environments/production/instances/support.md in the repository",
         "did you mean environments/production/instances/support-eu.yaml?"),
        ("instructions: {file: ../../../global}", 24,
         "there is no file global in the repository", "is it committed, and spelt like this?"),
        ("process: {source: ../../../..}", 21, "../../../.. leaves the repository",
         "name one inside it"),
        ("process: {source: ../../..}", 21, "source is the whole repository",
         "name a folder, so that other files can change without new replicas"),
        ("process: {source: ../../../agents/suport}", 21,
         "there is no folder with files agents/suport in the repository",
         "did you mean agents/support?"),
        ("process: {source: ../../../agents/support/agent.py}", 21,
         "there is no folder with files agents/support/agent.py in the repository",
         "did you mean agents/support?"),
    ],
)  # fmt: skip
def test_a_reference_to_nothing(
    make_snapshot: MakeSnapshot, line: str, column: int, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_project(make_snapshot({PATH: f"{HEAD}  {line}\n"}))
    (problem,) = caught.value.problems
    assert (problem.message, str(problem.location)) == (message, f"{PATH}:5:{column}")
    assert problem.hint == hint


@pytest.mark.parametrize(
    ("changes", "modes", "message"),
    [
        ({}, {"global/prompts/support.md": "120000"},
         "global/prompts/support.md is a link, and links are not followed"),
        ({"global/prompts": "x", "global/prompts/support.md": None},
         {"global/prompts": "120000"}, "global/prompts is a link, and links are not followed"),
        ({"agents/support/x": "../../global/defaults.yaml"}, {"agents/support/x": "120000"},
         "agents/support/x is a link that leaves agents/support"),
        ({"agents/support/x": "/etc/passwd"}, {"agents/support/x": "120000"},
         "agents/support/x is a link that leaves agents/support"),
        ({"global/prompts/support.md": b"ok\n\xff"}, {},
         "global/prompts/support.md is not UTF-8, line 2"),
        ({"global/prompts/support.md": b"fine\nBe \0kind"}, {},
         "global/prompts/support.md is not text: a NUL in line 2"),
        ({"global/prompts/support.md": b"x" * (1 << 20) + b"x"}, {},
         "global/prompts/support.md has 1048577 bytes, 1048576 are allowed"),
    ],
)  # fmt: skip
def test_links_and_bytes(
    make_snapshot: MakeSnapshot,
    changes: dict[str, str | bytes | None],
    modes: dict[str, str],
    message: str,
) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_project(make_snapshot(changes, modes))
    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.location is not None
    assert problem.location.path == GLOBAL


def test_a_link_inside_the_folder_is_fine(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({"agents/support/x": "agent.py"}, {"agents/support/x": "120000"})
    assert compile_environment(snapshot, "production").instances


def test_the_reference_is_relative_to_the_layer_that_names_it(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({
        PATH: HEAD + "  instructions: {file: ../prompts/eu.md}\n",
        "environments/production/prompts/eu.md": "Grüß Gott\r\n",
    })  # fmt: skip
    (one,) = compile_environment(snapshot, "production").instances
    assert one.spec.instructions is not None
    assert one.spec.instructions.file == "environments/production/prompts/eu.md"
    assert one.spec.instructions.text == "Grüß Gott\r\n"


def test_a_byte_order_mark_is_no_text(make_snapshot: MakeSnapshot) -> None:
    marked = make_snapshot({"global/prompts/support.md": b"\xef\xbb\xbfBe kind.\n"})
    plain = make_snapshot({"global/prompts/support.md": "Be kind.\n"})
    one, other = (compile_environment(each, "production").instances for each in (marked, plain))
    assert one == other


def test_inline_text_replaces_the_file(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({PATH: HEAD + "  instructions: {text: Hi}\n"})
    (one,) = compile_environment(snapshot, "production").instances
    assert one.spec.instructions is not None
    assert (one.spec.instructions.file, one.spec.instructions.text) == (None, "Hi")
