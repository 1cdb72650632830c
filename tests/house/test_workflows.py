"""The workflows that others call: least rights, pinned actions, data that is never run.

Their scripts are run here as they stand, with stand-ins for what only the CI has.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
REUSABLE = ("agentgit-diff.yml", "agentgit-apply.yml")
BIN = Path(sys.executable).parent
FAKE_GH = r"""#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  *--paginate*) cat "$COMMENTS" ;;
  *) while [ $# -gt 1 ]; do [ "$1" = --input ] && cp "$2" "$SENT"; shift; done ;;
esac
"""


def read(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(ROOT / ".github" / "workflows" / name)


def all_steps(workflow: Any) -> Iterator[Any]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def script(name: str, title: str) -> str:
    (found,) = [one["run"] for one in all_steps(read(name)) if one.get("name") == title]
    return str(found)


@pytest.fixture(params=REUSABLE)
def workflow(request: pytest.FixtureRequest) -> Any:
    return read(request.param)


def test_it_is_called_by_others_only(workflow: Any) -> None:
    assert set(workflow["on"]) == {"workflow_call"}
    assert all(one["description"] for one in workflow["on"]["workflow_call"]["inputs"].values())


@pytest.mark.parametrize("name", [*REUSABLE, "ci.yml"])
def test_actions_are_pinned_by_commit(name: str) -> None:
    used = [one["uses"] for one in all_steps(read(name)) if "uses" in one]
    assert used
    assert [one for one in used if not re.fullmatch(r"[a-z/-]+@[0-9a-f]{40}", one)] == []


def test_no_expression_becomes_part_of_a_script(workflow: Any) -> None:
    assert [one["run"] for one in all_steps(workflow) if "${{" in one.get("run", "")] == []


def test_rights_are_given_job_by_job(workflow: Any) -> None:
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())
    assert "secrets" not in json.dumps(workflow, default=str)


def test_who_reads_may_not_write_and_who_writes_does_not_read() -> None:
    jobs = read("agentgit-diff.yml")["jobs"]
    assert jobs["diff"]["permissions"] == {"contents": "read"}
    assert "GH_TOKEN" not in json.dumps(jobs["diff"])
    assert jobs["comment"]["permissions"] == {"pull-requests": "write"}
    assert not [one for one in jobs["comment"]["steps"] if "checkout" in one.get("uses", "")]
    order = [one.get("uses", one.get("name", "")) for one in jobs["diff"]["steps"]]
    installed = next(at for at, one in enumerate(order) if one.startswith("Install"))
    checked_out = next(at for at, one in enumerate(order) if "checkout" in one)
    assert installed < checked_out, "the pull request's files must not be there to be found"
    assert jobs["diff"]["steps"][checked_out]["with"]["persist-credentials"] is False


@pytest.mark.parametrize(
    "path", sorted((ROOT / "example-repo" / "ci").iterdir()), ids=lambda one: one.name
)
def test_scripts_are_sound(path: Path) -> None:
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", str(path)], check=True)


@pytest.fixture
def runner(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a step as the CI does: its shell, its folders, its files for outputs and summary."""
    (tmp_path / "temp" / "agentgit" / "bin").mkdir(parents=True)
    (tmp_path / "temp" / "agentgit" / "bin" / "agentgit").symlink_to(BIN / "agentgit")

    def run(text: str, **variables: str) -> subprocess.CompletedProcess[str]:
        base = {
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "AGENTGIT_STATE_HOME": str(tmp_path / "state"),
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
            cwd=tmp_path, env=base | variables, capture_output=True, text=True, check=False,
            timeout=60,
        )  # fmt: skip

    return run


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """What is checked out for a pull request: its merge, whose first parent is the base."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "example-repo", folder)

    def git(*words: str) -> None:
        who = ("-c", "user.name=Ana", "-c", "user.email=ana@acme.example")
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "Base")
    git("checkout", "-q", "-b", "feature")
    prompt = folder / "global/prompts/support.md"
    prompt.write_text(prompt.read_text().replace("50 EUR", "200 EUR"))
    git("commit", "-q", "-a", "-m", "@acme/all <img src=x>")
    git("checkout", "-q", "main")
    git("commit", "-q", "--allow-empty", "-m", "Main goes on")
    git("merge", "-q", "--no-ff", "-m", "Merge", "feature")
    return folder


def test_the_diff_of_a_pull_request(
    runner: Callable[..., Any], merged: Path, tmp_path: Path
) -> None:
    step = script("agentgit-diff.yml", "Compare with the base")
    done = runner(step, DIRECTORY=".", ENVIRONMENTS="production")
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "temp" / "comment.md").read_text()
    assert said.startswith("### agentgit: 1 environment changes")
    assert "[-50-]{+200+} EUR" in said
    assert (tmp_path / "summary").read_text() == said
    outputs = dict(one.split("=") for one in (tmp_path / "output").read_text().splitlines())
    assert outputs["code"] == "0"
    assert re.fullmatch(r"agentgit-diff-[0-9a-f]{12}", outputs["artifact"])

    agent = merged / "global/agents/support.yaml"
    agent.write_text(agent.read_text().replace("kind: Agent", "kind: Agnt"))
    subprocess.run(["git", "-C", str(merged), "-c", "user.name=A", "-c", "user.email=a@b.c",
                    "commit", "-q", "--amend", "-a", "-m", "Merge"], check=True)  # fmt: skip
    assert runner(step, DIRECTORY=".", ENVIRONMENTS="").returncode == 0
    assert "code=65" in (tmp_path / "output").read_text()
    assert "in this change" in (tmp_path / "temp" / "comment.md").read_text()


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq, as the CI's machines have it")
def test_there_is_one_comment(runner: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gh").write_text(FAKE_GH)
    (tmp_path / "bin" / "gh").chmod(0o755)
    (tmp_path / "temp" / "diff").mkdir()
    text = '### "quoted" $(touch ran) `x` \\ ä\n'
    (tmp_path / "temp" / "diff" / "comment.md").write_text(text)
    comments, calls, sent = tmp_path / "comments", tmp_path / "calls", tmp_path / "sent"
    step = script("agentgit-diff.yml", "Write the comment, or the one that is there already")
    mark = "<!-- agentgit-diff-0123456789ab -->"

    def post(known: list[dict[str, Any]]) -> tuple[str, str]:
        comments.write_text(json.dumps(known[:1]) + json.dumps(known[1:]))  # two pages
        done = runner(
            step, GH_TOKEN="t", REPOSITORY="acme/fleet", NUMBER="7", CALLS=str(calls),  # noqa: S106
            ARTIFACT="agentgit-diff-0123456789ab", COMMENTS=str(comments), SENT=str(sent),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return calls.read_text().splitlines()[-1], json.loads(sent.read_text())["body"]

    call, body = post([])
    assert call.startswith("api --silent -X POST repos/acme/fleet/issues/7/comments ")
    assert body == f"{mark}\n{text}"
    ours = {"id": 12, "user": {"login": "github-actions[bot]"}, "body": f"{mark}\nold"}
    forged = {"id": 11, "user": {"login": "mallory"}, "body": f"{mark}\nnot ours"}
    call, _ = post([forged, ours])
    assert call.startswith("api --silent -X PATCH repos/acme/fleet/issues/comments/12 ")
    assert not (tmp_path / "ran").exists()
