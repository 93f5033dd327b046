"""Which visit it is: by code or date of birth, never a list of names, few tries, and always a way to the desk."""

from datetime import date, timedelta

import pytest

from intake.patient.finding import TRIES, date_of, western
from intake.store import codes, devices
from tests.journeys.test_link import link_to
from tests.patients import Person
from tests.sites import TestSite
from tests.strict import attributes

MISSED = "We could not find your visit"


@pytest.fixture
def person(pages: TestSite) -> Person:
    """Someone at a tablet of Riverside, about to say who they are."""
    found = Person(pages)
    found.pair()
    found.speak("en")
    return found


def test_the_desks_code_opens_the_visit_once(pages: TestSite, person: Person) -> None:
    visit = pages.visit("1", birth_date=None)
    with pages.database.write() as tx:
        code = codes.make(tx, visit, timedelta(minutes=15))
    person.send({"code": f"{code[:3]} {code[3:]}"}, form="by-code")
    assert person.path == "/why"
    person.speak("en")
    person.send({"code": code}, form="by-code")
    assert "We could not find this code" in person.page.text


def test_a_code_in_arabic_digits_is_the_same_code() -> None:
    assert western("١٢٣ ٤٥٦") == western("123-456") == "123456"
    assert date_of({"day": "١٧", "month": "5", "year": "١٩٨٠"}) == date(1980, 5, 17)
    assert date_of({"day": "²", "month": "5", "year": "1980"}) == date(1980, 5, 2)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("30", "2", "1980"), "This date is not in the calendar. Please check it."),
        (("29", "2", "1981"), "This date is not in the calendar. Please check it."),
        (("9" * 5000, "2", "1981"), "This date is not in the calendar. Please check it."),
        (("17", "", "1980"), "Please give the day, the month, and the year."),
        (("May", "5", "1980"), "Please give the day, the month, and the year."),
    ],
)
def test_a_date_that_is_none_is_told_from_one_that_is_not_whole(
    person: Person, typed: tuple[str, str, str], sentence: str
) -> None:
    day, month, year = typed
    person.send({"day": day, "month": month, "year": year}, form="by-date")
    assert sentence in person.page.text


def test_the_date_of_birth_fits_around_the_appointment_only(
    pages: TestSite, person: Person
) -> None:
    pages.visit("1", starts_at=pages.clock() + timedelta(hours=3))
    person.born(17, 5, 1980)
    assert MISSED in person.page.text
    pages.clock.advance(hours=1, minutes=1)
    person.born(17, 5, 1980)
    assert person.path == "/why"


@pytest.mark.parametrize("through", ["tablet", "link"])
def test_what_was_not_found_is_said_once_by_a_page_that_can_be_reloaded(
    pages: TestSite, person: Person, through: str
) -> None:
    if through == "link":
        person = Person(pages)
        person.get(link_to(pages, pages.visit("1")))
        person.send({"language": "en"}, form="/language")
    person.born(28, 2, 1981)
    assert (person.page.request.method, len(person.page.history)) == ("GET", 1)
    assert MISSED in person.page.text
    assert "1981" not in person.page.text
    with person.client.session_transaction() as held:
        assert "1981" not in str(dict(held))
    person.get(person.path)
    assert MISSED not in person.page.text


@pytest.mark.parametrize("from_page", ["find", "why"])
@pytest.mark.parametrize("through", ["tablet", "link"])
def test_back_leads_from_the_first_pages_to_the_languages(
    pages: TestSite, through: str, from_page: str
) -> None:
    person, first = Person(pages), "/"
    visit = pages.visit("1")
    if through == "tablet":
        person.pair()
    else:
        first = link_to(pages, visit)
    for language in ("ar", "en"):
        person.get(first)
        person.send({"language": language}, form="/language")
        if from_page == "why":
            person.born(17, 5, 1980)
            assert person.path == "/why"
        [back] = person.document.query(".top a.plain")
        person.get(str(attributes(back)["href"]))
        assert (person.path, len(person.document.query(".tongues button"))) == (first, 3)


def test_another_clinics_visit_is_not_found(pages: TestSite, person: Person) -> None:
    pages.visit("1", clinic="hillside")
    person.born(17, 5, 1980)
    assert MISSED in person.page.text


def test_a_tie_is_broken_by_initials_and_twins_go_to_the_desk(
    pages: TestSite, person: Person
) -> None:
    pages.visit("1", initials="AL")
    pages.visit("2", initials="BK", name="Bo Kim")
    person.born(17, 5, 1980)
    assert "first letters" in person.page.text
    assert not any(name in person.page.text for name in ("Ana", "Lopez", "Bo ", "Kim"))
    person.born(17, 5, 1980, initials="a. l.")
    assert person.path == "/why"
    pages.visit("3", initials="AL", name="Ada Lopez")
    person.speak("en")
    person.born(17, 5, 1980, initials="AL")
    assert MISSED in person.page.text


@pytest.mark.parametrize("typed", ["ĐN", "đn", "ND", "n. d.", "dn"])
def test_initials_may_be_typed_without_marks_and_in_either_order(
    pages: TestSite, person: Person, typed: str
) -> None:
    pages.visit("1", initials="NĐ", name="Ngọc Đặng")
    pages.visit("2", initials="BK", name="Bo Kim")
    person.born(17, 5, 1980)
    person.born(17, 5, 1980, initials=typed)
    assert person.path == "/why"


def test_initials_that_fit_two_in_one_order_or_the_other_go_to_the_desk(
    pages: TestSite, person: Person
) -> None:
    pages.visit("1", initials="AL")
    pages.visit("2", initials="LA", name="Lu An")
    person.born(17, 5, 1980)
    person.born(17, 5, 1980, initials="AL")
    assert MISSED in person.page.text


def test_guessing_ends_at_the_desk(pages: TestSite, person: Person) -> None:
    pages.visit("1")
    for number in range(TRIES):
        person.send({"code": f"{number:06}"}, form="by-code")
    person.born(17, 5, 1980)
    assert "Please ask the front desk. They will be glad to help." in person.page.text
    assert person.path == "/find"
    pages.clock.advance(minutes=16)
    person.born(17, 5, 1980)
    assert person.path == "/why"


def test_who_has_answered_is_not_asked_again_by_date_of_birth(
    pages: TestSite, person: Person
) -> None:
    pages.visit("1")
    person.born(17, 5, 1980)
    person.send()
    person.send({"informant": "self"})
    for _ in range(5):
        person.send()
    assert person.path == "/done"
    person.speak("en")
    person.born(17, 5, 1980)
    assert "You have answered already" in person.page.text


def test_a_revoked_tablet_is_a_tablet_no_more(pages: TestSite, person: Person) -> None:
    with pages.database.write() as tx:
        [device] = devices.listing(tx)
        devices.revoke(tx, device.id)
    person.get("/")
    assert person.heading == "Welcome"
    person.get("/find")
    assert person.heading == "Welcome"


def test_a_pairing_code_works_once(pages: TestSite) -> None:
    code = pages.pairing_code()
    first, second = Person(pages), Person(pages)
    for each in (first, second):
        each.get(f"/pair?code={code}")
        each.send()
    assert first.heading == "Choose a language"
    assert "This pairing code does not work" in second.page.text
