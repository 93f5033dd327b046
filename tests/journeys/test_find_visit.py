"""Finding the visit by code or date of birth: no list of names, and few tries."""

from datetime import date, timedelta

import pytest

from intake.patient.attempt_limits import WRONG_DATES_PER_TABLET
from intake.patient.find_visit import parse_date, western_digits
from intake.store import codes, devices
from tests.support.journeys import create_link_path, skip_to_check
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

NOT_FOUND = "We could not find your visit"


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    """Return a patient at a tablet of Riverside, on the page that finds the visit."""
    session = PatientSession(pages)
    session.pair_tablet()
    session.choose_language("en")
    return session


def test_a_code_belongs_to_its_first_tablet_until_it_expires(
    pages: TestSite, person: PatientSession
) -> None:
    visit = pages.expect_visit("1", birth_date=None)
    with pages.database.write() as tx:
        code = codes.create_code(tx, visit, timedelta(minutes=15))
    person.send_form({"code": f"{code[:3]} {code[3:]}"}, form="by-code")
    assert person.path == "/why"
    other = PatientSession(pages)
    other.pair_tablet()
    other.choose_language("en")
    other.send_form({"code": code}, form="by-code")
    assert "We could not find this code" in other.page.text
    # A wrong tap, Start over or the idle wipe costs the answers, and never the code.
    person.choose_language("en")
    person.send_form({"code": code}, form="by-code")
    assert person.path == "/why"
    pages.clock.advance(minutes=16)
    person.choose_language("en")
    person.send_form({"code": code}, form="by-code")
    assert "We could not find this code" in person.page.text


def test_a_code_opens_nothing_after_the_submission(pages: TestSite, person: PatientSession) -> None:
    visit = pages.expect_visit("1")
    with pages.database.write() as tx:
        code = codes.create_code(tx, visit, timedelta(minutes=15))
    person.send_form({"code": code}, form="by-code")
    person.send_form()
    person.send_form({"informant": "self"})
    skip_to_check(person)
    person.send_form()
    assert person.path == "/done"
    person.choose_language("en")
    person.send_form({"code": code}, form="by-code")
    assert "We could not find this code" in person.page.text


def test_reads_codes_and_dates_in_other_digits() -> None:
    assert western_digits("١٢٣ ٤٥٦") == western_digits("123-456") == "123456"
    assert parse_date({"day": "١٧", "month": "5", "year": "١٩٨٠"}) == date(1980, 5, 17)
    assert parse_date({"day": "²", "month": "5", "year": "1980"}) == date(1980, 5, 2)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("30", "2", "1980"), "That date does not exist. Please check it."),
        (("29", "2", "1981"), "That date does not exist. Please check it."),
        (("9" * 5000, "2", "1981"), "That date does not exist. Please check it."),
        (("17", "5", "80"), "That date does not exist. Please check it."),
        (("17", "5", "1899"), "That date does not exist. Please check it."),
        (("17", "5", "9999"), "That date does not exist. Please check it."),
        (("17", "", "1980"), "Please give the day, the month, and the year."),
        (("May", "5", "1980"), "Please give the day, the month, and the year."),
    ],
)
def test_distinguishes_impossible_and_incomplete_dates(
    person: PatientSession, typed: tuple[str, str, str], sentence: str
) -> None:
    day, month, year = typed
    person.send_form({"day": day, "month": month, "year": year}, form="by-date")
    assert sentence in person.page.text


def test_the_birth_date_works_near_the_appointment_only(
    pages: TestSite, person: PatientSession
) -> None:
    pages.expect_visit("1", starts_at=pages.clock() + timedelta(hours=3))
    person.give_birth_date(17, 5, 1980)
    assert NOT_FOUND in person.page.text
    pages.clock.advance(hours=1, minutes=1)
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"


@pytest.mark.parametrize("through", ["tablet", "link"])
def test_shows_the_fault_once_on_a_page_that_reloads_safely(
    pages: TestSite, person: PatientSession, through: str
) -> None:
    not_found = NOT_FOUND
    if through == "link":
        not_found = "The date of birth did not match. Please check it."
        person = PatientSession(pages)
        person.open_page(create_link_path(pages, pages.expect_visit("1")))
        person.send_form({"language": "en"}, form="/language")
    person.give_birth_date(28, 2, 1981)
    assert (person.page.request.method, len(person.page.history)) == ("GET", 1)
    assert not_found in person.page.text
    with person.client.session_transaction() as session:
        assert "1981" not in str(dict(session))
    assert "1981" in person.words
    person.open_page(person.path)
    assert not_found not in person.page.text
    assert "1981" not in person.words


