"""What a fault means for the row and for its server: wait, hold for a person, or pause the server."""

from datetime import datetime, timedelta

from fhir_client.errors import AccessFault, Conflict, FhirError, ServerFault, Temporary
from intake.store import claims, servers
from intake.store.claims import Leased
from intake.sync.backoff import delay
from intake.sync.bench import Bench, told
from intake.sync.log import logger, where

PAUSE = timedelta(minutes=1)
ALONE_AT_FAULT = timedelta(days=1)
"""A row that the server fails for so long while others pass is held: the fault is the row's own."""
FORBIDDEN, CREDENTIALS = "http-403", "credentials"


NEXT_TO_IT = timedelta(seconds=2)
"""How long a row waits for the one that goes before it, or for whoever has its lease now."""


class NotNow(Exception):
    """Nothing may be sent now: the lease was lost, another submission of the same chart goes first, or it is too early."""

    def __init__(self, wait: timedelta = NEXT_TO_IT) -> None:
        """Keep how long the row waits."""
        self.wait = wait
        super().__init__(wait)


def wait(bench: Bench, claimed: Leased, error: Temporary | Conflict, reason: str = "") -> None:
    """Try again later: a fault that can pass; `reason` is its name, else what the server answered is."""
    now, reason = bench.clock(), reason or _reason(error)
    failing = isinstance(error, Conflict) or (error.status or 0) >= 500
    if failing and _fails_alone(bench, claimed):
        hold(
            bench,
            claimed,
            "fails-alone",
            f"{error.words} It fails for a day while others pass. Ask the EHR's support.",
        )
        return
    asked = error.retry_after if isinstance(error, Temporary) else None
    until = now + delay(claimed.row.attempts + 1, bench.chance, asked)
    with bench.database.write() as tx:
        kept = claims.wait(
            tx, claimed, until=until, reason=reason, words=error.words, failing=failing
        )
        if asked is not None:
            servers.rest(tx, bench.server.id, until=now + asked)
        if isinstance(error, Conflict):
            servers.let_in(tx, bench.server.id)
    told(bench, claimed, "waiting", kept=kept, reason=reason)


def _fails_alone(bench: Bench, claimed: Leased) -> bool:
    since, now = claimed.failing_since, bench.clock()
    if since is None or now - since < ALONE_AT_FAULT:
        return False
    passed = _last_success(bench)
    return passed is not None and now - passed < ALONE_AT_FAULT


def _last_success(bench: Bench) -> datetime | None:
    with bench.database.read() as tx:
        return servers.state(tx, bench.server.id).last_success


def pause(bench: Bench, claimed: Leased, error: ServerFault) -> None:
    """Pause the server, for the fault is its own; but a row that it forbids while it lets others in is held."""
    if _forbids_this_alone(bench, claimed, error):
        hold(
            bench,
            claimed,
            "refused",
            f"{error.words} It lets others in. Ask the EHR's support, then retry.",
        )
        return
    until = bench.clock() + PAUSE
    with bench.database.write() as tx:
        alarm = servers.pause(
            tx, bench.server.id, until=until, reason=_reason(error), words=error.words
        )
        claims.release(tx, claimed, until=until, reason=_reason(error), words=error.words)
    if alarm:
        logger.error("server-paused", extra={"server": bench.server.id, "reason": _reason(error)})


def _forbids_this_alone(bench: Bench, claimed: Leased, error: ServerFault) -> bool:
    if _reason(error) != FORBIDDEN or claimed.row.reason != FORBIDDEN:
        return False
    passed = _last_success(bench)
    return passed is not None and passed > claimed.row.due_at - PAUSE


def hold(
    bench: Bench,
    claimed: Leased,
    reason: str,
    words: str,
    detail: str | None = None,
    *,
    answered: bool = True,
    where: str = "",
) -> None:
    """Hold the row for a person; where the server `answered`, it is none that has to be paused."""
    with bench.database.write() as tx:
        kept = claims.hold(tx, claimed, reason=reason, words=words, detail=detail)
        if answered:
            servers.let_in(tx, bench.server.id)
    told(bench, claimed, "held", kept=kept, reason=reason, **({"where": where} if where else {}))


def unforeseen(bench: Bench, claimed: Leased, error: Exception) -> None:
    """Hold a row that nobody foresaw, such as over a chart of an odd shape: it must not come back for ever, and say why."""
    words = f"Something unforeseen went wrong with it ({type(error).__name__}). Report it, then retry after the mend."
    hold(bench, claimed, "fault", words, answered=False, where=where(error))


def _reason(error: FhirError) -> str:
    if isinstance(error, AccessFault):
        return CREDENTIALS
    return f"http-{error.status}" if error.status is not None else "no-answer"
