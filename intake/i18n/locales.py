"""The languages of the pages: tag, direction, endonym and other names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import babel

SOURCE = "en"
"""The language of the messages themselves; it needs no catalog."""

# Endonyms that CLDR lacks, or composes in a way that speakers do not use. A test compares them with
# those of config/terminology/languages.json.
_ENDONYMS: Mapping[str, str] = {
    "fa-AF": "دری",
    "ht": "Kreyòl ayisyen",
    "tl": "Tagalog",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}

# Names that CLDR gives to another language or misspells, found in the second reading of the
# catalogs (translations/README.md).
_CORRECTED_NAMES: Mapping[str, Mapping[str, str]] = {
    "ar": {"chk": "التشوكية"},
    "ko": {"hmn": "몽어", "ht": "아이티 크레올어"},
    "ru": {"chk": "чуукский", "wuu": "шанхайский"},
    "zh-Hant": {"chk": "楚克語", "ht": "海地克里奧語", "tl": "他加祿語"},
}

# CLDR has French words for Haitian Creole.
_FRENCH_IN_CLDR = frozenset({"ht"})
_MONTHS: Mapping[str, tuple[str, ...]] = {
    "ht": (
        "janvye",
        "fevriye",
        "mas",
        "avril",
        "me",
        "jen",
        "jiyè",
        "out",
        "septanm",
        "oktòb",
        "novanm",
        "desanm",
    ),
}


@dataclass(frozen=True, slots=True)
class Locale:
    """A language of the pages: BCP 47 tag, direction (`ltr` or `rtl`) and endonym."""

    tag: str
    direction: str
    endonym: str


@cache
def find_locale(tag: str) -> Locale:
    """Return the locale of a tag such as `es` or `zh-Hans`."""
    cldr = cldr_locale(tag)
    name = _ENDONYMS.get(tag) or cldr.get_display_name(cldr) or tag
    # CLDR writes many endonyms in lower case; on a button they begin like a sentence.
    return Locale(tag, cldr.text_direction, name[:1].upper() + name[1:])


@cache
def sorted_locales(tags: tuple[str, ...]) -> tuple[Locale, ...]:
    """Return the locales sorted by endonym."""
    return tuple(sorted(map(find_locale, tags), key=lambda locale: locale.endonym.casefold()))


def month_names(tag: str) -> tuple[str, ...]:
    """Return the names of the twelve months in their stand-alone form."""
    if tag in _MONTHS:
        return _MONTHS[tag]
    names = cldr_locale(tag).months["stand-alone"]["wide"]
    return tuple(names[number] for number in range(1, 13))


def date_order(tag: str) -> tuple[str, ...]:
    """Return `day`, `month` and `year` in the order of a date in the language."""
    pattern = cldr_locale(tag).date_formats["short"].pattern
    positions = {"day": pattern.find("d"), "month": pattern.find("M"), "year": pattern.find("y")}
    return tuple(sorted(positions, key=lambda part: positions[part]))


@cache
def language_names(tag: str) -> Mapping[str, str]:
    """Return CLDR's names of languages in the page's language, corrected, by their tags.

    CLDR lacks the names of some languages.
    """
    if tag in _FRENCH_IN_CLDR:
        return {}
    cldr_names = {
        identity.replace("_", "-"): name for identity, name in cldr_locale(tag).languages.items()
    }
    if tag == "zh-Hant":
        cldr_names = {identity: _spoken_name(name) for identity, name in cldr_names.items()}
    return {**cldr_names, **_CORRECTED_NAMES.get(tag, {})}


def _spoken_name(name: str) -> str:
    """Return a Traditional Chinese name with 語 (language), where CLDR has 文 (writing).

    中文 (Chinese) is the everyday word for the spoken language, too.
    """
    return name[:-1] + "語" if name.endswith("文") and not name.endswith("中文") else name


@cache
def place_names(tag: str) -> Mapping[str, str]:
    """Return CLDR's names of countries and territories in the page's language, by their codes."""
    if tag in _FRENCH_IN_CLDR:
        return {}
    return {code: name for code, name in cldr_locale(tag).territories.items() if code.isalpha()}


def normalize_tag(typed: str) -> str:
    """Return a language tag in its usual form: `pt-br` as `pt-BR`.

    Raises ValueError if CLDR does not know the language.
    """
    cldr = cldr_locale(typed)
    # CLDR turns Tagalog (tl) into Filipino (fil). The administrator looks for the tag that was
    # typed, so a tag that CLDR replaces stays as it is.
    language = babel.core.parse_locale(typed, sep="-")[0]
    return str(cldr).replace("_", "-") if cldr.language == language else typed


def cldr_locale(tag: str) -> babel.Locale:
    """Return CLDR's data for the tag; raises ValueError if CLDR has none."""
    try:
        return babel.Locale.parse(tag, sep="-")
    except babel.UnknownLocaleError as error:
        raise ValueError(f"'{tag}' is no language that CLDR knows") from error
