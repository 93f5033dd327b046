"""The tribe question: asked of American Indian or Alaska Native patients only."""

from intake.answers import Answer, AnswerState
from tests.support.journeys import read_only_submission, skip_to_check
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

TRIBES_PAGE = "/question/tribal-affiliation"
NATIVE, WHITE = "1002-5", "2106-3"


def reach_first_question(site: TestSite) -> PatientSession:
    site.expect_visit("1")
    person = PatientSession(site)
    person.reach_first_question()
    return person


def reach_tribes_page(site: TestSite) -> PatientSession:
    person = reach_first_question(site)
    person.send_form({"choice": [NATIVE]})
    person.send_form()
    assert person.path == TRIBES_PAGE
    return person


def test_announces_the_tribe_question_where_the_site_asks_it(
    tribal_pages: TestSite, pages: TestSite
) -> None:
    for site, expected in ((tribal_pages, True), (pages, False)):
        site.expect_visit("1")
        person = PatientSession(site)
        person.pair_tablet()
        person.choose_language("en")
        person.give_birth_date(17, 5, 1980)
        assert ("which tribe" in person.page.text) == expected


def test_asks_no_other_patients_about_a_tribe(tribal_pages: TestSite) -> None:
    person = reach_first_question(tribal_pages)
    person.send_form({"choice": [WHITE]})
    person.send_form()
    assert person.path == "/question/spoken-language"
    assert "Question 3 of 5" in person.page.text
    person.open_page(TRIBES_PAGE)
    assert person.path == "/question/spoken-language"
    skip_to_check(person)
    assert "Tribal affiliation" not in person.page.text
    person.send_form()
    assert set(read_only_submission(tribal_pages).answers) == {"race-ethnicity"}


def test_stores_tribes_from_the_search_and_own_words(tribal_pages: TestSite) -> None:
    person = reach_tribes_page(tribal_pages)
    assert "Question 3 of 6" in person.page.text
    person.send_form({"search": "dine", "find": "1"})
    assert "Navajo Nation" in person.page.text
    person.send_form({"choice": ["170"], "search": "tlingit", "find": "1"})
    assert "checked" in node_attributes(person.document.query("#c-170")[0])
    person.send_form({"choice": ["170", "549"], "own-words": "Schaghticoke"})
    assert person.path == "/question/spoken-language"
    skip_to_check(person)
    assert all(
        words in person.page.text
        for words in ("Tribal affiliation", "Navajo Nation", "Tlingit", "Schaghticoke")
    )
    person.send_form()
    submission = read_only_submission(tribal_pages)
    assert submission.question_set == "spd15-2024-tribal"
    expected = Answer(AnswerState.ANSWERED, ("170", "549"), {"own-words": "Schaghticoke"})
    assert submission.answers["tribal-affiliation"] == expected


def test_keeps_declined_unknown_and_skipped_apart(tribal_pages: TestSite) -> None:
    for typed, state in (
        ({"state": "declined"}, AnswerState.DECLINED),
        ({"state": "unknown"}, AnswerState.UNKNOWN),
        ({}, None),
    ):
        person = reach_tribes_page(tribal_pages)
        person.send_form(typed)
        skip_to_check(person)
        person.send_form()
        answer = read_only_submission(tribal_pages).answers.get("tribal-affiliation")
        assert (answer.state if answer else None) == state
        with tribal_pages.database.write() as tx:
            tx.connection.exec_driver_sql("DELETE FROM submissions")


def test_sends_no_tribe_without_the_group_but_keeps_it_in_the_draft(
    tribal_pages: TestSite,
) -> None:
    person = reach_tribes_page(tribal_pages)
    person.send_form({"own-words": "Schaghticoke"})
    skip_to_check(person)
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": [WHITE]})
    skip_to_check(person)
    assert "Schaghticoke" not in person.page.text
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": [WHITE, NATIVE]})
    skip_to_check(person)
    assert "Schaghticoke" in person.page.text
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": [WHITE]})
    skip_to_check(person)
    person.send_form()
    assert set(read_only_submission(tribal_pages).answers) == {"race-ethnicity"}


def test_shows_a_rejected_tribe_again_with_its_values(tribal_pages: TestSite) -> None:
    person = reach_tribes_page(tribal_pages)
    person.send_form({"choice": ["no-such-tribe"], "own-words": "Schaghticoke"})
    assert 'role="alert"' in person.page.text
    assert node_attributes(person.document.query("#own-words")[0])["value"] == "Schaghticoke"
    person.send_form({"own-words": "", "search": "zzz"})
    assert "We did not find a tribe by that name" in person.page.text
    person.send_form({"search": "navajo"})
    person.send_form()
    assert "Please choose one from the list" in person.page.text
