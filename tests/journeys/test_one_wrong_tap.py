"""One wrong tap is never final: Back, Start over, the language and the informant."""

import pytest

from intake.answers import Informant
from intake.store.tables import drafts
from tests.support.journeys import read_only_submission, skip_to_check
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes


@pytest.fixture
def person(pages: TestSite) -> PatientSession:
    """A patient at the first question on a tablet."""
    pages.expect_visit("1")
    session = PatientSession(pages)
    session.reach_first_question()
    return session


def count_drafts(site: TestSite) -> int:
    with site.database.read() as tx:
        return len(tx.connection.execute(drafts.select()).all())


def follow_link(person: PatientSession, selector: str) -> None:
    person.open_page(str(node_attributes(person.document.query(selector)[0])["href"]))


def test_back_from_the_reasons_keeps_the_draft(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.pair_tablet()
    person.choose_language("es")
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"
    follow_link(person, ".top a.plain")
    assert len(person.document.query(".languages button")) == 3
    person.send_form({"language": "en"}, form="/language")
    assert (person.path, person.heading, count_drafts(pages)) == ("/why", "Why we ask", 1)


@pytest.mark.parametrize("path", ["/question/race-ethnicity", "/check", "/who"])
def test_the_language_changes_midway_and_keeps_the_answers(
    person: PatientSession, path: str
) -> None:
    person.send_form({"choice": ["2028-9"]})
    skip_to_check(person)
    person.open_page(path)
    follow_link(person, ".top a[data-keep]")
    person.send_form({"language": "es"}, form="/language")
    assert person.path == path
    assert node_attributes(person.document.query("html")[0])["lang"] == "es"
    person.open_page("/check")
    person.send_form()
    submission = read_only_submission(person.site)
    assert (submission.locale, submission.answers["race-ethnicity"].choices) == ("es", ("2028-9",))


def test_a_change_of_language_keeps_the_unfinished_form(person: PatientSession) -> None:
    values = person.form_values(person.find_form(None))
    values |= {"choice": ["2028-9"], "own-words": ["Hmoob"], "away": ["1"]}
    kept = person.client.post("/question/race-ethnicity", data=values)
    assert kept.status_code == 204
    person.open_page("/language?back=/question/race-ethnicity")
    person.send_form({"language": "es"}, form="/language")
    form = person.form_values(person.find_form(None))
    assert (form["choice"], form["own-words"]) == (["2028-9"], ["Hmoob"])
    assert person.document.query(".fault") == []


@pytest.mark.parametrize("path", ["/language", "/over"])
def test_a_larger_text_on_a_page_between_loses_no_answer(person: PatientSession, path: str) -> None:
    person.send_form({"choice": ["2106-3"]})
    person.open_page(f"{path}?back=/question/race-ethnicity")
    person.send_form({"size": "large"}, form="/look")
    assert person.path == path
    if path == "/language":
        person.send_form({"language": "es"}, form="/language")
    else:
        follow_link(person, ".actions a")
    assert person.path == "/question/race-ethnicity/details"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_language_page_leads_to_no_other_site(person: PatientSession, back: str) -> None:
    person.client.get("/language", query_string={"back": back})
    values = person.form_values(person.find_form("/look"))
    response = person.client.post(
        "/language", data=values | {"language": ["es"], "back": [back]}, follow_redirects=False
    )
    assert response.headers["Location"] == "/"


def test_start_over_asks_and_stands_inside_help(person: PatientSession) -> None:
    person.send_form({"choice": ["2106-3"]})
    assert len(person.document.query(".top > a, .top > form")) == 2
    follow_link(person, ".help .apart a")
    assert person.heading == "Start over?"
    assert count_drafts(person.site) == 1
    follow_link(person, ".actions a")
    assert person.path == "/question/race-ethnicity/details"
    person.open_page("/over?back=/check")
    person.send_form(form="/over")
    assert (person.path, count_drafts(person.site)) == ("/", 0)


def test_the_check_page_shows_and_changes_who_answers(person: PatientSession) -> None:
    skip_to_check(person)
    assert "Me, the patient" in person.page.text
    follow_link(person, ".change a")
    assert person.path == "/who"
    person.send_form({"informant": "guardian"})
    skip_to_check(person)
    assert "A parent or guardian of the patient" in person.page.text
    person.send_form()
    assert read_only_submission(person.site).informant == Informant.GUARDIAN


def test_each_change_link_names_what_it_changes(person: PatientSession) -> None:
    skip_to_check(person)
    names = [
        link.to_text().replace(" :", ":").strip() for link in person.document.query(".change a")
    ]
    assert len(set(names)) == len(names) == 5
    assert "Change: Who is answering?" in names
    assert any(name.endswith("Race and/or ethnicity") for name in names)
