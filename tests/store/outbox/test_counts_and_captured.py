"""The figures of the monitor and the submissions that the report counts."""

from datetime import timedelta

from intake.store.crypto import Cipher
from intake.store.database import Database
from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.captured import list_captured
from intake.store.outbox.counts import count_by_status, last_verified, oldest_waiting
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.erasure import erase_expired
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table
from tests.support.outbox_steps import (
    LEASE,
    acquire_leases,
    make_submission,
    record_acceptance,
    run_in_transaction,
    store_submissions,
)
from tests.support.store import TestClock


def test_counts_have_every_state(database: Database) -> None:
    store_submissions(database, make_submission(), make_submission("Patient/2"))
    run_in_transaction(
        database,
        lambda tx: delivery_steps.mark_verified(
            tx, leases.acquire_leases(tx, "main", limit=1, lease=LEASE)[0]
        ),
    )
    with database.read() as tx:
        counts = count_by_status(tx)
        assert set(counts) == set(Status)
        assert (counts[Status.QUEUED], counts[Status.VERIFIED], counts[Status.HELD]) == (1, 1, 0)
        assert oldest_waiting(tx) == tx.now
        assert last_verified(tx) == tx.now


def test_captured_submissions_come_in_parts_until_their_erasure(
    database: Database, clock: TestClock
) -> None:
    submissions = [make_submission(f"Patient/{number}") for number in range(5)]
    store_submissions(database, *submissions)
    [first, second] = acquire_leases(database, 2)
    with database.write() as tx:
        assert record_acceptance(tx, first)
        delivery_steps.mark_verified(tx, first)
        hold_submission(tx, second, reason="refused", words="No.")
        assert discard_submission(tx, second.record.id)
    with database.read() as tx:
        part = list_captured(tx, after=0, limit=2)
        rest = list_captured(tx, after=part[-1].number, limit=9)
    assert [captured.content for captured in (*part, *rest)] == [
        submissions[0],
        *submissions[2:],
    ]
    assert [captured.verified for captured in (*part, *rest)] == [True, False, False, False]
    clock.advance(days=31)
    with database.write() as tx:
        erase_expired(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))
        assert [
            captured.content for captured in list_captured(tx, after=0, limit=9)
        ] == submissions[2:]


def test_unreadable_submissions_do_not_end_the_captured_ones(
    database: Database, cipher: Cipher
) -> None:
    submissions = [make_submission(f"Patient/{number}") for number in range(4)]
    store_submissions(database, *submissions)
    with database.write() as tx:
        unreadable = table.update().where(
            table.c.id.in_([str(submission.id) for submission in submissions[:3]])
        )
        tx.connection.execute(unreadable.values(payload=cipher.encrypt(b"said", "another row")))
    with database.read() as tx:
        assert [
            captured.content for captured in list_captured(tx, after=0, limit=2)
        ] == submissions[3:]
