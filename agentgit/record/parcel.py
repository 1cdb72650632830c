"""One rollout of the ledger as bytes, to be kept outside of the repository and brought back.

A parcel holds the very objects of Git, as a pack, so that what comes back has the same ids. What
could not be written into the repository any more (its disk is full) travels as text beside them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from agentgit.effects import Git, GitObject
from agentgit.model.events import Event
from agentgit.model.rollout import RolloutRecord
from agentgit.record.milestone import name_ref
from agentgit.record.reading import read_event, read_record

FORMAT = 1
_LENGTH = 8  # bytes that say how long the head is
_HEAD_LIMIT = 256 << 20  # bytes of a head that is believed
_PACK_LIMIT = str(1 << 30)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is inside: the commit of the last milestone, the pack, and an end that is not in it."""

    project_id: str
    environment: str
    rollout: str
    tip: str
    pack: bytes
    record: RolloutRecord | None = None
    events: tuple[Event, ...] = ()


def pack_rollout(
    git: Git,
    identity: tuple[str, str, str],
    pending: tuple[RolloutRecord, tuple[Event, ...]] | None = None,
) -> bytes:
    """Pack what the ledger has of a rollout; `identity` is project id, environment, rollout.

    `pending` is an end that could not be written. A repository that gives nothing adds nothing.
    """
    project_id, environment, rollout = identity
    (tip,) = git.objects([name_ref(environment, rollout)])
    pack = _pack(git, tip, rollout) if tip else b""
    head = {
        "format": FORMAT,
        "project": project_id,
        "environment": environment,
        "rollout": rollout,
        "tip": tip.id if tip and pack else "",
        "record": pending[0].model_dump_json() if pending else None,
        "events": [one.model_dump_json() for one in pending[1]] if pending else [],
    }
    packed = zlib.compress(json.dumps(head, sort_keys=True).encode(), 9)
    return len(packed).to_bytes(_LENGTH, "big") + packed + pack


def open_parcel(data: bytes) -> Parcel | None:
    """Read what a parcel says; None when it is damaged or of a format that is not known."""
    size = int.from_bytes(data[:_LENGTH], "big")
    try:
        text = zlib.decompressobj().decompress(data[_LENGTH : _LENGTH + size], _HEAD_LIMIT)
        head = json.loads(text)
        if head["format"] != FORMAT:
            return None
        record = read_record(head["record"].encode()) if head["record"] else None
        events = (read_event(line.encode()) for line in head["events"])
        return Parcel(
            project_id=str(head["project"]),
            environment=str(head["environment"]),
            rollout=str(head["rollout"]),
            tip=str(head["tip"]),
            pack=data[_LENGTH + size :],
            record=record,
            events=tuple(one for one in events if one is not None),
        )
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, ValidationError):
        return None


def unpack(git: Git, parcel: Parcel) -> bool:
    """Put the objects into the repository, without a ref; whether the last milestone is there."""
    if not parcel.tip:
        return False
    git.run("unpack-objects", "-q", f"--max-input-size={_PACK_LIMIT}", data=parcel.pack)
    (tip,) = git.objects([parcel.tip])
    return tip is not None and tip.kind == "commit"


def is_whole(git: Git, tip: str, rollout: str) -> bool:
    """Whether everything that the milestones are made on is here, also the deployed commit."""
    (found,) = git.objects([tip])
    if found is None:
        return False
    parents = {parent for one in _walk(git, found, rollout) for parent in _parents(one)}
    return all(one is not None for one in git.objects(sorted(parents)))


def _pack(git: Git, tip: GitObject, rollout: str) -> bytes:
    ids: dict[str, None] = {}
    for commit in _walk(git, tip, rollout):
        ids[commit.id] = None
        (tree,) = git.objects([f"{commit.id}^{{tree}}"])
        if tree is not None:
            ids |= dict.fromkeys([tree.id, *_entries(tree, len(commit.id) // 2)])
    done = git.run("pack-objects", "--stdout", "-q", data="".join(f"{i}\n" for i in ids).encode())
    return done.out if done.code == 0 else b""


def _walk(git: Git, tip: GitObject, rollout: str) -> Iterator[GitObject]:
    """Give the milestones that lead to a commit; what was deployed is none of them."""
    mark = f"\nAgentgit-Rollout: {rollout}\n".encode()
    waiting, seen = [tip], {tip.id}
    while waiting:
        commit = waiting.pop()
        yield commit
        for parent in git.objects(_parents(commit)):
            if parent is not None and parent.id not in seen and mark in parent.data:
                seen.add(parent.id)
                waiting.append(parent)


def _parents(commit: GitObject) -> list[str]:
    """Give the parents a commit really has, also those that a shallow clone does not hold."""
    head = commit.data.partition(b"\n\n")[0].split(b"\n")
    return [line[7:].decode() for line in head if line.startswith(b"parent ")]


def _entries(tree: GitObject, width: int) -> Iterator[str]:
    """Give the ids in a tree, which has no folders."""
    rest = tree.data
    while rest:
        _, _, rest = rest.partition(b"\0")
        yield rest[:width].hex()
        rest = rest[width:]
