"""Pages of the monitor's list, newest first, each found by the number at its edge."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from intake.store.database import Tx
from intake.store.outbox.records import (
    RECORD_COLUMNS,
    UNFINISHED,
    Status,
    SubmissionRecord,
    record_from_row,
)
from intake.store.tables import submissions as table

COUNT_LIMIT = 10_000
"""Finished submissions are counted up to here: an exact number would read a million rows."""


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which submissions a list has: all that fulfil every given condition.

    `id_start` is the beginning of an id. `since` is included and `until` is not.
    """

    status: Status | None = None
    clinic: str | None = None
    reason: str | None = None
    device: str | None = None
    id_start: str = ""
    since: datetime | None = None
    until: datetime | None = None
    drifted: bool = False
    says_more: bool = False


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page; `newer` and `older` are the numbers at its edges, None at the list's end."""

    rows: tuple[SubmissionRecord, ...]
    newer: int | None = None
    older: int | None = None


def read_page(
    tx: Tx, chosen: RecordFilter, size: int, *, before: int | None = None, after: int | None = None
) -> RecordPage:
    """Return the page of numbers below `before` or above `after`, else the newest page."""
    # An offset would read every row of the pages before, a number only the rows of this one.
    query = select(*RECORD_COLUMNS).where(*_conditions(tx, chosen)).limit(size + 1)
    if before is None and after is not None:
        query = query.where(table.c.number > after).order_by(table.c.number)
    else:
        query = query.order_by(table.c.number.desc())
        query = query if before is None else query.where(table.c.number < before)
    records = tuple(record_from_row(tx, row) for row in tx.connection.execute(query))
    has_more, rows = len(records) > size, records[:size]
    if before is None and after is not None:
        rows = rows[::-1]
        return _edges(rows, has_newer=has_more, has_older=True)
    return _edges(rows, has_newer=before is not None, has_older=has_more)


def _edges(rows: tuple[SubmissionRecord, ...], *, has_newer: bool, has_older: bool) -> RecordPage:
    if not rows:
        return RecordPage(())
    newer = rows[0].number if has_newer else None
    return RecordPage(rows, newer, rows[-1].number if has_older else None)


def _conditions(tx: Tx, chosen: RecordFilter) -> Iterator[ColumnElement[bool]]:
    exact = {
        table.c.status: chosen.status and chosen.status.value,
        table.c.clinic: chosen.clinic,
        table.c.reason: chosen.reason,
        table.c.device: chosen.device,
    }
    yield from (column == value for column, value in exact.items() if value is not None)
    # The partial index of drifted records serves exactly this condition.
    if chosen.drifted:
        yield table.c.drift.is_not(None)
    if chosen.says_more:
        yield table.c.says_more.is_(True)
    if chosen.id_start:
        yield from _id_starts_with(tx, chosen.id_start.lower())
    yield from _is_queued_between(chosen.since, chosen.until)


def _id_starts_with(tx: Tx, start: str) -> Iterator[ColumnElement[bool]]:
    yield table.c.id.startswith(start, autoescape=True)
    if tx.connection.dialect.name == "sqlite":
        # SQLite finds a range in the index of ids, but not a LIKE. All ids are hexadecimal.
        yield table.c.id >= start
        yield table.c.id < f"{start}g"


def _is_queued_between(
    since: datetime | None, until: datetime | None
) -> Iterator[ColumnElement[bool]]:
    # The numbers grow with the time, so that the index of the list needs only their bounds.
    first = select(table.c.number).order_by(table.c.queued_at, table.c.number).limit(1)
    if since is not None:
        bound = first.where(table.c.queued_at >= since).scalar_subquery()
        yield table.c.number >= bound
    if until is not None:
        bound = first.where(table.c.queued_at >= until).scalar_subquery()
        yield table.c.number < func.coalesce(bound, _AFTER_ALL)


_AFTER_ALL = 2**62


def count_states(tx: Tx, clinic: str | None = None) -> dict[Status, int]:
    """Return the number of submissions per state; finished ones end at COUNT_LIMIT + 1."""
    # One statement: nine would cost more than the counting itself.
    query = select(*(_count(status, clinic) for status in Status))
    return dict(zip(Status, tx.connection.execute(query).one(), strict=True))


def _count(status: Status, clinic: str | None) -> ScalarSelect[int]:
    query = select(table.c.number).where(table.c.status == status.value)
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    if status not in UNFINISHED:
        query = query.limit(COUNT_LIMIT + 1)
    return select(func.count()).select_from(query.subquery()).scalar_subquery()
