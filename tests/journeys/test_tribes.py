"""The tribe: asked of those alone who are American Indian or Alaska Native, found by a search or in own words."""

from intake.answers import Answer, AnswerState
from tests.journeys.test_tablet import read_only_submission
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

ASKED = "/question/tribal-affiliation"
NATIVE, WHITE = "1002-5", "2106-3"


def arrived(site: TestSite) -> PatientSession:
    site.expect_visit("1")
    person = PatientSession(site)
    person.reach_first_question()
    return person


def at_the_tribes(site: TestSite) -> PatientSession:
    person = arrived(site)
    person.send_form({"choice": [NATIVE]})
    person.send_form()
    assert person.path == ASKED
    return person


def rest(person: PatientSession) -> None:
    """Skip what is left, to the check page."""
    while person.path != "/check":
        person.send_form()


def test_it_is_announced_where_the_site_asks_it(tribal_pages: TestSite, pages: TestSite) -> None:
    for site, expected in ((tribal_pages, True), (pages, False)):
        site.expect_visit("1")
        person = PatientSession(site)
        person.pair_tablet()
        person.choose_language("en")
        person.give_birth_date(17, 5, 1980)
        assert ("your tribe" in person.page.text) == expected


def test_others_are_not_asked(tribal_pages: TestSite) -> None:
    person = arrived(tribal_pages)
    person.send_form({"choice": [WHITE]})
    person.send_form()
    assert person.path == "/question/spoken-language"
    assert "Question 3 of 5" in person.page.text
    person.open_page(ASKED)
    assert person.path == "/question/spoken-language"
    rest(person)
    assert "Tribal affiliation" not in person.page.text
    person.send_form()
    assert set(read_only_submission(tribal_pages).answers) == {"race-ethnicity"}


def test_tribes_are_found_and_picked_and_own_words_kept(tribal_pages: TestSite) -> None:
    person = at_the_tribes(tribal_pages)
    assert "Question 3 of 6" in person.page.text
    person.send_form({"search": "dine", "find": "1"})
    assert "Navajo Nation" in person.page.text
    person.send_form({"choice": ["170"], "search": "tlingit", "find": "1"})
    assert "checked" in node_attributes(person.document.query("#c-170")[0])
    person.send_form({"choice": ["170", "549"], "own-words": "Schaghticoke"})
    assert person.path == "/question/spoken-language"
    rest(person)
    assert all(
        words in person.page.text
        for words in ("Tribal affiliation", "Navajo Nation", "Tlingit", "Schaghticoke")
    )
    person.send_form()
    said = read_only_submission(tribal_pages)
    assert said.question_set == "spd15-2024-tribal"
    expected = Answer(AnswerState.ANSWERED, ("170", "549"), {"own-words": "Schaghticoke"})
    assert said.answers["tribal-affiliation"] == expected


def test_declined_and_unknown_and_skipped_stay_apart(tribal_pages: TestSite) -> None:
    for given, state in (
        ({"state": "declined"}, AnswerState.DECLINED),
        ({"state": "unknown"}, AnswerState.UNKNOWN),
        ({}, None),
    ):
        person = at_the_tribes(tribal_pages)
        person.send_form(given)
        rest(person)
        person.send_form()
        answer = read_only_submission(tribal_pages).answers.get("tribal-affiliation")
        assert (answer.state if answer else None) == state
        with tribal_pages.database.write() as tx:
            tx.connection.exec_driver_sql("DELETE FROM submissions")


def test_whoever_takes_the_group_back_sends_no_tribe_and_finds_it_again(
    tribal_pages: TestSite,
) -> None:
    person = at_the_tribes(tribal_pages)
    person.send_form({"own-words": "Schaghticoke"})
    rest(person)
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": [WHITE]})
    rest(person)
    assert "Schaghticoke" not in person.page.text
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": [WHITE, NATIVE]})
    rest(person)
    assert "Schaghticoke" in person.page.text
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": [WHITE]})
    rest(person)
    person.send_form()
    assert set(read_only_submission(tribal_pages).answers) == {"race-ethnicity"}


def test_what_the_page_does_not_offer_is_said_and_kept(tribal_pages: TestSite) -> None:
    person = at_the_tribes(tribal_pages)
    person.send_form({"choice": ["no-such-tribe"], "own-words": "Schaghticoke"})
    assert 'role="alert"' in person.page.text
    assert node_attributes(person.document.query("#own-words")[0])["value"] == "Schaghticoke"
    person.send_form({"own-words": "", "search": "zzz"})
    assert "We did not find a tribe by that name" in person.page.text
    person.send_form({"search": "navajo"})
    person.send_form()
    assert "Please choose one from the list" in person.page.text
