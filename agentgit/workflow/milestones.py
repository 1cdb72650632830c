"""Records a rollout while it goes on: its beginning, how far it has come, its end.

Each milestone is a commit of the ledger here and a copy on the first host. A rollout of hundreds
of waves has as few of them as one of six.
"""

from __future__ import annotations

from agentgit.errors import GitError
from agentgit.model.events import Event, WaveDone
from agentgit.model.plan import Plan
from agentgit.model.rollout import RolloutRecord
from agentgit.record.history import unfinished
from agentgit.record.rollout_id import moment_of
from agentgit.workflow.books import find_carriers
from agentgit.workflow.session import Session
from agentgit.workflow.spool import Spool, drop_empty, drop_ended

ON_THE_WAY = 4  # milestones between the beginning and the end, at most


class Milestones:
    """Keeps the events of one rollout, and records them at milestones."""

    def __init__(self, session: Session, plan: Plan, record: RolloutRecord) -> None:
        self._session = session
        self._plan = plan
        self._record = record
        self._spool = Spool(session.ledger, session.providers, record.environment, record.id)
        self._every = -(-len(plan.waves) // (ON_THE_WAY + 1)) or 1
        self._troubled = False
        self.events: list[Event] = []

    def begin(self) -> None:
        """Record the beginning, with the plan. Raises GitError, before anything is touched."""
        self._session.ledger.begin(self._record, self._plan)
        self._spool.put()

    def note(self, event: Event) -> Event:
        """Keep an event; after a wave, with its pause, record what has happened so far."""
        self.events.append(event)
        if isinstance(event, WaveDone) and self._is_due(event.number):
            try:
                when = moment_of(self._record, self._session.world.clock.now())
                self._session.ledger.note(self._record, tuple(self.events), when)
            except GitError as error:
                self._warn(error.message)  # the end is recorded all the same
            else:
                self._spool.put()
        return event

    def finish(self, record: RolloutRecord) -> None:
        """Record the end. Where the repository does not take it, the host keeps it.

        Raises GitError when neither does.
        """
        events = tuple(self.events)
        try:
            self._session.ledger.finish(record, events)
        except GitError as error:
            if not self._spool.put((record, events)):
                raise
            self._warn(
                f"{error.message}; the end of rollout {record.id} is kept on the host, and the "
                "next plan records it"
            )
        else:
            self._spool.put()

    def _is_due(self, wave: int) -> bool:
        return wave % self._every == 0 and wave < len(self._plan.waves)

    def _warn(self, text: str) -> None:
        if not self._troubled:
            self._session.warnings += (text,)
        self._troubled = True


def close_interrupted(session: Session, record: RolloutRecord) -> RolloutRecord:
    """End the records of rollouts that nobody ended; gives the record of who goes on with them.

    Only under the lease: whoever began them has lost it, or is not there any more.
    """
    environment, ledger = record.environment, session.ledger
    drop_empty(session.spooled)
    left = [one for one in unfinished(ledger.rollouts(environment)) if one.id != record.id]
    for one in left:
        closed = one.model_copy(
            update={
                "outcome": "interrupted",
                "finished_at": moment_of(one, session.world.clock.now()),
                "hosts": {**one.hosts, **find_carriers(session)},
            }
        )
        ledger.close(closed, record.actor)
    if not left:
        return record
    return record.model_copy(update={"resumes": left[0].id})


def share(session: Session) -> None:
    """Let go of old records, bring the others to the remote, and let hosts forget what is there.

    Not under the lease: the remote may take its time.
    """
    environment, ledger = session.request.environment, session.ledger
    try:
        ledger.prune(environment)
    except GitError as error:
        session.warnings += (f"{error.message}; {error.hint}",)
    warning = ledger.push()
    if warning is None:
        drop_ended(ledger, session.providers, environment)
    else:
        session.warnings += (warning,)
