"""What `intake check` asks of the database itself: is a commit durable, do the keys open what is kept, do clocks agree."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import func, select, text

from intake.store.database import Tx, sqlite_pragmas
from intake.store.tables import submissions

POSTGRES_WANTED: Mapping[str, str] = MappingProxyType({"fsync": "on", "full_page_writes": "on"})


def durability_faults(tx: Tx) -> tuple[str, ...]:
    """Return the settings, such as `fsync=off`, by which a commit could be lost in a power cut."""
    return tuple(
        _sqlite_weak_points(tx)
        if tx.connection.dialect.name == "sqlite"
        else _postgres_weak_points(tx)
    )


def _sqlite_weak_points(tx: Tx) -> Iterator[str]:
    # A journal mode that another program holds on to, or that the file system refuses, stays as it was without an error.
    wanted = next(each.split("=")[1] for each in sqlite_pragmas() if "journal_mode" in each)
    held = str(tx.connection.execute(text("PRAGMA journal_mode")).scalar())
    if held.upper() != wanted:
        yield f"journal_mode={held}"


def _postgres_weak_points(tx: Tx) -> Iterator[str]:
    for name, wanted in POSTGRES_WANTED.items():
        if (held := _shown(tx, name)) != wanted:
            yield f"{name}={held}"
    if (held := _shown(tx, "synchronous_commit")) == "off":
        yield f"synchronous_commit={held}"


def _shown(tx: Tx, name: str) -> str:
    return str(tx.connection.execute(select(func.current_setting(name))).scalar())


def decrypt_samples(tx: Tx) -> int:
    """Open the oldest and the newest sealed submission and return how many that were; raises KeyFault.

    Nothing of what they say is kept.
    """
    sealed = (
        select(submissions.c.id, submissions.c.payload)
        .where(submissions.c.payload.is_not(None))
        .limit(1)
    )
    rows = {
        row.id: row.payload
        for order in (submissions.c.number.asc(), submissions.c.number.desc())
        for row in tx.connection.execute(sealed.order_by(order))
    }
    for identity, payload in rows.items():
        tx.cipher.decrypt(payload, identity)
    return len(rows)


def newest_submission_time(tx: Tx) -> datetime | None:
    """Return when the newest submission was stored, by the clock of the machine that stored it."""
    return tx.connection.execute(select(func.max(submissions.c.queued_at))).scalar()


def server_time(tx: Tx) -> datetime | None:
    """Return what time it is at the database server; None for SQLite, which has our own clock."""
    if tx.connection.dialect.name == "sqlite":
        return None
    return tx.connection.execute(select(func.clock_timestamp())).scalar()
