"""Images: what a name means on a host."""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.errors import Problem
from agentgit.model.value import Value


class Image(Value):
    """An image on a host.

    `id` is the engine's own; `digest` is that of its manifest in the repository of its name,
    empty for an image that came from no registry.
    """

    id: str
    digest: str = ""


class Pinning(Value):
    """One name in the lock file: its digest before and after, each empty where there is none.

    `source` is the host that has that image, empty where a registry was asked.
    """

    name: str
    before: str = ""
    after: str = ""
    source: str = ""


class Locking(Value):
    """What locking comes to: the whole file, what changes in it, and what cannot be locked."""

    digests: Mapping[str, str]
    changes: tuple[Pinning, ...] = ()
    problems: tuple[Problem, ...] = ()
