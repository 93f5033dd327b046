"""Reads the names by which patients look for entries: config/terminology/*_names.toml."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from intake.shipped import CONFIG
from intake.terminology.name_index import Name, Reason

OTHER_NAME_COST, PLACE_COST, BROADER_COST, WEAK_COST = 0.01, 0.03, 0.08, 0.15
_WEAK, _PART = "~", "<"


@dataclass(frozen=True, slots=True)
class SearchNames:
    """One file of names: by entry (for tribes, by a word of the entry's name), and the fillers."""

    names: Mapping[str, Sequence[str]]
    fillers: Sequence[str]

    def names_of(self, key: str, entry: str = "") -> Iterator[Name]:
        """Yield the names under the key, for that entry (default: the key is the entry)."""
        for text in self.names.get(key, ()):
            yield _read_name(entry or key, text)


@dataclass(frozen=True, slots=True)
class RaceNames:
    """The names of groups, and the entries of countries and of languages.

    `places` are the entries by country; `regions` the countries by entry; `languages` the entry by
    language, "" for none. `unlisted` are words without an entry.
    """

    search: SearchNames
    places: Mapping[str, Sequence[str]]
    regions: Mapping[str, Sequence[str]]
    languages: Mapping[str, str]
    unlisted: Sequence[str]

    def place_targets(self) -> Iterator[tuple[str, str, Reason]]:
        """Yield each country with an entry of its own, or with the broader entry around it."""
        for place, entries in self.places.items():
            for entry in entries:
                yield place, entry, Reason.PLACE
        for entry, places in self.regions.items():
            for place in places:
                yield place, entry, Reason.BROADER


@dataclass(frozen=True, slots=True)
class Place:
    """A country or territory, by its ISO 3166-1 code.

    `names` are in its own languages. `languages` are at home there; `main_languages` are those that
    at least a twentieth of its people speak, the most frequent first. Both are ids.
    """

    code: str
    names: Sequence[str]
    languages: Sequence[str]
    main_languages: Sequence[str]


@cache
def load_race_names() -> RaceNames:
    """Return the names of groups."""
    table = _read_table("race_names.toml")
    return RaceNames(
        _search_names(table),
        table["places"],
        table["regions"],
        table["languages"],
        table["unlisted"],
    )


@cache
def load_language_names() -> SearchNames:
    """Return the names of languages, by the languages' ids."""
    return _search_names(_read_table("language_names.toml"))


@cache
def load_tribe_names() -> SearchNames:
    """Return the names of tribes, by a word of the tribe's name."""
    return _search_names(_read_table("tribe_names.toml"))


@cache
def load_places() -> Mapping[str, Place]:
    """Return the countries and territories by their ISO 3166-1 codes."""
    rows = json.loads((CONFIG / "terminology" / "places.json").read_text("utf-8"))["rows"]
    return {row[0]: Place(*row) for row in rows}


def _search_names(table: Mapping[str, Any]) -> SearchNames:
    return SearchNames(table["names"], table["fillers"])


def _read_table(file_name: str) -> dict[str, Any]:
    return tomllib.loads((CONFIG / "terminology" / file_name).read_text("utf-8"))


def _read_name(entry: str, text: str) -> Name:
    plain = text.lstrip(_WEAK + _PART)
    marks = text.removesuffix(plain)
    cost = BROADER_COST if _PART in marks else OTHER_NAME_COST
    reason = Reason.BROADER if _PART in marks else Reason.OTHER_NAME
    return Name(entry, plain, reason, cost + (WEAK_COST if _WEAK in marks else 0.0))
