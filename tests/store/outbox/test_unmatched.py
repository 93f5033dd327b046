"""Unmatched submissions: the desk corrects the criteria of patient matching."""

from dataclasses import replace
from datetime import date, timedelta

from intake.answers import MatchCriteria
from intake.store.database import Database
from intake.store.outbox import leases, unmatched
from intake.store.outbox.discard import discard_submission
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.records import Status, find_record
from tests.support.outbox_steps import (
    make_submission,
)

CRITERIA = MatchCriteria("http://example.org/mrn", "4711", date(1990, 3, 5))
MINUTE = timedelta(minutes=1)


def hold_unmatched(database: Database) -> str:
    submission = make_submission(CRITERIA.reference)
    with database.write() as tx:
        store_submission(tx, submission, "main", None, MergeBase(CRITERIA.birth_date))
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=MINUTE)
        hold_submission(
            tx,
            leased,
            reason=unmatched.UNMATCHED_REASON,
            words="No chart in use has this record number.",
        )
    return str(submission.id)


def test_corrected_criteria_queue_the_submission_with_its_answers(database: Database) -> None:
    identity, right = (
        hold_unmatched(database),
        replace(CRITERIA, record_number="4712", birth_date=date(1990, 5, 3)),
    )
    with database.write() as tx:
        assert unmatched.list_unmatched(tx, "hillside") == ()
        [lost] = unmatched.list_unmatched(tx, "riverside")
        assert lost.criteria == CRITERIA
        assert unmatched.correct_criteria(tx, identity, right)
        assert not unmatched.correct_criteria(tx, identity, CRITERIA)
        assert unmatched.list_unmatched(tx, "riverside") == ()
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=MINUTE)
    assert (leased.submission.patient, leased.merge_base) == (
        right.reference,
        MergeBase(right.birth_date),
    )
    assert leased.record.id == identity


def test_a_discarded_submission_is_not_unmatched(database: Database) -> None:
    identity = hold_unmatched(database)
    with database.write() as tx:
        assert discard_submission(tx, identity)
        assert unmatched.list_unmatched(tx, "riverside") == ()
        assert not unmatched.correct_criteria(tx, identity, CRITERIA)
        row = find_record(tx, identity)
    assert row is not None
    assert row.status is Status.DISCARDED
