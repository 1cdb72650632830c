"""The ledger: the record of rollouts, in refs of the project's own repository.

One ref per rollout, `refs/agentgit/rollouts/<environment>/<rollout>`, written by who carries the
rollout out; one commit per milestone. Its parents are the previous milestone and the deployed
commit, so that what one may go back to is never garbage-collected.
"""

from __future__ import annotations

from pydantic import ValidationError

from agentgit.effects import Git
from agentgit.errors import GitError
from agentgit.model.events import Event
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.record.milestone import (
    EVENTS_FILE,
    PLAN_FILE,
    RECORD_FILE,
    REFS,
    begin_files,
    finish_files,
    name_ref,
    write_stream,
)
from agentgit.record.pins import active_pin
from agentgit.record.reading import read_event, read_record
from agentgit.record.sharing import fetch_rollouts, push_rollouts


class GitLedger:
    """Implements `effects.Ledger` for one project. `timeout` is for the remote, in seconds."""

    def __init__(
        self, git: Git, project_id: str, remote: str | None = None, *, timeout: float = 30.0
    ) -> None:
        self._git = git
        self._project_id = project_id
        self._remote = remote
        self._timeout = timeout
        self._read: dict[str, RolloutRecord | None] = {}  # by commit of the ref
        self.unreadable: tuple[str, ...] = ()  # refs whose record the last reading left out

    def begin(self, record: RolloutRecord, plan: Plan | None) -> None:
        """Record that a rollout begins, with its plan. Raises GitError."""
        self._write(record, begin_files(record, plan), None)

    def finish(self, record: RolloutRecord, events: tuple[Event, ...]) -> None:
        """Record how it ended. Raises GitError."""
        (previous,) = self._git.objects([name_ref(record.environment, record.id)])
        self._write(record, finish_files(record, events), previous.id if previous else None)

    def fetch(self) -> str | None:
        """Bring in what others recorded; a warning when the remote does not answer."""
        if self._remote is None:
            return None
        return fetch_rollouts(self._git, self._remote, self._timeout, self._is_newer)

    def push(self) -> str | None:
        """Share what is recorded; a warning when the remote does not take it."""
        if self._remote is None:
            return None
        return push_rollouts(self._git, self._remote, self._timeout)

    def rollouts(self, environment: str) -> tuple[RolloutRecord, ...]:
        """All records of an environment, newest first; unreadable ones are left out.

        Clones and forks share refs, so only records of this project count.
        """
        listed = self._git.run(
            "for-each-ref", "--format=%(objectname) %(refname)", f"{REFS}/{environment}/"
        )
        pairs = [line.split(" ", 1) for line in listed.out.decode("utf-8", "replace").splitlines()]
        self._load([commit for commit, _ in pairs])
        self.unreadable = tuple(ref for commit, ref in pairs if self._read[commit] is None)
        found = [self._read[commit] for commit, _ in pairs]
        ours = [one for one in found if one is not None and one.project_id == self._project_id]
        return tuple(sorted(ours, key=lambda one: (one.started_at, one.id), reverse=True))

    def environments(self) -> tuple[str, ...]:
        """Name the environments that have records, sorted."""
        listed = self._git.run("for-each-ref", "--format=%(refname)", f"{REFS}/")
        names = listed.out.decode("utf-8", "replace").splitlines()
        return tuple(sorted({name.removeprefix(f"{REFS}/").split("/", 1)[0] for name in names}))

    def events(self, environment: str, rollout: str) -> tuple[Event, ...]:
        """What happened in a rollout, as far as recorded; lines nobody can read are left out."""
        (found,) = self._git.objects([f"{name_ref(environment, rollout)}:{EVENTS_FILE}"])
        lines = found.data.splitlines() if found else []
        return tuple(event for event in map(read_event, lines) if event is not None)

    def plan(self, environment: str, rollout: str) -> Plan | None:
        """The plan of a rollout, None when there is none that can be read."""
        (found,) = self._git.objects([f"{name_ref(environment, rollout)}:{PLAN_FILE}"])
        try:
            return Plan.model_validate_json(found.data) if found else None
        except ValidationError:
            return None

    def pin(self, environment: str) -> Pin | None:
        """The pin in force, whether or not a newer commit has ended it."""
        return active_pin(self.rollouts(environment))

    def _write(self, record: RolloutRecord, files: dict[str, bytes], previous: str | None) -> None:
        (deployed,) = self._git.objects([f"{record.commit}^{{commit}}"])
        stream = write_stream(
            record, files, previous=previous, deployed=deployed.id if deployed else None
        )
        done = self._git.run("fast-import", "--quiet", "--done", data=stream)
        if done.code == 0:
            return
        if "Not updating" in done.err:
            raise GitError(
                f"rollout {record.id} is already recorded, by another run",
                hint=f"agentgit history -e {record.environment} shows it",
            )
        reason = done.err.splitlines()[0].removeprefix("fatal: ") if done.err else "git failed"
        raise GitError(
            f"the rollout cannot be recorded: {reason}",
            hint=f"git must be able to write {REFS} in this repository",
        )

    def _load(self, commits: list[str]) -> None:
        unread = [commit for commit in commits if commit not in self._read]
        files = self._git.objects([f"{commit}:{RECORD_FILE}" for commit in unread])
        for commit, file in zip(unread, files, strict=True):
            self._read[commit] = read_record(file.data) if file else None

    def _is_newer(self, incoming: str, local: str) -> bool:
        """Whether an end was recorded elsewhere of what is still running here."""
        self._load([incoming, local])
        theirs, ours = self._read[incoming], self._read[local]
        return theirs is not None and (
            ours is None or (ours.outcome == "running" and theirs.outcome != "running")
        )
