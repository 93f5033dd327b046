"""No page mixes languages, from the choice of a language to the thank-you."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from intake.i18n import SOURCE, existing_tags, language_names, load_translator
from intake.i18n.catalogs import read_template
from tests.support.patients import PatientSession
from tests.support.sites import TestSite
from tests.support.strict_pages import node_attributes

READ_OUT = ("aria-label", "title", "alt", "placeholder")
"""The attributes that a browser shows or reads out."""


def own_texts(node: Any, tag: str) -> Iterator[str]:
    """Yield the texts of a page in its own language.

    Texts that are marked as another language, or as a name, are left out.
    """
    if node.name == "#text":
        yield str(node.data).strip()
        return
    attributes = node_attributes(node) if isinstance(node.attrs, dict) else {}
    if attributes.get("lang", tag) != tag or node.name == "bdi":
        return
    yield from (str(attributes[name]) for name in READ_OUT if attributes.get(name))
    for child in node.children or ():
        yield from own_texts(child, tag)


def walk_pages(pages: TestSite, tag: str) -> Iterator[PatientSession]:
    """Yield the patient at each page of a tablet, faults and searches included."""
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.pair_tablet()
    person.choose_language(tag)
    yield person
    for step in (
        _miss_visit,
        _find_visit,
        _pass_why,
        _pass_who,
        _contradict,
        _choose_groups,
        _search_details,
        _search_tribes,
        _search_nothing,
        _choose_spoken,
        _answer_unknown,
        _choose_interpreter,
        _choose_own_language,
        _reach_check,
        _send_answers,
    ):
        step(person)
        yield person


def _miss_visit(person: PatientSession) -> None:
    person.send_form({"code": "0000"}, form="by-code")


def _find_visit(person: PatientSession) -> None:
    person.give_birth_date(17, 5, 1980)
    assert person.path == "/why"


def _pass_why(person: PatientSession) -> None:
    person.send_form()
    assert person.path == "/who"


def _pass_who(person: PatientSession) -> None:
    person.send_form({"informant": "guardian"})
    assert person.path == "/question/race-ethnicity"


def _contradict(person: PatientSession) -> None:
    person.send_form({"choice": ["2028-9"], "state": "declined"})
    assert 'role="alert"' in person.page.text


def _choose_groups(person: PatientSession) -> None:
    person.open_page("/question/race-ethnicity")
    person.send_form({"choice": ["2028-9", "1002-5", "2118-8"]})
    assert person.path == "/question/race-ethnicity/details"


def _search_details(person: PatientSession) -> None:
    person.send_form({"search": "Navajo", "find": "1"})
    assert "Navajo" in person.page.text


def _search_tribes(person: PatientSession) -> None:
    person.send_form({"search": "", "choice": ["2034-7"]})
    person.send_form({"search": "diné", "find": "1"})
    assert "Navajo Nation" in person.page.text


def _search_nothing(person: PatientSession) -> None:
    person.send_form({"search": "", "choice": ["170"], "own-words": ""})
    person.send_form({"search": "zzz", "find": "1"})
    assert person.path == "/question/spoken-language"


def _choose_spoken(person: PatientSession) -> None:
    person.send_form({"search": "", "choice": "ase"})
    assert person.path == "/question/written-language"


def _answer_unknown(person: PatientSession) -> None:
    person.send_form({"state": "unknown"})
    assert person.path == "/question/interpreter"


def _choose_interpreter(person: PatientSession) -> None:
    person.send_form({"choice": "yes"})
    assert person.path == "/question/informant-language"


def _choose_own_language(person: PatientSession) -> None:
    person.send_form({"choice": "es"})
    assert person.path == "/question/informant-interpreter"


def _reach_check(person: PatientSession) -> None:
    person.send_form({"choice": "yes"})
    assert person.path == "/check"


def _send_answers(person: PatientSession) -> None:
    person.send_form()
    assert person.path == "/done"


@pytest.mark.parametrize("tag", sorted({*existing_tags()} - {SOURCE}))
def test_no_page_shows_an_english_message(tribal_pages: TestSite, tag: str) -> None:
    translator = load_translator(tag)
    messages = {str(message.id) for message in read_template() if message.id}
    # Tagalog uses the English name for the Korean language, but not for Korean people.
    english = {text for text in messages if translator.plain(text) != text} - {
        *language_names(tag).values()
    }
    for person in walk_pages(tribal_pages, tag):
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
def test_no_page_has_a_word_in_another_script(
    tribal_pages: TestSite, tag: str, script: str
) -> None:
    for person in walk_pages(tribal_pages, tag):
        texts = list(own_texts(person.document.root, tag))
        assert len(texts) > 9
        letters = {letter for text in texts for letter in text if letter.isalpha()}
        assert {
            letter for letter in letters if not unicodedata.name(letter).startswith(script)
        } == set(), (person.path, texts)


@pytest.mark.parametrize(
    ("tag", "term", "name"),
    [("es", "señas", "otra lengua de señas"), ("ar", "الإشارة", "لغة الإشارة المكسيكية")],
)
def test_finds_a_language_by_our_name_where_cldr_has_none(
    pages: TestSite, tag: str, term: str, name: str
) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question(language=tag)
    person.send_form()
    person.send_form({"search": term, "find": "1"})
    assert name in person.page.text
