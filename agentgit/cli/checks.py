"""What `doctor` looks at: Python, git, the repository, the engines."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

from agentgit import __version__
from agentgit.cli.door import open_source
from agentgit.cli.settings import Settings
from agentgit.compile.layout import list_environments
from agentgit.errors import AgentgitError
from agentgit.providers.endpoints import answers, find_endpoints
from agentgit.report.doctor_text import Check
from agentgit.source.repository import GitSource

_INSTALL = {
    "docker": "apt-get install docker.io, or docs.docker.com/engine/install",
    "podman": "apt-get install podman, then systemctl --user enable --now podman.socket",
}


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
    path = Path(url.removeprefix("unix://"))
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return f"add your user to the group that owns {path}, then log in again"
    if path.exists():
        return f"start it: systemctl start {engine}"
    return _INSTALL[engine]
