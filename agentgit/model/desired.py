"""What a commit asks for in one environment."""

from __future__ import annotations

from collections.abc import Mapping

from agentgit.model.snapshot import Commit
from agentgit.model.spec import AgentSpec, Host, Protection, Rollout
from agentgit.model.value import Value, keep_made


class Instance(Value):
    """One named deployment of an agent, all layers merged.

    `revision` names the replica's content when it runs as a container, `process_revision` when it
    runs as a process (it covers the bytes of the source folder instead of the image). Both are 64
    hex digits; people see the first eight. `rollout` is the policy with its name looked up.
    `path` is the file that declares the instance; `source_digest` names the bytes of the folder
    that a process runs from, `schema_digest` the JSON Schema that `config` fits. `commit` is set
    where an instance is not taken from the commit of its `Desired`: when going back, or for a
    restart.
    """

    name: str
    agent: str
    path: str
    labels: Mapping[str, str] = {}
    spec: AgentSpec
    rollout: Rollout
    revision: str
    process_revision: str
    source_digest: str = ""
    schema_digest: str = ""
    commit: str = ""


class Project(Value):
    """The project's identity: `id` is what counts, the name is for people."""

    id: str
    name: str
    remote: str | None = None
    keep: int = 200


class Desired(Value):
    """The resolved desired state; `instances` in order of name, `commit` None for a work tree."""

    project: Project
    environment: str
    commit: Commit | None
    branch: str | None = None
    hosts: Mapping[str, Host]
    protection: Protection = Protection()
    keep_revisions: int = 3
    instances: tuple[Instance, ...]

    def instance(self, name: str) -> Instance | None:
        """Find an instance by name."""
        found = keep_made(self, "~by_name", self.instances, self._index)
        return found.get(name)

    def _index(self) -> Mapping[str, Instance]:
        return {one.name: one for one in reversed(self.instances)}
