"""Leases: order within a chart, expiry, renewal, and submissions that are unreadable."""

from datetime import timedelta

import pytest

from intake.store.crypto import Cipher
from intake.store.database import Database
from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.records import Status, read_detail
from intake.store.outbox.undo_records import UndoRecord
from intake.store.tables import submissions as table
from tests.support.outbox_steps import (
    LEASE,
    TARGET,
    acquire_leases,
    hold_leased,
    make_submission,
    read_record,
    retry_held,
    run_in_transaction,
    store_submissions,
)
from tests.support.store import TestClock


def test_leases_the_oldest_first_and_only_of_this_server(database: Database, clock: object) -> None:
    first, second = make_submission("Patient/1"), make_submission("Patient/2")
    store_submissions(database, first, second)
    with database.write() as tx:
        store_submission(tx, make_submission("Patient/3"), "other")
    assert [leased.submission for leased in acquire_leases(database)] == [first, second]


def test_leases_one_submission_per_patient_in_order(database: Database) -> None:
    first, second, of_other_patient = (
        make_submission("Patient/1"),
        make_submission("Patient/1"),
        make_submission("Patient/2"),
    )
    store_submissions(database, first, second, of_other_patient)
    leased = acquire_leases(database)
    assert [item.submission for item in leased] == [first, of_other_patient]
    assert acquire_leases(database) == ()
    run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, leased[0]))
    assert [leased.submission for leased in acquire_leases(database)] == [second]


def test_a_waiting_submission_blocks_the_patients_later_ones(
    database: Database, clock: TestClock
) -> None:
    first, second = make_submission("Patient/1"), make_submission("Patient/1")
    store_submissions(database, first, second)
    [leased] = acquire_leases(database)
    until = clock() + timedelta(minutes=1)
    run_in_transaction(
        database,
        lambda tx: delivery_steps.schedule_retry(
            tx, leased, until=until, reason="http-503", words="Later."
        ),
    )
    assert acquire_leases(database) == ()
    clock.advance(minutes=1)
    [again] = acquire_leases(database)
    assert (again.submission, again.record.attempts) == (first, 1)


def test_a_held_submission_does_not_block_the_later_ones(database: Database) -> None:
    first, second = make_submission("Patient/1"), make_submission("Patient/1")
    store_submissions(database, first, second)
    [leased] = acquire_leases(database)
    run_in_transaction(
        database,
        lambda tx: hold_submission(
            tx, leased, reason="refused", words="Look.", detail="said: Mixteco"
        ),
    )
    assert [leased.submission for leased in acquire_leases(database)] == [second]
    with database.read() as tx:
        assert read_detail(tx, str(first.id)) == "said: Mixteco"


def test_after_expiry_another_worker_leases_and_the_old_lease_is_refused(
    database: Database, clock: TestClock
) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    [old] = acquire_leases(database)
    clock.advance(minutes=6)
    [new] = acquire_leases(database)
    assert not run_in_transaction(
        database,
        lambda tx: delivery_steps.record_sending(tx, old, UndoRecord(TARGET, "{}"), LEASE),
    )
    assert not run_in_transaction(database, lambda tx: delivery_steps.mark_accepted(tx, old))
    assert not run_in_transaction(database, lambda tx: leases.renew_lease(tx, old, LEASE))
    assert not run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, old))
    assert not run_in_transaction(
        database, lambda tx: hold_submission(tx, old, reason="x", words="x")
    )
    assert run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, new))
    assert read_record(database, submission).status is Status.VERIFIED


def test_a_renewed_lease_lasts_longer(database: Database, clock: TestClock) -> None:
    store_submissions(database, make_submission())
    [leased] = acquire_leases(database)
    clock.advance(minutes=4)
    assert run_in_transaction(database, lambda tx: leases.renew_lease(tx, leased, LEASE))
    clock.advance(minutes=4)
    assert acquire_leases(database) == ()
    assert run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, leased))


def test_a_retried_submission_waits_for_a_later_one_being_sent(database: Database) -> None:
    first, second = make_submission(), make_submission()
    store_submissions(database, first, second)
    hold_leased(database, acquire_leases(database)[0])
    [being_sent] = acquire_leases(database)
    retry_held(database, first)
    assert acquire_leases(database) == ()
    run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, being_sent))
    assert [leased.submission for leased in acquire_leases(database)] == [first]


@pytest.mark.parametrize(
    ("column", "content", "bound_to", "words"),
    [
        ("payload", b"said", "another row", "belongs to another row. Bring back the key file"),
        ("payload", b"said", "", "it was stored in another form"),
        (
            "payload",
            None,
            "",
            "Its answers are no longer stored, so nothing can be sent. Discard it.",
        ),
        ("known", b"[]", "", "it was stored in another form"),
        ("decided", b"{", "", "it was stored in another form"),
    ],
)
def test_an_unreadable_submission_is_held_and_blocks_no_other(
    database: Database,
    cipher: Cipher,
    column: str,
    content: bytes | None,
    bound_to: str,
    words: str,
) -> None:
    unreadable, good = make_submission("Patient/1"), make_submission("Patient/2")
    store_submissions(database, unreadable, good)
    with database.write() as tx:
        stored = (
            None if content is None else cipher.encrypt(content, bound_to or str(unreadable.id))
        )
        tx.connection.execute(
            table.update().where(table.c.id == str(unreadable.id)).values({column: stored})
        )
    assert [leased.submission for leased in acquire_leases(database)] == [good]
    record = read_record(database, unreadable)
    assert (record.status, record.reason, record.sending) == (Status.HELD, "unreadable", False)
    assert words in (record.words or "")


@pytest.mark.parametrize("how", ["leased", "waiting"])
def test_a_read_tells_whether_something_is_due(
    database: Database, clock: TestClock, how: str
) -> None:
    store_submissions(database, make_submission())
    [leased] = acquire_leases(database)
    if how == "waiting":
        until = clock() + timedelta(minutes=1)
        run_in_transaction(
            database,
            lambda tx: delivery_steps.schedule_retry(
                tx, leased, until=until, reason="x", words="x"
            ),
        )
    with database.read() as tx:
        assert not leases.has_due(tx, "main")
    clock.advance(minutes=6)
    with database.read() as tx:
        assert leases.has_due(tx, "main")
