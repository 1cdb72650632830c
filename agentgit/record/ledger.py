"""The ledger: the record of rollouts, in refs of the project's own repository.

One ref per rollout, `refs/agentgit/rollouts/<environment>/<rollout>`, written by who carries the
rollout out; one commit per milestone. Its parents are the previous milestone and the deployed
commit, so that what one may go back to is never garbage-collected.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from agentgit.effects import Git
from agentgit.errors import GitError
from agentgit.model.events import Event
from agentgit.model.plan import Pin, Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.record.cleaning import Clean, clean_event, clean_record
from agentgit.record.milestone import (
    EVENTS_FILE,
    PLAN_FILE,
    RECORD_FILE,
    REFS,
    Said,
    begin_files,
    milestone_files,
    name_ref,
    write_join,
    write_stream,
)
from agentgit.record.parcel import Parcel, is_whole, open_parcel, pack_rollout, unpack
from agentgit.record.pins import active_pin
from agentgit.record.reading import read_event, read_record
from agentgit.record.retention import choose_cut
from agentgit.record.sharing import (
    Joiner,
    contains,
    cut_rollouts,
    fetch_rollouts,
    push_rollouts,
    settle,
)
from agentgit.record.stale_lock import describe_lock, remove_stale_lock

KEEP = 200  # rollouts of an environment


class AlreadyRecordedError(GitError):
    """Somebody else has written to the same rollout at the same time."""


class GitLedger:
    """Implements `effects.Ledger` for one project. `timeout` is for the remote, in seconds.

    `keep` is how many rollouts of an environment stay at least; `clean` takes out of failures
    what belongs to this machine only.
    """

    def __init__(
        self,
        git: Git,
        project_id: str,
        remote: str | None = None,
        *,
        timeout: float = 30.0,
        keep: int = KEEP,
        clean: Clean = str,
    ) -> None:
        self._git = git
        self._project_id = project_id
        self._remote = remote
        self._timeout = timeout
        self._keep = keep
        self._clean = clean
        self._joiner = Joiner(self._is_newer, self._join)
        self._read: dict[str, RolloutRecord | None] = {}  # by commit of the ref
        self._refs: dict[str, str] = {}  # as they were when they were last listed
        self._cut: list[str] = []  # names of refs that the remote may still have
        self.unreadable: tuple[str, ...] = ()  # refs whose record the last reading left out

    def begin(self, record: RolloutRecord, plan: Plan | None) -> None:
        """Record that a rollout begins, with its plan. Raises GitError."""
        self._write(record, begin_files(clean_record(record, self._clean), plan), None)

    def note(self, record: RolloutRecord, events: tuple[Event, ...], when: datetime) -> None:
        """Record how far it has come. Raises GitError."""
        self._add(record, events, Said("goes on", when=when))

    def finish(self, record: RolloutRecord, events: tuple[Event, ...]) -> None:
        """Record how it ended. Raises GitError."""
        self._add(record, events, Said())

    def close(self, record: RolloutRecord, by: str) -> None:
        """Record the end of a rollout that somebody else began; its events stay.

        Raises GitError.
        """
        self._add(record, None, Said(by=by))

    def fetch(self) -> str | None:
        """Bring in what others recorded; a warning when the remote does not answer."""
        if self._remote is None:
            return None
        return fetch_rollouts(self._git, self._remote, self._timeout, self._joiner)

    def push(self) -> str | None:
        """Share what is recorded; a warning when the remote does not take it.

        What was let go of here is let go of there too.
        """
        if self._remote is None:
            return None
        warning = push_rollouts(self._git, self._remote, self._timeout)
        if warning is None and self._cut:
            warning = cut_rollouts(self._git, self._remote, self._timeout, self._cut)
            self._cut = []
        return warning

    def prune(self, environment: str) -> int:
        """Let go of old records that nobody needs; call it before a push. Gives their number.

        Raises GitError when the repository is locked.
        """
        cut = choose_cut(self.rollouts(environment), self._keep)
        refs = [name_ref(environment, one.id) for one in cut]
        orders = "".join(f"delete {ref}\n" for ref in refs)
        if not refs:
            return 0
        done = self._git.run("update-ref", "--stdin", data=orders.encode())
        if done.code != 0:
            lock = describe_lock(done.err)
            if lock is not None:
                raise GitError(f"old rollouts are kept: {lock.message}", hint=lock.hint)
            return 0  # tried again after the next rollout
        self._cut += refs
        return len(refs)

    def export(
        self,
        environment: str,
        rollout: str,
        pending: tuple[RolloutRecord, tuple[Event, ...]] | None = None,
    ) -> bytes:
        """Pack what is recorded of a rollout, to be kept elsewhere.

        `pending` is an end that could not be recorded here.
        """
        if pending is not None:
            pending = (
                clean_record(pending[0], self._clean),
                tuple(clean_event(one, self._clean) for one in pending[1]),
            )
        return pack_rollout(self._git, (self._project_id, environment, rollout), pending)

    def restore(self, data: bytes) -> RolloutRecord | None:
        """Bring back what was packed, as far as it is not here already; gives the record.

        None: damaged, or not of this project. Raises GitError when it cannot be written.
        """
        parcel = open_parcel(data)
        if parcel is None or parcel.project_id != self._project_id:
            return None
        if not self._is_known(parcel):
            self._bring_back(parcel)
        ended = parcel.record
        if ended is not None and not self._has_ended(parcel):
            self._add(ended, parcel.events, Said())
        return self._record_of(parcel.environment, parcel.rollout)

    def rollouts(self, environment: str) -> tuple[RolloutRecord, ...]:
        """All records of an environment, newest first; unreadable ones are left out.

        Clones and forks share refs, so only records of this project count.
        """
        refs = self._list_refs()
        commits = {ref: refs[ref] for ref in refs if ref.startswith(f"{REFS}/{environment}/")}
        self._load(list(commits.values()))
        self.unreadable = tuple(ref for ref in commits if self._read[commits[ref]] is None)
        found = [self._read[commit] for commit in commits.values()]
        ours = [one for one in found if one is not None and one.project_id == self._project_id]
        return tuple(sorted(ours, key=lambda one: (one.started_at, one.id), reverse=True))

    def environments(self) -> tuple[str, ...]:
        """Name the environments that have records, sorted: as when any was last asked for."""
        refs = self._refs or self._list_refs()
        return tuple(sorted({ref.removeprefix(f"{REFS}/").split("/", 1)[0] for ref in refs}))

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

    def mentions(self, environment: str, text: str) -> tuple[RolloutRecord, ...]:
        """The records whose plan or events have a text in them, newest first."""
        wanted, found = text.encode(), []
        for record in self.rollouts(environment):
            ref = name_ref(environment, record.id)
            files = self._git.objects([f"{ref}:{PLAN_FILE}", f"{ref}:{EVENTS_FILE}"])
            if any(file is not None and wanted in file.data for file in files):
                found.append(record)
        return tuple(found)

    def pin(self, environment: str) -> Pin | None:
        """The pin in force, whether or not a newer commit has ended it."""
        return active_pin(self.rollouts(environment))

    def _add(self, record: RolloutRecord, events: tuple[Event, ...] | None, said: Said) -> None:
        """Add a milestone to what is there, also when somebody else adds one at this moment."""
        if events is not None:
            events = tuple(clean_event(one, self._clean) for one in events)
        files = milestone_files(clean_record(record, self._clean), events)
        for last in (False, True):
            (previous,) = self._git.objects([name_ref(record.environment, record.id)])
            try:
                self._write(record, files, previous.id if previous else None, said)
            except AlreadyRecordedError:
                if last:
                    raise
            else:
                return

    def _write(
        self,
        record: RolloutRecord,
        files: dict[str, bytes],
        previous: str | None,
        said: Said | None = None,
    ) -> None:
        (deployed,) = self._git.objects([f"{record.commit}^{{commit}}"])
        self._import(
            record,
            write_stream(
                record,
                files,
                previous=previous,
                deployed=deployed.id if deployed else None,
                said=said,
            ),
        )

    def _import(self, record: RolloutRecord, stream: bytes) -> None:
        for _ in range(2):
            done = self._git.run("fast-import", "--quiet", "--done", data=stream)
            if done.code == 0:
                return
            if not remove_stale_lock(self._git, done.err):
                break
        if "Not updating" in done.err:
            raise AlreadyRecordedError(
                f"rollout {record.id} is already recorded, by another run",
                hint=f"agentgit history -e {record.environment} shows it",
            )
        lock = describe_lock(done.err)
        if lock is not None:
            raise GitError(f"the rollout cannot be recorded: {lock.message}", hint=lock.hint)
        reason = done.err.splitlines()[0].removeprefix("fatal: ") if done.err else "git failed"
        raise GitError(
            f"the rollout cannot be recorded: {reason}",
            hint=f"git must be able to write {REFS} in this repository",
        )

    def _list_refs(self) -> dict[str, str]:
        """Give the last milestone of the rollouts of all environments, by the name of the ref."""
        listed = self._git.run("for-each-ref", "--format=%(objectname) %(refname)", f"{REFS}/")
        lines = listed.out.decode("utf-8", "replace").splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        self._refs = {ref: commit for commit, ref in pairs}
        return self._refs

    def _load(self, commits: list[str]) -> None:
        unread = [commit for commit in commits if commit not in self._read]
        files = self._git.objects([f"{commit}:{RECORD_FILE}" for commit in unread])
        for commit, file in zip(unread, files, strict=True):
            self._read[commit] = read_record(file.data) if file else None

    def _record_of(self, environment: str, rollout: str) -> RolloutRecord | None:
        (tip,) = self._git.objects([name_ref(environment, rollout)])
        if tip is None:
            return None
        self._load([tip.id])
        return self._read[tip.id]

    def _has_ended(self, parcel: Parcel) -> bool:
        known = self._record_of(parcel.environment, parcel.rollout)
        return known is not None and known.outcome != "running"

    def _is_known(self, parcel: Parcel) -> bool:
        """Whether the last milestone of a parcel, or a later one, is here already."""
        ref = name_ref(parcel.environment, parcel.rollout)
        (local,) = self._git.objects([ref])
        if local is None or not parcel.tip:
            return local is not None
        return contains(self._git, local.id, parcel.tip)

    def _bring_back(self, parcel: Parcel) -> None:
        ref = name_ref(parcel.environment, parcel.rollout)
        if not unpack(self._git, parcel) or not self._is_about(parcel):
            return
        (local,) = self._git.objects([ref])
        if not is_whole(self._git, parcel.tip, parcel.rollout):
            self._write_again(parcel, local.id if local else None)
        elif local is None:
            self._git.run("update-ref", ref, parcel.tip, "")
        else:
            settle(self._git, ref, parcel.tip, self._joiner)

    def _is_about(self, parcel: Parcel) -> bool:
        """Whether the milestone inside is one of the rollout that the parcel names."""
        self._load([parcel.tip])
        record = self._read[parcel.tip]
        names = (parcel.project_id, parcel.environment, parcel.rollout)
        return record is not None and names == (record.project_id, record.environment, record.id)

    def _write_again(self, parcel: Parcel, local: str | None) -> None:
        """Write the last milestone anew where the deployed commit is not in this clone.

        Git would take the original for damage; the files are the same, the ids are not.
        """
        record = self._read[parcel.tip]
        if record is None or (local is not None and not self._is_newer(parcel.tip, local)):
            return
        names = (RECORD_FILE, PLAN_FILE, EVENTS_FILE)
        found = self._git.objects([f"{parcel.tip}:{name}" for name in names])
        files = {name: one.data for name, one in zip(names, found, strict=True) if one}
        self._write(record, files, local)

    def _join(self, winner: str, other: str) -> None:
        """Join two ends of one rollout, so that every clone can move on to the same one."""
        self._load([winner])
        record = self._read[winner]
        if record is not None:
            self._import(record, write_join(record, winner, other))

    def _is_newer(self, incoming: str, local: str) -> bool:
        """Whether what was recorded elsewhere tells more than what is here.

        What its own writer said of the end counts more than that somebody else found it without
        one. Everybody who compares the same two decides the same.
        """
        return self._rank(incoming) > self._rank(local)

    def _rank(self, commit: str) -> tuple[int, float, int, str]:
        self._load([commit])
        record = self._read[commit]
        if record is None:
            return -1, 0.0, 0, commit
        (events,) = self._git.objects([f"{commit}:{EVENTS_FILE}"])
        ended = record.finished_at.timestamp() if record.finished_at else 0.0
        order = {"running": 0, "interrupted": 1}.get(record.outcome, 2)
        return order, ended, len(events.data) if events else 0, commit
