"""The desk lets in who is on no schedule, by record number and date of birth, and corrects these where no chart has them."""

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
WHO = {"record_number": "MRN 4711", "birth_date": "1990-03-05"}
SOUGHT = MatchCriteria(SYSTEM, "MRN 4711", date(1990, 3, 5))


@pytest.fixture
def desk(pages: TestSite) -> StaffSession:
    found = sign_in_staff(pages, "desk")
    found.open_page("/staff/today")
    return found


def listed(site: TestSite) -> tuple[Visit, ...]:
    with site.database.read() as tx:
        return visits.list_visits(
            tx, "riverside", tx.now - timedelta(days=1), tx.now + timedelta(days=1)
        )


def code_of(desk: StaffSession) -> str:
    [code] = [str(node.to_text()) for node in desk.document.query(".secret span[aria-hidden]")]
    return code


def test_a_code_lets_them_in_and_their_answers_wait_for_the_chart(
    pages: TestSite, desk: StaffSession
) -> None:
    desk.send_form(WHO, form="let-in")
    assert (desk.path, desk.heading) == ("/staff/invitation", "Code for record MRN 4711")
    assert "Born Mar 5, 1990 · here since 10:00 AM" in desk.page.text
    [visit] = listed(pages)
    assert (visit.patient, visit.sought, visit.birth_date) == (
        SOUGHT.reference,
        MatchState.NEW,
        SOUGHT.birth_date,
    )
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.send_form({"code": code_of(desk)}, form="by-code")
    patient.send_form()
    patient.send_form({"informant": "self"})
    for _ in range(4):
        patient.send_form({"state": "declined"})
    patient.send_form()
    assert patient.path == "/done"
    with pages.database.write() as tx:
        [row] = submissions.list_records(tx)
        [claimed] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=1))
    assert (claimed.record.id, claimed.submission.patient) == (row.id, SOUGHT.reference)
    assert claimed.merge_base.birth_date == SOUGHT.birth_date


def test_typed_twice_they_are_on_the_list_once_and_the_older_code_is_over(
    pages: TestSite, desk: StaffSession
) -> None:
    codes = []
    for _ in range(2):
        desk.open_page("/staff/today")
        desk.send_form(WHO, form="let-in")
        codes.append(code_of(desk))
    assert len(listed(pages)) == 1
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.send_form({"code": codes[0]}, form="by-code")
    assert patient.path == "/find"


def test_who_answered_before_is_told_so_once_their_chart_is_found(
    pages: TestSite, desk: StaffSession
) -> None:
    with pages.database.write() as tx:
        submissions.store_submission(
            tx, make_submission("Patient/7"), "main", again=tx.now + timedelta(days=300)
        )
    desk.send_form(WHO, form="let-in")
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.send_form({"code": code_of(desk)}, form="by-code")
    assert "These questions were answered before" not in patient.page.text
    [visit] = listed(pages)
    with pages.database.write() as tx:
        visits.save_visit(tx, replace(visit, sought=MatchState.FOUND, patient="Patient/7"))
    assert "These questions were answered before" in patient.open_page("/why").text


def test_whose_chart_is_not_known_is_nobody_in_the_report(pages: TestSite) -> None:
    with pages.database.write() as tx:
        for each in (SOUGHT.reference, "Patient/7"):
            submissions.store_submission(tx, make_submission(each), "main")
    assert {each.patient for each in read_local_facts(pages.settings, pages.database)} == {
        "Patient/0-7"
    }


def test_who_has_neither_name_nor_number_is_still_called_something(
    pages: TestSite, desk: StaffSession
) -> None:
    visit = pages.expect_visit("1", name="", record_number=None)
    desk.open_page("/staff/today")
    desk.send_form(form=f"{visit.id}/code")
    assert desk.heading == "Code for a patient without a name"


def test_who_is_on_the_schedule_is_let_in_to_their_visit(
    pages: TestSite, desk: StaffSession
) -> None:
    scheduled = pages.expect_visit("1", record_number="MRN 4711", birth_date=SOUGHT.birth_date)
    desk.send_form(WHO, form="let-in")
    assert desk.heading == "Code for Ana Lopez"
    assert [each.id for each in listed(pages)] == [scheduled.id]


def test_a_number_that_was_corrected_is_anybody_elses_again(
    pages: TestSite, desk: StaffSession
) -> None:
    desk.send_form(WHO, form="let-in")
    [mistaken] = listed(pages)
    identity = held(pages, mistaken.id)
    desk.open_page("/staff/today")
    desk.send_form({"record_number": "MRN 4712"}, form=f"lost-{identity}")
    desk.send_form(WHO, form="let-in")
    assert {(each.record_number, each.patient) for each in listed(pages)} == {
        ("MRN 4711", SOUGHT.reference),
        ("MRN 4712", replace(SOUGHT, record_number="MRN 4712").reference),
    }


def test_they_are_found_by_the_desks_code_alone(pages: TestSite, desk: StaffSession) -> None:
    desk.send_form(WHO, form="let-in")
    patient = PatientSession(pages)
    patient.pair_tablet()
    patient.choose_language("en")
    patient.give_birth_date(5, 3, 1990)
    assert patient.path == "/find"


def test_a_fetch_of_the_schedule_leaves_them_on_the_list(
    pages: TestSite, desk: StaffSession
) -> None:
    desk.send_form(WHO, form="let-in")
    pages.expect_visit("gone")
    with pages.database.write() as tx:
        visits.record_fetch(
            tx, "riverside", [], tx.now - timedelta(hours=12), tx.now + timedelta(hours=12)
        )
    assert [each.record_number for each in listed(pages)] == ["MRN 4711"]


