"""The desk corrects the match criteria of answers without a chart."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake.answers import MatchCriteria
from intake.store import audit
from intake.store.outbox import leases
from tests.support.sites import TestSite
from tests.support.staff import StaffSession, sign_in_staff
from tests.support.walk_ins import CRITERIA, TYPED, hold_unmatched, list_visits_today


@pytest.fixture
def desk(pages: TestSite) -> StaffSession:
    session = sign_in_staff(pages, "desk")
    session.open_page("/staff/today")
    return session


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
    assert len(desk.find_form(f"#lost-{identity}").query(".fault")) == 1
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
