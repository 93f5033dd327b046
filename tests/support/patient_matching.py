"""Patients that the front desk entered by record number, and their charts."""

from datetime import date
from typing import Any
from uuid import uuid4

from intake.answers import MatchCriteria, Submission
from intake.store.outbox import unmatched
from intake.store.outbox.merge_base import MergeBase
from tests.support.outbox import EXAMPLE_PATIENT, Outbox

SYSTEM = "http://example.org/mrn"


BORN = date.fromisoformat(EXAMPLE_PATIENT["birthDate"])


def new_criteria() -> MatchCriteria:
    """Return match criteria with a new record number."""
    return MatchCriteria(SYSTEM, uuid4().hex[:12].upper(), BORN)


def create_chart(outbox: Outbox, criteria: MatchCriteria, **changes: Any) -> str:
    """Create a chart with that record number."""
    return outbox.create_patient(
        identifier=[{"system": criteria.system, "value": criteria.record_number}], **changes
    )


def submit_unmatched(outbox: Outbox, criteria: MatchCriteria, **changes: Any) -> Submission:
    """Store the answers of a patient whom the desk entered by record number."""
    return outbox.submit_example(criteria.reference, MergeBase(criteria.birth_date), **changes)


def correct_criteria(outbox: Outbox, submission: Submission, criteria: MatchCriteria) -> bool:
    with outbox.database.write() as tx:
        return unmatched.correct_criteria(tx, str(submission.id), criteria)
