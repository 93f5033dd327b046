"""The desk is told how far each patient is: what is so, and what to do; nothing is called done too early."""

from datetime import timedelta

import pytest

from intake.answers import Channel
from intake.store import codes, drafts, links
from intake.store.outbox import leases, submissions
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.visits import MatchState
from tests.staff.test_today import list_column, record_schedule_fetch
from tests.store.test_submissions import make_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff


@pytest.fixture
def desk(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "desk")


def test_progress_in_words_and_nothing_is_called_done_that_was_not_read_back(
    pages: TestSite, desk: StaffSession
) -> None:
    visit = pages.expect_visit("1")
    record_schedule_fetch(pages)

    def said() -> str:
        desk.open_page("/staff/today")
        return list_column(desk, 3)[0]

    told = [said()]
    with pages.database.write() as tx:
        links.create_link(tx, visit, tx.now + timedelta(hours=1))
    told.append(said())
    with pages.database.write() as tx:
        codes.create_code(tx, visit, timedelta(minutes=15))
    told.append(said())
    with pages.database.write() as tx:
        drafts.start_draft(tx, visit, channel=Channel.KIOSK, locale="en")
    told.append(said())
    with pages.database.write() as tx:
        submissions.store_submission(tx, make_submission(), "main", visit.id)
        [claimed] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=5))
        leases.record_sending(
            tx, claimed, UndoRecord(WriteTarget("Patient/1", "7"), "{}"), timedelta(minutes=5)
        )
        leases.mark_accepted(tx, claimed)
    told.append(said())
    assert list_column(desk, 2) == ["Race, ethnicity"]
    with pages.database.write() as tx:
        leases.mark_verified(tx, claimed)
    told.append(said())
    # The schedule's fetch still says what was missing before; nobody is to be asked again for that.
    assert list_column(desk, 2) == ["Asked today"]
    assert desk.fact_list() == {"Expected": "1", "With gaps": "0", "In the record today": "1"}
    with pages.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE submissions SET status = 'held'")
    told.append(said())
    assert told == [
        "Not started",
        "Has a link",
        "Has a code",
        "Answering now",
        "Answered, not in the record yet",
        "In the record",
        "Answered, staff are checking",
    ]


def test_who_used_a_code_and_went_away_needs_another(pages: TestSite, desk: StaffSession) -> None:
    visit = pages.expect_visit("1", sought=MatchState.FOUND)
    patient = PatientSession(pages)
    patient.pair_tablet()
    told = []
    for _ in range(2):
        with pages.database.write() as tx:
            code = codes.create_code(tx, visit, timedelta(minutes=15))
        desk.open_page("/staff/today")
        told += list_column(desk, 3)
        patient.choose_language("en")
        patient.send_form({"code": code}, form="by-code")
        patient.send_form(form="over")
        desk.open_page("/staff/today")
        told += list_column(desk, 3)
    assert told == ["Has a code", "Started, not finished: get a new code"] * 2
    desk.send_form(form=f"{visit.id}/off")
    assert desk.messages == ["The patient is removed from the list."]
