"""The languages of the pages: tag, direction, own name, months, and what other languages are called in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import babel

SOURCE = "en"
"""The language of the messages themselves, which needs no catalog."""

# Own names that CLDR lacks, or that it composes as no one would say them; those of config/terminology/languages.json
# where both have the language, which a test compares.
_ENDONYMS: Mapping[str, str] = {
    "fa-AF": "دری",
    "ht": "Kreyòl ayisyen",
    "tl": "Tagalog",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}

# What CLDR has for Haitian Creole is French.
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
    """A language of the pages: BCP 47 tag, direction (`ltr` or `rtl`) and its name in itself."""

    tag: str
    direction: str
    endonym: str


@cache
def find_locale(tag: str) -> Locale:
    """Return the locale of a tag such as `es` or `zh-Hans`."""
    known = cldr_locale(tag)
    name = _ENDONYMS.get(tag) or known.get_display_name(known) or tag
    return Locale(tag, known.text_direction, name[:1].upper() + name[1:])


@cache
def sorted_locales(tags: tuple[str, ...]) -> tuple[Locale, ...]:
    """Return the locales sorted by their own names."""
    return tuple(sorted(map(find_locale, tags), key=lambda each: each.endonym.casefold()))


def month_names(tag: str) -> tuple[str, ...]:
    """Return the twelve months as they stand alone in the language."""
    if tag in _MONTHS:
        return _MONTHS[tag]
    names = cldr_locale(tag).months["stand-alone"]["wide"]
    return tuple(names[number] for number in range(1, 13))


def date_order(tag: str) -> tuple[str, ...]:
    """Return `day`, `month` and `year` in the order in which the language writes a date."""
    pattern = cldr_locale(tag).date_formats["short"].pattern
    places = {"day": pattern.find("d"), "month": pattern.find("M"), "year": pattern.find("y")}
    return tuple(sorted(places, key=lambda part: places[part]))


@cache
def language_names(tag: str) -> Mapping[str, str]:
    """Return what CLDR calls languages in the language of the page, by tags such as `es` or `zh-Hans`; it lacks some."""
    if tag in _FRENCH_IN_CLDR:
        return {}
    return {
        identity.replace("_", "-"): name for identity, name in cldr_locale(tag).languages.items()
    }


def normalize_tag(typed: str) -> str:
    """Return the tag of a language as it is written (`pt-br` as `pt-BR`); raises ValueError where CLDR knows nothing of it."""
    known = cldr_locale(typed)
    # CLDR has Tagalog under Filipino; people look for the name that they gave.
    return (
        str(known).replace("_", "-")
        if known.language == babel.core.parse_locale(typed, sep="-")[0]
        else typed
    )


def cldr_locale(tag: str) -> babel.Locale:
    """Return what CLDR knows of the tag; raises ValueError where it knows nothing."""
    try:
        return babel.Locale.parse(tag, sep="-")
    except babel.UnknownLocaleError as error:
        raise ValueError(f"'{tag}' is no language that CLDR knows") from error
