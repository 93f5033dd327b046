"""A submission moves to the chart of a merge or of patient matching."""

from dataclasses import replace
from datetime import date, timedelta

from intake.answers import MatchCriteria
from intake.store.database import Database
from intake.store.outbox import chart_assignment, delivery_steps, leases
from intake.store.outbox.enqueue import store_submission
from tests.support.outbox_steps import (
    acquire_leases,
    make_submission,
    run_in_transaction,
    store_submissions,
)

CRITERIA = MatchCriteria("http://example.org/mrn", "4711", date(1990, 3, 5))
MINUTE = timedelta(minutes=1)


def test_a_submission_moves_to_the_chart_that_replaced_its_own(database: Database) -> None:
    store_submissions(
        database,
        make_submission("Patient/new"),
        make_submission("Patient/old"),
        make_submission("Patient/new"),
    )
    older, moved = acquire_leases(database)
    assert not run_in_transaction(
        database, lambda tx: chart_assignment.follow_merged_chart(tx, moved, "Patient/new")
    )
    run_in_transaction(database, lambda tx: leases.release_lease(tx, moved, until=tx.now))
    run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, older))
    [again] = acquire_leases(database)
    assert again.record.id == moved.record.id
    assert run_in_transaction(
        database, lambda tx: chart_assignment.follow_merged_chart(tx, again, "Patient/new")
    )
    assert acquire_leases(database) == ()


def test_a_matched_submission_waits_for_the_charts_submission_being_sent(
    database: Database,
) -> None:
    first, second = make_submission(CRITERIA.reference), make_submission("Patient/7")
    with database.write() as tx:
        for submission in (first, second):
            store_submission(tx, submission, "main")
        [unmatched_one, of_chart] = leases.acquire_leases(tx, "main", limit=2, lease=MINUTE)
        matched = replace(unmatched_one.submission, patient="Patient/7")
        # The chart's own submission is being sent, and goes first.
        assert not chart_assignment.assign_chart(tx, unmatched_one, matched, MINUTE)
        assert delivery_steps.mark_verified(tx, of_chart)
        assert leases.release_lease(tx, unmatched_one, until=tx.now)
        [again] = leases.acquire_leases(tx, "main", limit=2, lease=MINUTE)
    assert again.submission == matched
