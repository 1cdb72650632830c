"""What explains a change: origins from the target commit, old values from older commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agentgit.compile.build import compile_environment
from agentgit.compile.explain import Explainer
from agentgit.compile.layout import list_instances
from agentgit.compile.trace import Tracer
from agentgit.effects import Source
from agentgit.errors import AgentgitError
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import Replica
from agentgit.model.origin import Chains, Origin
from agentgit.model.rollout import RolloutRecord
from agentgit.model.snapshot import Snapshot
from agentgit.model.value import Path
from agentgit.plan.origins import Places
from agentgit.record.history import last_good


class CommitEvidence:
    """Compiles what is asked for, once. Implements `plan.request.Evidence`."""

    def __init__(
        self,
        source: Source,
        snapshot: Snapshot,
        environment: str,
        records: tuple[RolloutRecord, ...],
        desired: Desired | None = None,
    ) -> None:
        self._source = source
        self._desired = desired
        self._records = records
        self._snapshot = snapshot
        self._environment = environment
        self._explainer: Explainer | None = None
        self._known = frozenset[str]()
        self._chains: dict[str, Chains] = {}
        self._past: dict[str, _Past | None] = {}
        self._tracers: dict[str, Tracer] = {}

    def chains(self, instance: str) -> Chains:
        """Where every value of a desired instance comes from.

        Nothing is known of one that this commit does not have: a restart takes it from another.
        """
        if self._explainer is None:
            self._known = frozenset(list_instances(self._snapshot, self._environment))
            self._explainer = Explainer(self._snapshot, self._environment)
        if instance not in self._chains:
            known = instance in self._known
            self._chains[instance] = self._explainer.explain(instance).chains if known else {}
        return self._chains[instance]

    def before(self, replica: Replica) -> Instance | None:
        """The instance as its replica's commit had it, if that commit can still be compiled."""
        past = self._find(replica.commit, replica.instance)
        if past and replica.revision in {past.revision, past.process_revision}:
            return past
        return None

    def applied(self, instance: str) -> Instance | None:
        """The instance as the last rollout that succeeded for it had it."""
        commit = last_good(self._records, instance)
        return self._find(commit, instance) if commit else None

    def places(self, instance: Instance) -> Places:
        """Where its values are said: in its own commit, else in the one that is planned."""
        return self._trace(instance.commit)

    def environment_place(self, path: Path) -> Origin | None:
        """Where the commit that is planned says one of the environment's own values."""
        return self._trace("").environment_place(path)

    def around(self, instance: Instance) -> Desired | None:
        """What its own commit asks for, else the one that is planned."""
        if not instance.commit:
            return self._desired
        past = self._at(instance.commit)
        return past.desired if past else None

    def _trace(self, commit: str) -> Tracer:
        if commit not in self._tracers:
            past = self._at(commit) if commit else None
            snapshot = self._source.snapshot(commit) if past else self._snapshot
            desired = past.desired if past else None if commit else self._desired
            self._tracers[commit] = Tracer(snapshot, desired)
        return self._tracers[commit]

    def _find(self, commit: str, instance: str) -> Instance | None:
        past = self._at(commit)
        return past.instances.get(instance) if past else None

    def _at(self, commit: str) -> _Past | None:
        if commit not in self._past:
            found = compile_past(self._source, commit, self._environment)
            mine = found.instances if found else ()
            named = {one.name: one.model_copy(update={"commit": commit}) for one in mine}
            self._past[commit] = _Past(found, named) if found else None
        return self._past[commit]


class _Past(NamedTuple):
    """What an older commit asks for; each of its instances knows that commit."""

    desired: Desired
    instances: Mapping[str, Instance]


def compile_past(source: Source, sha: str, environment: str) -> Desired | None:
    """Compile an older commit; None when it is not here or not understood any more."""
    try:
        return compile_environment(source.snapshot(sha), environment)
    except AgentgitError:
        return None
