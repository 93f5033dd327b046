"""Brings submissions of a test site into the states that the staff pages show."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from intake.store import servers, visits
from intake.store.outbox import delivery_steps, hold, leases
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from tests.support.outbox_steps import make_submission
from tests.support.sites import TestSite
from tests.support.staff import StaffSession

LEASE = timedelta(minutes=5)
WORKSHEET: dict[str, Any] = {
    "identifiers": ["urn:other|1", "urn:mrn|4711"],
    "birth_date": "1980-02-29",
    "values": [
        {"element": "spoken-language", "words": "Cantonese <i>", "codes": ["urn:ietf:bcp:47|yue"]}
    ],
}
"""A stored worksheet, with markup that a page must escape."""


def queue_submission(site: TestSite, patient: str = "Patient/1", clinic: str = "riverside") -> str:
    """Put a submission into the outbox and return its id."""
    submission = replace(make_submission(), patient=patient, clinic=clinic)
    with site.database.write() as tx:
        store_submission(tx, submission, "main")
    return str(submission.id)


def lease_submission(site: TestSite, patient: str = "Patient/1") -> LeasedSubmission:
    """Put a submission into the outbox, and lease it as a worker does."""
    queue_submission(site, patient)
    with site.database.write() as tx:
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=LEASE)
    return leased


def hold_submission(site: TestSite, patient: str = "Patient/1") -> str:
    """Put a submission into the outbox, hold it, and return its id."""
    leased = lease_submission(site, patient)
    with site.database.write() as tx:
        hold.hold_submission(
            tx, leased, reason="patient", words="The patient is gone.", detail="said: 2028-9"
        )
    return leased.record.id


def accept_submission(site: TestSite, leased: LeasedSubmission) -> None:
    """Record that the server accepted the submission, without a read-back yet."""
    with site.database.write() as tx:
        undo_record = UndoRecord(WriteTarget("Patient/1", "7"), "{}")
        assert delivery_steps.record_sending(tx, leased, undo_record, LEASE)
        assert delivery_steps.mark_accepted(tx, leased)


def record_worker_pass(site: TestSite) -> None:
    """Record that a worker served the server just now."""
    with site.database.write() as tx:
        servers.record_worker_seen(tx, "main")


def record_schedule_fetch(site: TestSite, clinic: str = "riverside") -> None:
    """Record a complete fetch of the clinic's schedule that removes no visit."""
    with site.database.write() as tx:
        visits.record_fetch(tx, clinic, [], tx.now, tx.now)


def list_column(staff: StaffSession, number: int) -> list[str]:
    """Return one column of the page's first table."""
    return [row[number] for row in staff.table_rows()]
