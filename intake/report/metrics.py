"""Turns exact counts into the states and metrics that may be shown."""

import math
from collections.abc import Mapping, Sequence

from intake.report.suppression import CellKey, Table, is_small, suppress_people, suppress_table
from intake.report.values import (
    ELEMENTS,
    SMALL,
    TOTAL,
    WITHHELD,
    Count,
    ElementCounts,
    ElementResult,
    Metric,
    ReportRow,
    RowCounts,
)

FEWEST_FOR_PERCENT = 30
_Z = 1.959963984540054
"""The normal distribution's 97.5th percentile: a 95 % interval."""

STATE_NAMES = ("self", "proxy", "source-unknown", "declined", "dont-know", "not-asked", "unusable")
"""The states' names, in the order of the numbers of `values.State`."""

_TREE = {
    "people": ("known", "not-known"),
    "known": ("direct", "source-unknown"),
    "direct": ("self", "proxy"),
    "not-known": ("declined", "gap"),
    "gap": ("dont-know", "not-asked", "unusable"),
}

_SPLITS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "detailed": ("known", ("detailed",)),
    "current": ("known", ("current", "stale")),
    "declined-later": ("known", ("declined-later",)),
    "reason-unknown": ("dont-know", ("reason-unknown",)),
    "hispanic-only": ("direct", ("hispanic-only",)),
    "verified": ("answered", ("verified",)),
}
"""Each split: the count that it splits, and the parts beside the rest of that count."""

ShownCounts = dict[CellKey, Count]


