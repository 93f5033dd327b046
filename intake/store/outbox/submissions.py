"""The outbox's names in one place, for callers that have not moved to the single modules."""

from intake.store.outbox.captured import CapturedSubmission, list_captured
from intake.store.outbox.counts import count_by_status, count_drifted, last_verified, oldest_waiting
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.enqueue import DifferentContentError, store_submission
from intake.store.outbox.erasure import erase_expired
from intake.store.outbox.lease_core import has_due
from intake.store.outbox.records import (
    OPEN,
    UNFINISHED,
    Status,
    SubmissionRecord,
    find_record,
    list_records,
    patient_key,
    read_detail,
    record_from_row,
)
from intake.store.outbox.retry import retry_submission

__all__ = [
    "OPEN",
    "UNFINISHED",
    "CapturedSubmission",
    "DifferentContentError",
    "Status",
    "SubmissionRecord",
    "count_by_status",
    "count_drifted",
    "discard_submission",
    "erase_expired",
    "find_record",
    "has_due",
    "last_verified",
    "list_captured",
    "list_records",
    "oldest_waiting",
    "patient_key",
    "read_detail",
    "record_from_row",
    "retry_submission",
    "store_submission",
]
