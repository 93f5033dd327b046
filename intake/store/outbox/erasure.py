"""Erasure: answers and undo records go when their retention time is over."""

from datetime import timedelta

from sqlalchemy import and_, update

from intake.store.database import Tx
from intake.store.outbox.records import UNFINISHED
from intake.store.tables import HAS_ANSWERS
from intake.store.tables import submissions as table


def erase_expired(tx: Tx, *, payload_after: timedelta, undo_after: timedelta) -> int:
    """Erase answers and undo records that are too old; return the number of changes.

    The rows themselves stay as a record. An undo record stays longer while an undo is in progress,
    and while the worker still has to know what it sent.
    """
    answers = (
        update(table)
        .where(table.c.verified_at < tx.now - payload_after, HAS_ANSWERS)
        .values(payload=None, known=None, decided=None)
    )
    # `not_in` keeps SQLite on the index of expired rows. With `in_` it would scan every row of the
    # named states.
    finished = (
        table.c.status.not_in([status.value for status in UNFINISHED]),
        table.c.undo_from.is_(None),
        table.c.earlier.is_not(None),
    )
    deadline = tx.now - undo_after
    # Two statements instead of one OR, because each has its own index.
    expired = (
        table.c.verified_at < deadline,
        and_(table.c.verified_at.is_(None), table.c.sent_at < deadline),
    )
    undo_records = [
        update(table).where(condition, *finished).values(earlier=None) for condition in expired
    ]
    return sum(tx.connection.execute(query).rowcount for query in (answers, *undo_records))
