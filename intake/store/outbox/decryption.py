"""What was said in a row of submissions, for those who can go on where it cannot be read."""

from typing import Any

from intake.answers import Submission
from intake.store import payload
from intake.store.crypto import KeyFileError
from intake.store.database import Tx
from intake.store.payload import PayloadError


def try_decrypt_submission(tx: Tx, held: Any) -> Submission | None:
    """Return what the person of a database row said; None where it cannot be opened here, which the monitor tells IT."""
    try:
        return payload.decode_unchecked(tx.cipher.decrypt(held.payload, held.id))
    except (KeyFileError, PayloadError):
        return None
