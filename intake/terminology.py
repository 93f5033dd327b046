"""The code tables: CDC race and ethnicity, languages, and tribes; and a search over them that only ever suggests."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from fhir_client.model import Element
from intake.questions import Option, Question
from intake.shipped import CONFIG

T = TypeVar("T")
MENA, WHITE, HISPANIC = "2118-8", "2106-3", "2135-2"
"""CDCREC codes: 2118-8 is Middle Eastern or North African, whose parent there is 2106-3, White."""

# Names that people use and CDCREC does not.
_ALSO = {
    "2121-2": ("Persian",),
    "2041-2": ("Lao",),
    "2032-1": ("Burma", "Myanmar"),
    "2087-5": ("Guam",),
    "2088-3": ("Guam",),
    "1004-1": ("Native American", "Indio"),
    "2135-2": ("Latina", "Latinx", "Latine", "Hispano"),
    "2148-5": ("Mexicano", "Mexicana"),
    "2180-8": ("Puertorriqueño", "Boricua"),
    "2184-0": ("Dominicano", "Dominicana"),
    "2182-4": ("Cubano", "Cubana"),
    "2161-8": ("Salvadoreño",),
    "2157-6": ("Guatemalteco",),
    "2034-7": ("中国", "中文"),
    "2047-9": ("Việt Nam",),
    "2040-4": ("한국",),
    "2039-6": ("日本",),
}


# Names by which people call themselves, by a word of the names in the table.
_TRIBES_ALSO = {
    "Navajo": ("Diné",),
    "Chippewa": ("Ojibwe", "Ojibwa", "Anishinaabe"),
    "Ottawa": ("Odawa", "Anishinaabe"),
    "Potawatomi": ("Bodéwadmi", "Anishinaabe"),
    "Sioux": ("Lakota", "Dakota", "Nakota", "Oceti Sakowin"),
    "Cherokee": ("Tsalagi", "Aniyvwiya"),
    "Blackfeet": ("Blackfoot", "Amskapi Piikani"),
    "Crow Tribe": ("Apsáalooke",),
    "Menominee": ("Mamaceqtaw",),
    "Nez Perce": ("Nimiipuu",),
    "Tohono": ("Papago",),
    "Mohawk": ("Kanien'kehá:ka", "Haudenosaunee"),
    "Oneida": ("Haudenosaunee",),
    "Onondaga": ("Haudenosaunee",),
    "Seneca": ("Haudenosaunee",),
    "Cayuga": ("Haudenosaunee",),
    "Tuscarora": ("Haudenosaunee",),
    "Barrow": ("Utqiagvik",),
}


# Letters that are not a plain one and a mark to Unicode, but to whoever types without their marks.
_PLAIN = str.maketrans(
    {"đ": "d", "ł": "l", "ø": "o", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "’": "'"}
)


@dataclass(frozen=True, slots=True)
class Concept:
    """One code of CDCREC; `omb_category` is the top of its branch."""

    code: str
    display: str
    parent: str | None
    kind: Literal["race", "ethnicity"]
    omb_category: str | None


@dataclass(frozen=True, slots=True)
class Language:
    """One language that a person can prefer.

    `id` is its most specific tag, or a word of ours; `code` is the shortest ISO 639 code in the set that FHIR binds, None
    where no code names it and only its name is sent.
    """

    id: str
    code: str | None
    name: str
    endonym: str
    direction: str
    signed: bool
    also: Sequence[str]

    @property
    def is_tag(self) -> bool:
        """Whether the id is a language tag and not a word of ours."""
        return len(self.id.partition("-")[0]) <= 3

    @property
    def has_endonym(self) -> bool:
        """Whether it has a name in itself; "another sign language" is named in the language of the page."""
        return self.is_tag or self.endonym != self.name

    def can_answer(self, element: Element) -> bool:
        """Whether it can be an answer to the question about that element: signs are not read, scripts not spoken."""
        if element is Element.WRITTEN_LANGUAGE:
            return not self.signed and self.id not in _SPOKEN_ONLY
        return self.id not in _WRITTEN_ONLY


@dataclass(frozen=True, slots=True)
class Tribe:
    """A tribe, nation or village that the United States recognize, by its code of HL7's TribalEntityUS."""

    code: str
    name: str


