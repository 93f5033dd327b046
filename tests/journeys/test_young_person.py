"""A young person is asked before a parent, and a parent never sees those answers."""

from dataclasses import replace
from datetime import date

import pytest

from intake.answers import Answer, AnswerState, Informant
from intake.clock import age_in_years
from intake.store.outbox import reask_intervals
from tests.support.journeys import read_only_submission, skip_to_check
from tests.support.patients import PatientSession
from tests.support.sites import TestSite

ASKED_FIRST = "please answer for yourself"


def reach_who_page(site: TestSite, born: date) -> PatientSession:
    """Return a patient at the tablet, on the page about the informant."""
    site.expect_visit("1", birth_date=born)
    person = PatientSession(site)
    person.pair_tablet()
    person.choose_language("en")
    person.give_birth_date(born.day, born.month, born.year)
    person.send_form()
    assert person.path == "/who"
    return person


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
def test_asks_first_from_the_sites_age_up_to_adulthood(
    pages: TestSite, born: date, first: bool
) -> None:
    assert (ASKED_FIRST in reach_who_page(pages, born).page.text) == first


def test_the_site_sets_the_age(pages: TestSite) -> None:
    site = replace(
        pages.app.extensions["intake"], settings=replace(pages.settings, asked_first_from_age=14)
    )
    pages.app.extensions["intake"] = site
    assert ASKED_FIRST not in reach_who_page(pages, date(2013, 11, 24)).page.text
    pages.app.extensions["intake"] = replace(
        site, settings=replace(pages.settings, asked_first_from_age=13)
    )
    assert "If you are 13 or older" in reach_who_page(pages, date(2013, 11, 24)).page.text


def change_informant(person: PatientSession, first: str, then: str, **typed: str) -> None:
    """Answer as the first informant up to the check page, then change the informant."""
    person.send_form({"informant": first})
    person.send_form({"choice": ["2106-3"], **typed})
    skip_to_check(person)
    person.open_page("/who")
    person.send_form({"informant": then})


@pytest.mark.parametrize(
    ("first", "then"), [("self", "guardian"), ("guardian", "self"), ("self-with-help", "caregiver")]
)
def test_a_new_informant_sees_no_earlier_answers(pages: TestSite, first: str, then: str) -> None:
    person = reach_who_page(pages, date(2012, 5, 17))
    change_informant(person, first, then, **{"own-words": "Sami"})
    assert person.path == "/question/race-ethnicity"
    assert "checked" not in person.page.text
    assert "Sami" not in person.words
    skip_to_check(person)
    person.send_form()
    submission = read_only_submission(pages)
    assert (submission.informant, submission.answers) == (Informant(then), {})


def test_help_for_the_patient_keeps_the_answers(pages: TestSite) -> None:
    person = reach_who_page(pages, date(2012, 5, 17))
    change_informant(person, "self", "self-with-help")
    assert person.path == "/check"
    assert "White" in person.page.text


def test_changing_an_adults_informant_keeps_the_answers(pages: TestSite) -> None:
    person = reach_who_page(pages, date(1980, 5, 17))
    change_informant(person, "self", "caregiver")
    # Only the questions about the informant are new; no other question is asked again.
    assert person.path == "/question/informant-language"
    skip_to_check(person)
    person.send_form()
    submission = read_only_submission(pages)
    assert (submission.informant, submission.answers["race-ethnicity"]) == (
        Informant.CAREGIVER,
        Answer(AnswerState.ANSWERED, ("2106-3",)),
    )


@pytest.mark.parametrize(("informant", "has_interval"), [("guardian", False), ("self", True)])
def test_a_parents_answers_start_no_interval_for_a_young_person(
    pages: TestSite, informant: str, has_interval: bool
) -> None:
    person = reach_who_page(pages, date(2012, 5, 17))
    person.send_form({"informant": informant})
    while person.path != "/check":
        person.send_form({"state": "declined"} if not person.path.endswith("/details") else {})
    person.send_form()
    pages.clock.advance(days=30)
    with pages.database.read() as tx:
        assert bool(reask_intervals.current_intervals(tx, "main", ["Patient/1"])) == has_interval


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2014, 2, 28), date(2026, 2, 27), 11),
        (date(2014, 2, 28), date(2026, 2, 28), 12),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
    ],
)
def test_computes_the_age_in_years(born: date, on: date, years: int) -> None:
    assert age_in_years(born, on) == years
