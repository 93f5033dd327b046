"""Submissions that this installation cannot decrypt: the outbox holds them, with a remedy."""

from sqlalchemy import update

from intake.store.crypto import KeyFileError
from intake.store.database import Tx
from intake.store.outbox.held_reasons import REMEDIES, HeldReason
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table


def explain_unreadable(error: Exception) -> str:
    """Return a sentence that says why a row cannot be decrypted, and the remedy."""
    # Only the text of a KeyFileError is safe to show. Another error may quote an answer.
    reason = error if isinstance(error, KeyFileError) else "it was stored in another form"
    return f"It cannot be read here: {reason}. {REMEDIES[HeldReason.UNREADABLE].words}"


def hold_unreadable(tx: Tx, identity: str, words: str) -> None:
    """Hold a row that could not be leased because it cannot be decrypted."""
    values = {
        "status": Status.HELD.value,
        "held_at": tx.now,
        "reason": HeldReason.UNREADABLE.value,
        "words": words,
    }
    tx.connection.execute(update(table).where(table.c.id == identity).values(values))
