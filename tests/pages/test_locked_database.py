"""A locked SQLite database: pages answer calmly and soon, and store nothing by halves."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
from sqlalchemy import func, select

from intake.store.tables import submissions
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.staff import sign_in_staff

HEADING = "One moment, please"


@contextmanager
def lock_database(site: TestSite, kind: str) -> Iterator[None]:
    """Hold a lock as another process would: IMMEDIATE stops writers, EXCLUSIVE readers too."""
    lock = sqlite3.connect(site.settings.data_dir / "intake.sqlite3", isolation_level=None)
    lock.execute(f"BEGIN {kind}")
    try:
        yield
    finally:
        lock.close()


def count_submissions(site: TestSite) -> int:
    with site.database.read() as tx:
        return tx.connection.execute(select(func.count()).select_from(submissions)).scalar_one()


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    """A patient at the first question on a tablet."""
    pages.expect_visit("1")
    session = PatientSession(pages)
    session.reach_first_question()
    return session


@pytest.mark.parametrize("path", ["/", "/check", "/no-such-page"])
def test_a_reader_waits_about_a_second(person: PatientSession, path: str) -> None:
    # In a test the application would raise what the frame of an error page raises.
    person.site.app.testing = False
    with lock_database(person.site, "EXCLUSIVE"):
        start = monotonic()
        page = person.client.get(path)
        seconds = monotonic() - start
    assert page.status_code in (503, 404)
    assert seconds < 2.5
    assert person.open_page("/").status_code == 200


def test_a_plain_staff_page_is_calm(pages: TestSite) -> None:
    staff = sign_in_staff(pages, "desk")
    with lock_database(pages, "EXCLUSIVE"):
        start = monotonic()
        page = staff.client.get("/staff/today")
        seconds = monotonic() - start
    assert page.status_code == 503
    assert "Something went wrong" in page.text
    assert seconds < 2.5


def test_a_writer_waits_five_seconds_and_is_not_thanked(person: PatientSession) -> None:
    with lock_database(person.site, "IMMEDIATE"):
        start = monotonic()
        person.send_form()
        seconds = monotonic() - start
    assert (person.page.status_code, person.heading) == (503, HEADING)
    assert 4 < seconds < 6.5
    assert count_submissions(person.site) == 0


def test_a_reader_after_a_writer_does_not_wait_as_long(person: PatientSession) -> None:
    # Both use the same pooled connection, and SQLite keeps the wait with the connection.
    person.site.expect_visit("2")
    with lock_database(person.site, "EXCLUSIVE"):
        start = monotonic()
        assert person.client.get("/").status_code == 503
        assert monotonic() - start < 2.5
