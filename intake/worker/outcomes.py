"""What a fault means for the row and for its server: wait, hold for a person, or pause the server."""

from datetime import datetime, timedelta

from fhir_client.errors import (
    AccessError,
    FhirError,
    ServerError,
    TemporaryError,
    VersionConflictError,
)
from intake.log import error_location, logger
from intake.store import servers
from intake.store.outbox import leases
from intake.store.outbox.leases import LeasedWork
from intake.worker.backoff import retry_delay
from intake.worker.context import WorkerContext, report_outcome

SERVER_PAUSE = timedelta(minutes=1)
ALONE_AT_FAULT = timedelta(days=1)
"""A row that the server fails for so long while others pass is held: the fault is the row's own."""
FORBIDDEN, CREDENTIALS_REASON = "http-403", "credentials"


NEXT_TO_IT = timedelta(seconds=2)
"""How long a row waits for the one that goes before it, or for whoever has its lease now."""


class PostponedError(Exception):
    """Nothing may be sent now: the lease was lost, another submission of the same chart goes first, or it is too early."""

    def __init__(self, wait: timedelta = NEXT_TO_IT) -> None:
        """Keep how long the row waits."""
        self.wait = wait
        super().__init__(wait)


def schedule_retry(
    bench: WorkerContext,
    claimed: LeasedWork,
    error: TemporaryError | VersionConflictError,
    reason: str = "",
) -> None:
    """Try again later: a fault that can pass; `reason` is its name, else what the server answered is."""
    now, reason = bench.clock(), reason or _reason(error)
    failing = isinstance(error, VersionConflictError) or (error.status or 0) >= 500
    if failing and _fails_alone(bench, claimed):
        hold_submission(
            bench,
            claimed,
            "fails-alone",
            f"{error.message} It fails for a day while others pass. Ask the EHR's support.",
        )
        return
    asked = error.retry_after if isinstance(error, TemporaryError) else None
    until = now + retry_delay(claimed.record.attempts + 1, bench.jitter, asked)
    with bench.database.write() as tx:
        kept = leases.schedule_retry(
            tx, claimed, until=until, reason=reason, words=error.message, failing=failing
        )
        if asked is not None:
            servers.back_off(tx, bench.server.id, until=now + asked)
        if isinstance(error, VersionConflictError):
            servers.end_pause(tx, bench.server.id)
    report_outcome(bench, claimed, "waiting", kept=kept, reason=reason)


def _fails_alone(bench: WorkerContext, claimed: LeasedWork) -> bool:
    since, now = claimed.failing_since, bench.clock()
    if since is None or now - since < ALONE_AT_FAULT:
        return False
    passed = _last_success(bench)
    return passed is not None and now - passed < ALONE_AT_FAULT


def _last_success(bench: WorkerContext) -> datetime | None:
    with bench.database.read() as tx:
        return servers.read_state(tx, bench.server.id).last_success


def pause_server(bench: WorkerContext, claimed: LeasedWork, error: ServerError) -> None:
    """Pause the server, for the fault is its own; but a row that it forbids while it lets others in is held."""
    if _forbids_this_alone(bench, claimed, error):
        hold_submission(
            bench,
            claimed,
            "refused",
            f"{error.message} It lets others in. Ask the EHR's support, then retry.",
        )
        return
    until = bench.clock() + SERVER_PAUSE
    with bench.database.write() as tx:
        alarm = servers.pause_server(
            tx, bench.server.id, until=until, reason=_reason(error), words=error.message
        )
        leases.release_lease(tx, claimed, until=until, reason=_reason(error), words=error.message)
    if alarm:
        logger.error("server-paused", extra={"server": bench.server.id, "reason": _reason(error)})


def _forbids_this_alone(bench: WorkerContext, claimed: LeasedWork, error: ServerError) -> bool:
    if _reason(error) != FORBIDDEN or claimed.record.reason != FORBIDDEN:
        return False
    passed = _last_success(bench)
    return passed is not None and passed > claimed.record.due_at - SERVER_PAUSE


def hold_submission(
    bench: WorkerContext,
    claimed: LeasedWork,
    reason: str,
    words: str,
    detail: str | None = None,
    *,
    answered: bool = True,
    where: str = "",
) -> None:
    """Hold the row for a person; where the server `answered`, it is none that has to be paused."""
    with bench.database.write() as tx:
        kept = leases.hold_submission(tx, claimed, reason=reason, words=words, detail=detail)
        if answered:
            servers.end_pause(tx, bench.server.id)
    report_outcome(
        bench, claimed, "held", kept=kept, reason=reason, **({"where": where} if where else {})
    )


def hold_unforeseen(bench: WorkerContext, claimed: LeasedWork, error: Exception) -> None:
    """Hold a row that nobody foresaw, such as over a chart of an odd shape: it must not come back for ever, and say why."""
    words = f"Something unforeseen went wrong with it ({type(error).__name__}). Report it, then retry after the mend."
    hold_submission(bench, claimed, "fault", words, answered=False, where=error_location(error))


def _reason(error: FhirError) -> str:
    if isinstance(error, AccessError):
        return CREDENTIALS_REASON
    return f"http-{error.status}" if error.status is not None else "no-answer"
