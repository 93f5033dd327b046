"""The search suggests the right code under every name that people use, and never a code that the table lacks."""

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
def test_groups_are_found_by_what_people_call_them(typed: str, display: str) -> None:
    assert display in [each.display for each in terminology.search_concepts(typed)]


def test_every_synonym_is_of_a_code_that_there_is() -> None:
    assert set(terminology._ALSO) <= set(terminology.load_concepts())


@pytest.mark.parametrize(
    ("typed", "locale", "found"),
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
def test_languages_are_found_in_any_of_three_languages(typed: str, locale: str, found: str) -> None:
    assert found in [
        each.id for each in terminology.search_languages(typed, language_names(locale))
    ]


def test_nothing_typed_finds_nothing() -> None:
    assert terminology.search_languages("  ", {}) == ()
    assert terminology.search_concepts("") == ()


def test_signs_are_not_read_and_scripts_not_spoken() -> None:
    read = {
        each.id for each in terminology.search_languages("chinese", {}, Element.WRITTEN_LANGUAGE)
    }
    spoken = {each.id for each in terminology.search_languages("chinese", {})}
    assert {"zh-Hans", "zh-Hant"} <= read
    assert {"cmn", "yue"} <= spoken
    assert not read & {"cmn", "yue"}
    assert not spoken & {"zh-Hans", "zh-Hant"}
    assert terminology.search_languages("sign", {}, Element.WRITTEN_LANGUAGE) == ()


def test_the_shipped_question_sets_name_codes_that_there_are_each_in_its_own_group() -> None:
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
