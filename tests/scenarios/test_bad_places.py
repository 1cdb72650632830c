"""Bad input in Git and in the command's words: what it is run in, and what it is asked for."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.scenarios.conftest import SMALL, Fleet, SmallFleet, destroyed, make_small_fleet

PROMPT = "global/prompts/worker.md"


def test_where_there_is_no_project_yet(tmp_path: Path) -> None:
    """No folder, no repository, no project, no commit, the project not in the commit."""
    fleet = Fleet(tmp_path / "new", "process", "", tmp_path / "state", str(uuid.uuid4()))
    fleet.folder.mkdir()
    (tmp_path / ".git").write_text("no link to a repository\n")  # so that none above is found
    apply = ("apply", "-e", "production", "--yes")
    fleet.run("-C", "elsewhere", *apply, expect=64).says("-C elsewhere: there is no such folder")
    (tmp_path / ".git").unlink()
    fleet.run(*apply, expect=65).says(f"{fleet.folder} is not in a Git repository", "git init")

    fleet.git("init", "-q", "-b", "main")
    fleet.run(*apply, expect=65).says(f"no agentgit.yaml in {fleet.folder}", "agentgit init")
    for path, text in SMALL.items():
        meaning = text.replace("ID", fleet.project_id).replace("HOST", "engine: process")
        fleet.write(path, meaning)
    fleet.run("validate").has("valid: ")
    for words in (apply, ("plan",), ("status",), ("history",), ("doctor",)):
        expect = 0 if words == ("doctor",) else 65
        fleet.run(*words, expect=expect).has("the repository has no commits yet", "git commit")

    fleet.git("commit", "-q", "--allow-empty", "-m", "Nothing yet")
    short = fleet.git("rev-parse", "--short=7", "HEAD")
    done = fleet.run(*apply, expect=65)
    done.says(f"agentgit.yaml is not in commit {short}", "commit it first")
    assert not fleet.state.exists()


def test_where_nothing_is_left_of_what_runs(small_fleet: SmallFleet, tmp_path: Path) -> None:
    """A state folder that is gone, is a file, or is another one: unknown, never empty."""
    fleet, runs = small_fleet, small_fleet.running()
    (folder,) = fleet.state.rglob("local")
    fleet.plan("--detailed-exitcode")
    folder.rename(tmp_path / "aside")
    unknown = "local is not the host that carries replicas of production"
    for words in (("plan",), ("apply", "--yes"), ("destroy", "--yes")):
        fleet.run(*words, "-e", "production", expect=7).says(unknown, "--allow lost-hosts")
    for words in (("drift",), ("logs", "alpha"), ("restart", "alpha", "--yes")):
        fleet.run(*words, "-e", "production", expect=1).says(unknown, "is not known")
    status = fleet.run("status", expect=1)
    status.has(f"  ? {unknown}", "0 of 1 seen serving", "what is pending cannot be said")
    document = fleet.run("status", "--json", expect=1).json
    assert (document["hosts"], document["pending"]) == ([], None)
    assert [one["name"] for one in document["unreachable"]] == ["local"]
    gives_up = fleet.plan("--allow", "lost-hosts").out
    assert "this gives up local: what ran there may run on, and nobody would know" in gives_up
    assert "risk: high (1 host given up)" in gives_up
    folder.write_text("a file\n")
    fleet.plan(expect=7).says(unknown)
    folder.unlink()
    (tmp_path / "aside").rename(folder)
    place = "environments/production/environment.yaml"
    fleet.edit(place, "engine: process", f"engine: process, endpoint: {tmp_path / 'other'}")
    fleet.commit("Another folder")
    fleet.plan(expect=7).says(unknown, f"--> {place}")
    fleet.edit(place, f", endpoint: {tmp_path / 'other'}", "")
    fleet.commit("The same folder again")
    assert fleet.plan("--detailed-exitcode").out.startswith("No changes.")
    assert fleet.running() == runs


UNKNOWN = {  # what is typed -> what is said
    ("apply", "-e", "prodution", "--yes"): ("no environment prodution", "did you mean production"),
    ("apply", "-e", "canary", "--yes"): (
        "no environment canary", "known environments: production", "and commit it",
    ),
    ("apply", "--only", "alhpa", "--yes"): ("has no instance alhpa", "did you mean alpha?"),
    ("restart", "zeta", "--yes"): ("production has no instance zeta", "instances: alpha"),
    ("logs", "alhpa"): ("alhpa has no replica in production", "running: alpha"),
    ("explain", "alhpa"): ("no instance alhpa in production", "did you mean alpha?"),
    ("layers", "alhpa"): ("no instance alhpa in production", "did you mean alpha?"),
    ("compile", "alhpa"): ("no instance alhpa in production", "did you mean alpha?"),
    ("explain", "alpha", "spec.modl"): ("alpha has no modl", "agentgit explain alpha"),
    ("rollback", "--yes"): ("no earlier success", "--to"),
    ("unpin",): ("production is not pinned", "nothing to end"),
    ("aplpy",): ("no command aplpy; did you mean apply?", "agentgit --help"),
    ("apply", "--yess"): ("--yess", "agentgit apply --help"),
    ("destroy", "--yes"): ("-e", "agentgit destroy --help"),
    ("apply", "--revision", "maim", "--yes"): ("no commit 'maim'", "did you mean main?"),
    ("plan", "--revision=--help"): ("no commit '--help'", "git log --all"),
    ("rollback", "--to", "1234567", "--yes"): ("no commit '1234567'", "git log --all"),
}  # fmt: skip


def test_what_is_not_there_and_what_nobody_can_be_asked(
    small_fleet: SmallFleet, subtests: pytest.Subtests
) -> None:
    before = small_fleet.running()
    for words, said in UNKNOWN.items():
        with subtests.test(" ".join(words)):
            small_fleet.run(*words, expect=64).says(*said)

    # A dirty tree: only what is committed counts, and that is said.
    small_fleet.write(PROMPT, "Be brief.\n")
    dirty = small_fleet.apply()
    dirty.has(f"warning: not committed, so not part of this: {PROMPT}", "plan --worktree")
    assert dirty.out.startswith("No changes.")
    assert "{+brief" in small_fleet.plan("--worktree").out
    assert small_fleet.running() == before

    # A detached HEAD is what is applied; without a terminal nobody can agree to it.
    small_fleet.commit("Brief")
    small_fleet.git("checkout", "-q", "--detach")
    for words in (("apply",), ("restart", "alpha"), ("destroy", "-e", "production")):
        with subtests.test(f"no terminal: {words[0]}"):
            done = small_fleet.run(*words, expect=64)
            done.says("there is no terminal to ask on", "--yes")
            assert small_fleet.running() == before
    small_fleet.apply().has(f"production runs {small_fleet.git('rev-parse', '--short=7', 'HEAD')}")
    assert small_fleet.running() != before
    assert small_fleet.plan().out.startswith("No changes.")


def test_a_shallow_clone_does_everything_but_what_it_cannot_know(tmp_path: Path) -> None:
    origin = make_small_fleet(tmp_path / "origin", "process", "", tmp_path / "state")
    with destroyed(origin):
        origin.edit("agentgit.yaml", "spec:", "spec:\n  ledger: {remote: origin}")
        first = origin.commit("Share the ledger")
        origin.git("remote", "add", "origin", str(origin.folder))  # itself: no rollouts elsewhere
        origin.apply()
        origin.write(PROMPT, "Be brief.\n")
        origin.commit("Brief")
        before = origin.running()

        clone = origin.clone(f"file://{origin.folder}", tmp_path / "clone", "--depth=1")
        assert clone.git("rev-parse", "--is-shallow-repository") == "true"
        clone.plan("--detailed-exitcode", expect=2).has(
            "  ~ alpha  1 replica", "cannot be read here"
        )
        clone.apply()
        assert clone.running().keys() != before.keys()
        assert clone.plan().out.startswith("No changes.")
        rollouts = clone.run("history", "--json").json["rollouts"]
        assert [one["commit"] == first for one in rollouts] == [False, True]

        after = clone.running()
        for words in (("--to", first), ("--to", first[:7]), ()):
            done = clone.run("rollback", *words, "--yes", expect=1)
            done.says("is not in this clone, which is shallow", "git fetch --unshallow")
        assert clone.running() == after
        assert clone.git("rev-parse", "--is-shallow-repository") == "true"

        clone.git("fetch", "-q", "--unshallow")
        clone.run("rollback", "--yes").has(f"production runs {first[:7]}")
