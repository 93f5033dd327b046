"""Walk-ins and scheduled visits: found by birth date or by state, dropped with the schedule."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import create_engine, text

from intake.answers import MatchCriteria
from intake.store import visits
from intake.store.crypto import Cipher
from intake.store.database import Database, open_database
from intake.store.migrate import migrate_database
from intake.store.visits import MatchState, Visit
from tests.support.store import BIRTH_DATE, TestClock, make_visit

CRITERIA = MatchCriteria("http://example.org/mrn", "4711", date(1990, 3, 5))
MINUTE = timedelta(minutes=1)


def in_order(*visits_found: Visit) -> tuple[Visit, ...]:
    """Visits of one moment as the store returns them."""
    return tuple(sorted(visits_found, key=lambda visit: visit.id))


def test_visits_are_found_by_birth_date_and_leave_with_the_schedule(
    database: Database, clock: TestClock
) -> None:
    start, end = clock() - timedelta(hours=2), clock() + timedelta(hours=2)
    with database.write() as tx:
        visit, twin, without_birth_date = (
            make_visit(clock),
            make_visit(clock, "Appointment/2"),
            make_visit(clock, "Appointment/3", birth_date=None),
        )
        for stored in (visit, twin, without_birth_date, visit):
            visits.save_visit(tx, stored)
        assert visits.find_by_birth_date(tx, "riverside", BIRTH_DATE, start, end) == in_order(
            visit, twin
        )
        assert visits.find_by_birth_date(tx, "eastside", BIRTH_DATE, start, end) == ()
        assert (
            visits.find_by_birth_date(tx, "riverside", BIRTH_DATE, end, end + timedelta(hours=1))
            == ()
        )
        visits.record_fetch(tx, "riverside", [visit.id, without_birth_date.id], start, end)
        assert visits.list_visits(tx, "riverside", start, end) == in_order(
            visit, without_birth_date
        )
        assert visits.last_fetched_at(tx, "riverside") == clock()
        assert visits.progress_by_visit(tx, [visit.id]) == {visit.id: "none"}


def save_visit(
    database: Database,
    key: str,
    sought: MatchState | None = MatchState.NEW,
    patient: str = CRITERIA.reference,
) -> Visit:
    with database.write() as tx:
        visit = Visit(
            key,
            "riverside",
            "main",
            patient,
            tx.now,
            birth_date=CRITERIA.birth_date,
            match_state=sought,
        )
        visits.save_visit(tx, visit)
    return visit


def test_visits_are_listed_by_the_state_of_patient_matching(database: Database) -> None:
    new, scheduled = (
        save_visit(database, "new"),
        save_visit(database, "scheduled", None, "Patient/1"),
    )
    missed = replace(
        new, match_state=MatchState.NONE, fault="No chart in use has this record number."
    )
    with database.write() as tx:
        assert visits.list_by_match_state(tx, "main", MatchState.NEW) == (new,)
        assert visits.list_by_match_state(tx, "other", MatchState.NEW) == ()
        visits.save_visit(tx, missed)
        assert visits.list_by_match_state(tx, "main", MatchState.NEW) == ()
        assert visits.list_by_match_state(tx, "main", MatchState.NEW, MatchState.NONE) == (missed,)
        assert visits.find_visit(tx, scheduled.id) == scheduled


def test_a_birth_date_finds_no_walk_in_and_a_fetch_drops_none(
    database: Database,
) -> None:
    new, scheduled = (
        save_visit(database, "new"),
        save_visit(database, "scheduled", None, "Patient/1"),
    )
    with database.write() as tx:
        window = (tx.now - MINUTE, tx.now + MINUTE)
        assert visits.find_by_birth_date(tx, "riverside", CRITERIA.birth_date, *window) == (
            scheduled,
        )
        visits.record_fetch(tx, "riverside", [], *window)
        assert visits.list_visits(tx, "riverside", *window) == (new,)
        assert not visits.remove_walk_in(tx, scheduled.id)
        assert visits.remove_walk_in(tx, new.id)
        assert visits.list_visits(tx, "riverside", *window) == ()


def test_migration_keeps_the_visits(url: str, cipher: Cipher, clock: TestClock) -> None:
    database = open_database(url, cipher, clock)
    scheduled = save_visit(database, "scheduled", None, "Patient/1")
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
        visits.save_visit(tx, replace(scheduled, match_state=MatchState.FOUND))
    database.close()
