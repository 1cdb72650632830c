"""The `container` block: a subset of the Compose service, with Compose's own names.

Keyed lists are maps here (`environment`, `ports`, `volumes`, `networks`, `labels`); Compose's
list form is normalised while parsing. Source: the Compose specification, 2026.
"""

import shlex
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from agentgit.model.value import CamelValue, Cpus, Duration, Name, Size, Value

IN_PLACE = frozenset({"restart", "deploy"})  # what an engine changes without a new container
FOR_PROCESS = frozenset(  # what also counts for a process replica
    {"environment", "ports", "healthcheck", "stop_signal", "stop_grace_period"}
)


_OF_SHELLS = frozenset({"&&", "||", "|", "&", ";", ">", ">>", "<", "2>&1"})


def _as_argv(raw: object) -> object:
    """Split a line into words, as Compose does; no shell reads it."""
    if not isinstance(raw, str):
        return raw
    try:
        words = tuple(shlex.split(raw))
    except ValueError:
        message = "a quotation in it does not end"
        raise ValueError(message) from None
    for word in words:
        if word in _OF_SHELLS:
            message = f"{word} is for a shell, and none reads it: write [sh, -c, LINE]"
            raise ValueError(message)
    return words


def _as_test(raw: object) -> object:
    return ("CMD-SHELL", raw) if isinstance(raw, str) else raw


def _as_text(raw: object) -> object:
    """Write a number the way the user wrote it; true and false must be quoted."""
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw


Argv = Annotated[tuple[str, ...], BeforeValidator(_as_argv)]
Text = Annotated[str, BeforeValidator(_as_text)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Target = Annotated[str, Field(pattern=r"^/")]
EnvironmentKey = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]


class Healthcheck(Value):
    """How the engine finds out that a replica works. `test` as in Compose: CMD or CMD-SHELL."""

    test: Annotated[tuple[str, ...], BeforeValidator(_as_test)]
    interval: Duration = 30.0
    timeout: Duration = 30.0
    retries: Annotated[int, Field(ge=1)] = 3
    start_period: Duration = 0.0

    @model_validator(mode="after")
    def _check_test(self) -> Self:
        if not self.test or self.test[0] not in {"CMD", "CMD-SHELL"} or len(self.test) == 1:
            message = "test begins with CMD or CMD-SHELL, followed by what to run"
            raise ValueError(message)
        return self


class Port(Value):
    """A port of the replica. Without `published` the engine picks a free port of the host."""

    target: PortNumber
    published: PortNumber | None = None
    protocol: Literal["tcp", "udp"] = "tcp"
    host_ip: str = "127.0.0.1"


class Volume(CamelValue):
    """A named volume of the environment, by mount path; it outlives every replica."""

    name: Name
    access: Literal["exclusive", "perSlot", "shared"] = "perSlot"
    read_only: bool = False


class NetworkUse(Value):
    """Membership of a network of the environment; the instance's name is always an alias."""

    aliases: tuple[str, ...] = ()


class Limits(Value):
    """Resource limits; what is not set is not limited by agentgit."""

    cpus: Annotated[Cpus, Field(gt=0)] | None = None
    memory: Annotated[Size, Field(ge=6 * 1024**2)] | None = None
    pids: Annotated[int, Field(ge=1)] | None = None


class Resources(Value):
    """Compose's `deploy.resources`, of which limits are supported."""

    limits: Limits = Limits()


class Deploy(Value):
    """Compose's `deploy`, of which resources are supported."""

    resources: Resources = Resources()


class Container(Value):
    """How a replica runs as a container."""

    image: Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
    entrypoint: Argv | None = None
    command: Argv | None = None
    working_dir: str | None = None
    user: Text | None = None
    environment: Mapping[EnvironmentKey, Text] = {}
    ports: Mapping[Name, Port] = {}
    volumes: Mapping[Target, Volume] = {}
    networks: Mapping[Name, NetworkUse] = {}
    labels: Mapping[str, Text] = {}
    healthcheck: Healthcheck | None = None
    restart: Literal["no", "always", "unless-stopped", "on-failure"] = "unless-stopped"
    stop_signal: str = "SIGTERM"
    stop_grace_period: Duration = 10.0
    read_only: bool = False
    tmpfs: tuple[Target, ...] = ()
    cap_drop: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    init: bool = False
    deploy: Deploy = Deploy()

    @property
    def limits(self) -> Limits:
        """The limits, wherever Compose nests them."""
        return self.deploy.resources.limits
