"""What a plan says of images, as documents."""

from __future__ import annotations

from typing_extensions import TypedDict


class MovedImageDocument(TypedDict):
    """The name of an image that means another image on a host than these instances have there."""

    host: str
    """The host."""
    name: str
    """The name of the image."""
    kept: str
    """The id that these instances keep until their revision changes, unless it is gone."""
    now: str
    """The id that the name means now; empty where it means none."""
    gone: bool
    """Whether the image they have is gone from the host."""
    instances: list[str]
    """The instances that have it."""


class MixedImageDocument(TypedDict):
    """A name without digest that does not mean the same image on all hosts."""

    name: str
    """The name of the image."""
    ids: dict[str, str]
    """What it means by host: an id or digest, empty where the host has none yet."""
    instances: list[str]
    """The instances that have it."""


class AbsentImageDocument(TypedDict):
    """An image that has to be pulled."""

    name: str
    """The name of the image."""
    hosts: list[str]
    """The hosts that need it and do not have it."""
