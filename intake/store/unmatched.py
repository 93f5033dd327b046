"""Answers whose chart was not found by record number and date of birth: kept until the desk corrects these."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update

from intake.answers import Sought
from intake.store import known, payload
from intake.store.database import Tx
from intake.store.known import Known
from intake.store.reading import readable
from intake.store.submissions import Status, again, patient_key
from intake.store.tables import submissions as table

REASON = "unmatched"
"""Why such a row is held."""
HELD = (table.c.status == Status.HELD.value, table.c.reason == REASON, table.c.payload.is_not(None))


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Somebody's answers without a chart: whom the desk said it is, why that was not found; never what was answered."""

    id: str
    visit: str | None
    sought: Sought
    answered_at: datetime
    words: str


def waiting(tx: Tx, clinic: str) -> tuple[Unmatched, ...]:
    """Return those of the clinic, oldest first."""
    held = select(table).where(table.c.clinic == clinic, *HELD).order_by(table.c.number)
    found = []
    for row in tx.connection.execute(held):
        submission = readable(tx, row)
        if submission and (sought := Sought.of(submission.patient)):
            found.append(
                Unmatched(row.id, row.visit, sought, submission.answered_at, row.words or "")
            )
    return tuple(found)


def correct(tx: Tx, identity: str, sought: Sought) -> bool:
    """Have another chart looked for, or the same one again; False where the row is not held for it (any more).

    Sent again in its first form, the submission is still the same one.
    """
    mine = (table.c.id == identity, *HELD)
    held = tx.connection.execute(select(table).where(*mine)).first()
    if held is None:
        return False
    submission = replace(
        payload.read(tx.cipher.open(held.payload, held.id)), patient=sought.reference
    )
    values = {
        "payload": tx.cipher.seal(payload.encode(submission), identity),
        "patient_key": patient_key(tx, held.server, submission.patient),
        # What the visit knew is what the desk typed, of which nothing but the chart's own can be right.
        "known": known.sealed(tx, Known(sought.birth_date), identity),
    }
    return (
        tx.connection.execute(update(table).where(*mine).values(**again(tx), **values)).rowcount
        == 1
    )
