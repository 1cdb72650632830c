"""SIGKILL before every single thing the provider does to its folder; then the same steps again.

One subprocess does all of it: it forks a victim per place, which an audit hook kills there, and
afterwards performs the same steps itself and looks at what came of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = '''
import json, os, signal, subprocess, sys
from pathlib import Path
from agentgit.model.container import Container
from agentgit.model.spec import Process
from agentgit.model.steps import *
from agentgit.providers.process.provider import ProcessProvider

ROOT = Path(sys.argv[1])
STAMP = Stamp(rollout="r", fence=1)
SPEC = ReplicaSpec(
    name="one", project_id="p", project="acme", environment="staging", agent="a", instance="i",
    slot=0, revision="ab", commit="cd", source="ef", volumes={"/data": "acme-data"},
    container=Container(image="unused", restart="no", ports={"http": {"target": 80}}),
    process=Process(source="src", command=("sleep", "1000")),
)
LABELS = {"dev.agentgit.environment": "staging"}
UP = [
    EnsureVolume(host="here", volume="acme-data", labels=LABELS),
    ExportSource(host="here", commit="cd", path="src", source="ef"),
    CreateReplica(host="here", replica=SPEC),
    StartReplica(host="here", name="one"),
]
DOWN = [StopReplica(host="here", name="one"), RemoveReplica(host="here", name="one")]
FILES = [("a.txt", "100644", b"a"), ("lib/b.txt", "100644", b"b")]


def perform(folder, steps):
    provider = ProcessProvider("here", "p", folder, lambda commit, path: FILES)
    for step in steps:
        provider.perform(step, STAMP)
    return provider


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(folder, steps, place):
    """Whether the victim got through to the end. Place 0 is when the runner has just begun."""
    pid = os.fork()
    if pid == 0:
        seen = 0
        if place == 0:
            subprocess.Popen.communicate = die

        def count(event, arguments):
            nonlocal seen
            if event == "subprocess.Popen" or any(str(folder) in str(one) for one in arguments):
                seen += 1
                if seen == place:
                    die()

        sys.addaudithook(count)
        perform(folder, steps)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def list_processes(folder):
    mark = f"AGENTGIT_CONFIG={folder}/".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if any(one.startswith(mark) for one in path.read_bytes().split(b"\\0")):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def tidy(provider):
    for left in provider.observe("staging").leftovers:
        provider.perform(
            RemoveLeftover(host="here", what=left.kind, id=left.id, name=left.name), STAMP
        )
    return provider.observe("staging")


def run(first, second):
    for place in range(first is DOWN, 1000):
        folder = ROOT / f"{first[0].kind}-{place}"
        if first is DOWN:
            perform(folder, UP)
        done = die_at(folder, first, place)
        ProcessProvider("here", "p", folder, None).observe("staging")
        state = tidy(perform(folder, first))
        up = {
            "place": place,
            "replicas": [one.state for one in state.replicas],
            "volumes": list(state.volumes),
            "leftovers": [left.id for left in state.leftovers],
            "processes": len(list_processes(folder)),
            "folders": sorted(path.name for path in (folder / "replicas").iterdir()),
            "sources": sorted(path.name for path in (folder / "sources").iterdir()),
            "files": sorted(p.name for p in (folder / "sources/ef").rglob("*") if p.is_file()),
        }
        state = tidy(perform(folder, second))
        down = [len(state.replicas), len(state.leftovers), len(list_processes(folder))]
        print(json.dumps(up | {"down": down}), flush=True)
        if done:
            return


run(UP, DOWN)
print("null")
run(DOWN, [])
'''


@pytest.mark.slow
def test_killed_anywhere_it_converges(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "hosts")],
        cwd=root,
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    up, down = lines[: lines.index(None)], lines[lines.index(None) + 1 :]
    assert len(up) > 30
    assert len(down) > 10
    for found in (*up, *down):
        assert found["volumes"] == ["acme-data"], found
        assert found["leftovers"] == [], found
        assert found["sources"] == ["ef"], found
        assert found["files"] == ["a.txt", "b.txt"], found
        assert found["down"] == [0, 0, 0], found
    for found in up:
        assert (found["replicas"], found["processes"]) == (["running"], 1), found
        assert found["folders"] == ["one"], found
    for found in down:
        assert (found["replicas"], found["processes"], found["folders"]) == ([], 0, []), found
