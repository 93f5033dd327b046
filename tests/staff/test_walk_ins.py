"""The desk adds walk-ins by record number and birth date, and corrects unmatched ones."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intake.feed.local_facts import read_local_facts
from intake.settings import Settings
from intake.store import audit, visits
from intake.store.outbox import leases
from intake.store.outbox.enqueue import store_submission
from intake.store.outbox.records import list_records
from intake.store.visits import MatchState
from tests.support.outbox_steps import make_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.walk_ins import CRITERIA, TYPED, list_visits_today


@pytest.fixture
def desk(pages: TestSite) -> StaffSession:
    session = sign_in_staff(pages, "desk")
    session.open_page("/staff/today")
    return session


def read_code(desk: StaffSession) -> str:
    [code] = [str(node.to_text()) for node in desk.document.query(".secret span[aria-hidden]")]
    return code


def test_a_walk_in_answers_with_a_code_before_the_chart_is_matched(
    pages: TestSite, desk: StaffSession
) -> None:
    desk.send_form(TYPED, form="let-in")
    assert (desk.path, desk.heading) == ("/staff/invitation", "Code for record MRN 4711")
    assert "Born Mar 5, 1990 · here since 10:00 AM" in desk.page.text
    [visit] = list_visits_today(pages)
    assert (visit.patient, visit.match_state, visit.birth_date) == (
        CRITERIA.reference,
        MatchState.NEW,
        CRITERIA.birth_date,
    )
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.send_form({"code": read_code(desk)}, form="by-code")
    patient.send_form()
    patient.send_form({"informant": "self"})
    for _ in range(4):
        patient.send_form({"state": "declined"})
    patient.send_form()
    assert patient.path == "/done"
    with pages.database.write() as tx:
        [row] = list_records(tx)
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=1))
    assert (leased.record.id, leased.submission.patient) == (row.id, CRITERIA.reference)
    assert leased.merge_base.birth_date == CRITERIA.birth_date


def test_a_walk_in_entered_twice_is_listed_once_with_the_newer_code(
    pages: TestSite, desk: StaffSession
) -> None:
    codes = []
    for _ in range(2):
        desk.open_page("/staff/today")
        desk.send_form(TYPED, form="let-in")
        codes.append(read_code(desk))
    assert len(list_visits_today(pages)) == 1
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.send_form({"code": codes[0]}, form="by-code")
    assert patient.path == "/find"


def test_a_matched_walk_in_sees_that_the_questions_were_answered_before(
    pages: TestSite, desk: StaffSession
) -> None:
    with pages.database.write() as tx:
        store_submission(
            tx, make_submission("Patient/7"), "main", again=tx.now + timedelta(days=300)
        )
    desk.send_form(TYPED, form="let-in")
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.send_form({"code": read_code(desk)}, form="by-code")
    assert "These questions were answered before" not in patient.page.text
    [visit] = list_visits_today(pages)
    with pages.database.write() as tx:
        visits.save_visit(tx, replace(visit, match_state=MatchState.FOUND, patient="Patient/7"))
    assert "These questions were answered before" in patient.open_page("/why").text


def test_an_unmatched_patient_is_left_out_of_the_local_facts(pages: TestSite) -> None:
    with pages.database.write() as tx:
        for patient in (CRITERIA.reference, "Patient/7"):
            store_submission(tx, make_submission(patient), "main")
    assert {fact.patient for fact in read_local_facts(pages.settings, pages.database)} == {
        "Patient/0-7"
    }


def test_a_patient_without_name_and_number_still_has_a_label(
    pages: TestSite, desk: StaffSession
) -> None:
    visit = pages.expect_visit("1", name="", record_number=None)
    desk.open_page("/staff/today")
    desk.send_form(form=f"{visit.id}/code")
    assert desk.heading == "Code for a patient without a name"


def test_a_scheduled_patient_gets_a_code_for_the_scheduled_visit(
    pages: TestSite, desk: StaffSession
) -> None:
    scheduled = pages.expect_visit("1", record_number="MRN 4711", birth_date=CRITERIA.birth_date)
    desk.send_form(TYPED, form="let-in")
    assert desk.heading == "Code for Ana Lopez"
    assert [visit.id for visit in list_visits_today(pages)] == [scheduled.id]


def test_a_walk_in_is_found_only_by_the_desks_code(pages: TestSite, desk: StaffSession) -> None:
    desk.send_form(TYPED, form="let-in")
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.give_birth_date(5, 3, 1990)
    assert patient.path == "/find"


def test_a_schedule_fetch_keeps_walk_ins_on_the_list(pages: TestSite, desk: StaffSession) -> None:
    desk.send_form(TYPED, form="let-in")
    pages.expect_visit("gone")
    with pages.database.write() as tx:
        visits.record_fetch(
            tx, "riverside", [], tx.now - timedelta(hours=12), tx.now + timedelta(hours=12)
        )
    assert [visit.record_number for visit in list_visits_today(pages)] == ["MRN 4711"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"record_number": ""}, "Enter the record number."),
        ({"record_number": "4711|4712"}, "This is not a record number."),
        ({"record_number": "7" * 81}, "This is not a record number."),
        ({"birth_date": ""}, "Enter the date of birth."),
        ({"birth_date": "05.03.1990"}, "Enter the whole date, such as 1980-05-17."),
        (
            {"birth_date": "2026-11-25"},
            "Check the date of birth: it is in the future or too long ago.",
        ),
        (
            {"birth_date": "1890-03-05"},
            "Check the date of birth: it is in the future or too long ago.",
        ),
    ],
)
def test_a_wrong_entry_is_explained_and_stays_in_the_form(
    pages: TestSite, desk: StaffSession, fields: dict[str, str], words: str
) -> None:
    desk.send_form(TYPED | fields, form="let-in")
    assert desk.page.status_code == 422
    assert desk.messages == [words]
    # The browser opens the page at the form, below a long list: the error must stand in the form.
    [form] = [node for node in desk.document.query("form") if desk.is_form(node, "#let-in")]
    assert [str(node.to_text()) for node in form.query(".fault p")] == [words]
    hold_unmatched = desk.form_values(form)
    assert {key: hold_unmatched[key] for key in TYPED} == {
        key: [(TYPED | fields)[key].strip()] for key in TYPED
    }
    assert not list_visits_today(pages)


def test_without_a_record_number_system_the_form_is_missing(
    pages: TestSite, desk: StaffSession
) -> None:
    settings: Settings = pages.settings
    clinics = {
        key: replace(clinic, record_number_system="") for key, clinic in settings.clinics.items()
    }
    object.__setattr__(settings, "clinics", clinics)
    path = "/staff/clinics/riverside/visits"
    assert path in desk.page.text
    assert path not in desk.open_page("/staff/today").text


def test_the_list_shows_the_result_of_patient_matching(pages: TestSite, desk: StaffSession) -> None:
    desk.send_form(TYPED, form="let-in")
    desk.open_page("/staff/today")
    assert desk.table_rows()[0][1:3] == [
        "Not on the schedule born Mar 5, 1990 · record MRN 4711",
        "The worker is searching for the chart",
    ]
    [visit] = list_visits_today(pages)
    with pages.database.write() as tx:
        visits.save_visit(
            tx,
            replace(
                visit, match_state=MatchState.NONE, fault="No chart in use has this record number."
            ),
        )
    desk.open_page("/staff/today")
    assert desk.table_rows()[0][2] == "No chart in use has this record number."
    with pages.database.write() as tx:
        visits.save_visit(
            tx, replace(visit, match_state=MatchState.FOUND, name="Mina Park", patient="Patient/7")
        )
    desk.open_page("/staff/today")
    assert desk.table_rows()[0][1].startswith("Mina Park")


def test_the_desk_removes_a_walk_in_but_no_scheduled_patient(
    pages: TestSite, desk: StaffSession
) -> None:
    scheduled = pages.expect_visit("1")
    desk.send_form(TYPED, form="let-in")
    desk.open_page("/staff/today")
    walk_in = next(visit for visit in list_visits_today(pages) if visit.match_state)
    desk.send_form(form=f"{walk_in.id}/off")
    assert desk.messages == ["The patient is removed from the list."]
    assert [visit.id for visit in list_visits_today(pages)] == [scheduled.id]
    with pytest.raises(AssertionError, match="has no form"):
        desk.send_form(form=f"{scheduled.id}/off")
    with pages.database.read() as tx:
        assert [entry.action for entry in audit.entries_about(tx, walk_in.id)] == [
            "taken-off",
            "let-in",
        ]


def test_today_is_the_clinics_own_day(pages: TestSite) -> None:
    # Midnight has passed in UTC, and not yet at Riverside.
    pages.clock.now = datetime(2026, 11, 25, 2, tzinfo=UTC)
    desk = sign_in_staff(pages, "desk")
    desk.open_page("/staff/today")
    desk.send_form(TYPED | {"birth_date": "2026-11-25"}, form="let-in")
    assert desk.messages == ["Check the date of birth: it is in the future or too long ago."]
