"""The tribe: asked of those alone who are American Indian or Alaska Native, found by a search or in own words."""

from intake.answers import Answer, State
from tests.journeys.test_tablet import only_submission
from tests.patients import Person
from tests.sites import TestSite
from tests.strict import attributes

ASKED = "/question/tribal-affiliation"
NATIVE, WHITE = "1002-5", "2106-3"


def arrived(site: TestSite) -> Person:
    site.visit("1")
    person = Person(site)
    person.arrive()
    return person


def at_the_tribes(site: TestSite) -> Person:
    person = arrived(site)
    person.send({"choice": [NATIVE]})
    person.send()
    assert person.path == ASKED
    return person


def rest(person: Person) -> None:
    """Skip what is left, to the check page."""
    while person.path != "/check":
        person.send()


def test_it_is_announced_where_the_site_asks_it(tribal_pages: TestSite, pages: TestSite) -> None:
    for site, expected in ((tribal_pages, True), (pages, False)):
        site.visit("1")
        person = Person(site)
        person.pair()
        person.speak("en")
        person.born(17, 5, 1980)
        assert ("your tribe" in person.page.text) == expected


def test_others_are_not_asked(tribal_pages: TestSite) -> None:
    person = arrived(tribal_pages)
    person.send({"choice": [WHITE]})
    person.send()
    assert person.path == "/question/spoken-language"
    assert "Question 3 of 5" in person.page.text
    person.get(ASKED)
    assert person.path == "/question/spoken-language"
    rest(person)
    assert "Tribal affiliation" not in person.page.text
    person.send()
    assert set(only_submission(tribal_pages).answers) == {"race-ethnicity"}


def test_tribes_are_found_and_picked_and_own_words_kept(tribal_pages: TestSite) -> None:
    person = at_the_tribes(tribal_pages)
    assert "Question 3 of 6" in person.page.text
    person.send({"search": "dine", "find": "1"})
    assert "Navajo Nation" in person.page.text
    person.send({"choice": ["170"], "search": "tlingit", "find": "1"})
    assert "checked" in attributes(person.document.query("#c-170")[0])
    person.send({"choice": ["170", "549"], "own-words": "Schaghticoke"})
    assert person.path == "/question/spoken-language"
    rest(person)
    assert all(
        words in person.page.text
        for words in ("Tribal affiliation", "Navajo Nation", "Tlingit", "Schaghticoke")
    )
    person.send()
    said = only_submission(tribal_pages)
    assert said.question_set == "spd15-2024-tribal"
    expected = Answer(State.ANSWERED, ("170", "549"), {"own-words": "Schaghticoke"})
    assert said.answers["tribal-affiliation"] == expected


def test_declined_and_unknown_and_skipped_stay_apart(tribal_pages: TestSite) -> None:
    for given, state in (
        ({"state": "declined"}, State.DECLINED),
        ({"state": "unknown"}, State.UNKNOWN),
        ({}, None),
    ):
        person = at_the_tribes(tribal_pages)
        person.send(given)
        rest(person)
        person.send()
        answer = only_submission(tribal_pages).answers.get("tribal-affiliation")
        assert (answer.state if answer else None) == state
        with tribal_pages.database.write() as tx:
            tx.connection.exec_driver_sql("DELETE FROM submissions")


def test_whoever_takes_the_group_back_sends_no_tribe_and_finds_it_again(
    tribal_pages: TestSite,
) -> None:
    person = at_the_tribes(tribal_pages)
    person.send({"own-words": "Schaghticoke"})
    rest(person)
    person.get("/question/race-ethnicity")
    person.send({"choice": [WHITE]})
    rest(person)
    assert "Schaghticoke" not in person.page.text
    person.get("/question/race-ethnicity")
    person.send({"choice": [WHITE, NATIVE]})
    rest(person)
    assert "Schaghticoke" in person.page.text
    person.get("/question/race-ethnicity")
    person.send({"choice": [WHITE]})
    rest(person)
    person.send()
    assert set(only_submission(tribal_pages).answers) == {"race-ethnicity"}


def test_what_the_page_does_not_offer_is_said_and_kept(tribal_pages: TestSite) -> None:
    person = at_the_tribes(tribal_pages)
    person.send({"choice": ["no-such-tribe"], "own-words": "Schaghticoke"})
    assert 'role="alert"' in person.page.text
    assert attributes(person.document.query("#own-words")[0])["value"] == "Schaghticoke"
    person.send({"own-words": "", "search": "zzz"})
    assert "We did not find a tribe by that name" in person.page.text
    person.send({"search": "navajo"})
    person.send()
    assert "Please choose one from the list" in person.page.text
