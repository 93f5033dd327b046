"""FHIR servers as the worker last met them: a fault of the server pauses it, not a submission."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from intake.store.database import Tx
from intake.store.outbox.records import UNFINISHED
from intake.store.tables import servers as table
from intake.store.tables import submissions

WATCHED_WITHIN = timedelta(minutes=2)
"""A worker reports every twenty seconds. After this time there is none, or it hangs."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server's state: `paused_until` is its next try, `worker_seen` a worker's last report.

    Without `paused_since` the server is not paused: it asked for time until `paused_until`.
    """

    id: str
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    reason: str | None = None
    words: str | None = None
    last_success: datetime | None = None
    worker_seen: datetime | None = None

    def remaining_pause(self, now: datetime) -> timedelta | None:
        """Return the time until the next request to the server, None if requests may go now."""
        if self.paused_until is None or self.paused_until <= now:
            return None
        return self.paused_until - now

    def is_watched(self, now: datetime) -> bool:
        """Return whether a worker reported lately.

        A report far in the future does not count: it is from before the clock was set back.
        """
        return self.worker_seen is not None and abs(now - self.worker_seen) <= WATCHED_WITHIN


def read_state(tx: Tx, server: str) -> ServerState:
    """Return the server's state; an unknown server is not paused."""
    row = tx.connection.execute(select(table).where(table.c.id == server)).first()
    if row is None:
        return ServerState(server)
    return ServerState(
        row.id,
        row.paused_since,
        row.paused_until,
        row.reason,
        row.words,
        row.last_success,
        row.worker_seen,
    )


def pause_server(tx: Tx, server: str, *, until: datetime, reason: str, words: str) -> bool:
    """Pause the server; return True if it was not paused before.

    The worker raises an alarm only on True: one per pause, not one per try.
    """
    state = read_state(tx, server)
    values: dict[str, datetime | str | None] = {
        "paused_until": until,
        "reason": reason,
        "words": words,
        "paused_since": state.paused_since or tx.now,
    }
    _save_state(tx, server, values)
    return state.paused_since is None


def explain_pause(tx: Tx, server: str, reason: str, words: str) -> None:
    """Give a paused server the reason of its newest failure."""
    query = update(table).where(table.c.id == server, table.c.paused_since.is_not(None))
    tx.connection.execute(query.values(reason=reason, words=words))


def record_worker_seen(tx: Tx, server: str) -> None:
    """Record that a worker is running for the server now."""
    _save_state(tx, server, {"worker_seen": tx.now})


def back_off(tx: Tx, server: str, *, until: datetime) -> None:
    """Send no request until `until`, as the server asked; this is no pause and no alarm."""
    state = read_state(tx, server)
    # A shorter wait must not end a longer one, such as a pause.
    if state.paused_until is None or state.paused_until < until:
        _save_state(tx, server, {"paused_until": until})


def acquire_probe(tx: Tx, server: str, *, until: datetime, paused: bool = True) -> bool:
    """Return whether this worker alone may try the server now; the others wait until `until`.

    The server is `paused`, or else its capabilities are unknown.
    """
    is_in_state = table.c.paused_since.is_not(None) if paused else table.c.paused_since.is_(None)
    is_due = or_(table.c.paused_until.is_(None), table.c.paused_until <= tx.now)
    # The update moves the time on, so of several workers only the first one finds it due.
    query = update(table).where(table.c.id == server, is_in_state, is_due)
    return tx.connection.execute(query.values(paused_until=until)).rowcount == 1


def admit_all_workers(tx: Tx, server: str) -> None:
    """Let all workers write, after the negotiation of capabilities, unless the server is paused."""
    query = update(table).where(table.c.id == server, table.c.paused_since.is_(None))
    tx.connection.execute(query.values(paused_until=None))


def end_pause(tx: Tx, server: str) -> None:
    """End the pause: the server answered and accepts our credentials.

    Its answer about the submission does not matter here.
    """
    values: dict[str, Any] = {
        "paused_since": None,
        "paused_until": None,
        "reason": None,
        "words": None,
    }
    query = update(table).where(table.c.id == server, table.c.paused_since.is_not(None))
    tx.connection.execute(query.values(values))


def record_success(tx: Tx, server: str) -> None:
    """Record that the server carried a request out, and end its pause."""
    end_pause(tx, server)
    _save_state(tx, server, {"last_success": tx.now})


def resume_server(tx: Tx, server: str) -> None:
    """Make the server due for a try now, as staff asked."""
    # The pause itself ends only when the try succeeds.
    tx.connection.execute(update(table).where(table.c.id == server).values(paused_until=tx.now))


def count_unconfigured(tx: Tx, configured: Collection[str]) -> Mapping[str, int]:
    """Return the unfinished submissions per server that is not in `configured`.

    No worker delivers these: an administrator renamed or removed the server's settings.
    """
    # The servers come first: they are few, and the index names them without reading every row.
    known = tx.connection.execute(select(submissions.c.server).distinct()).scalars()
    counts = {server: _count_unfinished(tx, server) for server in known if server not in configured}
    return {server: count for server, count in counts.items() if count}


def _count_unfinished(tx: Tx, server: str) -> int:
    unfinished = [status.value for status in UNFINISHED]
    query = select(func.count()).where(
        submissions.c.server == server, submissions.c.status.in_(unfinished)
    )
    return tx.connection.execute(query).scalar_one()


def _save_state(tx: Tx, server: str, values: dict[str, datetime | str | None]) -> None:
    query = update(table).where(table.c.id == server).values(values)
    is_updated = tx.connection.execute(query).rowcount == 1
    if not is_updated and not tx.insert_new(table, {"id": server, **values}):
        # On PostgreSQL another worker may have inserted the row since the update.
        tx.connection.execute(query)
