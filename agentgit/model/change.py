"""What differs between desired and observed, and why."""

from __future__ import annotations

from typing import Literal

from agentgit.model.origin import Origin
from agentgit.model.risk import Gap
from agentgit.model.value import Json, Value

ChangeKind = Literal["create", "replace", "update", "scale", "remove", "keep"]
ChangeClass = Literal[
    "prompt", "model", "tools", "knowledge", "config", "card", "image", "container", "process",
    "scale", "placement", "rollout", "labels", "host", "policy",
]  # fmt: skip
CauseKind = Literal[
    "new", "fields", "unknown", "missing", "stopped", "unhealthy", "restart", "scale", "removed",
    "surplus", "moved", "drift",
]  # fmt: skip


class FieldChange(Value):
    """One effective value that differs.

    `path` is dotted and begins with the block (`model.params.temperature`). `had` and `has` tell
    a missing value from null. `origin` is the layer that says the new value, `over` the next one
    below it. For text from a file, `lines` is the range of changed lines in the new file and
    `origin` the text file itself. Between two commits, `was` is the place in the older one that
    said `before`, where that is not the same line of the same file.
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


class Cause(Value):
    """Why a change exists: what kind of reason, and one sentence with the facts."""

    kind: CauseKind
    detail: str


class Change(Value):
    """The difference for one instance.

    `order` says how replicas are replaced and `order_reason` why it is not the usual start-first.
    `ran` is how many replicas it has now, None in plans of before this was kept.
    `path` is the file that declares the instance, or did before it was removed; `hosts` are those
    where something is done. `gap` is there when nobody serves the instance meanwhile.
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
