"""The shipped catalogs are up to date, and every offered language is complete."""

import re
from dataclasses import fields

import pytest

from intake.i18n import SOURCE, existing_tags, load_translator, read_ledger
from intake.i18n.catalogs import catalog_tags, read_catalog
from intake.i18n.extraction import extracted_files
from intake.i18n.lint import find_language_faults, find_template_faults
from intake.questions import Detail, Option, Question, question_texts
from intake.settings import load_settings
from intake.shipped import CONFIG

SETTINGS = load_settings()
TRANSLATED = tuple(tag for tag in existing_tags() if tag != SOURCE)
QUESTION_TEXTS = tuple(
    text.message
    for questions in SETTINGS.question_sets.values()
    for text in question_texts(questions)
)


def test_the_ledger_and_the_shipped_file_name_every_language() -> None:
    assert set(existing_tags()) == {SOURCE, *read_ledger()}
    [offer] = re.findall(r"There are: (.*)\.", (CONFIG / "intake.toml").read_text("utf-8"))
    assert set(offer.split(", ")) == set(existing_tags())


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_offered_language_is_complete(tag: str) -> None:
    assert [str(fault) for fault in find_language_faults(tag, QUESTION_TEXTS)] == []


def test_the_english_messages_keep_the_rules() -> None:
    assert [str(fault) for fault in find_template_faults()] == []


def test_extraction_changes_no_committed_catalog() -> None:
    written = list(extracted_files(catalog_tags()))
    assert len(written) == 1 + len(catalog_tags())
    for path, text in written:
        assert path.read_text("utf-8") == text, f"{path}: run `intake i18n extract`"
        assert "POT-Creation-Date" not in text
    assert list(extracted_files(catalog_tags())) == written


@pytest.mark.parametrize("tag", TRANSLATED)
def test_translates_every_text_of_every_question_set(tag: str) -> None:
    catalog = read_catalog(tag)
    assert {
        words for words in QUESTION_TEXTS if words not in catalog or not catalog[words].string
    } == set()
    # The pages get exactly the texts of the catalog.
    assert {
        words
        for words in QUESTION_TEXTS
        if load_translator(tag).plain(words) != catalog[words].string
    } == set()


def test_extracts_every_text_field_of_a_question_set() -> None:
    unshown = {
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
    shown_fields = {
        field.name for part in (Question, Option, Detail) for field in fields(part)
    } - unshown
    extracted = {
        text.location.split(" of ")[0].replace(" ", "_")
        for questions in SETTINGS.question_sets.values()
        for text in question_texts(questions)
    }
    assert {name for name in extracted if not name.startswith("a_box")} == shown_fields
