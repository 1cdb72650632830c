"""What differs between desired and observed, and why."""

from __future__ import annotations

from typing import Literal

from agentgit.model.origin import Origin
from agentgit.model.risk import Gap
from agentgit.model.value import Json, Value

ChangeKind = Literal["create", "replace", "update", "scale", "remove", "keep"]
ChangeClass = Literal[
    "prompt", "model", "tools", "knowledge", "config", "card", "image", "container", "process",
    "scale", "placement", "rollout", "labels", "host", "policy", "agent",
]  # fmt: skip
Forces = Literal["replace", "in-place", "scale", "move", "nothing"]
CauseKind = Literal[
    "new", "fields", "unknown", "missing", "stopped", "unhealthy", "restart", "scale", "removed",
    "surplus", "moved", "drift",
]  # fmt: skip


class FieldChange(Value):
    """One effective value that differs.

    `path` is dotted and begins with the block (`model.params.temperature`). `had` and `has` tell
    a missing value from null; a default that a layer's value takes the place of is a value.
    `origin` is the place that decides the new value: what says it, or the name of what says it
    where that name is another one; where a value is gone, what takes it away (a null, a tag).
    `over` is the next place below it. `was` is the place in the older commit that decided
    `before`, where that is another file or where no place decides any more.

    `lines` is the range of changed lines of a text, in the file of `origin`; where lines only went
    there is none, and it is those in the file of `was`. For a folder, `files`
    are those in it that differ. `forces` says what it takes to bring the value about.
    """

    path: str
    change_class: ChangeClass
    had: bool = True
    before: Json = None
    has: bool = True
    after: Json = None
    origin: Origin | None = None
    over: Origin | None = None
    was: Origin | None = None
    lines: tuple[int, int] | None = None
    files: tuple[str, ...] = ()
    forces: Forces = "replace"


class Cause(Value):
    """Why a change exists: what kind of reason, and one sentence with the facts."""

    kind: CauseKind
    detail: str


class Change(Value):
    """The difference for one instance.

    `order` says how replicas are replaced and `order_reason` why it is not the usual start-first.
    `ran` is how many replicas it has now, None in plans of before this was kept.
    `path` is the file that declares the instance, or did before it was removed; `hosts` are those
    where something is done. `gap` is there when nobody serves the instance meanwhile. `ends` is
    how many replicas go: what they hold outside volumes, going back does not bring back.
    """

    kind: ChangeKind
    instance: str
    agent: str = ""
    path: str = ""
    replicas: int = 0
    ran: int | None = None
    touched: int = 0
    hosts: tuple[str, ...] = ()
    revision: str = ""
    from_revisions: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    strategy: str = ""
    order: Literal["start-first", "stop-first"] | None = None
    order_reason: str = ""
    gap: Gap | None = None
    ends: int = 0

    @property
    def replicas_before(self) -> int:
        """How many replicas it has now, as far as that is known."""
        if self.ran is not None:
            return self.ran
        if self.kind == "create":
            return 0
        return self.touched if self.kind == "remove" else max(self.replicas, self.touched)

    @property
    def replicas_after(self) -> int:
        """How many replicas it has afterwards."""
        return 0 if self.kind == "remove" else self.replicas
