"""docker-compose 1.29 with as many services and containers as a fleet, all there already."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peers import install, make_venv

NAME = "agentgit-bench-compose"
# Its last release in Python asks for a PyYAML that cannot be built any more: what Debian has.
PARTS = """
docker-compose==1.29.2 docker==5.0.3 requests==2.31.0 urllib3==1.26.20 jsonschema==3.2.0
PyYAML==6.* websocket-client==0.59.0 distro==1.* dockerpty==0.4.* docopt==0.6.* texttable==1.*
python-dotenv==1.* six==1.* attrs pyrsistent==0.20.* setuptools==80.* idna==3.* certifi
charset-normalizer==3.*
"""


@contextmanager
def composed(
    folder: Path, url: str, image: str, services: int, replicas: int
) -> Iterator[Callable[[], object] | None]:
    """Create everything, give what finds that nothing is left to do, and take it all away.

    Gives None, and says why, where docker-compose cannot be had.
    """
    program = _find_program(folder)
    if program is None:
        print("docker-compose: skipped, there is none and pip cannot install it")
        yield None
        return
    file = folder / "compose.json"  # JSON is YAML
    service = {"image": image, "command": ["sleep", "infinity"], "scale": replicas}
    names = [f"agent-{number:03d}" for number in range(services)]
    file.write_text(json.dumps({"version": "2.4", "services": dict.fromkeys(names, service)}))

    def run(*words: str) -> None:
        done = subprocess.run([program, "--no-ansi", "-p", NAME, "-f", str(file), *words],
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "DOCKER_HOST": url})  # fmt: skip
        if done.returncode:
            raise SystemExit(f"docker-compose {words[0]}: {done.stderr[-500:]}")

    try:
        run("up", "--no-start")
        yield lambda: run("up", "--no-start")
    finally:
        run("down")


def _find_program(folder: Path) -> str | None:
    found = shutil.which("docker-compose")
    if found is not None:
        return found
    python = make_venv(folder)
    return (
        str(python.with_name("docker-compose"))
        if install(python, "--no-deps", *PARTS.split())
        else None
    )
