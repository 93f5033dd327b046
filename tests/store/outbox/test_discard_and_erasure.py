"""Discarded and expired answers are erased."""

from datetime import timedelta

from intake.store.database import Database
from intake.store.outbox import delivery_steps
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.erasure import erase_expired
from intake.store.outbox.hold import hold_submission
from intake.store.tables import submissions as table
from tests.support.outbox_steps import (
    acquire_leases,
    make_submission,
    record_acceptance,
    run_in_transaction,
    store_submissions,
)
from tests.support.store import TestClock


def test_discarding_erases_the_answers(database: Database) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    [leased] = acquire_leases(database)
    assert not run_in_transaction(database, lambda tx: discard_submission(tx, str(submission.id)))
    run_in_transaction(
        database, lambda tx: hold_submission(tx, leased, reason="refused", words="Look.")
    )
    assert run_in_transaction(database, lambda tx: discard_submission(tx, str(submission.id)))
    with database.read() as tx:
        assert tx.connection.execute(table.select()).one().payload is None


def test_answers_and_prior_values_are_erased_in_their_time(
    database: Database, clock: TestClock
) -> None:
    store_submissions(database, make_submission())
    [leased] = acquire_leases(database)
    run_in_transaction(database, lambda tx: record_acceptance(tx, leased, '{"race":null}'))
    run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, leased))

    def erase_and_look() -> tuple[bool, bool]:
        with database.write() as tx:
            erase_expired(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))
        with database.read() as tx:
            row = tx.connection.execute(table.select()).one()
            return row.payload is not None, row.earlier is not None

    seen = [erase_and_look()]
    for days in (31, 60):
        clock.advance(days=days)
        seen.append(erase_and_look())
    assert seen == [(True, True), (False, True), (False, False)]
