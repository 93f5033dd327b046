"""A young person is asked before a parent, and a parent neither sees nor takes over what they said."""

from dataclasses import replace
from datetime import date

import pytest

from intake.answers import Answer, AnswerState, Informant
from intake.clock import age_in_years
from intake.store.outbox import reask_intervals
from tests.journeys.test_tablet import read_only_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite

FIRST = "to answer for themselves"


def at_who(site: TestSite, born: date) -> PatientSession:
    """Somebody at the tablet who is asked who answers."""
    site.expect_visit("1", birth_date=born)
    person = PatientSession(site)
    person.pair_tablet()
    person.choose_language("en")
    person.give_birth_date(born.day, born.month, born.year)
    person.send_form()
    assert person.path == "/who"
    return person


def rest(person: PatientSession) -> None:
    """Skip what is left, to the check page."""
    while person.path != "/check":
        person.send_form()


# The clock of the tests stands at November 24, 2026.
@pytest.mark.parametrize(
    ("born", "first"),
    [
        (date(2014, 11, 25), False),
        (date(2014, 11, 24), True),
        (date(2008, 11, 25), True),
        (date(2008, 11, 24), False),
        (date(1980, 5, 17), False),
    ],
    ids=["11", "12", "17", "18", "46"],
)
def test_from_the_sites_age_on_and_until_they_are_of_age(
    pages: TestSite, born: date, first: bool
) -> None:
    assert (FIRST in at_who(pages, born).page.text) == first


def test_the_age_is_the_sites_to_set(pages: TestSite) -> None:
    site = replace(
        pages.app.extensions["intake"], settings=replace(pages.settings, asked_first_from_age=14)
    )
    pages.app.extensions["intake"] = site
    assert FIRST not in at_who(pages, date(2013, 11, 24)).page.text
    pages.app.extensions["intake"] = replace(
        site, settings=replace(pages.settings, asked_first_from_age=13)
    )
    assert "from 13 years on" in at_who(pages, date(2013, 11, 24)).page.text


def passed_on(person: PatientSession, first: str, then: str, **given: str) -> None:
    """Answer as the one, to the check page, and say there that it is the other who answers."""
    person.send_form({"informant": first})
    person.send_form({"choice": ["2106-3"], **given})
    rest(person)
    person.open_page("/who")
    person.send_form({"informant": then})


@pytest.mark.parametrize(
    ("first", "then"), [("self", "guardian"), ("guardian", "self"), ("self-with-help", "caregiver")]
)
def test_who_takes_over_sees_nothing_of_what_was_said(
    pages: TestSite, first: str, then: str
) -> None:
    person = at_who(pages, date(2012, 5, 17))
    passed_on(person, first, then, **{"own-words": "Sami"})
    assert person.path == "/question/race-ethnicity"
    assert "checked" not in person.page.text
    assert "Sami" not in person.page.text
    rest(person)
    person.send_form()
    said = read_only_submission(pages)
    assert (said.informant, said.answers) == (Informant(then), {})


def test_the_same_voice_with_help_goes_on(pages: TestSite) -> None:
    person = at_who(pages, date(2012, 5, 17))
    passed_on(person, "self", "self-with-help")
    assert person.path == "/check"
    assert "White" in person.page.text


def test_of_an_adult_a_wrong_tap_is_mended_and_nothing_lost(pages: TestSite) -> None:
    person = at_who(pages, date(1980, 5, 17))
    passed_on(person, "self", "caregiver")
    # What only somebody who answers for another is asked comes now, and nothing else again.
    assert person.path == "/question/informant-language"
    rest(person)
    person.send_form()
    said = read_only_submission(pages)
    assert (said.informant, said.answers["race-ethnicity"]) == (
        Informant.CAREGIVER,
        Answer(AnswerState.ANSWERED, ("2106-3",)),
    )


@pytest.mark.parametrize(("informant", "rests"), [("guardian", False), ("self", True)])
def test_a_parents_answers_do_not_keep_a_young_person_from_being_asked(
    pages: TestSite, informant: str, rests: bool
) -> None:
    person = at_who(pages, date(2012, 5, 17))
    person.send_form({"informant": informant})
    while person.path != "/check":
        person.send_form({"state": "declined"} if not person.path.endswith("/details") else {})
    person.send_form()
    pages.clock.advance(days=30)
    with pages.database.read() as tx:
        assert bool(reask_intervals.current_intervals(tx, "main", ["Patient/1"])) == rests


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2014, 2, 28), date(2026, 2, 27), 11),
        (date(2014, 2, 28), date(2026, 2, 28), 12),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
    ],
)
def test_birthdays(born: date, on: date, years: int) -> None:
    assert age_in_years(born, on) == years
