"""The search of the pages: what it finds is offered, and nothing is added unsaid."""

import pytest

from tests.support.journeys import read_only_submission, skip_to_check
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

DETAILS = "/question/race-ethnicity/details"
ASIAN, WHITE, BLACK = "2028-9", "2106-3", "2054-5"


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    return person


def is_ticked(person: PatientSession, choice: str) -> bool:
    [box] = person.document.query(f'[id="c-{choice}"]')
    return "checked" in node_attributes(box)


def test_offers_to_tick_a_language_that_the_page_lists(person: PatientSession) -> None:
    person.send_form()
    person.send_form({"search": "spanish", "find": "1"})
    assert "We did not find" not in person.page.text
    assert "Results: 1" in person.page.text
    assert not is_ticked(person, "es")
    person.send_form({"tick": "es"})
    assert is_ticked(person, "es")
    person.send_form({"choice": "es"})
    assert person.path == "/question/written-language"


def test_offers_to_tick_a_box_without_a_code(person: PatientSession) -> None:
    person.send_form({"choice": [BLACK]})
    person.send_form({"search": "somali", "find": "1"})
    assert "Already on this page. Tap to choose it." in person.page.text
    person.send_form({"tick": "somali"})
    assert is_ticked(person, "somali")


def test_says_that_a_result_adds_its_group(person: PatientSession) -> None:
    person.send_form({"choice": [WHITE]})
    person.send_form({"search": "dominican", "find": "1"})
    assert "In a group you did not choose" in person.page.text
    assert "we also add its group to your answer" in person.page.text
    assert "Hispanic or Latino" in person.page.text
    assert "Black or African American" in person.page.text


def test_says_nothing_of_other_groups_for_a_result_of_a_chosen_one(person: PatientSession) -> None:
    person.send_form({"choice": [ASIAN]})
    person.send_form({"search": "hmong", "find": "1"})
    assert "Results: 1" in person.page.text
    assert "In a group you did not choose" not in person.page.text


def test_a_group_from_the_search_is_added_to_the_answer(
    pages: TestSite, person: PatientSession
) -> None:
    person.send_form({"choice": [ASIAN]})
    person.send_form({"search": "white", "find": "1"})
    person.send_form({"choice": [WHITE]})
    skip_to_check(person)
    person.send_form()
    assert read_only_submission(pages).answers["race-ethnicity"].choices == (ASIAN, WHITE)


def test_names_a_chosen_group_that_is_found_again(person: PatientSession) -> None:
    person.send_form({"choice": [WHITE]})
    person.send_form({"search": "white", "find": "1"})
    assert "You chose this group already." in person.page.text


def test_keeps_what_was_ticked_through_further_searches(person: PatientSession) -> None:
    person.send_form({"choice": [ASIAN]})
    person.send_form({"search": "hmong", "find": "1"})
    person.send_form({"choice": ["2037-0"], "search": "thai", "find": "1"})
    person.send_form({"choice": ["2037-0", "2046-1"], "search": "zzz", "find": "1"})
    assert is_ticked(person, "2037-0")
    assert is_ticked(person, "2046-1")


def test_ignores_the_tick_of_an_entry_that_does_not_exist(person: PatientSession) -> None:
    person.send_form({"choice": [ASIAN]})
    person.send_form({"tick": "no-such-entry"})
    assert "no-such-entry" not in person.page.text


def test_suggests_by_post_and_keeps_the_draft(person: PatientSession) -> None:
    person.send_form({"choice": [ASIAN]})
    token = person.form_values(person.find_form(None))["csrf_token"]
    address = "/suggest/details/race-ethnicity"
    answer = person.client.post(address, data={"csrf_token": token, "search": "hmong"})
    assert 'data-id="2037-0"' in answer.get_json()["options"]
    assert answer.headers["Cache-Control"].startswith("no-store")
    assert person.client.get(f"{address}?search=hmong").status_code == 405
    person.open_page(DETAILS)
    assert "hmong" not in person.page.text


def test_suggests_nothing_without_a_visit(pages: TestSite) -> None:
    client = pages.open_client()
    assert client.post("/suggest/details/race-ethnicity").status_code in (400, 410)
