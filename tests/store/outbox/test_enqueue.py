"""A submission enters the outbox once per id and comes out unchanged."""

from dataclasses import replace

import pytest

from intake.store.database import Database
from intake.store.outbox.enqueue import DifferentContentError, store_submission
from intake.store.outbox.records import list_records
from tests.support.outbox_steps import (
    acquire_leases,
    make_submission,
    run_in_transaction,
    store_submissions,
)


def test_the_same_content_again_is_no_second_submission(database: Database) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    assert not run_in_transaction(database, lambda tx: store_submission(tx, submission, "main"))
    with database.read() as tx:
        assert len(list_records(tx)) == 1


def test_other_content_under_a_known_id_is_refused(database: Database) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    with pytest.raises(DifferentContentError, match=str(submission.id)):
        run_in_transaction(
            database,
            lambda tx: store_submission(tx, replace(submission, locale="en"), "main"),
        )
    assert acquire_leases(database)[0].submission == submission


def test_a_leased_submission_equals_the_stored_one(database: Database) -> None:
    submission = make_submission()
    store_submissions(database, submission)
    [leased] = acquire_leases(database)
    assert leased.submission == submission
    assert leased.last_target is None
