"""`diff` as it is typed: what it answers, its exit codes, and that it touches nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AGENT = "global/agents/hello.yaml"
PROMPT = "global/prompts/hello.md"
Call = Callable[..., Any]


@pytest.fixture
def second(edit: Call, commit: Call) -> str:
    """A commit that changes a global line and a prompt."""
    edit("global/defaults.yaml", "temperature: 0.7", "temperature: 0.9")
    edit(PROMPT, "You", "Please, you")
    return str(commit("Warmer"))


def test_each_environment_with_its_causes(second: str, agentgit: Call) -> None:
    done = agentgit("diff", "HEAD~1")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert f'-> {second[:7]} "Warmer" (Ana, ' in lines[0]
    assert f"  ~ {PROMPT}:1  changes 1 instance" in lines
    assert "        | ~ [-You-]{+Please, you+} greet" in done.out
    # Production says its own temperature, so only staging feels the global one.
    assert done.out.count("model.params.temperature  0.7 -> 0.9") == 1
    assert done.out.index("staging  1 of 1 instance changes") < done.out.index("0.7 -> 0.9")


def test_a_line_that_went_is_where_it_was_in_every_form(
    project: Path, agentgit: Call, commit: Call
) -> None:
    text = (project / PROMPT).read_text(encoding="utf-8")
    (project / PROMPT).write_text(f"{text}Never promise money.\nSign.\n", encoding="utf-8")
    commit("More")
    assert agentgit("apply", "-e", "staging", "--yes").code == 0
    (project / PROMPT).write_text(f"{text}Sign.\n", encoding="utf-8")
    commit("Less")
    here = ("-e", "staging")
    assert f"  ~ {PROMPT}:2 (gone)  changes 1 instance" in agentgit("diff", "HEAD~1", *here).out
    assert f"`{PROMPT}:2` (gone)" in agentgit("diff", "HEAD~1", *here, "--format", "markdown").out
    assert f"instructions.text  gone from {PROMPT}:2\n" in agentgit("plan", *here).out
    assert f"`{PROMPT}:2` (gone)" in agentgit("plan", *here, "--format", "markdown").out
    (change,) = json.loads(agentgit("plan", *here, "--json").out)["changes"]
    (field,) = change["fields"]
    assert (field["origin"], field["was"]["line"], field["lines"]) == (None, 2, [2, 2])
    assert "the file last changed by" in agentgit("plan", *here, "--blame").out


def test_what_an_environment_keeps_is_in_every_form(
    project: Path, agentgit: Call, commit: Call
) -> None:
    assert agentgit("apply", "-e", "staging", "--yes").code == 0
    file = project / "environments/staging/environment.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}  keepRevisions: 5\n", encoding="utf-8")
    commit("Keep more")
    here, line = ("-e", "staging"), len(text.splitlines()) + 1
    place = f"environments/staging/environment.yaml:{line}:18"
    assert f"{place}  changes the environment\n      keepRevisions  3 -> 5\n" in (
        agentgit("diff", "HEAD~1", *here).out
    )
    said = f"this changes staging itself: keepRevisions 3 -> 5 ({place})"
    assert said in agentgit("plan", *here).out
    assert said in agentgit("plan", *here, "--format", "markdown").out
    (field,) = json.loads(agentgit("plan", *here, "--json").out)["settings"]
    assert (field["path"], field["class"], field["forces"]) == (
        "keepRevisions",
        "policy",
        "nothing",
    )
    assert agentgit("apply", *here, "--yes").code == 0
    assert "itself" not in agentgit("plan", *here).out


def test_one_environment_two_commits_and_the_way_back(second: str, agentgit: Call) -> None:
    there = agentgit("diff", "HEAD~1", second, "-e", "staging").out
    back = agentgit("diff", second, "HEAD~1", "-e", "staging").out
    assert "production" not in there
    assert "0.7 -> 0.9" in there
    assert "0.9 -> 0.7" in back


def test_a_range_as_git_writes_it(second: str, agentgit: Call) -> None:
    wanted = agentgit("diff", "HEAD~1", second, "--json").out
    assert agentgit("diff", f"HEAD~1..{second}", "--json").out == wanted
    assert agentgit("diff", "HEAD~1..", "--json").out == wanted
    done = agentgit("diff", "main...feature")
    assert (done.code, "git merge-base main feature" in done.err) == (64, True)


def test_exit_codes(second: str, agentgit: Call) -> None:
    assert agentgit("diff", "HEAD~1", "--exit-code").code == 2
    assert agentgit("diff", second, "--exit-code").code == 0
    assert agentgit("diff", second).out.startswith("No changes between ")
    assert agentgit("diff").code == 64
    for revisions in (["nonsense"], [second, "nonsense"], ["--worktree", "nonsense"]):
        assert agentgit("diff", *revisions).code == 64, revisions
    assert agentgit("diff", "HEAD~1", "HEAD", "--worktree").code == 64
    assert agentgit("diff", "HEAD~1", "--json", "--format", "markdown").code == 64
    done = agentgit("diff", "HEAD", "-e", "prodution")
    assert (done.code, "did you mean production?" in done.err) == (64, True)


def test_the_work_tree(project: Path, agentgit: Call, edit: Call) -> None:
    assert project
    assert agentgit("diff", "--worktree", "--exit-code").code == 0
    edit(AGENT, "replicas: 1", "replicas: 3")
    done = agentgit("diff", "--worktree", "--exit-code")
    assert done.code == 2
    assert "-> the work tree" in done.out
    assert "scale.replicas  1 -> 3" in done.out


def test_a_wrong_new_side_is_the_answer_and_the_exit_code(
    project: Path, agentgit: Call, edit: Call, commit: Call
) -> None:
    assert project
    edit(AGENT, "scale:", "scael:")
    commit("Typo")
    done = agentgit("diff", "HEAD~1")
    assert done.code == 65
    assert "production, staging  cannot be compared, the newer side is wrong:" in done.out
    assert done.out.count(f"--> {AGENT}:17:3") == 1
    assert agentgit("diff", "HEAD~1", "--format", "markdown").code == 65
    document = json.loads(agentgit("diff", "HEAD~1", "--json").out)
    assert document["environments"][0]["errorsAfter"][0]["location"]["line"] == 17

    edit(AGENT, "scael:", "scale:")
    commit("Repaired")
    done = agentgit("diff", "HEAD~1")
    assert done.code == 0
    assert "the older side is wrong:" in done.out


def test_the_commit_in_which_a_project_begins(agentgit: Call, git: Call, project: Path) -> None:
    assert project
    git("checkout", "-q", "--orphan", "before")
    git("rm", "-rq", "--cached", ".")
    git("commit", "-q", "--allow-empty", "-m", "Nothing yet")
    git("checkout", "-q", "-f", "main")
    done = agentgit("diff", "before", "main")
    assert done.code == 0
    assert "staging  new environment, 1 instance, 1 replica" in done.out


def test_a_project_in_a_folder_with_a_line_end(agentgit: Call, git: Call, project: Path) -> None:
    (project / "we\nird").mkdir()
    git("mv", *(path.name for path in project.iterdir() if path.name not in {".git", "we\nird"}),
        "we\nird")  # fmt: skip
    git("commit", "-q", "-m", "Move")
    prompt = project / "we\nird" / PROMPT
    prompt.write_text("Be brief.\n", encoding="utf-8")
    git("commit", "-q", "-a", "-m", "Brief")
    done = agentgit("-C", str(project / "we\nird"), "diff", "HEAD~1", "HEAD")
    assert (done.code, done.err) == (0, "")
    assert "| + Be brief." in done.out
    began = agentgit("-C", str(project / "we\nird"), "diff", "HEAD~2", "HEAD")
    assert began.code == 0
    assert "staging  new environment, 1 instance, 1 replica" in began.out


def test_a_folder_that_a_clone_lacks_is_no_beginning(
    agentgit: Call, git: Call, project: Path
) -> None:
    (project / "sub").mkdir()
    git(
        "mv", *(path.name for path in project.iterdir() if path.name not in {".git", "sub"}), "sub"
    )
    git("commit", "-q", "-m", "Move")
    tree = git("rev-parse", "HEAD:sub").strip()
    git("commit", "-q", "--allow-empty", "-m", "Nothing")
    (project / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    done = agentgit("-C", str(project / "sub"), "diff", "HEAD~1", "HEAD")
    assert (done.code, done.out) == (1, "")
    assert "a folder of the commit is missing in this clone" in done.err


def test_as_a_document_and_as_a_comment(second: str, agentgit: Call) -> None:
    document = json.loads(agentgit("diff", "HEAD~1", "--json").out)
    assert document["format"] == "agentgit/diff@1"
    assert document["after"]["sha"] == second
    assert [one["name"] for one in document["environments"]] == ["production", "staging"]
    done = agentgit("diff", "HEAD~1", "--format", "markdown")
    assert done.out.startswith("### agentgit: 2 environments change\n")


HOSTILE = "import pathlib\npathlib.Path({mark!r}).write_text(__file__)\n"
WATCHED = r"""
import os, sys
folder, state = os.path.realpath(sys.argv[1]), sys.argv[2]
allowed = (folder, os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix),
           *(os.path.realpath(one) for one in sys.path if one))
