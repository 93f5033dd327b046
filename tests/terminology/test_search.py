"""The search finds the right code by the names that people use, and no code beside the table."""

import pytest

from fhir_client.model import Element
from intake import terminology
from intake.i18n import language_names
from intake.settings import load_settings


@pytest.mark.parametrize(
    ("typed", "display"),
    [
        ("Lao", "Laotian"),
        ("burma", "Burmese"),
        ("Myanmar", "Burmese"),
        ("Persian", "Iranian"),
        ("Guam", "Chamorro"),
        ("boricua", "Puerto Rican"),
        ("Puertorriqueno", "Puerto Rican"),
        ("Dominicana", "Dominican"),
        ("viet nam", "Vietnamese"),
        ("中国", "Chinese"),
        ("hmong", "Hmong"),
    ],
)
def test_finds_groups_by_common_names(typed: str, display: str) -> None:
    assert display in [concept.display for concept in terminology.search_concepts(typed)]


def test_every_synonym_belongs_to_a_code_of_the_table() -> None:
    assert set(terminology._CONCEPT_SYNONYMS) <= set(terminology.load_concepts())


@pytest.mark.parametrize(
    ("typed", "locale", "language_id"),
    [
        ("quiche", "en", "quc"),
        ("الفارسية", "ar", "fa"),
        ("فارسی", "en", "fa"),
        ("frances", "es", "fr"),
        ("asl", "es", "ase"),
        ("KREYOL", "en", "ht"),
        ("mixtec", "es", "mixteco"),
        ("tieng duc", "vi", "de"),
        ("广东话", "zh-Hans", "yue"),
        ("国语", "zh-Hant", "cmn"),
        ("福州", "zh-Hans", "cdo"),
        ("karen", "en", "ksw"),
        ("somali bantu", "en", "ymm"),
        ("sorani", "en", "ckb"),
        ("Tiếng Đức", "vi", "de"),
    ],
)
def test_finds_languages_by_name_in_any_of_three_languages(
    typed: str, locale: str, language_id: str
) -> None:
    languages = terminology.search_languages(typed, language_names(locale))
    assert language_id in [language.id for language in languages]


def test_an_empty_query_finds_nothing() -> None:
    assert terminology.search_languages("  ", {}) == ()
    assert terminology.search_concepts("") == ()


def test_sign_languages_are_not_written_and_scripts_not_spoken() -> None:
    written_languages = terminology.search_languages("chinese", {}, Element.WRITTEN_LANGUAGE)
    written = {language.id for language in written_languages}
    spoken = {language.id for language in terminology.search_languages("chinese", {})}
    assert {"zh-Hans", "zh-Hant"} <= written
    assert {"cmn", "yue"} <= spoken
    assert not written & {"cmn", "yue"}
    assert not spoken & {"zh-Hans", "zh-Hant"}
    assert terminology.search_languages("sign", {}, Element.WRITTEN_LANGUAGE) == ()


def test_shipped_question_sets_use_known_codes_in_their_own_group() -> None:
    settings = load_settings()
    for questions in settings.question_sets.values():
        for question in questions.questions:
            for option in question.options:
                for detail in option.details:
                    assert detail.code is None or detail.code in terminology.load_concepts()
                    assert terminology.find_group_option(question, detail.id) == option
    for element, common in settings.common_languages.items():
        for identity in common:
            assert terminology.load_languages()[identity].can_answer(element)
