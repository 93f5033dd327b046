"""Chart assignment: a submission moves to the chart that patient matching or a merge names."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from intake.answers import Submission
from intake.store import payload
from intake.store.database import Tx
from intake.store.outbox.leases import LeasedSubmission, is_first_of_chart, update_leased
from intake.store.outbox.records import patient_key


def follow_merged_chart(tx: Tx, leased: LeasedSubmission, patient: str) -> bool:
    """Move the submission to the chart `patient`, into which its own chart was merged.

    Return False if another submission of that chart goes first, or if the lease was lost.
    """
    return _move_to_chart(tx, leased, patient, {})


def assign_chart(
    tx: Tx, leased: LeasedSubmission, submission: Submission, lease: timedelta
) -> bool:
    """Store `submission`, whose patient is now a matched chart, and move it to that chart.

    Return False if another submission of that chart goes first, or if the lease was lost.
    """
    # The stored patient changes too, so a restart does not match the patient again.
    encrypted = tx.cipher.encrypt(payload.encode_submission(submission), leased.record.id)
    values = {"payload": encrypted, "leased_until": tx.now + lease}
    return _move_to_chart(tx, leased, submission.patient, values)


def _move_to_chart(
    tx: Tx, leased: LeasedSubmission, patient: str, values: Mapping[str, Any]
) -> bool:
    key = patient_key(tx, leased.record.server, patient)
    if not update_leased(tx, leased, {**values, "patient_key": key}):
        return False
    # The move is stored either way. Order within the new chart decides whether to send now.
    return is_first_of_chart(tx, leased.record, key)
