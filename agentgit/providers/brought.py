"""The marks of images that we brought to a host: values of the host store, one an image.

Only what has one is ever removed. It is written after the pull: who is killed between the two
leaves an image that nobody takes for ours, and that stays.
"""

from __future__ import annotations

import json

from agentgit.effects import HostStore
from agentgit.errors import DefiniteError
from agentgit.model.image import BroughtImage

BROUGHT = "brought-"
KEPT = "images-"  # the values that say what each environment keeps: `workflow.stock`


def mark(store: HostStore, id_: str, name: str) -> None:
    """Note that we brought an image, and by which name it was pulled."""
    value, data = name_mark(id_), json.dumps([id_, name]).encode()
    if not store.create(value, data):
        store.write(value, data)


def read_mark(store: HostStore, id_: str) -> str:
    """Give the name that an image was pulled by; empty where nothing says that it is ours."""
    try:
        marked, name = json.loads(store.read(name_mark(id_)) or b"")
    except ValueError:  # nobody finished writing it
        return ""
    return str(name) if marked == id_ else ""


def list_marked(store: HostStore) -> tuple[str, ...]:
    """List the ids that have a mark, whether or not the images are there."""
    return tuple(f"sha256:{one.removeprefix(BROUGHT)}" for one in store.names(BROUGHT))


def unmark(store: HostStore, id_: str) -> None:
    """Forget an image that is gone."""
    store.delete(name_mark(id_))


def name_mark(id_: str) -> str:
    """Name the value that says that an image is ours."""
    return f"{BROUGHT}{id_.removeprefix('sha256:')}"


def name_keeper(project_id: str, owner: str, value: str) -> str:
    """Name who has written a value: another project, or another environment of this one."""
    if owner != project_id:
        return f"project {owner[:8]}"
    return f"environment {value.removeprefix(KEPT)}"


def check_unneeded(host: str, image: BroughtImage) -> None:
    """Refuse to remove what anybody needs, right before it would be removed."""
    users = (*(f"container {name}" for name in image.containers), *image.wanted)
    if users:
        needs = "needs" if len(users) == 1 else "need"
        raise DefiniteError(f"{host}: {', '.join(users)} still {needs} the image {image.name}")
