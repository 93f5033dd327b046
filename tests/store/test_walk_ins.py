"""Visits of people on no schedule, and answers of whom no chart was found: on either database, and in one of before them."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import create_engine, text

from intake.answers import Sought
from intake.store import claims, submissions, unmatched, visits
from intake.store.crypto import Cipher
from intake.store.database import Database, open_database
from intake.store.known import Known
from intake.store.migrate import migrate
from intake.store.submissions import Status
from intake.store.visits import Search, Visit
from tests.store.conftest import TestClock
from tests.store.test_outbox import submission

SOUGHT = Sought("http://example.org/mrn", "4711", date(1990, 3, 5))
MINUTE = timedelta(minutes=1)


def visit(
    database: Database,
    key: str,
    sought: Search | None = Search.NEW,
    patient: str = SOUGHT.reference,
) -> Visit:
    with database.write() as tx:
        found = Visit(
            key, "riverside", "main", patient, tx.now, birth_date=SOUGHT.birth_date, sought=sought
        )
        visits.put(tx, found)
    return found


def test_a_search_is_kept_and_its_end_is_found_by_it(database: Database) -> None:
    new, scheduled = visit(database, "new"), visit(database, "scheduled", None, "Patient/1")
    missed = replace(new, sought=Search.NONE, fault="No chart in use has this record number.")
    with database.write() as tx:
        assert visits.searched(tx, "main", Search.NEW) == (new,)
        assert visits.searched(tx, "other", Search.NEW) == ()
        visits.put(tx, missed)
        assert visits.searched(tx, "main", Search.NEW) == ()
        assert visits.searched(tx, "main", Search.NEW, Search.NONE) == (missed,)
        assert visits.get(tx, scheduled.id) == scheduled


def test_a_birth_date_finds_the_scheduled_alone_and_a_fetch_drops_no_others(
    database: Database,
) -> None:
    new, scheduled = visit(database, "new"), visit(database, "scheduled", None, "Patient/1")
    with database.write() as tx:
        window = (tx.now - MINUTE, tx.now + MINUTE)
        assert visits.by_birth_date(tx, "riverside", SOUGHT.birth_date, *window) == (scheduled,)
        visits.fetched(tx, "riverside", [], *window)
        assert visits.expected(tx, "riverside", *window) == (new,)
        assert not visits.remove(tx, scheduled.id)
        assert visits.remove(tx, new.id)
        assert visits.expected(tx, "riverside", *window) == ()


def held(database: Database) -> str:
    said = submission(SOUGHT.reference)
    with database.write() as tx:
        submissions.submit(tx, said, "main", None, Known(SOUGHT.birth_date))
        [claimed] = claims.claim(tx, "main", limit=1, lease=MINUTE)
        claims.hold(
            tx, claimed, reason=unmatched.REASON, words="No chart in use has this record number."
        )
    return str(said.id)


def test_answers_are_bound_to_the_chart_once_and_keep_their_turn(database: Database) -> None:
    first, second = submission(SOUGHT.reference), submission("Patient/7")
    with database.write() as tx:
        for each in (first, second):
            submissions.submit(tx, each, "main")
        [mine, other] = claims.claim(tx, "main", limit=2, lease=MINUTE)
        bound = replace(mine.submission, patient="Patient/7")
        # The other one is being sent, and goes first.
        assert not claims.bind(tx, mine, bound, MINUTE)
        assert claims.verify(tx, other)
        assert claims.release(tx, mine, until=tx.now)
        [again] = claims.claim(tx, "main", limit=2, lease=MINUTE)
    assert again.submission == bound


def test_what_is_corrected_is_sought_anew_with_what_was_said(database: Database) -> None:
    identity, right = (
        held(database),
        replace(SOUGHT, record_number="4712", birth_date=date(1990, 5, 3)),
    )
    with database.write() as tx:
        assert unmatched.waiting(tx, "hillside") == ()
        [lost] = unmatched.waiting(tx, "riverside")
        assert lost.sought == SOUGHT
        assert unmatched.correct(tx, identity, right)
        assert not unmatched.correct(tx, identity, SOUGHT)
        assert unmatched.waiting(tx, "riverside") == ()
        [claimed] = claims.claim(tx, "main", limit=1, lease=MINUTE)
    assert (claimed.submission.patient, claimed.known) == (right.reference, Known(right.birth_date))
    assert claimed.row.id == identity


def test_what_was_given_up_waits_for_nobody(database: Database) -> None:
    identity = held(database)
    with database.write() as tx:
        assert submissions.discard(tx, identity)
        assert unmatched.waiting(tx, "riverside") == ()
        assert not unmatched.correct(tx, identity, SOUGHT)
        row = submissions.get(tx, identity)
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
    migrate(url)
    database = open_database(url, cipher, clock)
    with database.write() as tx:
        assert visits.get(tx, scheduled.id) == scheduled
        visits.put(tx, replace(scheduled, sought=Search.FOUND))
    database.close()
