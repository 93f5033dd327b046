"""The values that fhir_client shares with an application; importing it needs only Python itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# FHIR resources stay dictionaries, because a server may send elements that no model knows.
Json = dict[str, Any]
"""One JSON object: a FHIR resource, or an element of one."""


class Element(StrEnum):
    """The parts of a patient's record that this library writes, reads and compares.

    Each member has one spec in `fhir_client.uscore.elements`, which holds all else about it.
    """

    RACE = "race"
    ETHNICITY = "ethnicity"
    SPOKEN_LANGUAGE = "spoken-language"
    WRITTEN_LANGUAGE = "written-language"
    INTERPRETER = "interpreter"
    TRIBAL_AFFILIATION = "tribal-affiliation"


class WriteStrategyKind(StrEnum):
    """The ways to write to a server, the safest first."""

    TRANSACTION = "transaction"
    PATCH = "patch"
    PUT = "put"
    OBSERVATIONS = "observations"
    QUESTIONNAIRE_RESPONSE = "questionnaire-response"
    DOCUMENT = "document"
    WORKLIST = "worklist"


class UntouchedChoice(StrEnum):
    """What happens to the half of a combined question that the informant left untouched."""

    KEEP = "keep"
    REVIEW = "review"
    REMOVE = "remove"


# 8.0.1 corrects texts alone, so that settings may name either of the two.
US_CORE_VERSIONS = ("3.1.1", "6.1.0", "7.0.0", "8.0.0", "8.0.1", "9.0.0")
"""The versions of US Core that `fhir_client.uscore.versions` has a row for."""


@dataclass(frozen=True, slots=True)
class WorksheetEntry:
    """One element that a person types into a chart.

    `words` say it, and `codes` are what they stand for, as `system|code`.
    """

    element: str
    words: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Worksheet:
    """The entries that a chart does not have yet, and how to find that chart.

    `identifiers` are the chart's own, as `system|value`.
    """

    identifiers: tuple[str, ...]
    birth_date: str
    values: tuple[WorksheetEntry, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """An element over which the chart and the answer differ.

    `chart` and `answer` are words that quote both. `chart_key` recognises this value of the chart
    again. `by_patient` tells that the patient gave the chart's value, and another one the answer.
    `reason` says in a sentence without its full stop why a reviewer must decide.
    """

    element: str
    chart: tuple[str, ...]
    answer: tuple[str, ...]
    chart_key: str
    by_patient: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, without any id or value.

    `kind` is such as `read Patient`. `status` is None where no answer came. `codes` are those of
    the OperationOutcome's issues, from FHIR's own list.
    """

    kind: str
    status: int | None
    milliseconds: int
    codes: tuple[str, ...] = ()
