"""Steps of a submission through the outbox, each in its own transaction."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from intake.answers import Answer, AnswerState, Channel, Informant, Submission
from intake.store.database import Database, Tx
from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.leases import LeasedSubmission, LeasedWork
from intake.store.outbox.records import SubmissionRecord, find_record
from intake.store.outbox.retry import retry_submission
from intake.store.outbox.undo_records import UndoRecord, WriteTarget

LEASE = timedelta(minutes=5)
TARGET = WriteTarget("Patient/1", "7")


def make_submission(patient: str = "Patient/1", words: str = "Mixteco bajo") -> Submission:
    return Submission(
        id=uuid4(),
        clinic="riverside",
        patient=patient,
        answered_at=datetime(2026, 11, 23, 10, tzinfo=UTC),
        informant=Informant.SELF,
        channel=Channel.KIOSK,
        question_set="spd15-2024",
        question_set_version="1.0.0",
        locale="es",
        notice="2026-11",
        answers={"spoken-language": Answer(AnswerState.ANSWERED, (), {"own-words": words})},
    )


def store_submissions(database: Database, *submissions: Submission) -> None:
    for submission in submissions:
        with database.write() as tx:
            assert store_submission(tx, submission, "main")


def acquire_leases(
    database: Database, limit: int = 10, server: str = "main"
) -> tuple[LeasedSubmission, ...]:
    with database.write() as tx:
        return leases.acquire_leases(tx, server, limit=limit, lease=LEASE)


def record_acceptance(tx: Tx, leased: LeasedSubmission, values: str = "{}") -> bool:
    undo_record = UndoRecord(TARGET, values)
    return delivery_steps.record_sending(
        tx, leased, undo_record, LEASE
    ) and delivery_steps.mark_accepted(tx, leased)


def verify_submission(database: Database, patient: str = "Patient/1") -> LeasedSubmission:
    """Bring a new submission from Submit to verified."""
    store_submissions(database, make_submission(patient))
    [leased] = acquire_leases(database)
    run_in_transaction(
        database,
        lambda tx: record_acceptance(tx, leased) and delivery_steps.mark_verified(tx, leased),
    )
    return leased


def hold_leased(database: Database, leased: LeasedWork) -> None:
    assert run_in_transaction(
        database, lambda tx: hold_submission(tx, leased, reason="refused", words="Look.")
    )


def retry_held(database: Database, submission: Submission) -> None:
    assert run_in_transaction(database, lambda tx: retry_submission(tx, str(submission.id)))


def run_in_transaction(database: Database, act: Callable[[Tx], bool]) -> bool:
    with database.write() as tx:
        return act(tx)


def read_record(database: Database, submission: Submission) -> SubmissionRecord:
    with database.read() as tx:
        record = find_record(tx, str(submission.id))
    assert record is not None
    return record
