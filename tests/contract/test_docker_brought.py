"""Images that we brought to a real engine: who needs them is seen, and only the others go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import docker.errors
import pytest

from agentgit.errors import EngineError
from agentgit.model.image import BroughtImage
from agentgit.model.steps import CreateReplica, EnsureImage, RemoveImage, RemoveReplica, Stamp
from agentgit.providers.docker.provider import DockerProvider

pytestmark = [pytest.mark.docker, pytest.mark.podman]

STAMP = Stamp(rollout="20261120-081530-7f3a", fence=3)
OTHER = "7d6a1f7e-0000-4000-8000-000000000000"


@pytest.fixture
def brought(world: Any, engine: Any, registry: Any) -> Iterator[Any]:
    """An image of the registry that nobody has pulled yet; afterwards it is gone."""
    served = registry(engine)
    yield served
    with suppress(docker.errors.NotFound):
        world.client.remove_image(served.image, force=True)


def pull(world: Any, image: str) -> None:
    world.provider.perform(EnsureImage(host="here", image=image), STAMP)


def is_there(world: Any, image: str) -> bool:
    return world.provider.find_image(image) is not None


@pytest.mark.parametrize("by", ["tag", "digest", "both"])
def test_what_we_pulled_is_ours_to_remove(world: Any, brought: Any, by: str) -> None:
    tag, digest = f"{brought.name}:1", f"{brought.name}@{brought.digest}"
    name = {"tag": tag, "digest": digest, "both": f"{tag}@{brought.digest}"}[by]
    pull(world, name)
    assert world.provider.brought_images("staging") == (BroughtImage(id=brought.image, name=name),)
    step = RemoveImage(host="here", environment="staging", id=brought.image, name=name)
    for _ in range(2):
        world.provider.perform(step, STAMP)
    assert not is_there(world, brought.image)
    assert world.provider.brought_images("staging") == ()
    assert world.provider.store.names("brought-") == ()


def test_what_was_there_is_not(world: Any, brought: Any) -> None:
    """Under whichever name: the same image by another name is the same image."""
    world.client.pull(brought.name, tag="theirs")
    pull(world, f"{brought.name}:1")
    assert world.provider.brought_images("staging") == ()
    world.provider.perform(
        RemoveImage(host="here", environment="staging", id=brought.image, name="x"), STAMP
    )
    assert is_there(world, brought.image)


def test_a_container_keeps_its_image(world: Any, brought: Any) -> None:
    name = f"{brought.name}:1"
    pull(world, name)
    spec = world.spec(image=name, command=["/none"])
    world.provider.perform(CreateReplica(host="here", replica=spec), STAMP)
    (found,) = world.provider.brought_images("staging")
    assert (found.containers, found.wanted) == ((spec.name,), ())
    step = RemoveImage(host="here", environment="staging", id=brought.image, name=name)
    with pytest.raises(EngineError, match=f"container {spec.name} still needs the image"):
        world.provider.perform(step, STAMP)
    assert is_there(world, brought.image)
    world.provider.perform(RemoveReplica(host="here", name=spec.name), STAMP)
    world.provider.perform(step, STAMP)
    assert not is_there(world, brought.image)


def test_a_name_that_somebody_gave_it_keeps_it(world: Any, brought: Any) -> None:
    pull(world, f"{brought.name}:1")
    world.client.tag(brought.image, "localhost/mine", world.key)
    (found,) = world.provider.brought_images("staging")
    assert found.wanted == (f"the name localhost/mine:{world.key}",)
    with pytest.raises(EngineError, match="still needs the image"):
        world.provider.perform(
            RemoveImage(host="here", environment="staging", id=brought.image, name="x"), STAMP
        )
    assert is_there(world, brought.image)


@pytest.mark.parametrize("value", ["images-staging", "brought"])
def test_what_another_project_keeps(
    world: Any, brought: Any, engine: Any, clean: Any, value: str
) -> None:
    clean(engine.url, OTHER)
    other = DockerProvider("here", engine.url, OTHER)
    pull(world, f"{brought.name}:1")
    name = value if value != "brought" else f"brought-{brought.image.removeprefix('sha256:')}"
    other.store.create(name, f'{{"agent": "{brought.image}"}}'.encode())
    (found,) = world.provider.brought_images("staging")
    assert found.wanted == (f"project {OTHER[:8]}",)
    other.store.delete(name)
    (found,) = world.provider.brought_images("staging")
    assert found.wanted == ()
    other.close()


def test_what_another_environment_keeps(world: Any, brought: Any) -> None:
    name = f"{brought.name}:1"
    pull(world, name)
    for environment in ("staging", "production"):
        world.provider.store.create(f"images-{environment}", f'["{brought.image}"]'.encode())
    (found,) = world.provider.brought_images("staging")
    assert found.wanted == ("environment production",)
    step = RemoveImage(host="here", environment="staging", id=brought.image, name=name)
    with pytest.raises(EngineError, match="environment production still needs the image"):
        world.provider.perform(step, STAMP)
    world.provider.store.delete("images-production")
    world.provider.perform(step, STAMP)
    assert not is_there(world, brought.image)


def test_a_name_that_has_moved_on(world: Any, brought: Any) -> None:
    pull(world, f"{brought.name}:1")
    world.client.tag("agentgit-test-python:1", brought.name, "1", force=True)
    (found,) = world.provider.brought_images("staging")
    assert (found.named, found.wanted) == (False, ())
    world.provider.perform(
        RemoveImage(host="here", environment="staging", id=brought.image, name="x"), STAMP
    )
    assert not is_there(world, brought.image)
    assert is_there(world, f"{brought.name}:1")
    world.client.remove_image(f"{brought.name}:1")