def wilson_interval(numerator: int, denominator: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (Wilson 1927), in percent."""
    share, square = numerator / denominator, _Z * _Z
    middle = (share + square / (2 * denominator)) / (1 + square / denominator)
    spread = _Z * math.sqrt(share * (1 - share) / denominator + square / (4 * denominator**2))
    spread /= 1 + square / denominator
    return 100 * max(0.0, middle - spread), 100 * min(1.0, middle + spread)


def build_metric(numerator: Count, denominator: Count) -> Metric:
    """Return the share, without a percentage that reveals 1 to 10 people."""
    if (
        isinstance(numerator, str)
        or isinstance(denominator, str)
        or denominator < FEWEST_FOR_PERCENT
    ):
        return Metric(numerator, denominator)
    # A shown numerator gives the rest away by subtraction, so that both must be large enough.
    if is_small(numerator) or is_small(denominator - numerator):
        return Metric(WITHHELD, denominator)
    low, high = wilson_interval(numerator, denominator)
    return Metric(
        numerator,
        denominator,
        *(round(value, 1) for value in (100 * numerator / denominator, low, high)),
    )


def build_rows(rows: Sequence[RowCounts], *, with_local_facts: bool) -> tuple[ReportRow, ...]:
    """Suppress the counts and build the metrics.

    `with_local_facts` says whether our own store was read: only it knows what is verified.
    """
    # The numbers of people come first: a row without one is withheld whole in every table.
    people = suppress_people({row.key: row.people for row in rows}, TOTAL)
    withheld = {key for key, count in people.items() if isinstance(count, str)}
    visible = {element: _suppress_element(rows, element, people, withheld) for element in ELEMENTS}
    together = _suppress_together(rows, visible, withheld)
    return tuple(
        ReportRow(
            row.key or None,
            row.name,
            people[row.key],
            tuple(
                _build_result(row.key, element, visible[element], with_verified=with_local_facts)
                for element in ELEMENTS
            ),
            {name: build_metric(together[row.key, name], people[row.key]) for name in row.together},
        )
        for row in rows
    )


def _suppress_element(
    rows: Sequence[RowCounts], element: str, people: Mapping[str, Count], withheld: set[str]
) -> ShownCounts:
    """Return all counts of one element as they may be shown, by row and name."""
    exact = {
        (row.key, name): count
        for row in rows
        for name, count in _sum_states(row.people, row.elements[element]).items()
    }
    keys = tuple(row.key for row in rows)
    # "Direct" is shown as a share of the people: the rest of it must not come out as 1 to 10.
    revealing = {key for key in keys if is_small(exact[key, "people"] - exact[key, "direct"])}
    table = Table(exact, keys, TOTAL, _TREE, "people")
    visible: ShownCounts = {
        **suppress_table(table, {(key, "direct") for key in revealing}, withheld)
    }
    visible |= {(key, "people"): count for key, count in people.items()}
    visible |= {
        (key, "answered"): _add_counts(visible[key, "direct"], visible[key, "declined"])
        for key in keys
    }
    for name in _SPLITS:
        visible |= _suppress_split(exact, keys, name, visible)
    return visible


def _suppress_split(
    exact: Mapping[CellKey, int], keys: tuple[str, ...], name: str, visible: ShownCounts
) -> Mapping[CellKey, Count]:
    root, parts = _SPLITS[name]
    rest = f"not-{name}"
    # The rest is a part too: the count minus its parts would give it away.
    values = dict(exact)
    for key in keys:
        values[key, rest] = exact[key, root] - sum(exact[key, part] for part in parts)
    free = {key for key in keys if isinstance(visible[key, root], str)}
    return suppress_table(Table(values, keys, TOTAL, {root: (*parts, rest)}, root), free=free)


def _sum_states(people: int, counts: ElementCounts) -> dict[str, int]:
    sums = (
        dict(zip(STATE_NAMES, counts.states, strict=True)) | dict(counts.parts) | {"people": people}
    )
    sums["direct"] = sums["self"] + sums["proxy"]
    sums["known"] = sums["direct"] + sums["source-unknown"]
    sums["gap"] = sums["dont-know"] + sums["not-asked"] + sums["unusable"]
    sums["not-known"] = sums["declined"] + sums["gap"]
    sums["answered"] = sums["direct"] + sums["declined"]
    return sums


def _suppress_together(
    rows: Sequence[RowCounts], visible: Mapping[str, ShownCounts], withheld: set[str]
) -> ShownCounts:
    """Return the counts of people with all elements known, as they may be shown.

    A row shows one only if it shows the count of each single element too.
    """
    together: ShownCounts = {}
    keys = tuple(row.key for row in rows)
    for name, column, elements in (
        ("known", "known", ELEMENTS[:3]),
        ("direct", "direct", ELEMENTS[:3]),
        ("known-with-interpreter", "known", (*ELEMENTS[:3], "interpreter")),
    ):
        values = {(row.key, "in"): row.together[name] for row in rows} | {
            (row.key, "people"): row.people for row in rows
        }
        values |= {(row.key, "out"): row.people - row.together[name] for row in rows}
        free = withheld | {
            key
            for key in keys
            if any(isinstance(visible[element][key, column], str) for element in elements)
        }
        limits = {(row.key, "in"): _find_limits(row, column, elements) for row in rows}
        cells = suppress_table(
            Table(values, keys, TOTAL, {"people": ("in", "out")}, "people", limits), free=free
        )
        together |= {(key, name): cells[key, "in"] for key in keys}
    return together


def _find_limits(row: RowCounts, column: str, elements: tuple[str, ...]) -> tuple[float, float]:
    """Return the bounds that the single elements set for the people who have them all."""
    singles = [_sum_states(row.people, row.elements[element])[column] for element in elements]
    # A person lacks at least one element, and at most all of them.
    missing = sum(row.people - single for single in singles)
    return max(0, row.people - missing), min(singles[:3])


def _build_result(
    key: str, element: str, visible: ShownCounts, *, with_verified: bool
) -> ElementResult:
    def count(name: str) -> Count:
        return visible[key, name]

    asked_count = _add_counts(_add_counts(count("direct"), count("declined")), count("dont-know"))
    metrics = {
        "known": build_metric(count("known"), count("people")),
        "direct": build_metric(count("direct"), count("people")),
        "asked": build_metric(asked_count, count("people")),
        "decline": build_metric(count("declined"), asked_count),
        "gap": build_metric(count("gap"), count("people")),
        "gap-dont-know": build_metric(count("dont-know"), count("people")),
        "gap-not-asked": build_metric(count("not-asked"), count("people")),
        "gap-unusable": build_metric(count("unusable"), count("people")),
        "declined-as-complete": build_metric(
            _add_counts(count("known"), count("declined")), count("people")
        ),
        "declined-as-incomplete": build_metric(count("known"), count("people")),
        "current": build_metric(count("current"), count("known")),
        "stale": build_metric(count("stale"), count("known")),
        "declined-later": build_metric(count("declined-later"), count("known")),
        "reason-unknown": build_metric(count("reason-unknown"), count("dont-know")),
    }
    if element in {"race", "ethnicity"}:
        metrics["detailed"] = build_metric(count("detailed"), count("known"))
    # The 1997 standard asks ethnicity apart: a Hispanic answer alone leaves the race missing.
    if element == "race":
        metrics["known-1997"] = build_metric(
            _subtract_counts(count("known"), count("hispanic-only")), count("people")
        )
        metrics["direct-1997"] = build_metric(
            _subtract_counts(count("direct"), count("hispanic-only")), count("people")
        )
    if with_verified:
        metrics["verified"] = build_metric(count("verified"), count("answered"))
    return ElementResult(element, {name: count(name) for name in STATE_NAMES}, metrics)


def _add_counts(first: Count, second: Count) -> Count:
    return WITHHELD if isinstance(first, str) or isinstance(second, str) else first + second


def _subtract_counts(first: Count, second: Count) -> Count:
    return WITHHELD if isinstance(first, str) or isinstance(second, str) else first - second


def mask_count(count: Count) -> Count:
    """Return a count of no table as it may be shown."""
    return SMALL if isinstance(count, int) and is_small(count) else count
