"""Bad input in files: one error with its place and a hint, exit 65, and what ran still runs."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.scenarios.conftest import ALPHA, PLACE, WORKER, SmallFleet


class Bad(NamedTuple):
    """An edit (`old` empty: the whole file; `new` None: no file) and what must be said."""

    path: str
    old: str
    new: str | None
    place: str
    message: str
    hint: str
    code: int = 65


WHOLE = ""
BAD = {
    "no project file": Bad(
        "agentgit.yaml", WHOLE, None, "", "no agentgit.yaml in ", "agentgit init writes"
    ),
    "no environment file": Bad(
        PLACE, WHOLE, None, PLACE, "production has no environment.yaml", "kind: Environment"
    ),
    "no agent file": Bad(
        WORKER, WHOLE, None, f"{ALPHA}:4:10", "there is no agent worker", f"write {WORKER}"
    ),
    "no instance left": Bad(
        ALPHA, WHOLE, None, "", "would become empty: 1 replica runs", "agentgit destroy", 7
    ),
    "not YAML": Bad(
        WORKER, "{exit: 0}", "{exit: [0}", f"{WORKER}:5:18", "is not closed", 'ends with "]"'
    ),
    "not text": Bad(WORKER, WHOLE, "\x00\x01", f"{WORKER}:1:1", "", ""),
    "an empty file": Bad(WORKER, WHOLE, "", f"{WORKER}:1:1", "the file is empty", "kind: Agent"),
    "not a map": Bad(WORKER, WHOLE, "- a\n", f"{WORKER}:1:1", "must be a map", "kind: Agent"),
    "an unknown key": Bad(
        WORKER, "replicas: 1", "replica: 1", f"{WORKER}:6:11", "unknown key replica", "replicas?"
    ),
    "a wrong type": Bad(
        WORKER, "replicas: 1", "replicas: three", f"{WORKER}:6:21",
        'replicas must be a whole number, found "three"', "in digits",
    ),
    "a key twice": Bad(
        WORKER, "replicas: 1}", "replicas: 1, replicas: 2}", f"{WORKER}:6:24",
        '"replicas" appears twice', "keep one of them",
    ),
    "no value": Bad(
        WORKER, "{replicas: 1}", "", f"{WORKER}:6:3", "scale has no value", "write null"
    ),
    "no such rollout": Bad(
        WORKER, "rollout: {minHealthyTime: 200ms, healthyDeadline: 60s}",
        "rollout: careful", f"{WORKER}:13:12", "there is no rollout careful",
        "global/rollouts.yaml",
    ),
    "no such instructions": Bad(
        WORKER, "worker.md", "wroker.md", f"{WORKER}:4:24",
        "there is no file global/prompts/wroker.md", "did you mean global/prompts/worker.md?",
    ),
    "instructions from outside": Bad(
        WORKER, "../prompts/worker.md", "../../../passwd", f"{WORKER}:4:24",
        "leaves the repository", "inside",
    ),
    "no such source": Bad(
        WORKER, "../../agents", "../../agnets", f"{WORKER}:12:21", "agnets", "did you mean agents?"
    ),
    "no such agent": Bad(
        ALPHA, "agent: worker", "agent: wroker", f"{ALPHA}:4:10", "there is no agent wroker",
        "did you mean worker?",
    ),
    "no agent named": Bad(
        ALPHA, "  agent: worker", "  config: {a: 1}", f"{ALPHA}:3:1", "agent is missing",
        "agent: NAME",
    ),
    "an unknown engine": Bad(
        PLACE, "engine: process", "engine: dokcer", f"{PLACE}:4:27", '"dokcer"',
        "did you mean docker?",
    ),
    "another name than the file's": Bad(
        ALPHA, "name: alpha", "name: beta", f"{ALPHA}:2:18", "must be alpha", "write alpha"
    ),
    "another kind": Bad(
        ALPHA, "kind: Instance", "kind: Instanse", f"{ALPHA}:1:7", "kind must be Instance",
        "kind: Instance",
    ),
}  # fmt: skip


def test_a_bad_file_changes_nothing_that_runs(
    small_fleet: SmallFleet, subtests: pytest.Subtests
) -> None:
    before, good = small_fleet.running(), small_fleet.git("rev-parse", "HEAD")
    assert len(before) == 1
    for name, bad in BAD.items():
        with subtests.test(name):
            spoil(small_fleet, bad)
            small_fleet.commit(name)
            done = small_fleet.apply(expect=bad.code)
            place = f"--> {bad.place}\n" if bad.place else ""
            done.says(place, bad.message, bad.hint)
            assert bool(done.out) == (bad.code == 7)  # what a guard refuses is shown as well
            assert small_fleet.running() == before
        small_fleet.git("reset", "-q", "--hard", good)
    assert small_fleet.plan().out.startswith("No changes.")


def spoil(fleet: SmallFleet, bad: Bad) -> None:
    if bad.new is None:
        (fleet.folder / bad.path).unlink()
    elif bad.old:
        fleet.edit(bad.path, bad.old, bad.new)
    else:
        fleet.write(bad.path, bad.new)


ENDPOINTS = {
    "engine: docker, endpoint: nonsense": "unix:///PATH, tcp://HOST:PORT",
    'engine: docker, endpoint: "tcp://127.0.0.1:99999"': "unix:///PATH, tcp://HOST:PORT",
    "engine: process, endpoint: state": "the absolute path of a folder",
}


def test_files_that_are_not_committed_are_checked_too(
    small_fleet: SmallFleet, subtests: pytest.Subtests
) -> None:
    before = small_fleet.running()
    for endpoint, words in ENDPOINTS.items():
        with subtests.test(endpoint):
            small_fleet.edit(PLACE, "engine: process", endpoint)
            done = small_fleet.plan("--worktree", expect=65)
            done.has("error: hosts.local: ", words, f"--> {PLACE}:4:18")
        small_fleet.git("checkout", "-q", ".")
    with subtests.test("everything wrong is said at once"):
        small_fleet.edit(WORKER, "replicas: 1", "replicas: three")
        small_fleet.edit(ALPHA, "agent: worker", "agent: wroker")
        done = small_fleet.run("validate", expect=65)
        done.has(f"{WORKER}:6:21", f"{ALPHA}:4:10")
    assert small_fleet.running() == before
