"""How self-report changed the charts: monthly counts per clinic, never kept per patient."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select, update

from intake.store.database import Tx
from intake.store.report_tables import chart_changes as table


@dataclass(frozen=True, slots=True)
class ChartChange:
    """The groups of one element before and after a verified write; equal if nothing changed.

    A group is a code such as `2106-3`, or a word such as `none` or `several`.
    """

    element: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How many verified submissions moved an element from one group to another."""

    change: ChartChange
    people: int


def add_changes(tx: Tx, clinic: str, month: str, changes: Iterable[ChartChange]) -> None:
    """Add one submission's changes to the clinic's counts of the month, such as `2026-11`."""
    for change in changes:
        key = {
            "clinic": clinic,
            "month": month,
            "element": change.element,
            "before": change.before,
            "after": change.after,
        }
        # Two workers may add to one count at a time, so the database adds.
        if not tx.insert_new(table, {**key, "people": 1}):
            same = [table.c[name] == value for name, value in key.items()]
            tx.connection.execute(update(table).where(*same).values(people=table.c.people + 1))


def count_changes(
    tx: Tx, first_month: str, last_month: str, clinic: str | None = None
) -> tuple[ChangeCount, ...]:
    """Return the counts of the months, of one clinic or of all, in a fixed order."""
    groups = (table.c.element, table.c.before, table.c.after)
    query = (
        select(*groups, func.sum(table.c.people).label("people"))
        .where(table.c.month >= first_month, table.c.month <= last_month)
        .group_by(*groups)
        .order_by(*groups)
    )
    if clinic is not None:
        query = query.where(table.c.clinic == clinic)
    return tuple(
        ChangeCount(ChartChange(row.element, row.before, row.after), int(row.people))
        for row in tx.connection.execute(query)
    )
