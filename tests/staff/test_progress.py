"""The desk sees each patient's progress; only read-back answers count as in the record."""

from datetime import timedelta

import pytest

from intake.answers import Channel
from intake.store import codes, drafts, links
from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from intake.store.visits import MatchState
from tests.support.outbox_steps import make_submission
from tests.support.patients import PatientSession
from tests.support.site_submissions import list_column, record_schedule_fetch
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff


@pytest.fixture
def desk(pages: TestSite) -> StaffSession:
    return sign_in_staff(pages, "desk")


def test_progress_is_labeled_and_done_only_after_the_read_back(
    pages: TestSite, desk: StaffSession
) -> None:
    visit = pages.expect_visit("1")
    record_schedule_fetch(pages)

    def read_label() -> str:
        desk.open_page("/staff/today")
        return list_column(desk, 3)[0]

    labels = [read_label()]
    with pages.database.write() as tx:
        links.create_link(tx, visit, tx.now + timedelta(hours=1))
    labels.append(read_label())
    with pages.database.write() as tx:
        codes.create_code(tx, visit, timedelta(minutes=15))
    labels.append(read_label())
    with pages.database.write() as tx:
        drafts.start_draft(tx, visit, channel=Channel.KIOSK, locale="en")
    labels.append(read_label())
    with pages.database.write() as tx:
        store_submission(tx, make_submission(), "main", visit.id)
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=5))
        delivery_steps.record_sending(
            tx, leased, UndoRecord(WriteTarget("Patient/1", "7"), "{}"), timedelta(minutes=5)
        )
        delivery_steps.mark_accepted(tx, leased)
    labels.append(read_label())
    assert list_column(desk, 2) == ["Race, ethnicity"]
    with pages.database.write() as tx:
        delivery_steps.mark_verified(tx, leased)
    labels.append(read_label())
    # The fetched gaps are from before the answers: the desk must not ask for them again.
    assert list_column(desk, 2) == ["Asked today"]
    assert desk.fact_list() == {"Expected": "1", "With gaps": "0", "In the record today": "1"}
    with pages.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE submissions SET status = 'held'")
    labels.append(read_label())
    assert labels == [
        "Not started",
        "Has a link",
        "Has a code",
        "Answering now",
        "Answered, not in the record yet",
        "In the record",
        "Answered, staff are checking",
    ]


def test_a_patient_who_left_after_a_code_needs_a_new_code(
    pages: TestSite, desk: StaffSession
) -> None:
    visit = pages.expect_visit("1", match_state=MatchState.FOUND)
    patient = PatientSession(pages)
    patient.pair_tablet()
    labels = []
    for _ in range(2):
        with pages.database.write() as tx:
            code = codes.create_code(tx, visit, timedelta(minutes=15))
        desk.open_page("/staff/today")
        labels += list_column(desk, 3)
        patient.choose_language("en")
        patient.send_form({"code": code}, form="by-code")
        patient.send_form(form="over")
        desk.open_page("/staff/today")
        labels += list_column(desk, 3)
    assert labels == ["Has a code", "Started, not finished: get a new code"] * 2
    desk.send_form(form=f"{visit.id}/off")
    assert desk.messages == ["The patient is removed from the list."]
