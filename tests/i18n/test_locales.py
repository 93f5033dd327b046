"""The languages of the pages name themselves, and the same in the list of languages that a person can prefer."""

import pytest

from intake.i18n import find_locale, language_names, month_names, sorted_locales
from intake.i18n.locales import normalize_tag
from intake.terminology import load_languages

# Every language that the pages are to speak, with its id in the list of preferred languages; "" has none of its own there.
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
def test_a_language_names_itself_the_same_everywhere(tag: str, preferred: str) -> None:
    own = find_locale(tag)
    assert own.direction == ("rtl" if tag in RIGHT_TO_LEFT else "ltr")
    assert "(" not in own.endonym or tag == "pt-BR"
    if preferred:
        assert own.endonym == load_languages()[preferred].endonym


def test_languages_are_offered_in_the_order_of_their_own_names() -> None:
    assert [each.endonym for each in sorted_locales(("en", "es", "ar", "zh-Hans"))] == [
        "English",
        "Español",
        "العربية",
        "简体中文",
    ]


def test_a_tag_without_a_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'qq' is no language that CLDR knows"):
        find_locale("qq")


def test_haitian_creole_has_months_of_its_own_and_no_french_names_of_languages() -> None:
    assert (month_names("ht")[0], month_names("fr")[0]) == ("janvye", "janvier")
    assert language_names("ht") == {}
    assert language_names("fr")["zh-Hans"] == "chinois simplifié"


@pytest.mark.parametrize(
    ("typed", "tag"), [("pt-br", "pt-BR"), ("ZH-hans", "zh-Hans"), ("tl", "tl"), ("vi", "vi")]
)
def test_a_tag_is_written_in_one_way(typed: str, tag: str) -> None:
    assert normalize_tag(typed) == tag
