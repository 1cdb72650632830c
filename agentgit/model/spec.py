"""`AgentSpec`: what an instance is, once all its layers are merged.

Each block uses the names of its own standard: `card` those of the A2A agent card 1.0, `model`
the provider names of OpenTelemetry GenAI, `container` those of Compose. The rest is ours.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from agentgit.model.catalog import CatalogSpec, Knowledge, McpServer, Model
from agentgit.model.container import Argv, Container, EnvironmentKey, Text
from agentgit.model.value import CamelValue, Duration, Json, Name, Size, Value, VarName

_NAMED = r"(?:[^\s/@]+@)?(?:\[[0-9a-fA-F:.]+\]|[^\s/:@\[\]]+)"
_ENDPOINT = re.compile(
    rf"unix:///\S+|tcp://{_NAMED}:([0-9]{{1,5}})/?|"
    rf"ssh://{_NAMED}(?::([0-9]{{1,5}}))?/?"
)
_PORTS = range(1, 65536)


class Skill(CamelValue):
    """One thing the agent can do (A2A)."""

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


class CardProvider(CamelValue):
    """Who offers the agent (A2A)."""

    organization: str
    url: str = ""


class Card(CamelValue):
    """What the agent tells others about itself (A2A agent card 1.0)."""

    description: str = ""
    version: str = ""
    provider: CardProvider | None = None
    documentation_url: str = ""
    skills: Mapping[str, Skill] = {}
    default_input_modes: tuple[str, ...] = ("text/plain",)
    default_output_modes: tuple[str, ...] = ("text/plain",)


class Instructions(CamelValue):
    """The system prompt: `file`, relative to the YAML file that names it, or `text`.

    After compiling, `text` is always there and `file` is the path inside the repository.
    """

    file: str | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if self.file is None and self.text is None:
            message = "instructions need a file or a text"
            raise ValueError(message)
        return self


class Tool(CamelValue):
    """What the agent may use: a server of the Model Context Protocol, or another agent."""

    mcp_server: str | None = None
    server: McpServer | None = None
    agent: str | None = None
    allowed_tools: tuple[str, ...] | None = None
    require_approval: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.mcp_server is None) == (self.agent is None):
            message = "a tool names an mcpServer or an agent"
            raise ValueError(message)
        return self


class ConfigSchema(CamelValue):
    """What `config` must look like: JSON Schema 2020-12, in a file or right here.

    It checks every instance and is no part of the revision. It refers to itself only.
    """

    file: str | None = None
    inline: Annotated[
        Mapping[str, Json] | None,
        Field(alias="schema"),
    ] = None


class Process(CamelValue):
    """How the same agent runs without a container, as a process of the host.

    Ports, healthcheck, environment, grace period and limits are those of `container`.
    """

    source: str
    command: Annotated[Argv, Field(min_length=1)]
    environment: Mapping[EnvironmentKey, Text] = {}


class Scale(CamelValue):
    """How many replicas."""

    replicas: Annotated[int, Field(ge=0, le=1000)] = 1


class Placement(CamelValue):
    """Which hosts may carry replicas: those that have all these labels."""

    match_labels: Mapping[str, Text] = {}


class PauseStep(CamelValue):
    """How long to look before going on."""

    duration: Duration


class CanaryStep(CamelValue):
    """One step of a canary: `setWeight` or `pause`."""

    set_weight: Annotated[int, Field(ge=1, le=100)] | None = None
    pause: PauseStep | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.set_weight is None) == (self.pause is None):
            message = "a step is either setWeight or pause"
            raise ValueError(message)
        return self


class Rollout(CamelValue):
    """How a change reaches the replicas.

    `maxSurge` replicas may run beyond the number asked for, `maxUnavailable` may be missing.
    A replica counts when it has been healthy for `minHealthyTime`, and it must within
    `healthyDeadline`. A rollout goes on while at most `maxFailures` instances have failed; those
    alone go back.
    """

    strategy: Literal["recreate", "rolling", "canary"] = "rolling"
    max_surge: Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^\d{1,3}%$")] = 1
    max_unavailable: Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^\d{1,3}%$")] = 0
    steps: tuple[CanaryStep, ...] = ()
    min_healthy_time: Duration = 1.0
    healthy_deadline: Duration = 120.0
    max_failures: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.max_surge in {0, "0%"} and self.max_unavailable in {0, "0%"}:
            message = "maxSurge and maxUnavailable cannot both be 0: nothing could ever change"
            raise ValueError(message)
        if bool(self.steps) != (self.strategy == "canary"):
            message = "steps belong to strategy canary, and a canary needs them"
            raise ValueError(message)
        weights = [step.set_weight for step in self.steps if step.set_weight is not None]
        if self.steps and (self.steps[0].set_weight is None or weights != sorted(set(weights))):
            message = "the steps of a canary begin with setWeight, and weights only grow"
            raise ValueError(message)
        if not self.min_healthy_time < self.healthy_deadline:
            message = "minHealthyTime must be less than healthyDeadline"
            raise ValueError(message)
        return self


class AgentSpec(CamelValue):
    """One agent, complete. Every block may come from any layer."""

    card: Card = Card()
    model: Model | None = None
    instructions: Instructions | None = None
    tools: Mapping[Name, Tool] = {}
    knowledge: Mapping[Name, Knowledge] = {}
    config: Mapping[str, Json] = {}
    config_schema: ConfigSchema | None = None
    container: Container | None = None
    process: Process | None = None
    scale: Scale = Scale()
    placement: Placement = Placement()
    rollout: str | Rollout = Rollout()


class InstanceSpec(AgentSpec):
    """An instance names its agent and says what differs."""

    agent: Name


class InstanceSetSpec(CamelValue):
    """Many instances of one agent: a template over a matrix of values, or over a list of them.

    `${key}` in `name` and in `template` stands for one value of the matrix or the list.
    """

    agent: Name
    matrix: Mapping[VarName, tuple[Json, ...]] = {}
    entries: Annotated[
        tuple[Mapping[VarName, Json], ...],
        Field(alias="list"),
    ] = ()
    name: Annotated[str, Field(min_length=1)]
    template: AgentSpec = AgentSpec()


class Source(CamelValue):
    """Which branch an environment follows; the checked-out commit when left out."""

    branch: str | None = None


class Host(CamelValue):
    """An engine endpoint. `auto` takes what answers: Docker, then Podman, else processes."""

    engine: Literal["auto", "docker", "podman", "process"] = "auto"
    endpoint: str | None = None
    labels: Mapping[str, Text] = {}

    @model_validator(mode="after")
    def _check_endpoint(self) -> Self:
        if self.endpoint is None:
            return self
        if self.engine == "process":
            if not self.endpoint.startswith("/"):
                message = "the endpoint of a process host must be the absolute path of a folder"
                raise ValueError(message)
        elif not _is_endpoint(self.endpoint):
            message = (
                "endpoint must be unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST, found "
                f'"{self.endpoint}"'
            )
            raise ValueError(message)
        return self


def _is_endpoint(text: str) -> bool:
    found = _ENDPOINT.fullmatch(text)
    return found is not None and all(int(port) in _PORTS for port in found.groups() if port)


Share = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^\d{1,3}%$")]


class Protection(CamelValue):
    """What a plan may do to an environment before somebody has to say that it is meant.

    `maxReplaced` and `maxRemoved` are shares of all replicas, of which ten may always go, or
    numbers, which are meant as they are; `minAvailable` is how many of an instance's replicas, or
    which share of them, must serve at any time; `pinnedImages` wants every image by its digest;
    `minFreeDisk` is the room that must be left on a host. A commit that loosens them is still held
    to those of the commit that was verified last.
    """

    max_replaced: Share = "30%"
    max_removed: Share = "30%"
    min_available: Share | None = None
    pinned_images: bool = False
    min_free_disk: Size | None = None


class EnvironmentSpec(CamelValue):
    """A named place with its hosts; one without instances, to be extended, needs none.

    What it extends gives it defaults, agent files and vars, never hosts, instances or the branch.
    """

    source: Source = Source()
    extends: Name | None = None
    hosts: Annotated[Mapping[Name, Host], Field(min_length=1)] = {}
    vars: Mapping[VarName, Json] = {}
    protection: Protection = Protection()
    keep_revisions: Annotated[int, Field(ge=1, le=1000)] = 3


class LedgerSpec(CamelValue):
    """Where the record of rollouts is shared, and how much of it is kept."""

    remote: str | None = None
    keep: Annotated[int, Field(ge=1)] = 200


class ProjectSpec(CamelValue):
    """The project's identity, which every clone and fork keeps."""

    id: Annotated[
        str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
    ]
    ledger: LedgerSpec = LedgerSpec()


class Metadata(Value):
    """Name and free labels, as in Kubernetes."""

    name: Name
    labels: Mapping[str, Text] = {}
    annotations: Mapping[str, Text] = {}


API_VERSION = "agentgit.dev/v1alpha1"
Kind = Literal[
    "Project", "AgentDefaults", "Agent", "Catalog", "Environment", "Instance", "InstanceSet",
    "Rollout",
]  # fmt: skip
SPECS: Mapping[str, type[Value]] = {
    "Project": ProjectSpec,
    "AgentDefaults": AgentSpec,
    "Agent": AgentSpec,
    "Catalog": CatalogSpec,
    "Environment": EnvironmentSpec,
    "Instance": InstanceSpec,
    "InstanceSet": InstanceSetSpec,
    "Rollout": Rollout,
}
