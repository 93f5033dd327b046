"""A tablet that many people share: its keyboard learns nothing, and names have their language."""

from dataclasses import replace

import pytest

from intake.patient.foreign_names import mark_foreign_names
from tests.support.journeys import create_link_path
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

LEARNED = ("autocomplete", "autocorrect", "autocapitalize", "spellcheck")
HINT = (
    "For example, Navajo Nation, Blackfeet Tribe of the Blackfeet Indian Reservation of Montana, "
    "Nome Eskimo Community, Aztec, Maya"
)


def find_learned_fields(person: PatientSession) -> list[str]:
    """Return the text fields of the page that a keyboard would learn from."""
    fields = [node_attributes(field) for field in person.document.query("input")]
    typed = [field for field in fields if (field.get("type") or "text") == "text"]
    assert typed or person.path in ("/why", "/who", "/question/interpreter")
    return [
        str(field["id"])
        for field in typed
        if [field.get(name) for name in LEARNED] != ["off", "off", "off", "false"]
    ]


def test_no_field_teaches_the_keyboard(tribal_pages: TestSite) -> None:
    tribal_pages.expect_visit("1")
    tribal_pages.expect_visit("2", initials="BK")
    person = PatientSession(tribal_pages)
    person.open_page("/pair")
    assert find_learned_fields(person) == []
    person.pair_tablet()
    person.choose_language("en")
    person.give_birth_date(17, 5, 1980)
    assert person.document.query("#initials")
    assert find_learned_fields(person) == []
    person.give_birth_date(17, 5, 1980, initials="AL")
    for given in ({}, {"informant": "self"}, {"choice": ["1002-5", "2028-9"]}, {}, {}, {}, {}):
        assert find_learned_fields(person) == [], person.path
        person.send_form(given)


@pytest.mark.parametrize("tag", ["es", "fr", "tl", "vi", "pt-BR", "ht"])
def test_english_names_in_a_translation_are_marked(tag: str) -> None:
    words = mark_foreign_names(HINT, tag)
    for name in ("Navajo Nation", "Nome Eskimo Community"):
        assert f'<bdi lang="en" dir="ltr">{name}</bdi>' in words
    assert words.count("<bdi") == 3


def test_a_page_in_english_marks_no_english_names() -> None:
    assert "<bdi" not in mark_foreign_names(HINT, "en")


def open_link_page(site: TestSite) -> PatientSession:
    person = PatientSession(site)
    person.open_page(create_link_path(site, site.expect_visit("1")))
    return person


def test_help_at_home_leads_to_no_front_desk(pages: TestSite) -> None:
    person = open_link_page(pages)
    person.send_form({"language": "en"}, form="/language")
    person.give_birth_date(17, 5, 1980)
    while person.path != "/done":
        assert "front desk" not in person.words, person.path
        person.send_form({"informant": "self"} if person.path == "/who" else {})
    assert "front desk" not in person.words


def test_help_at_home_names_the_sites_phone(pages: TestSite) -> None:
    site = pages.app.extensions["intake"]
    settings = replace(pages.settings, help_phone="(555) 010-0199")
    pages.app.extensions["intake"] = replace(site, settings=settings)
    person = open_link_page(pages)
    [phone] = person.document.query('.help a[href^="tel:"]')
    assert phone.to_text() == "(555) 010-0199"
    person.pair_tablet()
    person.open_page("/")
    assert person.document.query('.help a[href^="tel:"]') == []


def test_an_empty_visit_is_not_called_saved(pages: TestSite) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    for _ in range(5):
        person.send_form()
    assert person.path == "/done"
    assert "saved" not in person.page.text
    assert "You left all questions open" in person.page.text
