"""Collects the names of every entry of a code table: its own, other names, places, peoples."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from intake.questions import Question
from intake.terminology import tables
from intake.terminology.name_index import Name, Reason
from intake.terminology.search_names import (
    BROADER_COST,
    OTHER_NAME_COST,
    PLACE_COST,
    SearchNames,
    load_places,
    load_race_names,
    load_tribe_names,
)

NATIVE = "1002-5"
"""CDCREC's American Indian or Alaska Native: 828 of its codes, many named like other places."""
NO_ENTRY = ""
"""The entry of a country that the table has no entry for."""
# A country is no language: its languages stand behind those of a similar name.
_LANGUAGE_OF_PLACE_COST = 0.15
_MOST_LANGUAGES_OF_PLACE = 5
_TITLE_WORD_COST = 0.004

LocaleNames = Mapping[str, Mapping[str, str]]
"""Names by language tag of the pages, then by the id of a language or the code of a country."""


def list_race_entries(question: Question) -> Iterator[str]:
    """Yield every entry; boxes come first and groups second, so that they win between equals."""
    for option in question.options:
        yield from (detail.id for detail in option.details)
    yield from (option.id for option in question.options)
    yield from (code for code, concept in tables.load_concepts().items() if concept.omb_category)


def name_races(entries: Mapping[str, str]) -> Iterator[Name]:
    concepts, search_names, tribe_names = (
        tables.load_concepts(),
        load_race_names().search,
        load_tribe_names(),
    )
    for entry, group in entries.items():
        if entry in concepts:
            yield Name(entry, concepts[entry].display)
        yield from search_names.names_of(entry)
        if group == NATIVE:
            yield from name_tribes(tribe_names, entry, concepts[entry].display)


def name_places(place_names: LocaleNames) -> Iterator[Name]:
    """Yield the names of each country for its entries, and of the other countries for none.

    A country without an entry must be known, too: its people are no village of the same name.
    """
    places = load_places()
    targets = [*load_race_names().place_targets()]
    unknown = places.keys() - {place for place, _, _ in targets}
    for place, entry, reason in (*targets, *((code, NO_ENTRY, Reason.PLACE) for code in unknown)):
        own_names = places[place].names if place in places else ()
        texts = _texts_by_locale(place_names, place)
        cost = PLACE_COST if reason is Reason.PLACE else BROADER_COST
        for text in sorted({*own_names, *texts}):
            yield Name(entry, text, reason, cost)


def name_peoples(language_names: LocaleNames) -> Iterator[Name]:
    """Yield the names of each language for its speakers' entry.

    In many languages the name of a language is the adjective of its people, too.
    """
    race_names, languages = load_race_names(), tables.load_languages()
    targets = {
        language: [(entry, reason)]
        for language, entry in race_names.languages.items()
        for reason in [Reason.BROADER if entry in race_names.regions else Reason.PLACE]
    }
    places = {place.code: place for place in load_places().values()}
    for code, entry, reason in race_names.place_targets():
        for language in places[code].languages if code in places else ():
            if language not in race_names.languages:
                targets.setdefault(language, []).append((entry, reason))
    for language, entries in targets.items():
        texts = _texts_by_locale(language_names, language)
        own_names = {languages[language].endonym} if language in languages else set()
        for entry, reason in entries:
            cost = PLACE_COST if reason is Reason.PLACE else BROADER_COST
            for text in sorted(texts | own_names):
                yield Name(entry, text, reason, cost + OTHER_NAME_COST)


def name_languages(search_names: SearchNames, language_names: LocaleNames) -> Iterator[Name]:
    for language in tables.load_languages().values():
        yield Name(language.id, language.name)
        yield Name(language.id, language.endonym)
        yield from (
            Name(language.id, text, Reason.OTHER_NAME, OTHER_NAME_COST)
            for text in language.synonyms
        )
        yield from search_names.names_of(language.id)
        for text in sorted(_texts_by_locale(language_names, language.id)):
            yield Name(language.id, text, Reason.OTHER_NAME, OTHER_NAME_COST)


def name_spoken_places(place_names: LocaleNames) -> Iterator[Name]:
    """Yield the names of each country for the languages that many of its people speak."""
    languages = tables.load_languages()
    for place in load_places().values():
        texts = {*place.names, *_texts_by_locale(place_names, place.code)}
        spoken = [language for language in place.main_languages if language in languages]
        for position, language in enumerate(spoken[:_MOST_LANGUAGES_OF_PLACE]):
            cost = _LANGUAGE_OF_PLACE_COST + PLACE_COST * position
            for text in sorted(texts):
                yield Name(language, text, Reason.PLACE, cost)


def _texts_by_locale(names_by_tag: LocaleNames, key: str) -> set[str]:
    return {names[key] for names in names_by_tag.values() if key in names}


def name_titles(code: str, title: str) -> Iterator[Name]:
    """Yield the tribe's name, and its part before the state or the reservation."""
    yield Name(code, title)
    short = title.partition(",")[0].partition("(")[0].partition(" of the ")[0]
    if short != title:
        yield Name(code, short)


def name_tribes(search_names: SearchNames, entry: str, title: str) -> Iterator[Name]:
    length = len(title.split())
    for word in search_names.names:
        if word in title:
            # A nation itself stands before its parts, which have longer names.
            for name in search_names.names_of(word, entry):
                yield replace(name, cost=name.cost + _TITLE_WORD_COST * length)
