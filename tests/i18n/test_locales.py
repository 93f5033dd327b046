"""The languages of the pages have the same endonyms as the languages that patients can prefer."""

import pytest

from intake.i18n import find_locale, language_names, month_names, sorted_locales
from intake.i18n.locales import normalize_tag
from intake.terminology import load_languages

# Every planned language of the pages, with its id among the languages that a patient can prefer.
# "" means that it has no id of its own there.
PLANNED = {
    "en": "en",
    "es": "es",
    "zh-Hans": "",
    "zh-Hant": "",
    "vi": "vi",
    "ar": "ar",
    "ko": "ko",
    "tl": "tl",
    "ht": "ht",
    "ru": "ru",
    "fr": "fr",
    "pt-BR": "",
    "pl": "pl",
    "ja": "ja",
    "fa": "fa",
    "uk": "uk",
    "hi": "hi",
    "bn": "bn",
    "ur": "ur",
    "pa": "pa",
    "gu": "gu",
    "ne": "ne",
    "km": "km",
    "my": "my",
    "so": "so",
    "am": "am",
    "sw": "sw",
    "ps": "ps",
    "fa-AF": "prs",
}
RIGHT_TO_LEFT = {"ar", "fa", "fa-AF", "ur", "ps"}


@pytest.mark.parametrize(("tag", "preferred"), PLANNED.items())
def test_a_language_has_the_same_endonym_everywhere(tag: str, preferred: str) -> None:
    locale = find_locale(tag)
    assert locale.direction == ("rtl" if tag in RIGHT_TO_LEFT else "ltr")
    assert "(" not in locale.endonym or tag == "pt-BR"
    if preferred:
        assert locale.endonym == load_languages()[preferred].endonym


def test_sorts_languages_by_endonym() -> None:
    assert [locale.endonym for locale in sorted_locales(("en", "es", "ar", "zh-Hans"))] == [
        "English",
        "Español",
        "العربية",
        "简体中文",
    ]


def test_rejects_a_tag_that_cldr_does_not_know() -> None:
    with pytest.raises(ValueError, match="'qq' is no language that CLDR knows"):
        find_locale("qq")


def test_haitian_creole_uses_no_french_names() -> None:
    assert (month_names("ht")[0], month_names("fr")[0]) == ("janvye", "janvier")
    assert language_names("ht") == {}
    assert language_names("fr")["zh-Hans"] == "chinois simplifié"


@pytest.mark.parametrize(
    ("typed", "tag"), [("pt-br", "pt-BR"), ("ZH-hans", "zh-Hans"), ("tl", "tl"), ("vi", "vi")]
)
def test_normalizes_a_tag(typed: str, tag: str) -> None:
    assert normalize_tag(typed) == tag


@pytest.mark.parametrize(
    ("tag", "identity", "name"),
    [
        ("ru", "chk", "чуукский"),
        ("ru", "wuu", "шанхайский"),
        ("ko", "hmn", "몽어"),
        ("ar", "chk", "التشوكية"),
        ("zh-Hant", "tl", "他加祿語"),
        ("zh-Hant", "en", "英語"),
        ("zh-Hant", "zh", "中文"),
    ],
)
def test_corrects_names_that_cldr_gives_wrongly(tag: str, identity: str, name: str) -> None:
    assert language_names(tag)[identity] == name