def watch(event, arguments):
    if event.startswith("socket.") and event not in {"socket.gethostname"}:
        raise SystemExit(f"a socket: {event} {arguments}")
    if event in {"os.system", "os.exec"}:
        raise SystemExit(f"a program: {arguments[0]}")
    if event in {"subprocess.Popen", "os.posix_spawn"} and \
            os.path.basename(str(arguments[0])) != "git":
        raise SystemExit(f"a program: {arguments[0]}")
    if event == "open" and isinstance(arguments[0], str):
        path, flags = os.path.realpath(arguments[0]), arguments[2]
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and not path.startswith("/dev/null") \
                and not path.startswith(os.path.realpath(state)):
            raise SystemExit(f"written: {path}")
        if not path.startswith((*allowed, "/dev/", "/proc/", "/etc/ld.so", "/usr/")) \
                and not path.startswith(os.path.realpath(state)):
            raise SystemExit(f"read: {path}")
import encodings.idna
from agentgit.cli.main import run
import git, git.cmd
sys.addaudithook(watch)
os.chdir(folder)
sys.exit(run(sys.argv[3:]))
"""


@pytest.mark.parametrize("command", [("diff", "HEAD~1"), ("validate", "--revision", "HEAD")])
def test_a_hostile_commit_is_only_read(
    project: Path, agentgit: Call, commit: Call, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """No code of it runs, no socket is opened, nothing outside of it is read or written."""
    assert agentgit
    mark = tmp_path / "ran"
    for name in ("pip", "yaml", "click", "sitecustomize", "agentgit", "conftest", "git"):
        (project / f"{name}.py").write_text(HOSTILE.format(mark=str(mark)))
    (project / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    (project / ".gitmodules").write_text('[submodule "x"]\npath = x\nurl = ext::sh -c touch% x\n')
    (project / "global/prompts/link.md").symlink_to("/etc/passwd")
    agent = project / AGENT
    agent.write_text(agent.read_text().replace("prompts/hello.md", "prompts/link.md"))
    commit("Hostile")
    done = subprocess.run(
        [sys.executable, "-P", "-c", WATCHED, str(project), str(tmp_path / "state"), *command],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "HOME": str(tmp_path), "AGENTGIT_STATE_HOME": str(tmp_path / "state")},
    )  # fmt: skip
    assert done.returncode == 65, done.stderr
    assert "links are not followed" in done.stdout + done.stderr
    assert "root:" not in done.stdout + done.stderr
    assert not mark.exists()
