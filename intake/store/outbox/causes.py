"""The unfinished submissions by cause: one fault of the EHR can hold hundreds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from intake.store.column_types import UtcDateTime
from intake.store.database import Tx
from intake.store.outbox.records import OPEN_VALUES, Status
from intake.store.tables import submissions as table


@dataclass(frozen=True, slots=True)
class Cause:
    """Why submissions, or their undos, do not go on: held for a person, or waiting."""

    reason: str
    is_held: bool
    undoing: bool = False


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """The submissions of one cause: how many, at which clinics, and since when."""

    cause: Cause
    count: int
    clinics: tuple[str, ...]
    oldest: datetime


def has_cause(cause: Cause, clinic: str | None = None) -> ColumnElement[bool]:
    """Return the condition that a submission has this cause."""
    is_held = table.c.status == Status.HELD.value
    conditions = [
        # The partial index of reasons serves exactly the first condition.
        table.c.reason.is_not(None),
        table.c.reason == cause.reason,
        is_held if cause.is_held else table.c.status.in_(OPEN_VALUES),
        table.c.undo_from.is_not(None) if cause.undoing else table.c.undo_from.is_(None),
    ]
    if clinic is not None:
        conditions.append(table.c.clinic == clinic)
    return and_(*conditions)


def list_causes(tx: Tx, clinic: str | None = None) -> tuple[CauseGroup, ...]:
    """Return the groups, the held ones first, and of each kind the largest first."""
    is_undo = table.c.undo_from.is_not(None).label("undoing")
    oldest = func.min(table.c.queued_at, type_=UtcDateTime).label("oldest")
    query = (
        select(
            table.c.reason,
            table.c.status,
            is_undo,
            table.c.clinic,
            func.count().label("how_many"),
            oldest,
        )
        .where(table.c.reason.is_not(None))
        .where(table.c.status.in_([Status.HELD.value, *OPEN_VALUES]))
        .group_by(table.c.reason, table.c.status, is_undo, table.c.clinic)
    )
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    groups: dict[Cause, CauseGroup] = {}
    for row in tx.connection.execute(query):
        cause = Cause(row.reason, row.status == Status.HELD.value, bool(row.undoing))
        part = CauseGroup(cause, row.how_many, (row.clinic,), row.oldest)
        groups[cause] = _join(groups[cause], part) if cause in groups else part
    return tuple(sorted(groups.values(), key=lambda group: (not group.cause.is_held, -group.count)))


def _join(group: CauseGroup, part: CauseGroup) -> CauseGroup:
    return CauseGroup(
        group.cause,
        group.count + part.count,
        tuple(sorted({*group.clinics, *part.clinics})),
        min(group.oldest, part.oldest),
    )
