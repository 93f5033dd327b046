"""A visit is stored encrypted and shows how far its patient is."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from intake.store import visits
from intake.store.database import Database
from intake.store.outbox import delivery_steps, undo_requests
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.hold import hold_submission
from intake.store.outbox.leases import LeasedSubmission
from intake.store.tables import visits as table
from intake.store.visits import Visit
from tests.support.outbox_steps import (
    acquire_leases,
    make_submission,
    record_acceptance,
    run_in_transaction,
)
from tests.support.store import TestClock

VISIT = visits.visit_id("main", "Appointment/1")


@pytest.fixture
def visit(database: Database, clock: TestClock) -> Visit:
    """A visit that is expected in a quarter of an hour."""
    expected = Visit(
        VISIT,
        "riverside",
        "main",
        "Patient/1",
        clock() + timedelta(minutes=15),
        name="Lan Nguyen",
        birth_date=date(1980, 2, 29),
        gaps=frozenset({"race", "interpreter"}),
        base={"race": None},
    )
    with database.write() as tx:
        visits.save_visit(tx, expected)
    return expected


def lease_submission_of(database: Database) -> LeasedSubmission:
    with database.write() as tx:
        assert store_submission(tx, make_submission(), "main", VISIT)
    [leased] = acquire_leases(database)
    return leased


def read_progress(database: Database) -> str:
    with database.read() as tx:
        return visits.progress_by_visit(tx, [VISIT])[VISIT]


def test_the_same_appointment_is_the_same_visit() -> None:
    assert visits.visit_id("main", "Appointment/1") == VISIT
    assert visits.visit_id("other", "Appointment/1") != VISIT
    assert visits.visit_id("main", "Encounter/1") != VISIT


def test_a_visit_comes_back_as_it_was_saved(database: Database, visit: Visit) -> None:
    with database.write() as tx:
        assert visits.find_visit(tx, VISIT) == visit
        changed = replace(visit, name="Lan Tran", gaps=frozenset())
        visits.save_visit(tx, changed)
        assert visits.find_visit(tx, VISIT) == changed
        assert visits.find_visit(tx, "unknown") is None


def test_no_name_and_no_birth_date_is_stored_in_clear(database: Database, visit: Visit) -> None:
    with database.read() as tx:
        row = tx.connection.execute(select(table).where(table.c.id == visit.id)).one()
    stored = repr(tuple(row))
    assert not [word for word in ("Lan Nguyen", "1980-02-29", "Patient/1") if word in stored]


def test_visits_of_the_past_are_erased(database: Database, visit: Visit) -> None:
    with database.write() as tx:
        assert visits.erase_visits(tx, visit.starts_at) == 0
        assert visits.erase_visits(tx, visit.starts_at + timedelta(seconds=1)) == 1
        assert visits.find_visit(tx, VISIT) is None


def test_progress_follows_the_submission(database: Database, visit: Visit) -> None:
    assert read_progress(database) == "none"
    leased = lease_submission_of(database)
    assert read_progress(database) == "submitted"
    assert run_in_transaction(database, lambda tx: record_acceptance(tx, leased))
    assert read_progress(database) == "submitted"
    assert run_in_transaction(database, lambda tx: delivery_steps.mark_verified(tx, leased))
    assert read_progress(database) == "verified"
    with database.write() as tx:
        undo_requests.request_undo(tx, leased.record.id)
    assert read_progress(database) == "undoing"


def test_progress_shows_the_latest_submission(database: Database, visit: Visit) -> None:
    leased = lease_submission_of(database)
    assert run_in_transaction(
        database, lambda tx: hold_submission(tx, leased, reason="refused", words="Look.")
    )
    assert read_progress(database) == "held"
    lease_submission_of(database)
    assert read_progress(database) == "submitted"
