"""Asks hosts what the names of images mean there, and which recorded images they still have."""

from __future__ import annotations

from collections.abc import Sequence

from agentgit.effects import Providers
from agentgit.model.desired import Desired
from agentgit.model.observed import HostState, Observed
from agentgit.model.rollout import RolloutRecord
from agentgit.plan.images import Chooser, Images, mutable_name
from agentgit.plan.placement import revision_on


def look_at_images(
    providers: Providers, desired: Desired, observed: Observed, recorded: Images
) -> Observed:
    """Add what names mean of which a revision has an image already, and which images are gone.

    One look for each name and host, more only where a name has moved. Raises EngineError.
    """
    chooser, hosts = Chooser(observed, recorded), []
    for host in observed.hosts:
        provider = providers[host.host]
        kept: dict[str, set[str]] = {}
        for instance in desired.instances:
            id_ = chooser.recall(instance, host)
            if id_:
                kept.setdefault(mutable_name(instance, host), set()).add(id_)
        found = {name: provider.find_image(name) for name in sorted(kept)}
        images = {name: image.id for name, image in found.items() if image is not None}
        others = {id_ for name, ids in kept.items() for id_ in ids - {images.get(name)}}
        gone = frozenset(id_ for id_ in sorted(others) if provider.find_image(id_) is None)
        hosts.append(host.model_copy(update={"images": images, "gone_images": gone}))
    return observed.model_copy(update={"hosts": tuple(hosts)})


def find_recorded(
    desired: Desired, observed: Observed, records: Sequence[RolloutRecord]
) -> Images:
    """Find what was recorded of the revisions that are wanted where they may run, newest first."""
    wanted = {
        revision_on(instance, host)
        for host in observed.hosts
        for instance in desired.instances
        if mutable_name(instance, host)
    }
    found: dict[str, dict[str, str]] = {}
    for record in reversed(records):
        for revision in record.images.keys() & wanted:
            found.setdefault(revision, {}).update(record.images[revision])
    return found


def gather_images(hosts: Sequence[HostState]) -> dict[str, dict[str, str]]:
    """Say which image each revision has on each host, for the record."""
    found: dict[str, dict[str, str]] = {}
    for host in hosts:
        for replica in host.replicas:
            if replica.image_id and "@" not in replica.image:
                found.setdefault(replica.revision, {}).setdefault(host.host, replica.image_id)
    return found
