"""Visits of people on no schedule, and answers of whom no chart was found: on either database, and in one of before them."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import create_engine, text

from intake.answers import MatchCriteria
from intake.store import visits
from intake.store.crypto import Cipher
from intake.store.database import Database, open_database
from intake.store.migrate import migrate_database
from intake.store.outbox import leases, submissions, unmatched
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.submissions import Status
from intake.store.visits import MatchState, Visit
from tests.store.conftest import TestClock
from tests.store.test_submissions import make_submission

SOUGHT = MatchCriteria("http://example.org/mrn", "4711", date(1990, 3, 5))
MINUTE = timedelta(minutes=1)


def visit(
    database: Database,
    key: str,
    sought: MatchState | None = MatchState.NEW,
    patient: str = SOUGHT.reference,
) -> Visit:
    with database.write() as tx:
        found = Visit(
            key, "riverside", "main", patient, tx.now, birth_date=SOUGHT.birth_date, sought=sought
        )
        visits.save_visit(tx, found)
    return found


def test_a_search_is_kept_and_its_end_is_found_by_it(database: Database) -> None:
    new, scheduled = visit(database, "new"), visit(database, "scheduled", None, "Patient/1")
    missed = replace(new, sought=MatchState.NONE, fault="No chart in use has this record number.")
    with database.write() as tx:
        assert visits.list_by_match_state(tx, "main", MatchState.NEW) == (new,)
        assert visits.list_by_match_state(tx, "other", MatchState.NEW) == ()
        visits.save_visit(tx, missed)
        assert visits.list_by_match_state(tx, "main", MatchState.NEW) == ()
        assert visits.list_by_match_state(tx, "main", MatchState.NEW, MatchState.NONE) == (missed,)
        assert visits.find_visit(tx, scheduled.id) == scheduled


def test_a_birth_date_finds_the_scheduled_alone_and_a_fetch_drops_no_others(
    database: Database,
) -> None:
    new, scheduled = visit(database, "new"), visit(database, "scheduled", None, "Patient/1")
    with database.write() as tx:
        window = (tx.now - MINUTE, tx.now + MINUTE)
        assert visits.find_by_birth_date(tx, "riverside", SOUGHT.birth_date, *window) == (
            scheduled,
        )
        visits.record_fetch(tx, "riverside", [], *window)
        assert visits.list_visits(tx, "riverside", *window) == (new,)
        assert not visits.remove_walk_in(tx, scheduled.id)
        assert visits.remove_walk_in(tx, new.id)
        assert visits.list_visits(tx, "riverside", *window) == ()


def held(database: Database) -> str:
    said = make_submission(SOUGHT.reference)
    with database.write() as tx:
        submissions.store_submission(tx, said, "main", None, MergeBase(SOUGHT.birth_date))
        [claimed] = leases.acquire_leases(tx, "main", limit=1, lease=MINUTE)
        leases.hold_submission(
            tx,
            claimed,
            reason=unmatched.UNMATCHED_REASON,
            words="No chart in use has this record number.",
        )
    return str(said.id)


def test_answers_are_bound_to_the_chart_once_and_keep_their_turn(database: Database) -> None:
    first, second = make_submission(SOUGHT.reference), make_submission("Patient/7")
    with database.write() as tx:
        for each in (first, second):
            submissions.store_submission(tx, each, "main")
        [mine, other] = leases.acquire_leases(tx, "main", limit=2, lease=MINUTE)
        bound = replace(mine.submission, patient="Patient/7")
        # The other one is being sent, and goes first.
        assert not leases.assign_chart(tx, mine, bound, MINUTE)
        assert leases.mark_verified(tx, other)
        assert leases.release_lease(tx, mine, until=tx.now)
        [again] = leases.acquire_leases(tx, "main", limit=2, lease=MINUTE)
    assert again.submission == bound


def test_what_is_corrected_is_sought_anew_with_what_was_said(database: Database) -> None:
    identity, right = (
        held(database),
        replace(SOUGHT, record_number="4712", birth_date=date(1990, 5, 3)),
    )
    with database.write() as tx:
        assert unmatched.list_unmatched(tx, "hillside") == ()
        [lost] = unmatched.list_unmatched(tx, "riverside")
        assert lost.sought == SOUGHT
        assert unmatched.correct_criteria(tx, identity, right)
        assert not unmatched.correct_criteria(tx, identity, SOUGHT)
        assert unmatched.list_unmatched(tx, "riverside") == ()
        [claimed] = leases.acquire_leases(tx, "main", limit=1, lease=MINUTE)
    assert (claimed.submission.patient, claimed.merge_base) == (
        right.reference,
        MergeBase(right.birth_date),
    )
    assert claimed.record.id == identity


def test_what_was_given_up_waits_for_nobody(database: Database) -> None:
    identity = held(database)
    with database.write() as tx:
        assert submissions.discard_submission(tx, identity)
        assert unmatched.list_unmatched(tx, "riverside") == ()
        assert not unmatched.correct_criteria(tx, identity, SOUGHT)
        row = submissions.find_record(tx, identity)
    assert row is not None
    assert row.status is Status.DISCARDED


def test_a_database_of_before_is_brought_up_with_all_its_visits(
    url: str, cipher: Cipher, clock: TestClock
) -> None:
    database = open_database(url, cipher, clock)
    scheduled = visit(database, "scheduled", None, "Patient/1")
    database.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE visits DROP COLUMN sought"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    engine.dispose()
    migrate_database(url)
    database = open_database(url, cipher, clock)
    with database.write() as tx:
        assert visits.find_visit(tx, scheduled.id) == scheduled
        visits.save_visit(tx, replace(scheduled, sought=MatchState.FOUND))
    database.close()
