"""Limits of wrong codes and dates: no stranger guesses, and no patient locks out the next."""

from datetime import timedelta

import pytest

from intake.patient.attempt_limits import WRONG_CODES_PER_TABLET, WRONG_DATES_PER_CLINIC
from intake.store import codes
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

TOO_MANY = "That was many tries."


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    """A tablet at the page that asks for code or date of birth; one visit is expected."""
    pages.expect_visit("1")
    return open_find_page(pages)


def open_find_page(site: TestSite) -> PatientSession:
    session = PatientSession(site)
    session.pair_tablet()
    session.choose_language("en")
    return session


def make_code(site: TestSite, key: str = "2") -> str:
    """Return a fresh code of another patient, who has no date of birth."""
    visit = site.expect_visit(key, birth_date=None)
    with site.database.write() as tx:
        return codes.create_code(tx, visit, timedelta(minutes=15))


def give_wrong_dates(person: PatientSession, count: int, first_year: int = 1900) -> None:
    for number in range(count):
        person.give_birth_date(1, 1, first_year + number)


def give_wrong_codes(person: PatientSession, count: int, right: str = "") -> None:
    wrong = (f"{number:06}" for number in range(count + 1))
    for code in [code for code in wrong if code != right][:count]:
        person.send_form({"code": code}, form="by-code")


@pytest.mark.parametrize(
    ("wrong_codes", "wrong_dates"), [(1, 9), (0, 30), (WRONG_CODES_PER_TABLET + 5, 30)]
)
def test_failures_of_one_patient_spare_the_next_patients_fresh_code(
    pages: TestSite, person: PatientSession, wrong_codes: int, wrong_dates: int
) -> None:
    give_wrong_codes(person, wrong_codes)
    give_wrong_dates(person, wrong_dates)
    pages.clock.advance(seconds=5)
    person.send_form({"code": make_code(pages)}, form="by-code")
    assert person.path == "/why"


def test_a_known_good_date_in_between_does_not_reset_the_limit(
    pages: TestSite, person: PatientSession
) -> None:
    give_wrong_dates(person, 8)
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"
    person.choose_language("en")
    give_wrong_dates(person, 8, first_year=1920)
    assert TOO_MANY in person.page.text
    person.give_birth_date(17, 5, 1980)
    assert (person.path, TOO_MANY in person.page.text) == ("/find", True)
    pages.clock.advance(minutes=16)
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"


def test_other_tablets_of_the_clinic_share_the_limit_of_the_day(
    pages: TestSite, person: PatientSession
) -> None:
    for number in range(WRONG_DATES_PER_CLINIC // 10):
        give_wrong_dates(open_find_page(pages), 10, first_year=1900 + 10 * number)
    pages.clock.advance(hours=1)
    pages.expect_visit("1")
    person.give_birth_date(17, 5, 1980)
    assert TOO_MANY in person.page.text
    pages.clock.advance(days=1)
    pages.expect_visit("1")
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"


def test_a_code_meets_few_guesses_after_it_was_made(
    pages: TestSite, person: PatientSession
) -> None:
    code = make_code(pages)
    pages.clock.advance(seconds=1)
    give_wrong_codes(person, WRONG_CODES_PER_TABLET, right=code)
    assert TOO_MANY in person.page.text
    person.send_form({"code": code}, form="by-code")
    assert TOO_MANY in person.page.text


@pytest.mark.parametrize("form", [{"code": "12"}, {"code": ""}])
def test_a_number_that_is_no_code_costs_no_try(
    person: PatientSession, form: dict[str, str]
) -> None:
    for _ in range(WRONG_CODES_PER_TABLET + 1):
        person.send_form(form, form="by-code")
    assert TOO_MANY not in person.page.text


@pytest.mark.parametrize(
    ("typed", "kept", "wrong"),
    [
        (("31", "2", "1980"), {"month": "2", "year": "1980"}, {"day"}),
        (("17", "5", ""), {"day": "17", "month": "5"}, {"year"}),
        (("17", "13", "0"), {"day": "17"}, {"month", "year"}),
        (("99", "5", "1980"), {"month": "5", "year": "1980"}, {"day"}),
        (("1", "2", "1981"), {"day": "1", "month": "2", "year": "1981"}, {"day", "month", "year"}),
    ],
    ids=["30 February", "no year", "no month 13", "no day 99", "no such visit"],
)
def test_empties_and_marks_only_the_wrong_parts_of_a_date(
    person: PatientSession,
    typed: tuple[str, str, str],
    kept: dict[str, str],
    wrong: set[str],
) -> None:
    day, month, year = typed
    person.send_form({"day": day, "month": month, "year": year}, form="by-date")
    fields = [node_attributes(field) for field in person.document.query("#day, #month, #year")]
    values = {field["id"]: field.get("value") for field in fields}
    selected = person.document.query("option[selected]")
    values["month"] = node_attributes(selected[0])["value"] if selected else None
    assert {name: value for name, value in values.items() if value} == kept
    assert {field["id"] for field in fields if "aria-invalid" in field} == wrong
    assert {field.get("aria-describedby") for field in fields} >= {"fault"}


def test_asks_for_initials_without_the_date_again(pages: TestSite, person: PatientSession) -> None:
    pages.expect_visit("2", initials="BK", name="Bo Kim")
    person.give_birth_date(17, 5, 1980)
    [year] = person.document.query("#year")
    assert node_attributes(year)["value"] == "1980"
    [initials] = person.document.query("#initials")
    assert node_attributes(initials)["aria-invalid"] == "true"