# Kinds of Chinese: people speak one of many and read one of two.
_SPOKEN_ONLY = frozenset({"cmn", "yue", "nan", "wuu", "hak", "cdo"})
_WRITTEN_ONLY = frozenset({"zh-Hans", "zh-Hant"})
_LANGUAGE_COLUMNS = ("id", "code", "name", "endonym", "direction", "signed", "also")


@cache
def load_concepts() -> Mapping[str, Concept]:
    """Return every concept of CDCREC by its code."""
    return {row[0]: Concept(*row) for row in _rows("cdcrec.json")}


@cache
def load_languages() -> Mapping[str, Language]:
    """Return every language by its id."""
    table = _rows("languages.json")
    return {row[0]: Language(**dict(zip(_LANGUAGE_COLUMNS, row, strict=True))) for row in table}


@cache
def load_tribes() -> Mapping[str, Tribe]:
    """Return every tribe by its code."""
    return {row[0]: Tribe(*row) for row in _rows("tribes.json")}


def group_of(code: str) -> str | None:
    """Return the group of the combined question that a code belongs to: its OMB category, but MENA apart from White."""
    concept = load_concepts().get(code)
    while concept is not None:
        if concept.code in (MENA, concept.omb_category):
            return concept.code
        concept = load_concepts().get(concept.parent or "")
    return None


def find_group_option(question: Question, choice: str) -> Option | None:
    """Return the group of the question that a choice (an option's or detail's id, or a CDCREC code) belongs to, or None."""
    for option in question.options:
        if choice == option.id or any(choice == detail.id for detail in option.details):
            return option
    group = group_of(choice)
    found = question.find_option(group) if group else None
    # A question set without a box for Middle Eastern or North African has them under White, as CDCREC does.
    return question.find_option(WHITE) if found is None and group == MENA else found


def search_concepts(query: str, within: str | None = None, limit: int = 12) -> tuple[Concept, ...]:
    """Return the concepts, of the group `within` where one is named, whose name or synonym the query fits, best first."""
    pool = (
        each
        for each in load_concepts().values()
        if each.omb_category and each.code != each.omb_category
    )
    wanted = (each for each in pool if within is None or group_of(each.code) == within)
    return _best(query, wanted, lambda each: (each.display, *_ALSO.get(each.code, ())), limit)


def search_languages(
    query: str,
    names: Mapping[str, str],
    element: Element = Element.SPOKEN_LANGUAGE,
    limit: int = 12,
) -> tuple[Language, ...]:
    """Return the languages for `element` that the query fits, best first, by their own, English, or other name in `names`."""
    return _best(
        query,
        (each for each in load_languages().values() if each.can_answer(element)),
        lambda each: (each.endonym, each.name, names.get(each.id, ""), *each.also),
        limit,
    )


def search_tribes(query: str, limit: int = 24) -> tuple[Tribe, ...]:
    """Return the tribes whose name, or what its people call themselves, the query fits, best first."""
    return _best(query, load_tribes().values(), _tribe_names, limit)


def _tribe_names(tribe: Tribe) -> Iterator[str]:
    yield tribe.name
    for word, others in _TRIBES_ALSO.items():
        if word in tribe.name:
            yield from others


def fold_text(text: str) -> str:
    """Return the text without case and marks, as people type who have no keyboard for them: `Đặng` is `dang`."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in plain if not unicodedata.combining(each)).translate(_PLAIN)


def _rows(name: str) -> list[Any]:
    table = json.loads((CONFIG / "terminology" / name).read_text("utf-8"))
    rows: list[Any] = table["rows"]
    return rows


# The names of the tables are folded once; what people type is kept nowhere.
_folded = cache(fold_text)


def _best(
    query: str, pool: Iterable[T], names: Callable[[T], Iterable[str]], limit: int
) -> tuple[T, ...]:
    wanted = " ".join(fold_text(query).split())
    if not wanted:
        return ()
    ranked = [
        (rank, place, each)
        for place, each in enumerate(pool)
        if (rank := _rank(wanted, names(each))) is not None
    ]
    return tuple(each for _, _, each in sorted(ranked, key=lambda found: found[:2])[:limit])


def _rank(wanted: str, names: Iterable[str]) -> int | None:
    return min(
        (rank for name in names if (rank := _fit(wanted, _folded(name))) is not None), default=None
    )


def _fit(wanted: str, name: str) -> int | None:
    if wanted == name:
        return 0
    if name.startswith(wanted):
        return 1
    if f" {wanted}" in name:
        return 2
    return 3 if len(wanted) > 2 and wanted in name else None
