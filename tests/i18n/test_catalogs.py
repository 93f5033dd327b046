"""The shipped catalogs: what is committed is what the pages ask for, and every offered language is whole."""

from dataclasses import fields

import pytest

from intake.i18n import SOURCE, load_translator
from intake.i18n.catalogs import catalog_tags, read_catalog
from intake.i18n.extraction import extracted_files
from intake.i18n.lint import find_language_faults, find_template_faults
from intake.questions import Detail, Option, Question, question_texts
from intake.settings import load_settings

SETTINGS = load_settings()
TRANSLATED = tuple(tag for tag in SETTINGS.languages if tag != SOURCE)
ASKED = tuple(
    text.message
    for questions in SETTINGS.question_sets.values()
    for text in question_texts(questions)
)


def test_the_shipped_languages_are_offered() -> None:
    assert set(SETTINGS.languages) == {SOURCE, *catalog_tags()}


@pytest.mark.parametrize("tag", TRANSLATED)
def test_an_offered_language_is_whole(tag: str) -> None:
    assert [str(fault) for fault in find_language_faults(tag, ASKED)] == []


def test_the_messages_themselves_keep_the_rules() -> None:
    assert [str(fault) for fault in find_template_faults()] == []


def test_what_is_committed_is_what_extracting_writes() -> None:
    written = list(extracted_files(catalog_tags()))
    assert len(written) == 1 + len(catalog_tags())
    for path, text in written:
        assert path.read_text("utf-8") == text, f"{path}: run `intake i18n extract`"
        assert "POT-Creation-Date" not in text
    assert list(extracted_files(catalog_tags())) == written


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_text_of_every_question_set_has_its_words_in_the_language(tag: str) -> None:
    catalog = read_catalog(tag)
    assert {words for words in ASKED if words not in catalog or not catalog[words].string} == set()
    # What the pages get is what the catalog says.
    assert {
        words for words in ASKED if load_translator(tag).plain(words) != catalog[words].string
    } == set()


def test_no_text_of_a_question_set_is_left_out() -> None:
    silent = {
        "id",
        "code",
        "kind",
        "element",
        "elements",
        "options",
        "details",
        "excludes",
        "asked_with",
        "about",
    }
    named = {each.name for part in (Question, Option, Detail) for each in fields(part)} - silent
    places = {
        text.location.split(" of ")[0].replace(" ", "_")
        for each in SETTINGS.question_sets.values()
        for text in question_texts(each)
    }
    assert {place for place in places if not place.startswith("a_box")} == named
