"""Images: what a name means on a host."""

from __future__ import annotations

from agentgit.model.value import Value


class Image(Value):
    """An image on a host.

    `id` is the engine's own; `digest` is that of its manifest in the repository of its name,
    empty for an image that came from no registry.
    """

    id: str
    digest: str = ""
