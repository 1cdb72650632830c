"""The fuzzer for a while; `make fuzz SECONDS=3600` is the same for as long as you like."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.seeds import list_seeds
from tests.fuzz.targets import TARGETS, run_target

ROOT = Path(__file__).parents[2]
SECONDS = {"parser": 8, "projects": 16, "schemas": 10, "patterns": 6}
HAS_WHEELS = (
    sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 15)
)


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_fuzzer_begins_with(target: str) -> None:
    """Needs no fuzzer: what must hold for all files holds for the example and for every case."""
    for seed in list_seeds(target):
        run_target(target, seed)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_fuzz(target: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        if os.environ.get("CI") == "true" and HAS_WHEELS:
            pytest.fail("atheris is missing: it is in the requirements.lock of this repository")
        pytest.skip("atheris is missing; it has wheels for Linux on x86_64 only")
    findings = tmp_path / "findings"
    command = [
        sys.executable, "-m", "tests.fuzz.run", target, "--corpus", tmp_path / "corpus",
        "--findings", findings, "-seed=1", f"-max_total_time={SECONDS[target]}",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True,
        text=True, errors="replace", check=False,
    )  # fmt: skip
    found = sorted(findings.glob(f"{target}-*"))
    again = f"python -m tests.fuzz.replay {target} {' '.join(map(str, found))}"
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-5000:]}\n{again}"
    assert "DONE" in done.stderr, done.stderr[-5000:]
