"""Counts the states per clinic and element, and for the organization, where each patient counts once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from intake.report.periods import day_start, months_before
from intake.report.values import (
    ELEMENTS,
    TOTAL,
    ClinicScope,
    Definition,
    ElementCounts,
    RowCounts,
    State,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EVERYONE = """
CREATE VIEW counted AS SELECT clinic, patient FROM member UNION ALL SELECT '', id FROM person
"""

# Grouped by what is counted, so that each patient and element is looked at once; the few groups are added up in Python.
_STATES = """
WITH everyone AS (
    SELECT clinic, patient, element FROM counted CROSS JOIN (SELECT unnest($elements) AS element)
), each AS (
    SELECT clinic, element, coalesce(state, 6) AS state, coalesce(state <= 3, false) AS known, standing.* EXCLUDE (
        patient, element, state)
    FROM everyone LEFT JOIN standing USING (patient, element)
)
SELECT clinic, element, state, count(*) AS people,
    known AND detailed, known AND told_at >= $confirmed_after, known AND told_at < $confirmed_after,
    known AND declined_at > coalesce(told_at, '-infinity'::TIMESTAMPTZ),
    state = 5 AND reason_unknown, hispanic_only, state IN (1, 2, 4) AND verified
FROM each GROUP BY ALL
"""

PARTS = (
    "detailed",
    "current",
    "stale",
    "declined-later",
    "reason-unknown",
    "hispanic-only",
    "verified",
)
"""The counted splits of a part of the states, in the order of the columns."""

_TOGETHER = """
WITH each AS (
    SELECT patient, count(*) FILTER (state <= 3 AND element IN ('race', 'ethnicity', 'spoken-language')) = 3 AS known,
        count(*) FILTER (state <= 2 AND element IN ('race', 'ethnicity', 'spoken-language')) = 3 AS direct,
        count(*) FILTER (element = 'interpreter' AND state <= 3) = 1
            OR coalesce(bool_or(english) FILTER (element = 'spoken-language'), false) AS interpreter
    FROM standing GROUP BY patient
)
SELECT clinic, count(*), count(*) FILTER (known), count(*) FILTER (direct), count(*) FILTER (known AND interpreter)
FROM counted LEFT JOIN each USING (patient) GROUP BY clinic
"""

TOGETHER = ("known", "direct", "known-with-interpreter")


class StatesDoNotSumError(AssertionError):
    """The states of a row do not sum to its people: the report must not be shown."""


def count_rows(
    connection: "DuckDBPyConnection",
    clinics: Sequence[ClinicScope],
    definition: Definition,
    as_of: datetime,
) -> tuple[RowCounts, ...]:
    """The exact counts, a row per clinic in the order given and the organization's last."""
    connection.execute(_EVERYONE)
    confirmed_after = day_start(months_before(as_of.date(), definition.stale_months), "UTC")
    groups = connection.execute(
        _STATES, {"elements": list(ELEMENTS), "confirmed_after": confirmed_after}
    ).fetchall()
    found = _added(groups)
    together = {row[0]: row[1:] for row in connection.execute(_TOGETHER).fetchall()}
    named = [(clinic.id, clinic.name) for clinic in clinics] + [(TOTAL, "")]
    return tuple(_row(key, name, found, together.get(key, (0, 0, 0, 0))) for key, name in named)


def _added(groups: Sequence[tuple[Any, ...]]) -> Mapping[tuple[str, str], ElementCounts]:
    """The groups' people by row and element."""
    states: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(State))
    parts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(PARTS, 0))
    for clinic, element, state, people, *flags in groups:
        states[clinic, element][state - 1] += people
        for part, holds in zip(PARTS, flags, strict=True):
            parts[clinic, element][part] += people if holds else 0
    return {key: ElementCounts(tuple(states[key]), parts[key]) for key in states}


def _row(
    key: str, name: str, found: Mapping[tuple[str, str], ElementCounts], together: Sequence[int]
) -> RowCounts:
    nobody = ElementCounts((0,) * len(State), dict.fromkeys(PARTS, 0))
    elements = {element: found.get((key, element), nobody) for element in ELEMENTS}
    if any(sum(counts.states) != together[0] for counts in elements.values()):
        raise StatesDoNotSumError(f"states do not sum to the people of row {key or 'total'}")
    return RowCounts(
        key, name, together[0], elements, dict(zip(TOGETHER, together[1:], strict=True))
    )
