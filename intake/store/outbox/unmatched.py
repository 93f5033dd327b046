"""Unmatched submissions: held until the desk corrects the record number or birth date."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update

from intake.answers import MatchCriteria
from intake.store import payload
from intake.store.database import Tx
from intake.store.outbox.decryption import try_decrypt_submission
from intake.store.outbox.held_reasons import HeldReason
from intake.store.outbox.merge_base import MergeBase, encrypt_merge_base
from intake.store.outbox.records import Status, patient_key
from intake.store.outbox.retry import requeue_values
from intake.store.tables import submissions as table

UNMATCHED_REASON = HeldReason.UNMATCHED
"""The reason code of a submission whose chart was not found."""
_IS_UNMATCHED = (
    table.c.status == Status.HELD.value,
    table.c.reason == UNMATCHED_REASON,
    table.c.payload.is_not(None),
)


@dataclass(frozen=True, slots=True)
class UnmatchedSubmission:
    """A submission without a chart: the desk's criteria and the reason, never an answer."""

    id: str
    visit: str | None
    criteria: MatchCriteria
    answered_at: datetime
    words: str


def list_unmatched(tx: Tx, clinic: str) -> tuple[UnmatchedSubmission, ...]:
    """Return the clinic's unmatched submissions, oldest first."""
    query = select(table).where(table.c.clinic == clinic, *_IS_UNMATCHED).order_by(table.c.number)
    unmatched = []
    for row in tx.connection.execute(query):
        submission = try_decrypt_submission(tx, row)
        # The monitor lists an unreadable one for IT; the desk cannot help it.
        if submission and (criteria := MatchCriteria.from_reference(submission.patient)):
            words = row.words or ""
            unmatched.append(
                UnmatchedSubmission(row.id, row.visit, criteria, submission.answered_at, words)
            )
    return tuple(unmatched)


def correct_criteria(tx: Tx, identity: str, criteria: MatchCriteria) -> bool:
    """Let the worker match the patient again, by these criteria.

    Return False if the submission is not held as unmatched.
    """
    # The content key stays as it is: sent again with the first criteria, it is the same submission.
    condition = (table.c.id == identity, *_IS_UNMATCHED)
    row = tx.connection.execute(select(table).where(*condition)).first()
    if row is None:
        return False
    submission = replace(
        payload.decode_unchecked(tx.cipher.decrypt(row.payload, row.id)),
        patient=criteria.reference,
    )
    values = {
        "payload": tx.cipher.encrypt(payload.encode_submission(submission), identity),
        "patient_key": patient_key(tx, row.server, submission.patient),
        # The visit only has what the desk typed. Trust the chart instead.
        "known": encrypt_merge_base(tx, MergeBase(criteria.birth_date), identity),
    }
    query = update(table).where(*condition).values(**requeue_values(tx), **values)
    return tx.connection.execute(query).rowcount == 1
