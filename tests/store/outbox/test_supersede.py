"""A later submission replaces elements of an older one that is undelivered."""

from datetime import timedelta

from intake.store.database import Database
from intake.store.outbox import delivery_steps, supersede
from intake.store.outbox.erasure import erase_expired
from intake.store.outbox.records import Status
from intake.store.tables import submissions as table
from tests.support.outbox_steps import (
    acquire_leases,
    hold_leased,
    make_submission,
    read_record,
    record_acceptance,
    retry_held,
    run_in_transaction,
    store_submissions,
)
from tests.support.store import TestClock


def test_a_later_submission_supersedes_elements_of_undelivered_ones(database: Database) -> None:
    first_submission, second_submission, of_other_patient, last_submission = (
        make_submission(),
        make_submission(),
        make_submission("Patient/2"),
        make_submission(),
    )
    store_submissions(
        database, first_submission, second_submission, of_other_patient, last_submission
    )
    hold_leased(database, acquire_leases(database, 1)[0])
    first, elsewhere = acquire_leases(database)
    run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, elsewhere))
    hold_leased(database, first)
    retry_held(database, second_submission)
    [early] = acquire_leases(database)
    run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, early))
    [late] = acquire_leases(database)
    with database.write() as tx:
        [older] = supersede.list_undelivered(tx, late)
        assert (older.id, older.status) == (str(first_submission.id), Status.HELD)
        supersede.supersede_elements(tx, older, frozenset({"race"}), nothing_left=False)
    retry_held(database, first_submission)
    run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, late))
    [again] = acquire_leases(database)
    assert again.superseded_elements == {"race"}
    hold_leased(database, again)
    with database.write() as tx:
        older = supersede.RelatedSubmission(
            str(first_submission.id), Status.HELD, first_submission, again.superseded_elements
        )
        supersede.supersede_elements(tx, older, frozenset({"spoken-language"}), nothing_left=True)
    assert read_record(database, first_submission).status is Status.SUPERSEDED
    with database.read() as tx:
        row = tx.connection.execute(
            table.select().where(table.c.id == str(first_submission.id))
        ).one()
    assert (row.payload, row.taken) == (None, "race,spoken-language")


def test_the_ids_of_sent_submissions_outlive_their_answers(
    database: Database, clock: TestClock
) -> None:
    first, second = make_submission(), make_submission()
    store_submissions(database, first, second)
    [leased] = acquire_leases(database)
    run_in_transaction(
        database,
        lambda tx: record_acceptance(tx, leased) and delivery_steps.mark_verified(tx, leased),
    )
    clock.advance(days=31)
    with database.write() as tx:
        erase_expired(tx, payload_after=timedelta(days=30), undo_after=timedelta(days=90))
    [late] = acquire_leases(database)
    with database.read() as tx:
        assert supersede.list_sent_ids(tx, late) == (str(first.id),)
        assert supersede.list_sent_since(tx, late, tx.now - timedelta(days=60)) == ()
