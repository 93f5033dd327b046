"""Defines the outcomes of a step, and applies them to submission, server and log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from intake.log import logger
from intake.settings import Settings
from intake.store import attempt_log, audit, contacts, servers
from intake.store.attempt_log import AttemptResult
from intake.store.database import Tx
from intake.store.outbox import delivery_steps, leases, undo_leases
from intake.store.outbox.conflict_decisions import ConflictDecision
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.leases import LeasedSubmission, LeasedWork
from intake.store.outbox.undo_leases import LeasedUndo
from intake.store.outbox.undo_records import UndoRecord
from intake.worker.context import WorkerContext
from intake.worker.supersede import supersede_older_answers
from intake.worker.verified_facts import record_facts

SERVER_PAUSE = timedelta(minutes=1)
POLICY_ACTOR = "policy"
"""The audit names this actor if the site's settings decided a conflict."""
WORKER_ACTOR = "worker"
"""The audit names this actor for an undo.

An earlier entry names the person who requested it.
"""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took the submission. The lease goes on: the read-back follows."""

    event: ClassVar[str] = "accepted"
    leased: LeasedSubmission

    def store(self, tx: Tx) -> bool:
        """Mark the submission as accepted; False if the lease was lost."""
        return delivery_steps.mark_accepted(tx, self.leased)


@dataclass(frozen=True, slots=True)
class Verified:
    """The read-back found every answer in the chart."""

    event: ClassVar[str] = "verified"
    leased: LeasedSubmission
    settings: Settings

    def store(self, tx: Tx) -> bool:
        """Mark as verified, supersede older answers, store facts; False if the lease was lost."""
        # One transaction: no worker may lease an older submission between the two.
        lease_kept = delivery_steps.mark_verified(tx, self.leased)
        if lease_kept:
            supersede_older_answers(tx, self.leased, self.settings)
            record_facts(tx, self.leased, self.settings)
        return lease_kept


@dataclass(frozen=True, slots=True)
class Decided:
    """The site's policy decided every conflict. The submission is sent again at once."""

    event: ClassVar[str] = "decided"
    leased: LeasedSubmission
    decisions: Mapping[str, ConflictDecision]

    def store(self, tx: Tx) -> bool:
        """Store the decisions and audit them; False if the lease was lost."""
        lease_kept = delivery_steps.record_decisions(tx, self.leased, self.decisions, tx.now)
        if lease_kept:
            audit.record_action(tx, POLICY_ACTOR, "conflict-decided", self.leased.record.id)
        return lease_kept


@dataclass(frozen=True, slots=True)
class Reversed:
    """The undo is complete.

    `undo_records` replace those of later submissions, by submission id.
    """

    event: ClassVar[str] = "reversed"
    leased: LeasedUndo
    undo_records: Mapping[str, UndoRecord]

    def store(self, tx: Tx) -> bool:
        """Mark the submission as reversed and audit the undo; False if the lease was lost."""
        lease_kept = undo_leases.finish_undo(tx, self.leased, self.undo_records)
        if lease_kept:
            audit.record_action(tx, WORKER_ACTOR, "submission-undone", self.leased.record.id)
        return lease_kept


@dataclass(frozen=True, slots=True)
class Waiting:
    """The submission is tried again after `delay`, because the fault can pass.

    `is_failing`: the server fails this submission, and not only cannot be reached.
    `server_answered`: the server let us in. `server_delay` is its Retry-After.
    """

    event: ClassVar[str] = "waiting"
    leased: LeasedWork
    reason: str
    message: str
    delay: timedelta
    is_failing: bool = False
    server_answered: bool = False
    server_delay: timedelta | None = None

    def store(self, tx: Tx) -> bool:
        """Schedule the next attempt; False if the lease was lost."""
        return delivery_steps.schedule_retry(
            tx,
            self.leased,
            until=tx.now + self.delay,
            reason=self.reason,
            words=self.message,
            failing=self.is_failing,
        )


