"""No page mixes languages: from the choice of a language to the thank-you, a person meets that language alone."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from intake.i18n import SOURCE, language_names, load_translator
from intake.i18n.catalogs import read_template
from intake.settings import load_settings
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

READ_OUT = ("aria-label", "title", "alt", "placeholder")
"""The attributes that are shown or read out."""


def own_texts(node: Any, tag: str) -> Iterator[str]:
    """Yield the texts that a page says in its language; what is marked as another language, or as a name, is not its own."""
    if node.name == "#text":
        yield str(node.data).strip()
        return
    held = node_attributes(node) if isinstance(node.attrs, dict) else {}
    if held.get("lang", tag) != tag or node.name == "bdi":
        return
    yield from (str(held[name]) for name in READ_OUT if held.get(name))
    for child in node.children or ():
        yield from own_texts(child, tag)


def walk(pages: TestSite, tag: str) -> Iterator[PatientSession]:
    """Yield the person at each page that a tablet can show, with faults and searches."""
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.pair_tablet()
    person.choose_language(tag)
    yield person
    for step in (
        _lost,
        _found,
        _why,
        _who,
        _contradiction,
        _groups,
        _details,
        _tribes,
        _search,
        _spoken,
        _written,
        _informant,
        _informants_interpreter,
        _check,
        _done,
    ):
        step(person)
        yield person


def _lost(person: PatientSession) -> None:
    person.send_form({"code": "0000"}, form="by-code")


def _found(person: PatientSession) -> None:
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"


def _why(person: PatientSession) -> None:
    person.send_form()
    assert person.path == "/who"


def _who(person: PatientSession) -> None:
    person.send_form({"informant": "guardian"})
    assert person.path == "/question/race-ethnicity"


def _contradiction(person: PatientSession) -> None:
    person.send_form({"choice": ["2028-9"], "state": "declined"})
    assert 'role="alert"' in person.page.text


def _groups(person: PatientSession) -> None:
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": ["2028-9", "1002-5", "2118-8"]})
    assert person.path == "/question/race-ethnicity/details"


def _details(person: PatientSession) -> None:
    person.send_form({"search": "Navajo", "find": "1"})
    assert "Navajo" in person.page.text


def _tribes(person: PatientSession) -> None:
    person.send_form({"search": "", "choice": ["2034-7"]})
    person.send_form({"search": "diné", "find": "1"})
    assert "Navajo Nation" in person.page.text


def _search(person: PatientSession) -> None:
    person.send_form({"search": "", "choice": ["170"], "own-words": ""})
    person.send_form({"search": "zzz", "find": "1"})
    assert person.path == "/question/spoken-language"


def _spoken(person: PatientSession) -> None:
    person.send_form({"search": "", "choice": "ase"})
    assert person.path == "/question/written-language"


def _written(person: PatientSession) -> None:
    person.send_form({"state": "unknown"})
    assert person.path == "/question/interpreter"


def _informant(person: PatientSession) -> None:
    person.send_form({"choice": "yes"})
    assert person.path == "/question/informant-language"


def _informants_interpreter(person: PatientSession) -> None:
    person.send_form({"choice": "es"})
    assert person.path == "/question/informant-interpreter"


def _check(person: PatientSession) -> None:
    person.send_form({"choice": "yes"})
    assert person.path == "/check"


def _done(person: PatientSession) -> None:
    person.send_form()
    assert person.path == "/done"


@pytest.mark.parametrize("tag", sorted({*load_settings().languages} - {SOURCE}))
def test_no_page_says_an_english_message(tribal_pages: TestSite, tag: str) -> None:
    speaks = load_translator(tag)
    messages = {str(message.id) for message in read_template() if message.id}
    # In Tagalog the Korean language is called just that, and Korean people are not.
    english = {text for text in messages if speaks.plain(text) != text} - {
        *language_names(tag).values()
    }
    for person in walk(tribal_pages, tag):
        assert [text for text in own_texts(person.document.root, tag) if text in english] == [], (
            person.path
        )


@pytest.mark.parametrize(
    ("tag", "script"),
    [
        ("ar", "ARABIC"),
        ("ru", "CYRILLIC"),
        ("ko", "HANGUL"),
        ("zh-Hans", "CJK"),
        ("zh-Hant", "CJK"),
    ],
)
def test_no_word_of_a_page_is_in_another_script(
    tribal_pages: TestSite, tag: str, script: str
) -> None:
    for person in walk(tribal_pages, tag):
        texts = list(own_texts(person.document.root, tag))
        assert len(texts) > 9
        letters = {each for text in texts for each in text if each.isalpha()}
        assert {
            each for each in letters if not unicodedata.name(each).startswith(script)
        } == set(), (person.path, texts)


@pytest.mark.parametrize(
    ("tag", "term", "found"),
    [("es", "señas", "otra lengua de señas"), ("ar", "الإشارة", "لغة الإشارة المكسيكية")],
)
def test_a_language_that_cldr_does_not_name_is_found_by_our_name(
    pages: TestSite, tag: str, term: str, found: str
) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(language=tag)
    person.send_form()
    person.send_form({"search": term, "find": "1"})
    assert found in person.page.text
