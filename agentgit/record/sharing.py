"""Shares the ledger with a remote. Best effort: what goes wrong is a sentence, never an error.

Only refs of the ledger travel. A remote is named, never a URL: agentgit.yaml may come from a
pull request, and the URL of a remote can make git run a program.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from agentgit.effects import Git, GitResult
from agentgit.errors import GitError
from agentgit.record.milestone import REFS
from agentgit.record.stale_lock import describe_lock, remove_stale_lock

_INCOMING = "refs/agentgit/incoming"
_AT_ONCE = 200  # refs that one push deletes
_REJECTED = re.compile(rf"! \[rejected\] +{REFS}/(\S+) ")
_FETCH = (  # nothing that the user's configuration adds to a fetch, above all no pruning
    *("-c", "fetch.output=full", "fetch", "--no-tags", "--no-prune", "--refmap="),
    *("--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"),
)
_PUSH = (  # no hook of the user, who pushes no code here
    *("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed"),
    "--recurse-submodules=no",
)


@dataclass(frozen=True, slots=True)
class Joiner:
    """What decides between two different commits of one rollout, where history cannot.

    `is_newer(incoming, local)` says which of them tells more; `join(winner, other)` writes one
    that follows both.
    """

    is_newer: Callable[[str, str], bool]
    join: Callable[[str, str], None]


def fetch_rollouts(git: Git, remote: str, timeout: float, joiner: Joiner) -> str | None:
    """Bring in what others recorded, without replacing what is only here."""
    if not _has_remote(git, remote):
        return _no_remote(remote)
    done = _fetch(git, remote, [f"{REFS}/*:{REFS}/*"], timeout)
    rejected = _REJECTED.findall(done.err)
    if done.code != 0 and rejected:
        specs = [f"+{REFS}/{name}:{_INCOMING}/{name}" for name in rejected]
        done = _fetch(git, remote, specs, timeout)
        _settle_all(git, rejected, joiner)
    if done.code == 0:
        return None
    lock = describe_lock(done.err)
    why = f"{lock.message}; {lock.hint}" if lock else f"{remote} does not answer ({_reason(done)})"
    return f"what others recorded since is not known: {why}"


def settle(git: Git, ref: str, incoming: str, joiner: Joiner) -> None:
    """Move a ref on to what came in, or join the two; what is ahead already stays.

    A shallow clone cannot tell whether one leads to the other: there what tells more is taken,
    and nothing is joined.
    """
    (local,) = git.objects([ref])
    if local is None or contains(git, local.id, incoming):
        return
    if contains(git, incoming, local.id) or git.shallow:
        if joiner.is_newer(incoming, local.id):
            git.run("update-ref", ref, incoming, local.id)
    elif joiner.is_newer(incoming, local.id):
        joiner.join(incoming, local.id)
    else:
        joiner.join(local.id, incoming)


def contains(git: Git, newer: str, older: str) -> bool:
    """Whether one commit is known to lead to another."""
    return git.run("merge-base", "--is-ancestor", older, newer).code == 0


def push_rollouts(git: Git, remote: str, timeout: float) -> str | None:
    """Share every rollout recorded here that the remote does not have."""
    if not git.run("for-each-ref", "--count=1", REFS).out:
        return None
    if not _has_remote(git, remote):
        return _no_remote(remote)
    done = git.run(*_push_words(remote), remote, f"{REFS}/*:{REFS}/*", timeout=timeout)
    if done.code == 0 or (_refused(done) and not _severe(done)):
        return None
    return f"the rollout is recorded here, but {remote} does not take it ({_refusal(done)})"


def cut_rollouts(git: Git, remote: str, timeout: float, refs: list[str]) -> str | None:
    """Let the remote let go of rollouts; a warning when it does not."""
    asked = git.run("ls-remote", "--refs", remote, f"{REFS}/*", timeout=timeout)
    there = {line.partition("\t")[2] for line in asked.out.decode("utf-8", "replace").splitlines()}
    wanted = sorted(set(refs) & there)
    done = asked
    for start in range(0, len(wanted), _AT_ONCE):
        orders = [f":{ref}" for ref in wanted[start : start + _AT_ONCE]]
        done = git.run(*_push_words(remote), remote, *orders, timeout=timeout)
        if done.code != 0:
            break
    if done.code == 0:
        return None
    return (
        f"{remote} keeps old rollouts ({_refusal(done)}): to keep them here too, write a higher "
        "spec.ledger.keep"
    )


def _fetch(git: Git, remote: str, specs: list[str], timeout: float) -> GitResult:
    # A depth of 1 cuts the fetched commits only; without it a shallow clone would get all of
    # the history that they lead to.
    depth = ["--depth=1"] if git.shallow else []
    done = git.run(*_FETCH, *depth, remote, *specs, timeout=timeout)
    if done.code != 0 and remove_stale_lock(git, done.err):
        return git.run(*_FETCH, *depth, remote, *specs, timeout=timeout)
    return done


def _push_words(remote: str) -> tuple[str, ...]:
    return ("-c", f"remote.{remote}.mirror=false", *_PUSH)


def _refused(done: GitResult) -> list[str]:
    lines = done.out.decode("utf-8", "replace").splitlines()
    return [line.split("\t")[-1] for line in lines if line.startswith("!\t")]


def _severe(done: GitResult) -> list[str]:
    """Give what a remote refuses; "[rejected]": it knows more, and the next fetch brings that."""
    return sorted({text for text in _refused(done) if not text.startswith("[rejected]")})


def _refusal(done: GitResult) -> str:
    severe = _severe(done)
    return severe[0].removeprefix("[remote rejected]").strip(" ()") if severe else _reason(done)


def _settle_all(git: Git, names: list[str], joiner: Joiner) -> None:
    orders = []
    for name in names:
        (incoming,) = git.objects([f"{_INCOMING}/{name}"])
        if incoming is not None:
            with suppress(GitError):  # a record that cannot be written here is joined later
                settle(git, f"{REFS}/{name}", incoming.id, joiner)
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