@dataclass(frozen=True, slots=True)
class Held:
    """The submission needs a person: `message` says why, and the remedy.

    `detail` can quote answers and is stored encrypted. `location` is the line of code that
    raised an unforeseen error.
    """

    event: ClassVar[str] = "held"
    leased: LeasedWork
    reason: HeldReason
    message: str
    detail: str | None = None
    server_answered: bool = True
    location: str = ""

    def store(self, tx: Tx) -> bool:
        """Hold the submission; False if the lease was lost."""
        return hold_submission(
            tx, self.leased, reason=self.reason, words=self.message, detail=self.detail
        )


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing may be sent now. The submission comes back after `delay`."""

    event: ClassVar[str] = "behind"
    leased: LeasedWork
    delay: timedelta

    def store(self, tx: Tx) -> bool:
        """Release the lease; False if it was lost."""
        return leases.release_lease(tx, self.leased, until=tx.now + self.delay)


@dataclass(frozen=True, slots=True)
class ServerPaused:
    """The fault is the server's, not the submission's: the server pauses."""

    event: ClassVar[str] = "server-paused"
    leased: LeasedWork
    reason: str
    message: str

    def store(self, tx: Tx) -> bool:
        """Release the lease until the pause ends; False if it was lost."""
        return leases.release_lease(
            tx,
            self.leased,
            until=tx.now + SERVER_PAUSE,
            reason=self.reason,
            words=self.message,
        )


Outcome = Accepted | Verified | Decided | Reversed | Waiting | Held | Postponed | ServerPaused


def apply_outcome(context: WorkerContext, outcome: Outcome) -> bool:
    """Store the outcome of a step and log it; False if the lease was lost."""
    with context.database.write() as tx:
        lease_kept = outcome.store(tx)
        # What the step learned about the server is true even if the lease was lost.
        is_new_pause = _update_server(tx, context.server.id, outcome)
        _log_attempt(tx, context, outcome)
    if not isinstance(outcome, ServerPaused):
        _log_outcome(context, outcome, lease_kept=lease_kept)
    elif is_new_pause:
        # One alarm for a pause, and no line for each submission that meets it.
        log_server_paused(context.server.id, outcome.reason)
    return lease_kept


def _log_attempt(tx: Tx, context: WorkerContext, outcome: Outcome) -> None:
    """Store the requests of the step with its result, for the submission's page."""
    requests = tuple(context.exchanges)
    context.exchanges.clear()
    # A step that waits for its turn is no attempt.
    if isinstance(outcome, Postponed) and not requests:
        return
    record = outcome.leased.record
    reason = outcome.reason if isinstance(outcome, Waiting | Held | ServerPaused) else None
    attempt_log.record_attempt(
        tx, record.id, AttemptResult(record.attempts + 1, outcome.event, reason, requests)
    )


def _update_server(tx: Tx, server_id: str, outcome: Outcome) -> bool:
    """Store what the step learned about the server; True if a pause begins."""
    match outcome:
        case ServerPaused():
            return pause_server(tx, server_id, outcome.reason, outcome.message)
        case Verified() | Reversed():
            servers.record_success(tx, server_id)
        case Accepted() | Decided() | Held(server_answered=True) | Waiting(server_answered=True):
            servers.end_pause(tx, server_id)
        case Waiting():
            _record_fault(tx, server_id, outcome)
            return False
        case _:
            # The step sent nothing, or what it learned is about this submission alone.
            return False
    contacts.record_answer(tx, contacts.server_contact(server_id))
    return False


def _record_fault(tx: Tx, server_id: str, outcome: Waiting) -> None:
    """Store that the server could not serve the step."""
    contacts.record_failure(tx, contacts.server_contact(server_id), outcome.reason)
    # A paused server that now fails in another way must not keep its first reason.
    servers.explain_pause(tx, server_id, outcome.reason, outcome.message)
    if outcome.server_delay is not None:
        servers.back_off(tx, server_id, until=tx.now + outcome.server_delay)


def pause_server(tx: Tx, server_id: str, reason: str, message: str) -> bool:
    """Pause the server; True if it was running before."""
    contacts.record_failure(tx, contacts.server_contact(server_id), reason)
    return servers.pause_server(
        tx, server_id, until=tx.now + SERVER_PAUSE, reason=reason, words=message
    )


def log_server_paused(server_id: str, reason: str) -> None:
    """Log the alarm of a new pause."""
    logger.error("server-paused", extra={"server": server_id, "reason": reason})


def _log_outcome(
    context: WorkerContext,
    outcome: Accepted | Verified | Decided | Reversed | Waiting | Held | Postponed,
    *,
    lease_kept: bool,
) -> None:
    fields = {
        "submission": outcome.leased.record.id,
        "server": context.server.id,
        "attempts": outcome.leased.record.attempts + 1,
    }
    if isinstance(outcome, Waiting | Held):
        fields["reason"] = outcome.reason
    if isinstance(outcome, Held) and outcome.location:
        fields["where"] = outcome.location
    # Without the lease the record holds what another worker stored, so this outcome is not logged.
    logger.info(outcome.event if lease_kept else "lease-lost", extra=fields)
