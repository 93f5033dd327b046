"""The code tables: CDC race and ethnicity, languages, tribes."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from fhir_client.model import Element
from intake.questions import Option, Question
from intake.shipped import CONFIG

MENA, WHITE, HISPANIC = "2118-8", "2106-3", "2135-2"

# Codes that CDCREC has in one group and Statistical Policy Directive No. 15 counts in another:
# Afghanistani and Asian (Central Asia), Arab and MENA, Madagascar and Black (Africa).
_OTHER_GROUPS = {"2126-1": "2028-9", "2129-5": MENA, "2052-9": "2054-5"}
"""CDCREC codes; in CDCREC, Middle Eastern or North African (2118-8) is a part of White (2106-3)."""


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
