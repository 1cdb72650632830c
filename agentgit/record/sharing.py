"""Shares the ledger with a remote. Best effort: what goes wrong is a sentence, never an error.

Only refs of the ledger travel. A remote is named, never a URL: agentgit.yaml may come from a
pull request, and the URL of a remote can make git run a program.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agentgit.effects import Git, GitResult
from agentgit.record.milestone import REFS

_INCOMING = "refs/agentgit/incoming"
_REJECTED = re.compile(rf"! \[rejected\] +{REFS}/(\S+) ")
_FETCH = (  # nothing that the user's configuration adds to a fetch, above all no pruning
    *("-c", "fetch.output=full", "fetch", "--no-tags", "--no-prune", "--refmap="),
    *("--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"),
)
_PUSH = (  # no hook of the user, who pushes no code here
    *("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed"),
    "--recurse-submodules=no",
)


def fetch_rollouts(
    git: Git, remote: str, timeout: float, is_newer: Callable[[str, str], bool]
) -> str | None:
    """Bring in what others recorded, without replacing what is only here.

    `is_newer(incoming, local)` decides between two different commits of one rollout, where
    history cannot: in a shallow clone, or when our own end of it is not shared yet.
    """
    if not _has_remote(git, remote):
        return _no_remote(remote)
    done = _fetch(git, remote, [f"{REFS}/*:{REFS}/*"], timeout)
    rejected = _REJECTED.findall(done.err)
    if done.code != 0 and rejected:
        specs = [f"+{REFS}/{name}:{_INCOMING}/{name}" for name in rejected]
        done = _fetch(git, remote, specs, timeout)
        _settle(git, rejected, is_newer)
    if done.code == 0:
        return None
    return f"what others recorded since is not known: {remote} does not answer ({_reason(done)})"


def push_rollouts(git: Git, remote: str, timeout: float) -> str | None:
    """Share every rollout recorded here that the remote does not have."""
    if not git.run("for-each-ref", "--count=1", REFS).out:
        return None
    if not _has_remote(git, remote):
        return _no_remote(remote)
    done = git.run(
        *("-c", f"remote.{remote}.mirror=false", *_PUSH, remote, f"{REFS}/*:{REFS}/*"),
        timeout=timeout,
    )
    if done.code == 0:
        return None
    lines = done.out.decode("utf-8", "replace").splitlines()
    refused = [line.split("\t")[-1] for line in lines if line.startswith("!\t")]
    # "[rejected]": the remote knows more about that rollout; the next fetch brings it.
    severe = sorted({text for text in refused if not text.startswith("[rejected]")})
    if refused and not severe:
        return None
    reason = severe[0].removeprefix("[remote rejected]").strip(" ()") if severe else _reason(done)
    return f"the rollout is recorded here, but {remote} does not take it ({reason})"


def _fetch(git: Git, remote: str, specs: list[str], timeout: float) -> GitResult:
    # A depth of 1 cuts the fetched commits only; without it a shallow clone would get all of
    # the history that they lead to.
    depth = ["--depth=1"] if git.shallow else []
    return git.run(*_FETCH, *depth, remote, *specs, timeout=timeout)


def _settle(git: Git, names: list[str], is_newer: Callable[[str, str], bool]) -> None:
    orders = []
    for name in names:
        incoming, local = git.objects([f"{_INCOMING}/{name}", f"{REFS}/{name}"])
        if incoming is None or local is None:
            continue
        if is_newer(incoming.id, local.id):
            orders.append(f"update {REFS}/{name} {incoming.id} {local.id}")
        orders.append(f"delete {_INCOMING}/{name} {incoming.id}")
    git.run("update-ref", "--stdin", data="".join(f"{order}\n" for order in orders).encode())


def _has_remote(git: Git, remote: str) -> bool:
    known = git.run("remote").out.decode("utf-8", "replace").splitlines()
    return remote in known and not remote.startswith("-")


def _no_remote(remote: str) -> str:
    return (
        f"the ledger is not shared: this clone has no remote {remote} "
        f"(spec.ledger.remote); git remote add {remote} URL adds it"
    )


def _reason(done: GitResult) -> str:
    lines = [line for line in done.err.splitlines() if line.startswith(("fatal: ", "error: "))]
    text = lines[0] if lines else done.err.strip().rpartition("\n")[2]
    return re.sub("^(fatal|error): ", "", text) or f"git ended with {done.code}"
