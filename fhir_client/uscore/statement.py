"""The input of every builder here: the coded answers of one submission."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from fhir_client.model import Element

CDCREC = "urn:oid:2.16.840.1.113883.6.238"
BCP47 = "urn:ietf:bcp:47"
OWN_WORDS_SEPARATOR = "; "
"""Stands in a text between the names of what was chosen and the informant's own words."""
TRIBAL_ENTITIES = "http://terminology.hl7.org/CodeSystem/v3-TribalEntityUS"


class AbsentReason(StrEnum):
    """Why a value is absent: codes of http://terminology.hl7.org/CodeSystem/data-absent-reason."""

    ASKED_DECLINED = "asked-declined"
    ASKED_UNKNOWN = "asked-unknown"


class Source(StrEnum):
    """The role of the informant."""

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
    """Race or ethnicity as answered: OMB categories, more detailed CDCREC codes, and a text.

    Only the text is always there.
    """

    text: str
    categories: tuple[Coding, ...] = ()
    detailed: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """A language as answered: its codings, and its name as the informant saw it.

    The codings go from the shortest ISO 639 code to the most specific tag. A language without a
    code has only its text. `signed` marks a sign language. `own_words` are the informant's words
    beside a language with codings, such as a dialect or Braille.
    """

    text: str
    codings: tuple[Coding, ...] = ()
    signed: bool = False
    own_words: str = ""

    @property
    def wording(self) -> str:
        """The name, then the own words, as a FHIR text has them."""
        return OWN_WORDS_SEPARATOR.join(filter(None, (self.text, self.own_words)))


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Whether the patient needs an interpreter."""

    needed: bool


@dataclass(frozen=True, slots=True)
class Tribe:
    """A tribe, nation or village as answered.

    `coding` is one of `TRIBAL_ENTITIES`, None for a name in the informant's own words.
    """

    text: str
    coding: Coding | None = None


@dataclass(frozen=True, slots=True)
class TribalAffiliation:
    """The tribes that a patient is affiliated with, at least one."""

    tribes: tuple[Tribe, ...]


ElementValue = CategoryAnswer | Language | Interpreter | TribalAffiliation | AbsentReason
"""The answer to one element, or why there is none."""


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """One item of the QuestionnaireResponse: codings, own words, or why there is no answer.

    A group has only the `items` below it.
    """

    link_id: str
    text: str
    codings: tuple[Coding, ...] = ()
    strings: tuple[str, ...] = ()
    absent_reason: AbsentReason | None = None
    items: tuple["ItemAnswer", ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """How the answers were entered.

    `channel` is the application's word for it, and `mode` its code of v3-ParticipationMode.
    `by_staff` tells that staff entered the answers, and `practitioner` names the person, such as
    `Practitioner/123`, where one is known.
    """

    channel: str
    mode: Coding
    by_staff: bool = False
    practitioner: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything that one submission says of one patient.

    An element without a value in `values` was not asked, and nothing of it is touched.

    `patient`, `encounter` and `organization` are relative references such as `Patient/123`. The
    organization is the clinic that transmits, and may be an identifier instead: `system|value`.
    `answered_at` has an offset. `questionnaire` is `canonical|version`. `source_display` names a
    related person's role, such as "Parent or guardian". `corrected_elements` are those that the
    patient answered before at the same visit.
    """

    submission: UUID
    patient: str
    answered_at: datetime
    source: Source
    questionnaire: str
    locale: str
    notice: str
    items: tuple[ItemAnswer, ...]
    # A mapping and not a field for each, so that a new element changes nothing here.
    values: Mapping[Element, ElementValue] = field(default_factory=dict)
    encounter: str | None = None
    organization: str | None = None
    source_display: str | None = None
    corrected_elements: frozenset[str] = frozenset()
    entry: Entry | None = None


def without_elements(statement: Statement, elements: Iterable[str]) -> Statement:
    """Return the statement without some elements; the questionnaire's items stay."""
    # The response shows what was answered, whether or not the chart takes it.
    removed = frozenset(elements)
    values = {
        element: value for element, value in statement.values.items() if element not in removed
    }
    return replace(statement, values=values)


def valued_elements(statement: Statement) -> frozenset[Element]:
    """Return the elements to which the statement gives a value, and not only a reason."""
    return frozenset(
        element
        for element, value in statement.values.items()
        if not isinstance(value, AbsentReason)
    )
