"""Decryption of answers for callers that can continue without an unreadable submission."""

from typing import Any

from intake.answers import Submission
from intake.store import payload
from intake.store.crypto import KeyFileError
from intake.store.database import Tx
from intake.store.payload import PayloadError


def try_decrypt_submission(tx: Tx, row: Any) -> Submission | None:
    """Return the submission in a database row, None if it cannot be decrypted here.

    The worker holds an unreadable submission, so the monitor shows it to IT.
    """
    # Without the checks of new submissions: rules may have become stricter since the storage.
    try:
        return payload.decode_unchecked(tx.cipher.decrypt(row.payload, row.id))
    except (KeyFileError, PayloadError):
        return None
