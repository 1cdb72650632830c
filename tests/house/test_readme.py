"""The README is a story whose commands run, in order, in one shell session on processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXITS = re.compile(r"\s+# exits (\d+)$")


@dataclass
class Command:
    line: str
    code: int
    answer: list[str]


def read_commands() -> list[Command]:
    commands: list[Command] = []
    for block in BLOCK.findall(README.read_text()):
        for line in block.splitlines():
            if line.startswith("$ "):
                expected = EXITS.search(line)
                code = int(expected.group(1)) if expected else 0
                commands.append(Command(EXITS.sub("", line[2:]), code, []))
            else:
                commands[-1].answer.append(line)
    return commands


def fits(answer: list[str], text: str) -> bool:
    """Whether the output is what the README shows, where `...` stands for anything."""
    pattern = re.escape("\n".join(answer)).replace(r"\.\.\.", "(?:.|\n)*")
    return re.fullmatch(rf"(?:{pattern})\n*", text) is not None


@dataclass
class Done:
    code: int
    out: str
    err: str
    folder: Path


def run(line: str, folder: Path, environment: dict[str, str]) -> Done:
    """Run a line in a shell; `cd` lasts, as it does for a person."""
    last = folder / ".folder-after"
    script = f"{line}\ncode=$?\npwd > '{last}'\nexit $code"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    after = Path(last.read_text().strip())
    last.unlink()
    return Done(done.returncode, done.stdout, done.stderr, after)


@pytest.mark.xdist_group("process")
def test_readme_tells_the_truth(tmp_path: Path) -> None:
    bin_folder = Path(sys.executable).parent
    environment = {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "AGENTGIT_STATE_HOME": str(tmp_path / "state"),
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
        "CONTAINER_HOST": f"unix://{tmp_path}/none.sock",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER")
           for key, value in (("NAME", "Ana"), ("EMAIL", "ana@acme.example"))},
    }  # fmt: skip
    folder = tmp_path
    try:
        for command in read_commands():
            done = run(command.line, folder, environment)
            folder = done.folder
            said = f"$ {command.line}\n{done.out}\n{done.err}"
            assert done.code == command.code, said
            assert fits(command.answer, done.out), f"{said}\nthe README says:\n" + "\n".join(
                command.answer
            )
    finally:
        run("agentgit destroy -e production --yes", tmp_path / "fleet", environment)
