"""What `doctor` looks at: Python, git, the repository, the engines."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agentgit import __version__
from agentgit.cli.door import open_source
from agentgit.cli.settings import Settings
from agentgit.compile.build import compile_environment
from agentgit.compile.layout import list_environments
from agentgit.errors import AgentgitError, EngineError
from agentgit.model.spec import Host
from agentgit.providers.endpoints import answers, find_endpoints
from agentgit.providers.registry import PROCESS, resolve_host
from agentgit.report.doctor_text import Check
from agentgit.source.repository import GitSource

_INSTALL = {
    "docker": "apt-get install docker.io, or docs.docker.com/engine/install",
    "podman": "apt-get install podman, then systemctl --user enable --now podman.socket",
}
_START = {
    "docker": "it is installed; start it: systemctl start docker",
    "podman": "it is installed; start its service: systemctl --user enable --now podman.socket",
}
_VARIABLES = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}


def check_python() -> Check:
    """Say which versions are at work."""
    return Check("agentgit", "ok", f"{__version__} on Python {platform.python_version()}")


def check_git() -> Check:
    """Find git, without which nothing works."""
    try:
        found = subprocess.run(
            ["git", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check("git", "bad", f"does not run: {error}", "apt-get install git")
    return Check("git", "ok", found.stdout.strip().removeprefix("git version "))


def check_project(settings: Settings) -> Iterator[Check]:
    """Look at the repository; standing outside of one is no fault."""
    try:
        source = open_source(settings)
        head = source.snapshot("HEAD")
    except AgentgitError as error:
        yield Check("project", "note", error.message, error.hint or "")
        return
    branch = source.head_branch() or "detached HEAD"
    commit = head.commit.short if head.commit else ""
    names = ", ".join(list_environments(head)) or "no environment"
    yield Check("project", "ok", f"{branch} at {commit}, {names}")
    yield from _check_work_tree(source)


def check_engines() -> Iterator[Check]:
    """Ask every place where an engine may answer."""
    for engine in ("docker", "podman"):
        places = find_endpoints(engine)
        found = [(url, info) for url in places if (info := answers(url)) is not None]
        if found:
            for url, info in found:
                yield Check(engine, "ok", f"{info.kind} {info.version} at {url}")
        else:
            yield Check(engine, "note", _explain(places[0]), _advise(engine, places[0]))
    yield Check("process", "ok", "agents can run as processes of this machine")


def check_hosts(settings: Settings) -> Iterator[Check]:
    """Ask every host of every environment of the project, all at the same time."""
    try:
        snapshot = open_source(settings).snapshot("HEAD")
        places = [
            (f"{name}/{host}", found)
            for name in list_environments(snapshot)
            for host, found in sorted(compile_environment(snapshot, name, only=()).hosts.items())
        ]
    except AgentgitError:
        return  # the check of the project says why, or `validate` does
    with ThreadPoolExecutor(max_workers=16) as pool:
        yield from pool.map(lambda place: _check_host(*place), places)


def _check_host(name: str, host: Host) -> Check:
    try:
        endpoint = resolve_host(name, host, {})
    except EngineError as error:
        return Check(name, "bad", error.message, error.hint or "")
    if endpoint.engine == PROCESS:
        return Check(name, "ok", "processes of this machine")
    info = answers(endpoint.url)
    if info is not None:
        return Check(name, "ok", f"{info.kind} {info.version} at {endpoint.url}")
    return Check(name, "bad", _explain(endpoint.url), _advise(endpoint.engine, endpoint.url))


def _check_work_tree(source: GitSource) -> Iterator[Check]:
    if source.bare:
        return
    dirty = source.is_dirty()
    if dirty:
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        detail = f"uncommitted: {dirty[0]}{more}"
        yield Check("work tree", "note", detail, "plan --worktree shows what it would change")
    else:
        yield Check("work tree", "ok", "everything is committed")


def _explain(url: str) -> str:
    """Say why nothing answers there."""
    path = Path(url.removeprefix("unix://"))
    if url.startswith("unix://"):
        if not path.exists():
            return f"nothing is at {path}"
        if not os.access(path, os.R_OK | os.W_OK):
            return f"{path} may not be used by this user"
    return f"nothing answers at {url}"


def _advise(engine: str, url: str) -> str:
    """Say what to do about it; what is installed is not to be installed again."""
    path = Path(url.removeprefix("unix://"))
    if not url.startswith("unix://"):
        return "look whether that machine runs and may be reached from here"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return f"add your user to the group that owns {path}, then log in again"
    if os.environ.get(_VARIABLES[engine]) == url:
        return f"{_VARIABLES[engine]} names this place; unset it, or start the engine there"
    return _START[engine] if path.exists() or shutil.which(engine) else _INSTALL[engine]
