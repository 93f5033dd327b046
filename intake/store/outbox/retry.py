"""Retry: a held or waiting submission becomes due at once."""

from typing import Any

from sqlalchemy import update

from intake.store.database import Tx
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table


def retry_submission(tx: Tx, identity: str) -> bool:
    """Make a held or waiting submission due now; return False if it is in another state."""
    retryable = table.c.status.in_([Status.HELD.value, Status.WAITING.value])
    # A retry sends again, even if staff reported earlier that they had typed the answers.
    query = (
        update(table)
        .where(table.c.id == identity, retryable)
        .values(**requeue_values(tx), typed_at=None, by_hand_at=None)
    )
    return tx.connection.execute(query).rowcount == 1


def requeue_values(tx: Tx) -> dict[str, Any]:
    """Return the column values that put a submission back into the queue."""
    return {
        "status": Status.QUEUED.value,
        "due_at": tx.now,
        "held_at": None,
        "reason": None,
        "words": None,
        "detail": None,
    }
