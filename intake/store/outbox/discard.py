"""Discard: staff give a held submission up."""

from sqlalchemy import update

from intake.store.database import Tx
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table


def discard_submission(tx: Tx, identity: str) -> bool:
    """Discard a held submission and erase its answers; return False if it is not held.

    A submission held during its undo is not discarded: `undo_requests.cancel_undo` ends that.
    """
    query = (
        update(table)
        .where(
            table.c.id == identity, table.c.status == Status.HELD.value, table.c.undo_from.is_(None)
        )
        # The undo record stays: an earlier attempt may have written to the chart.
        .values(status=Status.DISCARDED.value, payload=None, known=None, detail=None, decided=None)
    )
    return tx.connection.execute(query).rowcount == 1
