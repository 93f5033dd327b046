"""What is wrong with a FHIR server itself pauses the server, never a row."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from intake.store.database import Tx
from intake.store.tables import servers as table


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server as the worker last met it; `paused_until` is when it is tried again, `worker_seen` when one last looked."""

    id: str
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    reason: str | None = None
    words: str | None = None
    last_success: datetime | None = None
    worker_seen: datetime | None = None


def state(tx: Tx, server: str) -> ServerState:
    """Return the server's state; one never met is not paused."""
    row = tx.connection.execute(select(table).where(table.c.id == server)).first()
    if row is None:
        return ServerState(server)
    return ServerState(row.id, row.paused_since, row.paused_until, row.reason, row.words, row.last_success, row.worker_seen)


def pause(tx: Tx, server: str, *, until: datetime, reason: str, words: str) -> bool:
    """Pause the server; returns True when it was running before, so that one alarm is raised and not one a try."""
    before = state(tx, server)
    since = before.paused_since or tx.now
    _put(tx, server, {"paused_until": until, "reason": reason, "words": words, "paused_since": since, "worker_seen": tx.now})
    return before.paused_since is None


def worker_looked(tx: Tx, server: str) -> None:
    """Note that a worker is there and looks for what is due for the server."""
    _put(tx, server, {"worker_seen": tx.now})


def succeeded(tx: Tx, server: str) -> None:
    """The server did what it was asked, so it is not paused any more."""
    _put(
        tx,
        server,
        {"paused_since": None, "paused_until": None, "reason": None, "words": None, "last_success": tx.now},
    )


def resume(tx: Tx, server: str) -> None:
    """Try the server again at once, as a person asked."""
    tx.connection.execute(update(table).where(table.c.id == server).values(paused_until=tx.now))


def _put(tx: Tx, server: str, values: dict[str, datetime | str | None]) -> None:
    if tx.connection.execute(update(table).where(table.c.id == server).values(values)).rowcount == 0:
        tx.connection.execute(insert(table).values(id=server, **values))
