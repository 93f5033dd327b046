"""The figures that the monitor and the health checks show of the outbox."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from intake.store.column_types import UtcDateTime
from intake.store.database import Tx
from intake.store.outbox.records import OPEN_VALUES, Status
from intake.store.tables import submissions as table


def count_by_status(
    tx: Tx,
    server: str | None = None,
    clinic: str | None = None,
    among: Collection[Status] = tuple(Status),
) -> Mapping[Status, int]:
    """Return the number of submissions per state.

    The result has every state. States outside `among` are not counted and have 0.
    """
    # Most submissions are verified, so a count without that state reads few rows.
    query = (
        select(table.c.status, func.count().label("how_many"))
        .where(table.c.status.in_([status.value for status in among]))
        .group_by(table.c.status)
    )
    if server is not None:
        query = query.where(table.c.server == server)
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    counts: dict[str, int] = {row.status: row.how_many for row in tx.connection.execute(query)}
    return {status: counts.get(status.value, 0) for status in Status}


def count_drifted(tx: Tx, clinic: str | None = None) -> int:
    """Return the number of verified submissions whose chart has drifted since."""
    return _count_where(tx, table.c.drift.is_not(None), clinic)


def count_saying_more(tx: Tx, clinic: str | None = None) -> int:
    """Return the number of submissions whose chart says more than the patient said."""
    return _count_where(tx, table.c.says_more.is_(True), clinic)


def _count_where(tx: Tx, condition: ColumnElement[bool], clinic: str | None) -> int:
    query = select(func.count()).select_from(table).where(condition)
    if clinic is not None:
        # As an expression, so that SQLite keeps to the index of the few drifted rows.
        query = query.where(table.c.clinic.concat("") == clinic)
    return tx.connection.execute(query).scalar_one()


def oldest_waiting(tx: Tx, server: str | None = None) -> datetime | None:
    """Return when the oldest open submission was queued; held ones do not count."""
    # An undo waits since its request, not since the patient pressed Submit.
    since = func.coalesce(table.c.undo_at, table.c.queued_at, type_=UtcDateTime)
    # One query a state: SQLite scans every row for a list of states that few rows have.
    queries = [select(func.min(since)).where(table.c.status == status) for status in OPEN_VALUES]
    if server is not None:
        queries = [query.where(table.c.server == server) for query in queries]
    oldest = (tx.connection.execute(query).scalar() for query in queries)
    return min((moment for moment in oldest if moment is not None), default=None)


def last_verified(tx: Tx, server: str | None = None) -> datetime | None:
    """Return when a read-back last verified a submission."""
    query = select(func.max(table.c.verified_at)).where(table.c.verified_at.is_not(None))
    if server is not None:
        query = query.where(table.c.server == server)
    return tx.connection.execute(query).scalar()
