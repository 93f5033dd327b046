"""The log of attempts: what each asked of the server, and how it ended.

It holds kinds, states and codes, never an id of the server, a value or an answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from fhir_client.model import Exchange
from intake.store.database import Tx
from intake.store.monitor_tables import attempt_log as table

MOST_REQUESTS = 60
"""A step has some requests. More than these would be a loop, and the first ones show it."""
MOST_ROWS = 200
"""The page shows this many results of one submission at most, the newest."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """One step of an attempt: its requests, and the event and reason code that ended it."""

    attempt: int
    event: str
    reason: str | None
    requests: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """A result with its time; `times` in a row had the same, until `last_at`."""

    result: AttemptResult
    first_at: datetime
    last_at: datetime
    times: int


def record_attempt(tx: Tx, submission: str, result: AttemptResult) -> None:
    """Add a result; one that repeats the last is counted with it.

    An outage of a month is then one row, and not thousands.
    """
    requests = result.requests[:MOST_REQUESTS]
    latest = _select_newest(tx, submission, 1)
    encoded = msgspec.json.encode(requests)
    if latest and _repeats(latest[0], result):
        query = update(table).where(table.c.number == latest[0].number)
        values = {"last_at": tx.now, "attempt": result.attempt, "requests": encoded}
        tx.connection.execute(query.values(times=table.c.times + 1, **values))
        return
    row = {
        "submission": submission,
        "attempt": result.attempt,
        "first_at": tx.now,
        "last_at": tx.now,
        "times": 1,
        "event": result.event,
        "reason": result.reason,
        "requests": encoded,
    }
    tx.connection.execute(insert(table).values(row))


def read_attempts(tx: Tx, submission: str) -> tuple[LoggedAttempt, ...]:
    """Return the results of a submission, newest first."""
    return tuple(
        LoggedAttempt(
            AttemptResult(row.attempt, row.event, row.reason, _decode(row)),
            row.first_at,
            row.last_at,
            row.times,
        )
        for row in _select_newest(tx, submission, MOST_ROWS)
    )


def erase_attempt_log(tx: Tx, after: timedelta) -> int:
    """Erase results older than `after`; return their number."""
    return tx.connection.execute(delete(table).where(table.c.last_at < tx.now - after)).rowcount


def _select_newest(tx: Tx, submission: str, limit: int) -> list[Any]:
    query = select(table).where(table.c.submission == submission)
    return list(tx.connection.execute(query.order_by(table.c.number.desc()).limit(limit)))


def _repeats(row: Any, result: AttemptResult) -> bool:
    if (row.event, row.reason) != (result.event, result.reason):
        return False
    earlier, now = _decode(row), result.requests[:MOST_REQUESTS]
    # The times of the requests always differ.
    return [(request.kind, request.status, request.codes) for request in earlier] == [
        (request.kind, request.status, request.codes) for request in now
    ]


def _decode(row: Any) -> tuple[Exchange, ...]:
    return msgspec.json.decode(row.requests, type=tuple[Exchange, ...])
