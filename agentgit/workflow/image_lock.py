"""Finds the digests behind the names of images, for the lock file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from agentgit.compile.build import compile_environment
from agentgit.compile.image_lock import read_image_lock, without_lock
from agentgit.compile.places import LOCK
from agentgit.compile.words import did_you_mean, list_names
from agentgit.effects import Provider
from agentgit.errors import ConfigError, EngineError, Location, Problem, UsageError
from agentgit.model.desired import Desired
from agentgit.model.image import Locking, Pinning
from agentgit.model.snapshot import Snapshot
from agentgit.workflow.places import open_hosts
from agentgit.workflow.session import World

Found = tuple[str, str] | Problem  # a digest with the host that has it, or why there is none


class _Host(NamedTuple):
    """A host as people tell it from others, which may have its name in another environment."""

    name: str
    provider: Provider


def lock_images(
    world: World,
    environments: Sequence[str],
    names: Collection[str] = (),
    *,
    whole: bool,
    upgrade: bool = False,
) -> Locking:
    """Lock what instances of the work tree name, in some environments.

    What is locked already stays, but for `names` (with `upgrade` everything): those are asked
    from their registries. With `whole` these are all environments, and what no instance names any
    more is let go. Raises EngineError for a host that does not answer, UsageError for a name that
    no instance has.
    """
    snapshot = world.source.worktree()
    wanted = _list_names(_compile(snapshot, environments))
    _check_named(names, wanted)
    before = _read(snapshot)
    asked = sorted(names) if names else [one for one in wanted if upgrade or one not in before]
    anew = upgrade or bool(names)
    found = _resolve_all(world, {name: wanted[name] for name in asked}, anew=anew)
    locked = {name: one for name, one in found.items() if not isinstance(one, Problem)}
    drops = whole and not names
    after = {name: old for name, old in before.items() if name in wanted or not drops}
    after |= {name: digest for name, (digest, _) in locked.items()}
    changes = [
        Pinning(
            name=name,
            before=before.get(name, ""),
            after=after.get(name, ""),
            source=locked[name][1] if name in locked else "",
        )
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    return Locking(
        digests={name: after[name] for name in sorted(after)},
        changes=tuple(changes),
        problems=tuple(one for one in found.values() if isinstance(one, Problem)),
    )


def check_images(snapshot: Snapshot, environments: Sequence[str], *, whole: bool) -> int:
    """Check that the lock file has every name, asking nobody; gives how many there are.

    Raises ConfigError for a file that cannot be read or is not up to date.
    """
    wanted = _list_names(_compile(snapshot, environments))
    found: list[Problem] = []
    digests = read_image_lock(snapshot, found.append).digests
    if not found:
        where, hint = Location(LOCK), "agentgit lock writes it"
        missing = [one for one in wanted if one not in digests]
        found += [Problem(f"{one} has no digest", where, hint) for one in missing]
        if whole:
            idle = sorted(set(digests) - set(wanted))
            found += [Problem(f"no instance names {one} any more", where, hint) for one in idle]
    if found:
        raise ConfigError.of(tuple(found))
    return len(wanted)


def _compile(snapshot: Snapshot, environments: Sequence[str]) -> list[Desired]:
    """Compile environments with every name as a layer wrote it."""
    plain = without_lock(snapshot)
    return [compile_environment(plain, environment) for environment in environments]


def _read(snapshot: Snapshot) -> dict[str, str]:
    """Read what is locked; a file that is damaged says nothing and is written anew."""
    ignored: list[Problem] = []
    return read_image_lock(snapshot, ignored.append).digests


def _list_names(environments: Sequence[Desired]) -> dict[str, list[Desired]]:
    """Name the images without a digest, sorted, with the environments that need them.

    Where all hosts run processes, none does. What is called localhost/ is in no registry.
    """
    wanted: dict[str, list[Desired]] = {}
    for desired in environments:
        if all(host.engine == "process" for host in desired.hosts.values()):
            continue
        containers = (one.spec.container for one in desired.instances)
        for image in {one.image for one in containers if one is not None}:
            if "@" not in image and not image.startswith("localhost/"):
                wanted.setdefault(image, []).append(desired)
    return {name: wanted[name] for name in sorted(wanted)}


def _check_named(names: Collection[str], wanted: Mapping[str, object]) -> None:
    for name in sorted(set(names) - set(wanted)):
        known = list(wanted)
        listed = f"instances name {list_names(known)}" if known else "no instance names any"
        hint = did_you_mean(name, known) or listed
        raise UsageError(f"no instance names the image {name} without a digest", hint=hint)


def _resolve_all(
    world: World, wanted: Mapping[str, Sequence[Desired]], *, anew: bool
) -> dict[str, Found]:
    """Resolve names with the hosts of the environments that need them, each opened once."""
    found: dict[str, Found] = {}
    hosts: dict[str, tuple[_Host, ...]] = {}
    with ExitStack() as stack:
        for name, environments in wanted.items():
            for desired in environments:
                if desired.environment not in hosts:
                    providers = stack.enter_context(open_hosts(world, desired))
                    hosts[desired.environment] = tuple(
                        _Host(f"{one.host} of {desired.environment}", one)
                        for _, one in sorted(providers.items())
                        if one.kind != "process"
                    )
            able = [host for one in environments for host in hosts[one.environment]]
            found[name] = _resolve(name, able, anew=anew)
    return found


def _resolve(name: str, hosts: Sequence[_Host], *, anew: bool) -> Found:
    """Find the digest behind a name: what the hosts have, else what its registry has."""
    if not hosts:
        hint = "give an environment a host with Docker or Podman; agentgit doctor shows them"
        return Problem(f"{name}: there is no engine to ask", hint=hint)
    if not anew:
        images = [(host.name, host.provider.find_image(name)) for host in hosts]
        there = {host: image for host, image in images if image is not None}
        digests = {image.digest for image in there.values()}
        if digests == {""}:
            hint = f"push it to a registry, then agentgit lock {name}"
            message = f"{name} is on {min(there)} and came from no registry: it has no digest"
            return Problem(message, hint=hint)
        if len(digests) > 1:
            hint = f"agentgit lock {name} takes what its registry has"
            return Problem(f"{name} means different images on {list_names(there)}", hint=hint)
        if digests:
            return digests.pop(), min(there)
    return _ask(name, hosts)


def _ask(name: str, hosts: Sequence[_Host]) -> Found:
    """Ask the registry through one host after the other: not each may reach it."""
    errors = []
    for host in hosts:
        try:
            return host.provider.ask_registry(name), ""
        except EngineError as error:
            errors.append(error)
    return Problem(errors[0].message, hint=errors[0].hint)
