"""Answers whose chart was not found by record number and date of birth: kept until the desk corrects these."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update

from intake.answers import MatchCriteria
from intake.store import payload
from intake.store.database import Tx
from intake.store.outbox import merge_base
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.submissions import Status, patient_key, requeue_values
from intake.store.tables import submissions as table

UNMATCHED_REASON = "unmatched"
"""Why such a row is held."""
HELD = (
    table.c.status == Status.HELD.value,
    table.c.reason == UNMATCHED_REASON,
    table.c.payload.is_not(None),
)


@dataclass(frozen=True, slots=True)
class UnmatchedSubmission:
    """Somebody's answers without a chart: whom the desk said it is, why that was not found; never what was answered."""

    id: str
    visit: str | None
    sought: MatchCriteria
    answered_at: datetime
    words: str


def list_unmatched(tx: Tx, clinic: str) -> tuple[UnmatchedSubmission, ...]:
    """Return those of the clinic, oldest first."""
    held = select(table).where(table.c.clinic == clinic, *HELD).order_by(table.c.number)
    found = []
    for row in tx.connection.execute(held):
        submission = try_decrypt_submission(tx, row)
        if submission and (sought := MatchCriteria.from_reference(submission.patient)):
            found.append(
                UnmatchedSubmission(
                    row.id, row.visit, sought, submission.answered_at, row.words or ""
                )
            )
    return tuple(found)


def correct_criteria(tx: Tx, identity: str, sought: MatchCriteria) -> bool:
    """Have another chart looked for, or the same one again; False where the row is not held for it (any more).

    Sent again in its first form, the submission is still the same one.
    """
    mine = (table.c.id == identity, *HELD)
    held = tx.connection.execute(select(table).where(*mine)).first()
    if held is None:
        return False
    submission = replace(
        payload.decode_unchecked(tx.cipher.decrypt(held.payload, held.id)), patient=sought.reference
    )
    values = {
        "payload": tx.cipher.encrypt(payload.encode_submission(submission), identity),
        "patient_key": patient_key(tx, held.server, submission.patient),
        # What the visit knew is what the desk typed, of which nothing but the chart's own can be right.
        "known": merge_base.encrypt_merge_base(tx, MergeBase(sought.birth_date), identity),
    }
    return (
        tx.connection.execute(
            update(table).where(*mine).values(**requeue_values(tx), **values)
        ).rowcount
        == 1
    )
