"""The report's values: what goes in, what is counted, what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum

DEFINITION_VERSION = "2026-12.2"
"""Changes whenever the same files could give another number."""

FORMAT = "intake-report/2"
"""Changes whenever the shape of the report's JSON changes."""

WITHHELD = "withheld"
SMALL = "<11"
Count = int | str
"""A count as an edition shows it.

The internal edition is exact. In the edition to share a count is zero, the middle of its bin of
five, `SMALL` for 1 to 10, or `WITHHELD` to protect another count.
"""

TOTAL = ""
"""The key of the organization's row; a clinic's row has the clinic's id."""

ELEMENTS = ("race", "ethnicity", "spoken-language", "written-language", "interpreter")


class Edition(StrEnum):
    """The readers of a report: the clinic's own quality work, or people outside the clinic."""

    INTERNAL = "internal"
    SHARE = "share"


class State(IntEnum):
    """The one state of a patient and element; the numbers are the report definition's."""

    SELF = 1
    PROXY = 2
    SOURCE_UNKNOWN = 3
    DECLINED = 4
    DONT_KNOW = 5
    NOT_ASKED = 6
    UNUSABLE = 7


@dataclass(frozen=True, slots=True)
class ClinicScope:
    """A clinic as the files know it.

    `organization` and `locations` are references (`Organization/1`,
    `Organization?identifier=system|value`) or bare `system|value` identifiers.
    """

    id: str
    name: str
    time_zone: str
    organization: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalFact:
    """What our own store knows of one patient's element.

    `verified` says whether read-back proved it in the EHR. `hispanic` marks an ethnicity that
    answers the combined question whole. `changed` says whether the chart held another value before
    the write, None if that is not known.
    """

    patient: str
    element: str
    state: State
    answered_at: datetime
    verified: bool
    hispanic: bool = False
    detailed: bool = False
    changed: bool | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A site's choices for the report, which are printed with the numbers."""

    version: str = DEFINITION_VERSION
    stale_months: int = 12
    default_language: str | None = None
    """The language tag that the EHR fills in by itself: alone it is not an answer."""


STANDARD_DEFINITION = Definition()
"""The definition of a site that chose nothing."""


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar days from `first` up to, not including, `end`.

    A day begins in each clinic's own time zone.
    """

    name: str
    first: date
    end: date

    @property
    def last(self) -> date:
        """Return the last day of the period."""
        return self.end - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is not a FHIR resource of its file's type."""

    file: str
    line: int
    fault: str


@dataclass(frozen=True, slots=True)
class MissingPart:
    """The end of a file that could not be read, from behind its line `lines`.

    `kind` is the resource type of its lines, "" for the folder as a whole.
    """

    kind: str
    file: str
    lines: int
    cause: str


@dataclass(frozen=True, slots=True)
class PlaceholderCount:
    """How many statements about an element only held this placeholder, such as `n/a`.

    `kind` says what it counts as (`intake.placeholders.Placeholder`); a text without a visible
    character has the kind `invisible` and no text.
    """

    element: str
    text: str
    kind: str
    count: Count


@dataclass(frozen=True, slots=True)
class ElementCounts:
    """The exact counts of one row and element; `parts` split a state."""

    states: tuple[int, ...]
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowCounts:
    """The exact counts of a clinic or, under `TOTAL`, the organization, exact."""

    key: str
    name: str
    people: int
    elements: Mapping[str, ElementCounts]
    together: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Metric:
    """A share as an edition shows it.

    The percentages are None if a count is hidden, or if too few people are counted.
    """

    numerator: Count
    denominator: Count
    percent: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ElementResult:
    """One element of one row as the edition shows it: states and metrics by name."""

    element: str
    states: Mapping[str, Count]
    metrics: Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One clinic, or the organization: its `clinic` is None, and it has no name."""

    clinic: str | None
    name: str
    people: Count
    elements: tuple[ElementResult, ...]
    together: Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """How many encounters or patients were left out for one reason."""

    reason: str
    unit: str
    count: Count


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report of one edition."""

    as_of: datetime
    period: Period
    definition: Definition
    snapshot: str
    rows: tuple[ReportRow, ...]
    excluded: tuple[Exclusion, ...]
    broken_lines: int
    newest_encounter: datetime | None
    missing: tuple[MissingPart, ...] = ()
    placeholders: tuple[PlaceholderCount, ...] = ()
    edition: Edition = Edition.INTERNAL
    format: str = FORMAT
