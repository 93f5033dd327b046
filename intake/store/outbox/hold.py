"""Hold: a submission or its undo needs a person."""

from intake.store.database import Tx
from intake.store.outbox.leases import LeasedWork, finish_lease
from intake.store.outbox.records import Status


def hold_submission(
    tx: Tx, leased: LeasedWork, *, reason: str, words: str, detail: str | None = None
) -> bool:
    """Hold leased work until a person acts; return False if the lease was lost.

    `words` say why and name the remedy. `detail` may quote answers, so it is stored encrypted.
    """
    encrypted = None if detail is None else tx.cipher.encrypt(detail.encode(), leased.record.id)
    values = {
        "status": Status.HELD.value,
        "held_at": tx.now,
        "reason": reason,
        "words": words,
        "detail": encrypted,
        "failing_since": None,
        # A read-back that found nothing typed takes the staff's report back.
        "typed_at": None,
    }
    return finish_lease(tx, leased, values)
