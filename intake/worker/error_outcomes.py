"""Turns errors that delivery and undo share into outcomes."""

from datetime import datetime, timedelta

from fhir_client.errors import ServerError, TemporaryError, VersionConflictError
from intake.ehr.contacts import error_reason
from intake.log import error_location
from intake.store import servers
from intake.store.outbox.held_reasons import HeldReason, find_remedy
from intake.store.outbox.leases import LeasedWork
from intake.worker.backoff import retry_delay
from intake.worker.context import WorkerContext
from intake.worker.outcomes import SERVER_PAUSE, Held, ServerPaused, Waiting

FAILS_ALONE_AFTER = timedelta(days=1)
"""A submission that the server fails this long, while others succeed, is held."""
FORBIDDEN = "http-403"
TURN_DELAY = timedelta(seconds=2)
"""The time that a submission waits for its turn.

Another submission of the chart goes first, or another worker has the lease.
"""


def remedy_words(leased: LeasedWork, reason: HeldReason) -> str:
    """Return what ends the hold of a submission, or of its undo."""
    return find_remedy(reason, undoing=leased.record.undoing).words


class PostponedError(Exception):
    """Nothing may be sent now.

    The lease was lost, another submission of the same chart goes first, or it is too early.
    """

    def __init__(self, delay: timedelta = TURN_DELAY) -> None:
        """Keep how long the submission waits."""
        self.delay = delay
        super().__init__(delay)


def retry_outcome(
    context: WorkerContext,
    leased: LeasedWork,
    error: TemporaryError | VersionConflictError,
    reason: str = "",
) -> Waiting | Held:
    """Return when to try again, or hold a submission that fails alone for a day.

    The stored reason is `reason`, or else the error's status.
    """
    is_conflict = isinstance(error, VersionConflictError)
    is_failing = is_conflict or (error.status or 0) >= 500
    if is_failing and _fails_alone(context, leased):
        remedy = remedy_words(leased, HeldReason.FAILS_ALONE)
        message = f"{error.message} It fails for a day while others succeed. {remedy}"
        return Held(leased, HeldReason.FAILS_ALONE, message, server_answered=False)
    retry_after = error.retry_after if isinstance(error, TemporaryError) else None
    return Waiting(
        leased,
        reason or error_reason(error),
        error.message,
        retry_delay(leased.record.attempts + 1, context.jitter, retry_after),
        is_failing=is_failing,
        # A 409 or 412 proves that the server processes requests, so a pause ends. So does a
        # read-back, which has a reason of its own.
        server_answered=is_conflict or bool(reason),
        server_delay=retry_after,
    )


def _fails_alone(context: WorkerContext, leased: LeasedWork) -> bool:
    now = context.clock()
    if leased.failing_since is None or now - leased.failing_since < FAILS_ALONE_AFTER:
        return False
    last_success = _read_last_success(context)
    return last_success is not None and now - last_success < FAILS_ALONE_AFTER


def _read_last_success(context: WorkerContext) -> datetime | None:
    with context.database.read() as tx:
        return servers.read_state(tx, context.server.id).last_success


def server_error_outcome(
    context: WorkerContext, leased: LeasedWork, error: ServerError
) -> ServerPaused | Held:
    """Return a pause of the server, or hold a submission that it forbids alone."""
    if _is_forbidden_alone(context, leased, error):
        remedy = f"It accepts others. {remedy_words(leased, HeldReason.REFUSED)}"
        return Held(leased, HeldReason.REFUSED, f"{error.message} {remedy}")
    return ServerPaused(leased, error_reason(error), error.message)


def _is_forbidden_alone(context: WorkerContext, leased: LeasedWork, error: ServerError) -> bool:
    # One 403 pauses the server. If another submission succeeded before this one got its second
    # 403, the server's access rules are about this submission.
    if error_reason(error) != FORBIDDEN or leased.record.reason != FORBIDDEN:
        return False
    last_success = _read_last_success(context)
    return last_success is not None and last_success > leased.record.due_at - SERVER_PAUSE


def unforeseen_outcome(leased: LeasedWork, error: Exception) -> Held:
    """Hold a submission after an unforeseen error, such as one over a malformed chart.

    Without this the submission would come back for ever, without a reason in the monitor.
    """
    # The error's own text is left out: it could quote an answer.
    message = (
        f"An unforeseen error stopped it ({type(error).__name__})."
        f" {remedy_words(leased, HeldReason.FAULT)}"
    )
    return Held(
        leased, HeldReason.FAULT, message, server_answered=False, location=error_location(error)
    )
