"""What is wrong with a FHIR server itself pauses the server, never a row."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from intake.store.database import Tx
from intake.store.outbox.records import UNFINISHED
from intake.store.tables import servers as table
from intake.store.tables import submissions as rows

WATCHED_WITHIN = timedelta(minutes=2)
"""A worker shows itself every twenty seconds; after so long there is none, or it hangs."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server as the worker last met it; `paused_until` is when it is tried again, `worker_seen` when one last looked.

    Without `paused_since` it only rests until then, because it asked for time.
    """

    id: str
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    reason: str | None = None
    words: str | None = None
    last_success: datetime | None = None
    worker_seen: datetime | None = None

    def left_alone(self, now: datetime) -> timedelta | None:
        """Return for how long yet it is not asked for anything, None where it may be."""
        return (
            self.paused_until - now
            if self.paused_until is not None and self.paused_until > now
            else None
        )

    def is_watched(self, now: datetime) -> bool:
        """Return whether a worker looked lately; what lies ahead is from before the clock was set back, and tells nothing."""
        return self.worker_seen is not None and abs(now - self.worker_seen) <= WATCHED_WITHIN


def read_state(tx: Tx, server: str) -> ServerState:
    """Return the server's state; one never met is not paused."""
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
    """Pause the server; returns True when it was running before, so that one alarm is raised and not one a try."""
    before = read_state(tx, server)
    since = before.paused_since or tx.now
    _put(
        tx, server, {"paused_until": until, "reason": reason, "words": words, "paused_since": since}
    )
    return before.paused_since is None


def record_worker_seen(tx: Tx, server: str) -> None:
    """Note that a worker is there and looks for what is due for the server."""
    _put(tx, server, {"worker_seen": tx.now})


def back_off(tx: Tx, server: str, *, until: datetime) -> None:
    """Leave the server alone until then, as it asked; that is no pause, and no alarm."""
    before = read_state(tx, server)
    if before.paused_until is None or before.paused_until < until:
        _put(tx, server, {"paused_until": until})


def acquire_probe(tx: Tx, server: str, *, until: datetime, paused: bool = True) -> bool:
    """Return whether this worker may try the server alone, whose time has come; the others wait until then.

    It is `paused`, or nobody knows yet what it offers.
    """
    state = table.c.paused_since.is_not(None) if paused else table.c.paused_since.is_(None)
    due = or_(table.c.paused_until.is_(None), table.c.paused_until <= tx.now)
    query = update(table).where(table.c.id == server, state, due)
    return tx.connection.execute(query.values(paused_until=until)).rowcount == 1


def admit_all_workers(tx: Tx, server: str) -> None:
    """The server said what it offers: all workers may write to it now, unless it is paused."""
    tx.connection.execute(
        update(table)
        .where(table.c.id == server, table.c.paused_since.is_(None))
        .values(paused_until=None)
    )


def end_pause(tx: Tx, server: str) -> None:
    """The server answered as one that lets us in, whatever it thought of the row: it is not paused any more."""
    running: dict[str, Any] = {
        "paused_since": None,
        "paused_until": None,
        "reason": None,
        "words": None,
    }
    tx.connection.execute(
        update(table).where(table.c.id == server, table.c.paused_since.is_not(None)).values(running)
    )


def record_success(tx: Tx, server: str) -> None:
    """The server did what it was asked, so it is not paused any more."""
    end_pause(tx, server)
    _put(tx, server, {"last_success": tx.now})


def resume_server(tx: Tx, server: str) -> None:
    """Try the server again at once, as a person asked."""
    tx.connection.execute(update(table).where(table.c.id == server).values(paused_until=tx.now))


def count_unconfigured(tx: Tx, configured: Collection[str]) -> Mapping[str, int]:
    """Return the servers that are not among those `configured`, with how many rows wait for them or are held.

    No worker looks for these: somebody gave the server's table another name, or took it away.
    """
    left = [status.value for status in UNFINISHED]
    query = select(rows.c.server, func.count().label("how_many")).where(rows.c.status.in_(left))
    found = tx.connection.execute(
        query.where(rows.c.server.not_in(configured)).group_by(rows.c.server)
    )
    return {row.server: row.how_many for row in found}


def _put(tx: Tx, server: str, values: dict[str, datetime | str | None]) -> None:
    query = update(table).where(table.c.id == server).values(values)
    there = tx.connection.execute(query).rowcount == 1
    if not there and not tx.insert_new(table, {"id": server, **values}):
        # On PostgreSQL two workers can meet a new server together.
        tx.connection.execute(query)
