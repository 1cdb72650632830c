"""From the hosts of an environment to providers, imported on demand.

`engine: auto` is resolved once per machine and written down by the first apply: an engine that
was in use and does not answer any more is an error, never a reason to start a second fleet on
another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentgit.effects import Permit, Provider, Tree
from agentgit.errors import EngineError
from agentgit.model.spec import Host
from agentgit.providers.endpoints import default_endpoint, find_engine

PROCESS = "process"


@dataclass(frozen=True)
class Place:
    """What a provider needs to know of this machine and project.

    `state` is the folder for what belongs to this project on this machine; `tree` exports files
    of a commit; `permit` is asked before each call that changes something. `beside` are all hosts
    of the environment with the same endpoint.
    """

    project_id: str
    environment: str
    state: Path
    tree: Tree
    permit: Permit = field(default_factory=Permit)
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """A host's engine, after `auto` was looked up."""

    engine: str
    url: str


def open_providers(hosts: Mapping[str, Host], place: Place) -> dict[str, Provider]:
    """Make a provider for every host; nothing is connected before it is used."""
    endpoints = _resolve_hosts(hosts, place)
    return {
        name: PROVIDERS[endpoint.engine](name, endpoint, _note_beside(place, endpoint, endpoints))
        for name, endpoint in endpoints.items()
    }


def resolve_host(name: str, host: Host, recorded: Mapping[str, Endpoint]) -> Endpoint:
    """Decide which engine a host means; `auto` is what was used before, else what answers."""
    if host.engine != "auto":
        url = host.endpoint or ("" if host.engine == PROCESS else default_endpoint(host.engine))
        return Endpoint(host.engine, url)
    if name in recorded:
        return recorded[name]
    found = find_engine(host.endpoint)
    if found is not None:
        return Endpoint(found.engine, found.url)
    if host.endpoint is not None:
        raise EngineError(
            f"no engine answers at {host.endpoint}, the endpoint of {name}",
            hint="agentgit doctor shows which engines answer here",
        )
    return Endpoint(PROCESS, "")


def _resolve_hosts(hosts: Mapping[str, Host], place: Place) -> dict[str, Endpoint]:
    recorded = _read_record(place)
    return {name: resolve_host(name, hosts[name], recorded) for name in sorted(hosts)}


def _note_beside(place: Place, endpoint: Endpoint, endpoints: Mapping[str, Endpoint]) -> Place:
    return replace(place, beside=tuple(name for name, one in endpoints.items() if one == endpoint))


def record_homes(hosts: Mapping[str, Host], place: Place) -> None:
    """Write down where process hosts keep their state that have got another name."""
    from agentgit.providers.process.home import keep_home

    endpoints = _resolve_hosts(hosts, place)
    for name, endpoint in endpoints.items():
        if endpoint.engine == PROCESS:
            home = _find_home(name, endpoint, _note_beside(place, endpoint, endpoints))
            keep_home(_find_base(endpoint, place), name, home)


def record_engines(hosts: Mapping[str, Host], place: Place) -> None:
    """Write down what `auto` was resolved to, so that it stays that way on this machine."""
    recorded = dict(_read_record(place))
    missing = [n for n, host in hosts.items() if host.engine == "auto" and n not in recorded]
    if not missing:
        return
    recorded |= {name: resolve_host(name, hosts[name], recorded) for name in missing}
    rows = {name: [one.engine, one.url] for name, one in sorted(recorded.items())}
    path = _record_path(place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(rows, indent=1) + "\n")
    except OSError as error:
        raise EngineError(f"cannot write {path}: {error.strerror}") from error


def forget_engines(place: Place) -> None:
    """Forget what `auto` was resolved to, once nothing runs any more."""
    _record_path(place).unlink(missing_ok=True)


def _open_docker(name: str, endpoint: Endpoint, place: Place) -> Provider:
    from agentgit.providers.docker.provider import DockerProvider

    watch = place.permit.watch_call
    return DockerProvider(name, endpoint.url, place.project_id, on_call=watch)


def _open_podman(name: str, endpoint: Endpoint, place: Place) -> Provider:
    from agentgit.providers.podman import PodmanProvider

    watch = place.permit.watch_call
    return PodmanProvider(name, endpoint.url, place.project_id, on_call=watch)


def _open_process(name: str, endpoint: Endpoint, place: Place) -> Provider:
    from agentgit.providers.process.provider import ProcessProvider

    folder = _find_home(name, endpoint, place)
    return ProcessProvider(name, place.project_id, folder, place.tree, permit=place.permit)


def _find_home(name: str, endpoint: Endpoint, place: Place) -> Path:
    from agentgit.providers.process.home import find_home

    base = _find_base(endpoint, place)
    return find_home(base, name, place.beside or (name,), place.environment)


def _find_base(endpoint: Endpoint, place: Place) -> Path:
    return Path(endpoint.url) / place.project_id if endpoint.url else place.state


PROVIDERS: Mapping[str, Callable[[str, Endpoint, Place], Provider]] = {
    "docker": _open_docker,
    "podman": _open_podman,
    PROCESS: _open_process,
}


def _record_path(place: Place) -> Path:
    return place.state / f"engines-{place.environment}.json"


def _read_record(place: Place) -> Mapping[str, Endpoint]:
    try:
        rows = json.loads(_record_path(place).read_text())
        recorded = {name: Endpoint(engine, url) for name, (engine, url) in rows.items()}
        unknown = {one.engine for one in recorded.values()} - set(PROVIDERS)
        if unknown:
            raise ValueError(f"there is no engine {min(unknown)}")  # noqa: TRY301 - one message
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise EngineError(
            f"cannot read {_record_path(place)}: {error}",
            hint="it says which engine each host uses; remove the file to look again",
        ) from error
    return recorded
