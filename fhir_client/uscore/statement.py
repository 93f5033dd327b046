"""The input of every builder here: what one person said, already coded, and why where they did not say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

CDCREC = "urn:oid:2.16.840.1.113883.6.238"
BCP47 = "urn:ietf:bcp:47"
TRIBAL_ENTITIES = "http://terminology.hl7.org/CodeSystem/v3-TribalEntityUS"
FIELDS: Mapping[str, str] = {
    "race": "race",
    "ethnicity": "ethnicity",
    "spoken-language": "spoken",
    "written-language": "written",
    "interpreter": "interpreter",
    "tribal-affiliation": "tribes",
}
"""The elements by the names that are written down for them, and the field of a Statement for each."""


class AbsentReason(StrEnum):
    """Why a value is absent: codes of http://terminology.hl7.org/CodeSystem/data-absent-reason."""

    ASKED_DECLINED = "asked-declined"
    ASKED_UNKNOWN = "asked-unknown"


class Source(StrEnum):
    """Who answered."""

    PATIENT = "patient"
    RELATED_PERSON = "related-person"


@dataclass(frozen=True, slots=True)
class Coding:
    """A FHIR Coding."""

    system: str
    code: str
    display: str | None = None


@dataclass(frozen=True, slots=True)
class CategoryAnswer:
    """Race or ethnicity as answered: OMB categories, more detailed CDCREC codes, and the text (at least the text is there)."""

    text: str
    categories: tuple[Coding, ...] = ()
    detailed: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """A language as answered: codings from the shortest ISO 639 code to the most specific tag, and the name that was shown.

    A language that no code names has no coding, only its text. `signed` marks a sign language.
    """

    text: str
    codings: tuple[Coding, ...] = ()
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Whether an interpreter is wanted."""

    needed: bool


@dataclass(frozen=True, slots=True)
class Tribe:
    """A tribe, nation or village as answered: its code of `TRIBAL_ENTITIES`, None for one in own words, and its name."""

    text: str
    coding: Coding | None = None


@dataclass(frozen=True, slots=True)
class TribalAffiliation:
    """The tribes that a person is affiliated with, at least one."""

    tribes: tuple[Tribe, ...]


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """One item as the QuestionnaireResponse shows it: the codings chosen, the own words, or why there is no answer.

    A group has only the `items` below it.
    """

    link_id: str
    text: str
    codings: tuple[Coding, ...] = ()
    strings: tuple[str, ...] = ()
    absent_reason: AbsentReason | None = None
    items: tuple["ItemAnswer", ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that one submission says of one patient; None for an element means: not asked, touch nothing.

    `patient`, `encounter` and `organization` are relative references such as `Patient/123`; `organization` is the clinic that
    transmits, and may be an identifier instead, as `system|value`. `at` is aware. `questionnaire` is `canonical|version`.
    `source_display` names a related person's role, such as "Parent or guardian". `corrects` are the elements that the patient
    answered before at the same visit.
    """

    submission: UUID
    patient: str
    answered_at: datetime
    source: Source
    questionnaire: str
    locale: str
    notice: str
    items: tuple[ItemAnswer, ...]
    race: CategoryAnswer | AbsentReason | None = None
    ethnicity: CategoryAnswer | AbsentReason | None = None
    spoken: Language | AbsentReason | None = None
    written: Language | AbsentReason | None = None
    interpreter: Interpreter | AbsentReason | None = None
    tribes: TribalAffiliation | AbsentReason | None = None
    encounter: str | None = None
    organization: str | None = None
    source_display: str | None = None
    corrected_elements: frozenset[str] = frozenset()


def without_elements(statement: Statement, elements: Iterable[str]) -> Statement:
    """Return the statement without some elements; the questionnaire's items stay."""
    found = statement
    for element in elements:
        found = replace(found, **{FIELDS[element]: None})  # type: ignore[arg-type]  # Each of these fields may be None.
    return found
