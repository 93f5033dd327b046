"""The desk adds walk-ins by record number and birth date, and corrects unmatched ones."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from intake.answers import MatchCriteria
from intake.feed.local_facts import read_local_facts
from intake.settings import Settings
from intake.store import audit, visits
from intake.store.outbox import leases, submissions, unmatched
from intake.store.visits import MatchState, Visit
from tests.store.test_submissions import make_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff

SYSTEM = "http://example.org/mrn"
TYPED = {"record_number": "MRN 4711", "birth_date": "1990-03-05"}
CRITERIA = MatchCriteria(SYSTEM, "MRN 4711", date(1990, 3, 5))


@pytest.fixture
def desk(pages: TestSite) -> StaffSession:
    session = sign_in_staff(pages, "desk")
    session.open_page("/staff/today")
    return session


def list_visits_today(site: TestSite) -> tuple[Visit, ...]:
    with site.database.read() as tx:
        return visits.list_visits(
            tx, "riverside", tx.now - timedelta(days=1), tx.now + timedelta(days=1)
        )


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
    assert (visit.patient, visit.sought, visit.birth_date) == (
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
        [row] = submissions.list_records(tx)
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
        submissions.store_submission(
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
        visits.save_visit(tx, replace(visit, sought=MatchState.FOUND, patient="Patient/7"))
    assert "These questions were answered before" in patient.open_page("/why").text


def test_an_unmatched_patient_is_left_out_of_the_local_facts(pages: TestSite) -> None:
    with pages.database.write() as tx:
        for patient in (CRITERIA.reference, "Patient/7"):
            submissions.store_submission(tx, make_submission(patient), "main")
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


def test_a_corrected_record_number_is_free_for_another_walk_in(
    pages: TestSite, desk: StaffSession
) -> None:
    desk.send_form(TYPED, form="let-in")
    [mistaken] = list_visits_today(pages)
    identity = hold_unmatched(pages, mistaken.id)
    desk.open_page("/staff/today")
    desk.send_form({"record_number": "MRN 4712"}, form=f"lost-{identity}")
    desk.send_form(TYPED, form="let-in")
    assert {(visit.record_number, visit.patient) for visit in list_visits_today(pages)} == {
        ("MRN 4711", CRITERIA.reference),
        ("MRN 4712", replace(CRITERIA, record_number="MRN 4712").reference),
    }


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
        ({"birth_date": "05.03.1990"}, "Enter the whole date of birth, such as 1980-05-17."),
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
    [form] = [node for node in desk.document.query("form") if desk._is(node, "#let-in")]
    assert [str(node.to_text()) for node in form.query(".fault p")] == [words]
    hold_unmatched = desk._held(form)
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
            replace(visit, sought=MatchState.NONE, fault="No chart in use has this record number."),
        )
    desk.open_page("/staff/today")
    assert desk.table_rows()[0][2] == "No chart in use has this record number."
    with pages.database.write() as tx:
        visits.save_visit(
            tx, replace(visit, sought=MatchState.FOUND, name="Mina Park", patient="Patient/7")
        )
    desk.open_page("/staff/today")
    assert desk.table_rows()[0][1].startswith("Mina Park")


def test_the_desk_removes_a_walk_in_but_no_scheduled_patient(
    pages: TestSite, desk: StaffSession
) -> None:
    scheduled = pages.expect_visit("1")
    desk.send_form(TYPED, form="let-in")
    desk.open_page("/staff/today")
    walk_in = next(visit for visit in list_visits_today(pages) if visit.sought)
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


def hold_unmatched(site: TestSite, visit: str | None = None) -> str:
    """Hold a submission without a matching chart, and return its id."""
    submission = make_submission(CRITERIA.reference)
    with site.database.write() as tx:
        submissions.store_submission(tx, submission, "main", visit)
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=1))
        leases.hold_submission(
            tx,
            leased,
            reason=unmatched.UNMATCHED_REASON,
            words="No chart in use has this record number. The desk corrects it.",
        )
    return str(submission.id)


def test_the_desk_corrects_the_criteria_of_unmatched_answers(
    pages: TestSite, desk: StaffSession
) -> None:
    desk.send_form(TYPED, form="let-in")
    [visit] = list_visits_today(pages)
    identity = hold_unmatched(pages, visit.id)
    desk.open_page("/staff/today")
    assert "Answers without a chart (1)" in desk.page.text
    assert desk.table_rows()[0][3] == "Answered, no chart found"
    desk.send_form({"record_number": "MRN|"}, form=f"lost-{identity}")
    assert (desk.page.status_code, desk.messages) == (422, ["This is not a record number."])
    assert len(desk._form(f"#lost-{identity}").query(".fault")) == 1
    desk.send_form({"record_number": "MRN 4712"}, form=f"lost-{identity}")
    assert desk.messages == ["The worker searches the chart now. Refresh the page in a minute."]
    right = replace(CRITERIA, record_number="MRN 4712")
    with pages.database.write() as tx:
        [leased] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=1))
        assert [(entry.who, entry.action) for entry in audit.entries_about(tx, identity)] == [
            ("ana", "chart-corrected")
        ]
    assert (leased.record.id, leased.submission.patient, leased.merge_base.birth_date) == (
        identity,
        right.reference,
        right.birth_date,
    )
    assert "Answers without a chart" not in desk.open_page("/staff/today").text
    [again] = list_visits_today(pages)
    assert (again.id, again.patient, again.record_number) == (visit.id, right.reference, "MRN 4712")


@pytest.mark.parametrize("number", ["MRN 1", "MRN|"])
def test_two_desks_correct_the_same_answers_only_once(
    pages: TestSite, desk: StaffSession, number: str
) -> None:
    identity = hold_unmatched(pages)
    other = sign_in_staff(pages, "desk", name="bo")
    for person in (desk, other):
        person.open_page("/staff/today")
    other.send_form(form=f"lost-{identity}")
    desk.send_form({"record_number": number}, form=f"lost-{identity}")
    assert desk.messages == ["Another user was faster. Nothing was changed."]


def test_another_clinics_page_does_not_show_unmatched_answers(
    pages: TestSite, desk: StaffSession
) -> None:
    hold_unmatched(pages)
    assert "Answers without a chart" not in desk.open_page("/staff/today?clinic=hillside").text
    assert desk.client.post(
        "/staff/unmatched/nothing", base_url="http://localhost"
    ).status_code in (400, 404)


@pytest.mark.parametrize(
    "reference",
    [
        "Patient?identifier=http%3A%2F%2Fexample.org%2Fmrn%7CMRN+4711&birthdate=1990-03-05",
        "Patient?identifier=http://example.org/mrn|MRN%204711&birthdate=1990-03-05",
    ],
)
def test_a_search_reference_is_read_as_match_criteria(reference: str) -> None:
    assert MatchCriteria.from_reference(reference) == CRITERIA
    assert MatchCriteria.from_reference(CRITERIA.reference) == CRITERIA


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/7",
        "Patient?identifier=4711&birthdate=1990-03-05",
        "Patient?identifier=%7C4711&birthdate=1990-03-05",
        "Patient?identifier=urn:mrn%7C&birthdate=1990-03-05",
        "Patient?identifier=urn:mrn%7C4711,4712&birthdate=1990-03-05",
        "Patient?identifier=urn:mrn%7C4711&birthdate=1990-02-30",
        "Patient?identifier=urn:mrn%7C4711&birthdate=1990-03",
        "Patient?identifier=urn:mrn%7C4711",
        "Patient?birthdate=1990-03-05",
        "Patient?identifier=urn:mrn%7C4711&birthdate=1990-03-05&name=x",
        "Person?identifier=urn:mrn%7C4711&birthdate=1990-03-05",
    ],
)
def test_another_reference_is_not_match_criteria(reference: str) -> None:
    assert MatchCriteria.from_reference(reference) is None


def test_today_is_the_clinics_own_day(pages: TestSite) -> None:
    # Midnight has passed in UTC, and not yet at Riverside.
    pages.clock.now = datetime(2026, 11, 25, 2, tzinfo=UTC)
    desk = sign_in_staff(pages, "desk")
    desk.open_page("/staff/today")
    desk.send_form(TYPED | {"birth_date": "2026-11-25"}, form="let-in")
    assert desk.messages == ["Check the date of birth: it is in the future or too long ago."]
