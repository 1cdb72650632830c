"""Asks hosts what names of images mean there, and which images they still have or never had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentgit.effects import Providers
from agentgit.model.desired import Desired
from agentgit.model.image import AbsentImage
from agentgit.model.observed import HostState, Observed
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.model.steps import EnsureImage
from agentgit.plan.images import Chooser, Images, are_mixed, mutable_name
from agentgit.plan.placement import revision_on


def look_at_images(
    providers: Providers, desired: Desired, observed: Observed, recorded: Images
) -> Observed:
    """Add what names mean of which a revision has an image already, and which images are gone.

    One look for each name and host, more only where a name has moved; of several hosts also at
    the names that are new there, as they may mean something else on each. Raises EngineError.
    """
    chooser, hosts = Chooser(observed, recorded), []
    several = len(observed.hosts) > 1
    for host in observed.hosts:
        provider = providers[host.host]
        kept: dict[str, set[str]] = {}
        for instance in desired.instances:
            name, id_ = mutable_name(instance, host), chooser.recall(instance, host)
            if name and (id_ or several):
                kept.setdefault(name, set()).update({id_} - {""})
        found = {name: provider.find_image(name) for name in sorted(kept)}
        images = {name: image.id for name, image in found.items() if image is not None}
        others = {id_ for name, ids in kept.items() for id_ in ids - {images.get(name)}}
        gone = frozenset(id_ for id_ in sorted(others) if provider.find_image(id_) is None)
        digests = {one.id: one.digest for one in found.values() if one and one.digest}
        update = {"images": images, "digests": digests, "gone_images": gone}
        hosts.append(host.model_copy(update=update))
    return observed.model_copy(update={"hosts": tuple(hosts)})


def find_absent(providers: Providers, plan: Plan) -> tuple[AbsentImage, ...]:
    """Find the images that the plan needs on hosts that do not have them. Raises EngineError."""
    found: dict[str, list[str]] = {}
    for step in plan.prepare:
        if not isinstance(step, EnsureImage):
            continue
        if providers[step.host].find_image(step.id or step.image) is None:
            found.setdefault(step.image, []).append(step.host)
    return tuple(
        AbsentImage(name=name, hosts=tuple(sorted(set(hosts)))) for name, hosts in found.items()
    )


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


def warn_of_mixed(providers: Providers, now: Observed) -> tuple[str, ...]:
    """Say which names have brought different images to the hosts, now that all is done."""
    found: dict[str, dict[str, str]] = {}
    for replica in now.replicas:
        if replica.image_id and "@" not in replica.image:
            found.setdefault(replica.image, {}).setdefault(replica.host, replica.image_id)
    several = {name: ids for name, ids in found.items() if len(set(ids.values())) > 1}
    hosts = []
    for host in now.hosts if several else ():
        named = (providers[host.host].find_image(name) for name in sorted(several))
        digests = {one.id: one.digest for one in named if one is not None and one.digest}
        hosts.append(host.model_copy(update={"digests": digests}))
    seen = now.model_copy(update={"hosts": tuple(hosts)})
    return tuple(
        f"{name} is not one image: {_list_ids(ids)}; agentgit lock writes down one digest for all"
        for name, ids in sorted(several.items())
        if are_mixed(ids.values(), seen)
    )


def _list_ids(ids: Mapping[str, str]) -> str:
    short = {host: id_.removeprefix("sha256:")[:12] for host, id_ in sorted(ids.items())}
    return ", ".join(f"{id_} on {host}" for host, id_ in short.items())
