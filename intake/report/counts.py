"""Counts the states per clinic and element, and for the organization."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from intake.report.periods import day_start, months_before
from intake.report.queries import read_query
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

PARTS = (
    "detailed",
    "current",
    "stale",
    "declined-later",
    "reason-unknown",
    "hispanic-only",
    "verified",
    "changed",
)
"""The counted parts of a state, in the order of the columns of `state_counts.sql`."""

TOGETHER = ("known", "direct", "known-with-interpreter")
"""The counts over all elements, in the order of `together_counts.sql`."""


class StatesDoNotSumError(AssertionError):
    """The states of a row do not sum to its people: the report must not be shown."""


def count_rows(
    connection: "DuckDBPyConnection",
    clinics: Sequence[ClinicScope],
    definition: Definition,
    as_of: datetime,
) -> tuple[RowCounts, ...]:
    """Return the exact counts: a row per clinic in order, the organization's last."""
    connection.execute(read_query("counted"))
    confirmed_after = day_start(months_before(as_of.date(), definition.stale_months), "UTC")
    groups = connection.execute(
        read_query("state_counts"),
        {"elements": list(ELEMENTS), "confirmed_after": confirmed_after},
    ).fetchall()
    counts = _sum_groups(groups)
    together = {
        row[0]: row[1:] for row in connection.execute(read_query("together_counts")).fetchall()
    }
    names = [(clinic.id, clinic.name) for clinic in clinics] + [(TOTAL, "")]
    return tuple(
        _build_row(key, name, counts, together.get(key, (0, 0, 0, 0))) for key, name in names
    )


def _sum_groups(groups: Sequence[tuple[Any, ...]]) -> Mapping[tuple[str, str], ElementCounts]:
    """Return the groups' people by row and element."""
    states: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(State))
    parts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(PARTS, 0))
    for clinic, element, state, people, *flags in groups:
        states[clinic, element][state - 1] += people
        for part, is_set in zip(PARTS, flags, strict=True):
            parts[clinic, element][part] += people if is_set else 0
    return {key: ElementCounts(tuple(states[key]), parts[key]) for key in states}


def _build_row(
    key: str, name: str, counts: Mapping[tuple[str, str], ElementCounts], together: Sequence[int]
) -> RowCounts:
    zero = ElementCounts((0,) * len(State), dict.fromkeys(PARTS, 0))
    elements = {element: counts.get((key, element), zero) for element in ELEMENTS}
    # Every patient has exactly one state per element; any other sum is a fault of the queries.
    if any(sum(element.states) != together[0] for element in elements.values()):
        raise StatesDoNotSumError(f"states do not sum to the people of row {key or 'total'}")
    return RowCounts(
        key, name, together[0], elements, dict(zip(TOGETHER, together[1:], strict=True))
    )
