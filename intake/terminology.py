"""The code tables (CDC race and ethnicity, languages, tribes) and their search."""

import json
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from fhir_client.model import Element
from intake.questions import Option, Question
from intake.shipped import CONFIG

T = TypeVar("T")
MENA, WHITE, HISPANIC = "2118-8", "2106-3", "2135-2"
"""CDCREC codes; in CDCREC, Middle Eastern or North African (2118-8) is a part of White (2106-3)."""

# Names that people use and CDCREC does not have.
_CONCEPT_SYNONYMS = {
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

# The peoples' own names for themselves, by a word that is in the table's name.
_TRIBE_SYNONYMS = {
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

# Codes that CDCREC has in one group and Statistical Policy Directive No. 15 counts in another:
# Afghanistani and Asian (Central Asia), Arab and MENA, Madagascar and Black (Africa).
_OTHER_GROUPS = {"2126-1": "2028-9", "2129-5": MENA, "2052-9": "2054-5"}

# Unicode does not decompose these letters, yet people without the keyboard type the plain ones.
_PLAIN_LETTERS = str.maketrans(
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
    """One language that a patient can prefer.

    `id` is its most specific language tag, or a word of ours. `code` is the shortest ISO 639 code
    in the value set that FHIR binds. Without a code, only the name is sent.
    """

    id: str
    code: str | None
    name: str
    endonym: str
    direction: str
    signed: bool
    synonyms: Sequence[str]

    @property
    def is_tag(self) -> bool:
        """Whether the id is a language tag and not a word of ours."""
        return len(self.id.partition("-")[0]) <= 3

    @property
    def has_endonym(self) -> bool:
        """Whether the language has a name in itself.

        "Another sign language" has none; the page names it in its own language.
        """
        return self.is_tag or self.endonym != self.name

    def can_answer(self, element: Element) -> bool:
        """Return whether the language fits the question about that element.

        A sign language is not read, and a script is not spoken.
        """
        if element is Element.WRITTEN_LANGUAGE:
            return not self.signed and self.id not in _SPOKEN_ONLY
        return self.id not in _WRITTEN_ONLY


@dataclass(frozen=True, slots=True)
class Tribe:
    """A tribe, nation or village, by its code of HL7's TribalEntityUS."""

    code: str
    name: str


# Chinese: people speak one of many languages and read one of two scripts.
_SPOKEN_ONLY = frozenset({"cmn", "yue", "nan", "wuu", "hak", "cdo"})
_WRITTEN_ONLY = frozenset({"zh-Hans", "zh-Hant"})


@cache
def load_concepts() -> Mapping[str, Concept]:
    """Return every concept of CDCREC by its code."""
    return {row[0]: Concept(*row) for row in _read_rows("cdcrec.json")}


@cache
def load_languages() -> Mapping[str, Language]:
    """Return every language by its id."""
    return {row[0]: Language(*row) for row in _read_rows("languages.json")}


@cache
def load_tribes() -> Mapping[str, Tribe]:
    """Return every tribe by its code."""
    return {row[0]: Tribe(*row) for row in _read_rows("tribes.json")}


@cache
def languages_date() -> str:
    """Return the day on which the table of languages was made, such as 2026-11-29."""
    return str(_read_table("languages.json")["made"])


def _read_rows(file_name: str) -> list[Any]:
    rows: list[Any] = _read_table(file_name)["rows"]
    return rows


def _read_table(file_name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((CONFIG / "terminology" / file_name).read_text("utf-8"))
    return table


def find_detail(code: str) -> tuple[str, str] | None:
    """Return the group and the name of a CDCREC code, or None for an unknown code."""
    group = group_of(code)
    return None if group is None else (group, load_concepts()[code].display)


def group_of(code: str) -> str | None:
    """Return the group of the combined question that a code belongs to.

    This is the code's OMB category, except that MENA is a group beside White.
    """
    concept = load_concepts().get(code)
    while concept is not None:
        if concept.code in (MENA, concept.omb_category):
            return concept.code
        concept = load_concepts().get(concept.parent or "")
    return None


def find_group_option(
    question: Question, choice: str, chosen: Collection[str] = ()
) -> Option | None:
    """Return the question's group that a choice belongs to, or None.

    `choice` is the id of an option or a detail, or a CDCREC code. `chosen` are the patient's
    choices: a code that two groups can hold belongs to the one that the patient chose.
    """
    other_group = question.find_option(_OTHER_GROUPS.get(choice, ""))
    own_group = _find_own_group(question, choice)
    if other_group is None or other_group.id not in chosen:
        return own_group
    return own_group if own_group is not None and own_group.id in chosen else other_group


def _find_own_group(question: Question, choice: str) -> Option | None:
    for option in question.options:
        if choice == option.id or any(choice == detail.id for detail in option.details):
            return option
    group = group_of(choice)
    group_option = question.find_option(group) if group else None
    # A question set without a MENA group has these codes under White, as CDCREC does.
    if group_option is None and group == MENA:
        return question.find_option(WHITE)
    return group_option


def search_concepts(query: str, within: str | None = None, limit: int = 12) -> tuple[Concept, ...]:
    """Return the concepts whose name or synonym matches the query, best first.

    `within` limits the search to one group.
    """
    # A category itself is a group of the question, so a search need not offer it again.
    concepts = (
        concept
        for concept in load_concepts().values()
        if concept.omb_category
        and concept.code != concept.omb_category
        and (within is None or group_of(concept.code) == within)
    )
    return _best_matches(query, concepts, _concept_names, limit)


def _concept_names(concept: Concept) -> tuple[str, ...]:
    return (concept.display, *_CONCEPT_SYNONYMS.get(concept.code, ()))


def search_languages(
    query: str,
    names: Mapping[str, str],
    element: Element = Element.SPOKEN_LANGUAGE,
    limit: int = 12,
) -> tuple[Language, ...]:
    """Return the languages for `element` that match the query, best first.

    A language matches by its endonym, its English name, a synonym, or its name in `names` (by id,
    in the language of the page).
    """
    return _best_matches(
        query,
        (language for language in load_languages().values() if language.can_answer(element)),
        lambda language: (
            language.endonym,
            language.name,
            names.get(language.id, ""),
            *language.synonyms,
        ),
        limit,
    )


def search_tribes(query: str, limit: int = 24) -> tuple[Tribe, ...]:
    """Return the tribes whose name or synonym matches the query, best first."""
    return _best_matches(query, load_tribes().values(), _tribe_names, limit)


def _tribe_names(tribe: Tribe) -> Iterator[str]:
    yield tribe.name
    for word, synonyms in _TRIBE_SYNONYMS.items():
        if word in tribe.name:
            yield from synonyms


def fold_text(text: str) -> str:
    """Return the text without case and diacritics: `Đặng` becomes `dang`.

    People type names this way when their keyboard lacks the letters.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(
        character for character in decomposed if not unicodedata.combining(character)
    ).translate(_PLAIN_LETTERS)


# The names of the tables are folded once. A patient's own text must not stay in memory, so only
# `fold_text` without this cache may see it.
_fold_name = cache(fold_text)


def _best_matches(
    query: str, candidates: Iterable[T], names: Callable[[T], Iterable[str]], limit: int
) -> tuple[T, ...]:
    term = " ".join(fold_text(query).split())
    if not term:
        return ()
    ranked = [
        (rank, position, candidate)
        for position, candidate in enumerate(candidates)
        if (rank := _best_rank(term, names(candidate))) is not None
    ]
    # Equal ranks keep the table's order; candidates themselves have no order.
    ranked.sort(key=lambda match: match[:2])
    return tuple(candidate for _, _, candidate in ranked[:limit])


def _best_rank(term: str, names: Iterable[str]) -> int | None:
    ranks = (_match_rank(term, _fold_name(name)) for name in names)
    return min((rank for rank in ranks if rank is not None), default=None)


def _match_rank(term: str, name: str) -> int | None:
    """Return 0 for the whole name, 1 for its start, 2 for a word's, 3 for any part."""
    if term == name:
        return 0
    if name.startswith(term):
        return 1
    if f" {term}" in name:
        return 2
    # One or two letters are part of nearly every name.
    return 3 if len(term) > 2 and term in name else None
