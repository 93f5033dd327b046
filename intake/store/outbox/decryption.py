"""Decryption of answers for callers that can continue without an unreadable submission."""

from typing import Any

from sqlalchemy import select

from intake.answers import Submission
from intake.store import payload
from intake.store.crypto import KeyFileError
from intake.store.database import Tx
from intake.store.payload import PayloadError
from intake.store.tables import submissions as table


def has_no_answers(tx: Tx, submission_id: str) -> bool:
    """Return whether every question of this stored submission was left open.

    An erased or unreadable submission is not known to be empty.
    """
    row = tx.connection.execute(select(table).where(table.c.id == submission_id)).first()
    if row is None or row.payload is None:
        return False
    submission = try_decrypt_submission(tx, row)
    return submission is not None and not submission.answers


def try_decrypt_submission(tx: Tx, row: Any) -> Submission | None:
    """Return the submission in a database row, None if it cannot be decrypted here.

    The worker holds an unreadable submission, so the monitor shows it to IT.
    """
    # Without the checks of new submissions: rules may have become stricter since the storage.
    try:
        return payload.decode_unchecked(tx.cipher.decrypt(row.payload, row.id))
    except (KeyFileError, PayloadError):
        return None
