"""What a project defines once and names in many agents: models, MCP servers, knowledge.

The same blocks stand in an agent, where `ref` takes the catalog's entry and what is written beside
it goes over that entry.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from agentgit.model.value import CamelValue, Duration, Json, Name


class Fallback(CamelValue):
    """What to do when the model does not answer."""

    models: Annotated[tuple[str, ...], Field(min_length=1)]
    retries: Annotated[int, Field(ge=0)] = 2
    cooldown: Duration = 60.0


class CatalogModel(CamelValue):
    """The language model. `provider` is a name of OpenTelemetry GenAI (`openai`, `anthropic`)."""

    provider: Annotated[str, Field(min_length=1)]
    id: Annotated[str, Field(min_length=1)]
    params: Mapping[str, Json] = {}
    fallback: Fallback | None = None


class Model(CatalogModel):
    """The language model: `provider` and `id`, or `ref`, the name of a model of the catalog.

    `provider` is a name of OpenTelemetry GenAI (`openai`, `anthropic`). After compiling, provider
    and id are always there.
    """

    ref: Annotated[str | None, Field(min_length=1)] = None


class McpServer(CamelValue):
    """A server of the Model Context Protocol: one that is reached, or one that is started.

    Names of its fields and transports are those of MCP. Values of headers are secrets: only their
    names stand here.
    """

    description: str = ""
    url: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    transport: Literal["streamable-http", "sse", "stdio"] | None = None
    headers: tuple[str, ...] = ()
    timeout: Duration | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.url is None) == (self.command is None):
            message = "a server has either a url or a command"
            raise ValueError(message)
        if self.transport is not None and (self.transport == "stdio") == (self.command is None):
            message = "transport stdio belongs to a command, streamable-http and sse to a url"
            raise ValueError(message)
        if self.command is None and self.args:
            message = "args belong to a command"
            raise ValueError(message)
        if self.url is None and self.headers:
            message = "headers belong to a url"
            raise ValueError(message)
        return self


class CatalogKnowledge(CamelValue):
    """Something the agent can look things up in; the names are those of an MCP resource."""

    uri: Annotated[str, Field(min_length=1)]
    description: str = ""
    mime_type: str = ""


class Knowledge(CatalogKnowledge):
    """Something the agent can look things up in: `uri`, or `ref`, a name of the catalog.

    After compiling, the uri is always there.
    """

    ref: Annotated[str | None, Field(min_length=1)] = None


class CatalogSpec(CamelValue):
    """Definitions by name."""

    models: Mapping[Name, CatalogModel] = {}
    mcp_servers: Mapping[Name, McpServer] = {}
    knowledge: Mapping[Name, CatalogKnowledge] = {}
