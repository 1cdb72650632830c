"""kubectl kustomize, himl and kapitan on the same content: global, environment, instance."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fleet import ENVIRONMENTS, instance, layers_of, spec_of

Write = Callable[[Path, int], None]
HIML = """
import os, sys
from himl import ConfigProcessor
os.chdir(sys.argv[1])
processor = ConfigProcessor()
for environment in sorted(os.listdir(".")):
    if environment.startswith("env="):
        for one in sorted(os.listdir(environment)):
            if one.startswith("instance="):
                path = f"{environment}/{one}"
                processor.process(path=path, output_format="yaml", print_data=False)
"""


def measure_peers(folder: Path, count: int, ours: float) -> None:
    """Print what one more instance costs each peer, and how many times ours that is.

    Each is measured on `count` and on a quarter of them, so that starting up does not count.
    """
    print(
        f"peers on {count} of the instances, what one more costs; 10,000 are extrapolated from it"
    )
    for name, write, command in _list_peers(folder):
        _report(name, write, command, count, folder, ours)


def measure_whole(folder: Path, wanted: str, count: int, ours: float) -> None:
    """Print how long one peer takes for all instances, and how many times ours that is."""
    for name, write, command in _list_peers(folder):
        if name == wanted:
            place = folder / f"{name}-whole"
            write(place, count)
            seconds = _time(name, command, place)
            print(f"{name}: all {count} take {seconds:.0f} s, {seconds / ours:.0f} times ours")


def _list_peers(folder: Path) -> Iterator[tuple[str, Write, list[str]]]:
    """Give the peers that there are, and say which there are not."""
    if shutil.which("kubectl"):
        yield "kustomize", _write_kustomize, ["kubectl", "kustomize", "all"]
    else:
        print("kustomize: skipped, there is no kubectl")
    python = make_venv(folder)
    for name, write, command in (
        ("himl", _write_himl, [str(python), "-c", HIML, "."]),
        ("kapitan", _write_kapitan, [str(python), "-m", "kapitan", "compile"]),
    ):
        if install(python, name):
            yield name, write, command
        else:
            print(f"{name}: skipped, pip cannot install it")


def _report(
    name: str, write: Write, command: list[str], count: int, folder: Path, ours: float
) -> None:
    seconds = []
    for size in (count // 4, count):
        place = folder / f"{name}-{size}"
        write(place, size)
        times = [_time(name, command, place) for _ in range(3)]
        seconds.append(sorted(times)[1])
    each = (seconds[1] - seconds[0]) / (count - count // 4)
    print(f"{name:24}{each * 1000:7.2f} ms an instance, {each / ours:6.0f} times ours; "
          f"10,000 would take {each * 10_000:.0f} s")  # fmt: skip


def _time(name: str, command: list[str], folder: Path) -> float:
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"{name}: it fails: {last[:100]}")
        return float("nan")
    return time.perf_counter() - begin


def make_venv(folder: Path) -> Path:
    """Make an environment for peers below a folder; gives its python."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    return venv / "bin" / "python"


def install(python: Path, *words: str) -> bool:
    """Let pip install packages there; whether it could."""
    system = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    for pip in (sys.executable, getattr(sys, "_base_executable", system), system):
        done = subprocess.run(
            [pip, "-m", "pip", "--python", str(python), "install", "--quiet", *words],
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return True
    return False


def _specs(count: int) -> list[tuple[str, str, object]]:
    found = []
    for number in range(count):
        name = f"agent-{number:05d}"
        found.append((ENVIRONMENTS[number % len(ENVIRONMENTS)], name,
                      spec_of(instance(number, name))))  # fmt: skip
    return found


def _write_kustomize(folder: Path, count: int) -> None:
    def resource(spec: object) -> dict[str, object]:
        return {"apiVersion": "agentgit.dev/v1", "kind": "Agent",
                "metadata": {"name": "agent"}, "spec": spec}  # fmt: skip

    def overlay(**fields: object) -> dict[str, object]:
        return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
                **fields}  # fmt: skip

    lowest, agent, environments = layers_of()
    _write(folder / "base/base.yaml", resource(lowest))
    _write(folder / "base/agent.yaml", resource(agent))
    _write(folder / "base/kustomization.yaml",
           overlay(resources=["base.yaml"], patches=[{"path": "agent.yaml"}]))  # fmt: skip
    for name, spec in environments.items():
        _write(folder / f"env/{name}/patch.yaml", resource(spec))
        _write(folder / f"env/{name}/kustomization.yaml",
               overlay(resources=["../../base"], patches=[{"path": "patch.yaml"}]))  # fmt: skip
    specs = _specs(count)
    for environment, name, spec in specs:
        _write(folder / f"inst/{name}/patch.yaml", resource(spec))
        _write(folder / f"inst/{name}/kustomization.yaml",
               overlay(resources=[f"../../env/{environment}"], nameSuffix=f"-{name}",
                       patches=[{"path": "patch.yaml"}]))  # fmt: skip
    _write(folder / "all/kustomization.yaml",
           overlay(resources=[f"../inst/{name}" for _, name, _ in specs]))  # fmt: skip


def _write_himl(folder: Path, count: int) -> None:
    lowest, agent, environments = layers_of()
    _write(folder / "a.yaml", lowest)
    _write(folder / "b.yaml", agent)
    for name, spec in environments.items():
        _write(folder / f"env={name}/env.yaml", spec)
    for environment, name, spec in _specs(count):
        _write(folder / f"env={environment}/instance={name}/instance.yaml", spec)


def _write_kapitan(folder: Path, count: int) -> None:
    lowest, agent, environments = layers_of()
    classes = folder / "inventory/classes"
    _write(classes / "lowest.yml", {"parameters": lowest})
    _write(classes / "agent.yml", {"parameters": agent})
    for name, spec in environments.items():
        _write(classes / f"env/{name}.yml", {"classes": ["lowest", "agent"], "parameters": spec})
    for environment, name, spec in _specs(count):
        how = {"vars": {"target": name},
               "compile": [{"output_path": ".", "input_type": "jinja2",
                            "input_paths": ["templates/out.yml"]}]}  # fmt: skip
        _write(folder / f"inventory/targets/{name}.yml",
               {"classes": [f"env.{environment}"],
                "parameters": {**spec, "kapitan": how}})  # fmt: skip
    path = folder / "templates/out.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{{ inventory.parameters | yaml }}\n")


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))  # JSON is YAML
