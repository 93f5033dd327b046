"""Hold: a submission or its undo needs a person."""

from sqlalchemy import or_, update

from intake.store.database import Tx
from intake.store.outbox.held_reasons import REMEDIES, HeldReason
from intake.store.outbox.leases import LeasedWork, finish_lease
from intake.store.outbox.records import OPEN_VALUES, Status
from intake.store.tables import submissions as table


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


def hold_by_staff(tx: Tx, identity: str) -> bool:
    """Hold an open submission until staff release it; return False if it is not open.

    A submission that a worker is sending at this moment is not held.
    """
    is_free = or_(table.c.lease.is_(None), table.c.leased_until <= tx.now)
    query = update(table).where(table.c.id == identity, table.c.status.in_(OPEN_VALUES), is_free)
    values = {
        "status": Status.HELD.value,
        "held_at": tx.now,
        "reason": HeldReason.OPERATOR.value,
        "words": f"A member of staff holds it. {REMEDIES[HeldReason.OPERATOR].words}",
        # A worker whose lease has ended must not write over the hold.
        "lease": None,
        "leased_until": None,
    }
    return tx.connection.execute(query.values(values)).rowcount == 1
