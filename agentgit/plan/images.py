"""Which image a replica of a revision gets where its name may mean another one by now.

Replicas of one revision on one host are alike: what runs there decides, then what is recorded. A
name that has moved meanwhile counts for the next revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from agentgit.model.desired import Instance
from agentgit.model.image import MixedImage, MovedImage
from agentgit.model.observed import HostState, Observed
from agentgit.plan.placement import revision_on

Images = Mapping[str, Mapping[str, str]]  # by revision and host: the id of an image


class Chooser:
    """Knows the images of revisions: by what runs, and by what `recorded` says is still there."""

    def __init__(self, observed: Observed, recorded: Images) -> None:
        self._recorded = recorded
        self._running: dict[tuple[str, str, str, str], str] = {}
        best: dict[tuple[str, str, str, str], tuple[bool, str]] = {}
        for one in observed.replicas:
            key = (one.host, one.instance, one.revision, one.image)
            rank = (not one.serving, one.name)
            if one.image_id and (key not in best or rank < best[key]):
                best[key] = rank
                self._running[key] = one.image_id

    def recall(self, instance: Instance, host: HostState) -> str:
        """Give the id of the image that a revision has, or had, on a host; empty for none yet."""
        name = mutable_name(instance, host)
        if not name:
            return ""
        revision = revision_on(instance, host)
        running = self._running.get((host.host, instance.name, revision, name), "")
        return running or self._recorded.get(revision, {}).get(host.host, "")

    def choose(self, instance: Instance, host: HostState) -> str:
        """Give the id to create a replica from; empty where the name has to do."""
        kept = self.recall(instance, host)
        return "" if kept in host.gone_images else kept


def mutable_name(instance: Instance, host: HostState) -> str:
    """Give the name of an image that may mean another one tomorrow; empty where there is none."""
    container = instance.spec.container
    if container is None or host.engine == "process" or "@" in container.image:
        return ""
    return container.image


def find_moved(
    instances: Sequence[Instance],
    observed: Observed,
    placed: Mapping[str, Mapping[int, str]],
    chooser: Chooser,
) -> Iterator[MovedImage]:
    """Find the names that mean another image where an instance lives than its revision has."""
    homes = {name: frozenset(slots.values()) for name, slots in placed.items()}
    for host in observed.hosts:
        found: dict[tuple[str, str], list[str]] = {}
        for instance in (one for one in instances if host.host in homes[one.name]):
            kept, name = chooser.recall(instance, host), mutable_name(instance, host)
            now = host.images.get(name, "")
            if kept and (kept in host.gone_images or now not in {"", kept}):
                found.setdefault((name, kept), []).append(instance.name)
        for name, kept in sorted(found):
            yield MovedImage(
                host=host.host,
                name=name,
                kept=kept,
                now=host.images.get(name, ""),
                gone=kept in host.gone_images,
                instances=tuple(sorted(found[name, kept])),
            )


def find_mixed(
    instances: Sequence[Instance],
    observed: Observed,
    placed: Mapping[str, Mapping[int, str]],
    chooser: Chooser,
) -> Iterator[MixedImage]:
    """Find the names that do not mean one image wherever they are used, whoever uses them.

    What the instances of one host keep although the name has moved there is `find_moved`'s.
    """
    hosts = {host.host: host for host in observed.hosts}
    meant: dict[str, dict[str, set[str]]] = {}  # by name and host: ids
    users: dict[str, list[str]] = {}
    for instance in instances:
        for host in (hosts[one] for one in sorted(set(placed[instance.name].values()))):
            if name := mutable_name(instance, host):
                id_ = chooser.choose(instance, host) or host.images.get(name, "")
                meant.setdefault(name, {}).setdefault(host.host, set()).add(id_)
                users.setdefault(name, []).append(instance.name)
    for name, found in sorted(meant.items()):
        ids = {
            where: one if (one := hosts[where].images.get(name, "")) in some else min(some)
            for where, some in found.items()
        }
        if are_mixed(ids.values(), observed):
            named = tuple(sorted(set(users[name])))
            yield MixedImage(name=name, ids=dict(sorted(ids.items())), instances=named)


def are_mixed(ids: Iterable[str], observed: Observed) -> bool:
    """Whether ids are those of several images: one image has one digest on all platforms."""
    digests = {id_: digest for host in observed.hosts for id_, digest in host.digests.items()}
    return len({digests.get(id_, id_) for id_ in ids}) > 1