@pytest.mark.parametrize("through", ["tablet", "link"])
def test_back_leads_from_the_second_page_to_the_languages(pages: TestSite, through: str) -> None:
    person, first = PatientSession(pages), "/"
    visit = pages.expect_visit("1")
    if through == "tablet":
        person.pair_tablet()
    else:
        first = create_link_path(pages, visit)
    for language in ("ar", "en"):
        person.open_page(first)
        person.send_form({"language": language}, form="/language")
        [back] = person.document.query(".top a.plain")[:1]
        person.open_page(str(node_attributes(back)["href"]))
        assert (person.path, len(person.document.query(".languages button"))) == (first, 3)


def test_does_not_find_a_visit_of_another_clinic(pages: TestSite, person: PatientSession) -> None:
    pages.expect_visit("1", clinic="hillside")
    person.give_birth_date(17, 5, 1980)
    assert NOT_FOUND in person.page.text


def test_initials_break_a_tie_and_twins_go_to_the_front_desk(
    pages: TestSite, person: PatientSession
) -> None:
    pages.expect_visit("1", initials="AL")
    pages.expect_visit("2", initials="BK", name="Bo Kim")
    person.give_birth_date(17, 5, 1980)
    assert "first letters" in person.page.text
    assert not any(name in person.words for name in ("Ana", "Lopez", "Bo ", "Kim"))
    person.give_birth_date(17, 5, 1980, initials="a. l.")
    assert person.path == "/why"
    pages.expect_visit("3", initials="AL", name="Ada Lopez")
    person.choose_language("en")
    person.give_birth_date(17, 5, 1980, initials="AL")
    assert NOT_FOUND in person.page.text


@pytest.mark.parametrize("typed", ["ĐN", "đn", "ND", "n. d.", "dn"])
def test_accepts_initials_without_diacritics_and_in_any_order(
    pages: TestSite, person: PatientSession, typed: str
) -> None:
    pages.expect_visit("1", initials="NĐ", name="Ngọc Đặng")
    pages.expect_visit("2", initials="BK", name="Bo Kim")
    person.give_birth_date(17, 5, 1980)
    person.give_birth_date(17, 5, 1980, initials=typed)
    assert person.path == "/why"


@pytest.mark.parametrize("typed", ["MK", "МК", "м к", "م ك", "ΜΚ"])
def test_accepts_initials_in_another_script_than_the_charts(
    pages: TestSite, person: PatientSession, typed: str
) -> None:
    pages.expect_visit("1", initials="MK", name="Maryam Karimi")
    pages.expect_visit("2", initials="AL")
    person.give_birth_date(17, 5, 1980)
    person.give_birth_date(17, 5, 1980, initials=typed)
    assert person.path == "/why"


def test_initials_that_match_two_visits_go_to_the_front_desk(
    pages: TestSite, person: PatientSession
) -> None:
    pages.expect_visit("1", initials="AL")
    pages.expect_visit("2", initials="LA", name="Lu An")
    person.give_birth_date(17, 5, 1980)
    person.give_birth_date(17, 5, 1980, initials="AL")
    assert NOT_FOUND in person.page.text


def test_too_many_tries_end_at_the_front_desk(pages: TestSite, person: PatientSession) -> None:
    pages.expect_visit("1")
    for day in range(1, WRONG_DATES_PER_TABLET + 1):
        person.give_birth_date(day, 1, 1990)
    person.give_birth_date(17, 5, 1980)
    assert "Please ask the front desk. They will be glad to help." in person.page.text
    assert person.path == "/find"
    pages.clock.advance(minutes=16)
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"


def test_the_birth_date_does_not_open_an_answered_visit(
    pages: TestSite, person: PatientSession
) -> None:
    pages.expect_visit("1")
    person.give_birth_date(17, 5, 1980)
    person.send_form()
    person.send_form({"informant": "self"})
    for _ in range(5):
        person.send_form()
    assert person.path == "/done"
    person.choose_language("en")
    person.give_birth_date(17, 5, 1980)
    assert "You have answered already" in person.page.text


def test_a_revoked_tablet_shows_the_welcome_page(pages: TestSite, person: PatientSession) -> None:
    with pages.database.write() as tx:
        [device] = devices.list_devices(tx)
        devices.revoke_device(tx, device.id)
    person.open_page("/")
    assert person.heading == "Welcome"
    person.open_page("/find")
    assert person.heading == "Welcome"


def test_a_pairing_code_works_once(pages: TestSite) -> None:
    code = pages.create_pairing_code()
    first, second = PatientSession(pages), PatientSession(pages)
    for session in (first, second):
        session.open_page(f"/pair?code={code}")
        session.send_form()
    assert first.heading == "Choose a language"
    assert "This pairing code does not work" in second.page.text