@pytest.mark.parametrize(
    ("given", "words"),
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
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    pages: TestSite, desk: StaffSession, given: dict[str, str], words: str
) -> None:
    desk.send_form(WHO | given, form="let-in")
    assert desk.page.status_code == 422
    assert desk.messages == [words]
    # The browser opens the page at the form, which stands below a long list, and the sentence stands in it.
    [form] = [each for each in desk.document.query("form") if desk._is(each, "#let-in")]
    assert [str(node.to_text()) for node in form.query(".fault p")] == [words]
    held = desk._held(form)
    assert {key: held[key] for key in WHO} == {key: [(WHO | given)[key].strip()] for key in WHO}
    assert not listed(pages)


def test_without_a_system_of_record_numbers_nobody_can_be_let_in(
    pages: TestSite, desk: StaffSession
) -> None:
    settings: Settings = pages.settings
    clinics = {
        key: replace(each, record_number_system="") for key, each in settings.clinics.items()
    }
    object.__setattr__(settings, "clinics", clinics)
    path = "/staff/clinics/riverside/visits"
    assert path in desk.page.text
    assert path not in desk.open_page("/staff/today").text


def test_what_the_worker_found_is_shown(pages: TestSite, desk: StaffSession) -> None:
    desk.send_form(WHO, form="let-in")
    desk.open_page("/staff/today")
    assert desk.table_rows()[0][1:3] == [
        "Not on the schedule born Mar 5, 1990 · record MRN 4711",
        "The worker is searching for the chart",
    ]
    [visit] = listed(pages)
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


def test_a_mistake_is_taken_off_the_list_until_somebody_has_answered(
    pages: TestSite, desk: StaffSession
) -> None:
    scheduled = pages.expect_visit("1")
    desk.send_form(WHO, form="let-in")
    desk.open_page("/staff/today")
    mine = next(each for each in listed(pages) if each.sought)
    desk.send_form(form=f"{mine.id}/off")
    assert desk.messages == ["The patient is removed from the list."]
    assert [each.id for each in listed(pages)] == [scheduled.id]
    with pytest.raises(AssertionError, match="has no form"):
        desk.send_form(form=f"{scheduled.id}/off")
    with pages.database.read() as tx:
        assert [each.action for each in audit.entries_about(tx, mine.id)] == ["taken-off", "let-in"]


def held(site: TestSite, visit: str | None = None) -> str:
    """Answers for which no chart was found; returns the submission's id."""
    said = make_submission(SOUGHT.reference)
    with site.database.write() as tx:
        submissions.store_submission(tx, said, "main", visit)
        [claimed] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=1))
        leases.hold_submission(
            tx,
            claimed,
            reason=unmatched.UNMATCHED_REASON,
            words="No chart in use has this record number. The desk corrects it.",
        )
    return str(said.id)


def test_answers_without_a_chart_are_corrected_here(pages: TestSite, desk: StaffSession) -> None:
    desk.send_form(WHO, form="let-in")
    [visit] = listed(pages)
    identity = held(pages, visit.id)
    desk.open_page("/staff/today")
    assert "Answers without a chart (1)" in desk.page.text
    assert desk.table_rows()[0][3] == "Answered, no chart found"
    desk.send_form({"record_number": "MRN|"}, form=f"lost-{identity}")
    assert (desk.page.status_code, desk.messages) == (422, ["This is not a record number."])
    assert len(desk._form(f"#lost-{identity}").query(".fault")) == 1
    desk.send_form({"record_number": "MRN 4712"}, form=f"lost-{identity}")
    assert desk.messages == ["The worker searches the chart now. Refresh the page in a minute."]
    right = replace(SOUGHT, record_number="MRN 4712")
    with pages.database.write() as tx:
        [claimed] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=1))
        assert [(each.who, each.action) for each in audit.entries_about(tx, identity)] == [
            ("ana", "chart-corrected")
        ]
    assert (claimed.record.id, claimed.submission.patient, claimed.merge_base.birth_date) == (
        identity,
        right.reference,
        right.birth_date,
    )
    assert "Answers without a chart" not in desk.open_page("/staff/today").text
    [again] = listed(pages)
    assert (again.id, again.patient, again.record_number) == (visit.id, right.reference, "MRN 4712")


@pytest.mark.parametrize("number", ["MRN 1", "MRN|"])
def test_two_desks_correct_the_same_answers_once(
    pages: TestSite, desk: StaffSession, number: str
) -> None:
    identity = held(pages)
    other = sign_in_staff(pages, "desk", name="bo")
    for person in (desk, other):
        person.open_page("/staff/today")
    other.send_form(form=f"lost-{identity}")
    desk.send_form({"record_number": number}, form=f"lost-{identity}")
    assert desk.messages == ["Another user was faster. Nothing was changed."]


def test_another_clinics_desk_page_does_not_show_them(pages: TestSite, desk: StaffSession) -> None:
    held(pages)
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
def test_whom_a_reference_seeks(reference: str) -> None:
    assert MatchCriteria.from_reference(reference) == SOUGHT
    assert MatchCriteria.from_reference(SOUGHT.reference) == SOUGHT


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
def test_what_seeks_nobody(reference: str) -> None:
    assert MatchCriteria.from_reference(reference) is None


def test_today_is_the_clinics_own(pages: TestSite) -> None:
    # Midnight has passed in UTC, and not yet at Riverside.
    pages.clock.now = datetime(2026, 11, 25, 2, tzinfo=UTC)
    desk = sign_in_staff(pages, "desk")
    desk.open_page("/staff/today")
    desk.send_form(WHO | {"birth_date": "2026-11-25"}, form="let-in")
    assert desk.messages == ["Check the date of birth: it is in the future or too long ago."]
