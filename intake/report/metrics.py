"""Turns exact counts into the states and metrics of an edition."""

import math
from collections.abc import Mapping, Sequence

from intake.report.cells import PEOPLE, STATE_NAMES, Cell, build_cells
from intake.report.share import share_counts
from intake.report.values import (
    ELEMENTS,
    WITHHELD,
    Count,
    Edition,
    ElementResult,
    Metric,
    ReportRow,
    RowCounts,
)

FEWEST_FOR_PERCENT = 30
_Z = 1.959963984540054
"""The normal distribution's 97.5th percentile: a 95 % interval."""

METRICS: Mapping[str, tuple[str, str]] = {
    "direct": ("direct", PEOPLE),
    "known": ("known", PEOPLE),
    "asked": ("asked", PEOPLE),
    "decline": ("declined", "asked"),
    "gap": ("gap", PEOPLE),
    "gap-dont-know": ("dont-know", PEOPLE),
    "gap-not-asked": ("not-asked", PEOPLE),
    "gap-unusable": ("unusable", PEOPLE),
    "declined-as-complete": ("known-or-declined", PEOPLE),
    "declined-as-incomplete": ("known", PEOPLE),
    "current": ("current", "known"),
    "stale": ("stale", "known"),
    "declined-later": ("declined-later", "known"),
    "reason-unknown": ("reason-unknown", "dont-know"),
    "detailed": ("detailed", "known"),
    "known-1997": ("known-1997", PEOPLE),
    "direct-1997": ("direct-1997", PEOPLE),
    "verified": ("verified", "answered"),
    "changed": ("changed", "verified"),
}
"""Each metric's numerator and denominator."""

_OF_GROUPS, _OF_RACE = frozenset({"detailed"}), frozenset({"known-1997", "direct-1997"})
_OF_LOCAL_FACTS = frozenset({"verified", "changed"})
"""The metrics that only race and ethnicity have, only race, and only our own store."""


def wilson_interval(numerator: int, denominator: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (Wilson 1927), in percent."""
    share, square = numerator / denominator, _Z * _Z
    middle = (share + square / (2 * denominator)) / (1 + square / denominator)
    spread = _Z * math.sqrt(share * (1 - share) / denominator + square / (4 * denominator**2))
    spread /= 1 + square / denominator
    return 100 * max(0.0, middle - spread), 100 * min(1.0, middle + spread)


def build_metric(numerator: Count, denominator: Count, fewest: int = 1) -> Metric:
    """Return the share of two counts as they are shown; `fewest` people give a percentage."""
    if isinstance(numerator, str) or isinstance(denominator, str) or denominator < fewest:
        return Metric(numerator, denominator)
    low, high = wilson_interval(numerator, denominator)
    return Metric(
        numerator,
        denominator,
        *(round(value, 1) for value in (100 * numerator / denominator, low, high)),
    )


def build_rows(
    rows: Sequence[RowCounts], edition: Edition, *, with_local_facts: bool
) -> tuple[ReportRow, ...]:
    """Build the states and metrics of every row as the edition shows them.

    `with_local_facts` says whether our own store was read: only it knows what is verified.
    """
    if edition is Edition.SHARE:
        # Percentages come from the shown counts, so that they tell nothing more.
        counts: Mapping[Cell, Count] = share_counts(rows)
        fewest = FEWEST_FOR_PERCENT
    else:
        counts, fewest = _exact_counts(rows), 1
    return tuple(
        ReportRow(
            row.key or None,
            row.name,
            counts[row.key, "", PEOPLE],
            tuple(
                _build_result(row.key, element, counts, fewest, with_local_facts=with_local_facts)
                for element in ELEMENTS
            ),
            # Not on the list of tables to share.
            {}
            if edition is Edition.SHARE
            else {
                name: build_metric(count, counts[row.key, "", PEOPLE])
                for name, count in row.together.items()
            },
        )
        for row in rows
    )


def _exact_counts(rows: Sequence[RowCounts]) -> Mapping[Cell, Count]:
    """Return every count by its cell, also those that no edition to share has."""
    counts: dict[Cell, Count] = {**build_cells(rows).values}
    for row in rows:
        for element in ELEMENTS:
            sums = _list_internal_counts(row, element)
            counts |= {(row.key, element, name): count for name, count in sums.items()}
    return counts


def _list_internal_counts(row: RowCounts, element: str) -> Mapping[str, int]:
    """Return the counts of one row and element that only the internal edition shows."""
    counts = row.elements[element]
    states = dict(zip(STATE_NAMES, counts.states, strict=True))
    direct = states["self"] + states["proxy"]
    # The 1997 standard asks ethnicity apart: a Hispanic answer alone leaves the race missing.
    hispanic_only = counts.parts["hispanic-only"]
    return {
        **counts.parts,
        "direct-1997": direct - hispanic_only,
        "known-1997": direct + states["source-unknown"] - hispanic_only,
    }


def _build_result(
    key: str,
    element: str,
    counts: Mapping[Cell, Count],
    fewest: int,
    *,
    with_local_facts: bool,
) -> ElementResult:
    def count(name: str) -> Count | None:
        return counts[key, "", PEOPLE] if name == PEOPLE else counts.get((key, element, name))

    metrics = {}
    for name, (part, whole) in METRICS.items():
        numerator, denominator = count(part), count(whole)
        if numerator is None or denominator is None or not _has_metric(element, name):
            continue
        if with_local_facts or name not in _OF_LOCAL_FACTS:
            metrics[name] = build_metric(numerator, denominator, fewest)
    states = {name: counts[key, element, name] for name in STATE_NAMES}
    return ElementResult(element, states, metrics)


def _has_metric(element: str, metric: str) -> bool:
    if metric in _OF_RACE:
        return element == "race"
    return metric not in _OF_GROUPS or element in {"race", "ethnicity"}


def withhold_count(count: Count) -> Count:
    """Return a count of no shared table: it adds up over months, so that only zero is shared."""
    return 0 if count == 0 else WITHHELD
