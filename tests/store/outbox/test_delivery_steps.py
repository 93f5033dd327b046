"""Delivery: what the worker records around sending, and for how long it is failing."""

import json
from collections.abc import Callable
from datetime import timedelta

from intake.store import servers
from intake.store.database import Database, Tx
from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.records import Status
from intake.store.outbox.retry import retry_submission
from intake.store.outbox.undo_records import UndoRecord
from intake.store.tables import submissions as table
from tests.support.outbox_steps import (
    LEASE,
    TARGET,
    acquire_leases,
    make_submission,
    read_record,
    record_acceptance,
    run_in_transaction,
    store_submissions,
)
from tests.support.store import TestClock


def test_an_accepted_submission_stays_accepted_until_it_is_verified(
    database: Database, clock: TestClock
) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    [leased] = acquire_leases(database)
    run_in_transaction(database, lambda tx: record_acceptance(tx, leased, '{"race":null}'))
    assert read_record(database, submission).status is Status.ACCEPTED
    clock.advance(minutes=6)
    [again] = acquire_leases(database)
    run_in_transaction(
        database,
        lambda tx: delivery_steps.schedule_retry(
            tx, again, until=clock(), reason="http-503", words="Later."
        ),
    )
    assert read_record(database, submission).status is Status.ACCEPTED
    [last] = acquire_leases(database)
    run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, last))
    record = read_record(database, submission)
    assert (record.status, record.verified_at, record.words) == (Status.VERIFIED, clock(), None)


def test_a_submission_accepted_under_this_lease_stays_accepted(
    database: Database, clock: TestClock
) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    [leased] = acquire_leases(database)
    run_in_transaction(database, lambda tx: record_acceptance(tx, leased))
    assert run_in_transaction(
        database,
        lambda tx: delivery_steps.schedule_retry(
            tx, leased, until=clock(), reason="http-503", words="Later."
        ),
    )
    assert read_record(database, submission).status is Status.ACCEPTED
    [again] = acquire_leases(database)
    assert again.last_target == TARGET


def test_the_target_is_known_from_before_the_request_leaves(
    database: Database, clock: TestClock
) -> None:
    store_submissions(database, make_submission())
    [leased] = acquire_leases(database)
    assert run_in_transaction(
        database,
        lambda tx: delivery_steps.record_sending(tx, leased, UndoRecord(TARGET, "{}"), LEASE),
    )
    clock.advance(minutes=6)
    [again] = acquire_leases(database)
    assert again.last_target == TARGET


def test_failing_starts_with_the_first_failure_and_ends_with_another_outcome(
    database: Database, clock: TestClock
) -> None:
    store_submissions(database, make_submission())
    seen = []
    for failing in (True, True, False, True):
        clock.advance(hours=1)
        [leased] = acquire_leases(database)
        seen.append(leased.failing_since)
        run_in_transaction(
            database,
            lambda tx, f=failing, c=leased: delivery_steps.schedule_retry(  # type: ignore[misc]
                tx, c, until=tx.now, reason="x", words="x", failing=f
            ),
        )
    began = clock() - timedelta(hours=3)
    assert seen == [None, began, began, None]


def test_too_long_words_are_cut_and_stored(database: Database, clock: TestClock) -> None:
    submission, long = make_submission(), "x" * 1001
    store_submissions(database, submission)
    transitions: list[Callable[[Tx, LeasedSubmission], bool]] = [
        lambda tx, work: delivery_steps.schedule_retry(
            tx, work, until=tx.now, reason="x", words=long
        ),
        lambda tx, work: leases.release_lease(tx, work, until=tx.now, reason="x", words=long),
        lambda tx, work: hold_submission(tx, work, reason="x", words=long),
    ]
    for transition in transitions:
        [leased] = acquire_leases(database)
        assert run_in_transaction(database, lambda tx, e=transition, c=leased: e(tx, c))  # type: ignore[misc]
        assert read_record(database, submission).words == "x" * 1000
    run_in_transaction(
        database, lambda tx: servers.pause_server(tx, "main", until=clock(), reason="x", words=long)
    )
    with database.read() as tx:
        assert servers.read_state(tx, "main").words == "x" * 1000


def test_prior_values_are_stored_encrypted_for_undo(database: Database) -> None:
    store_submissions(database, make_submission())
    [leased] = acquire_leases(database)
    run_in_transaction(
        database, lambda tx: record_acceptance(tx, leased, '{"race":{"text":"White"}}')
    )
    with database.read() as tx:
        encrypted = tx.connection.execute(table.select()).one().earlier
        assert b"White" not in encrypted
        undo_record = json.loads(tx.cipher.decrypt(encrypted, leased.record.id))
    assert undo_record == {
        "sent": {"patient": "Patient/1", "version": "7"},
        "values": '{"race":{"text":"White"}}',
    }


def test_retry_makes_a_held_submission_due(database: Database) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    [leased] = acquire_leases(database)
    run_in_transaction(
        database, lambda tx: hold_submission(tx, leased, reason="refused", words="Look.")
    )
    assert run_in_transaction(database, lambda tx: retry_submission(tx, str(submission.id)))
    assert not run_in_transaction(database, lambda tx: retry_submission(tx, str(submission.id)))
    [again] = acquire_leases(database)
    assert again.last_target is None
