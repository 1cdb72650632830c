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


class KeptImage(Value):
    """The image that a revision ran with; `id` is empty where its host knows it by name only."""

    revision: str
    id: str
    name: str


class BroughtImage(Value):
    """An image that we brought to a host: it was not there, and our pull has made it.

    `name` is what it was pulled by, and `named` says that this name still means it. `containers`
    are those made of it, anybody's; `wanted` says why else somebody may need it: another name
    that it was given, another environment or project that keeps it.
    """

    id: str
    name: str
    named: bool = True
    containers: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


class Stock(Value):
    """What there is to know of the images of a host before any of them may go.

    `kept` is what was noted when the last rollout had ended, by instance, newest first; None
    where nothing is noted.
    """

    kept: Mapping[str, tuple[KeptImage, ...]] | None = None
    brought: tuple[BroughtImage, ...] = ()


class MovedImage(Value):
    """A name that means another image on a host than these instances have there: ids.

    What is created for them keeps theirs until their revision changes, unless it is `gone` from
    the host. `now` is empty where the name means nothing there.
    """

    host: str
    name: str
    kept: str
    now: str
    gone: bool = False
    instances: tuple[str, ...]


class MixedImage(Value):
    """A name without digest that does not mean the same image on all hosts of these instances.

    `ids` are by host, empty where the host has none yet and asks a registry; with one id only,
    nobody knows whether the others will be the same.
    """

    name: str
    ids: Mapping[str, str]
    instances: tuple[str, ...]


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


class AbsentImage(Value):
    """An image that a plan needs on hosts that do not have it: it is pulled there first."""

    name: str
    hosts: tuple[str, ...]
