"""The store finds the other submissions of a chart that a delivery has to know."""

from datetime import timedelta

from intake.store.database import Database
from intake.store.outbox import delivery_steps, supersede, undo_leases, undo_requests
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.records import Status, find_record
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from tests.support.outbox_steps import (
    LEASE,
    acquire_leases,
    make_submission,
    record_acceptance,
    run_in_transaction,
    store_submissions,
)
from tests.support.store import TestClock

ELEMENTS = frozenset({"spoken-language"})


def lease_new(database: Database, patient: str = "Patient/1") -> LeasedSubmission:
    store_submissions(database, make_submission(patient))
    [leased] = acquire_leases(database)
    return leased


def deliver_new(database: Database, patient: str = "Patient/1") -> LeasedSubmission:
    leased = lease_new(database, patient)
    assert run_in_transaction(
        database,
        lambda tx: record_acceptance(tx, leased) and delivery_steps.mark_verified(tx, leased),
    )
    return leased


def hold_new(database: Database) -> LeasedSubmission:
    leased = lease_new(database)
    assert run_in_transaction(
        database, lambda tx: hold_submission(tx, leased, reason="refused", words="Look.")
    )
    return leased


def test_only_undelivered_submissions_of_the_chart_are_listed(database: Database) -> None:
    deliver_new(database)
    held = hold_new(database)
    deliver_new(database, "Patient/2")
    newer = lease_new(database)
    with database.read() as tx:
        [older] = supersede.list_undelivered(tx, newer)
    assert (older.id, older.status) == (held.record.id, Status.HELD)


def test_sent_submissions_are_listed_since_a_moment(database: Database, clock: TestClock) -> None:
    first = deliver_new(database)
    clock.advance(days=2)
    second = deliver_new(database)
    newer = lease_new(database)
    with database.read() as tx:
        sent = supersede.list_sent_since(tx, newer, clock() - timedelta(days=1))
        assert [older.id for older in sent] == [second.record.id]
        assert set(supersede.list_sent_ids(tx, newer)) == {first.record.id, second.record.id}


def test_an_undone_submission_is_known_by_what_it_had_changed(
    database: Database, clock: TestClock
) -> None:
    delivered = deliver_new(database)
    with database.write() as tx:
        undo_requests.request_undo(tx, delivered.record.id)
        [undo] = undo_leases.acquire_undo_leases(tx, "main", limit=1, lease=LEASE)
        assert undo_leases.finish_undo(tx, undo, {})
    newer = lease_new(database)
    with database.read() as tx:
        undone = supersede.list_undone_since(tx, newer, clock() - timedelta(days=1))
        assert undone == (UndoRecord(WriteTarget("Patient/1", "7"), "{}"),)
        assert supersede.list_undone_since(tx, newer, clock() + timedelta(seconds=1)) == ()


def test_superseded_elements_add_up_until_nothing_is_left(database: Database) -> None:
    held = hold_new(database)
    newer = lease_new(database)
    with database.write() as tx:
        [older] = supersede.list_undelivered(tx, newer)
        supersede.supersede_elements(tx, older, frozenset({"race"}), nothing_left=False)
        [older] = supersede.list_undelivered(tx, newer)
        assert older.superseded_elements == {"race"}
        supersede.supersede_elements(tx, older, ELEMENTS, nothing_left=True)
        assert supersede.list_undelivered(tx, newer) == ()
        record = find_record(tx, held.record.id)
    assert record is not None
    assert record.status is Status.SUPERSEDED
