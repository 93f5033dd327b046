"""Turns exact counts into what may be shown: the states, and every metric with its numerator and denominator."""

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
"""The states' names, in the order of their numbers."""

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
    "verified": ("told", ("verified",)),
}
"""Counts that split another: the count they split, and the parts; the rest of it is a part as well."""

Shown = dict[CellKey, Count]


def wilson_interval(numerator: int, denominator: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share (Wilson 1927), in percent."""
    share, square = numerator / denominator, _Z * _Z
    middle = (share + square / (2 * denominator)) / (1 + square / denominator)
    spread = _Z * math.sqrt(share * (1 - share) / denominator + square / (4 * denominator**2))
    spread /= 1 + square / denominator
    return 100 * max(0.0, middle - spread), 100 * min(1.0, middle + spread)


def build_metric(numerator: Count, denominator: Count) -> Metric:
    """The share, with its percentage only where neither it nor its complement tells of 1 to 10 people."""
    if (
        isinstance(numerator, str)
        or isinstance(denominator, str)
        or denominator < FEWEST_FOR_PERCENT
    ):
        return Metric(numerator, denominator)
    if is_small(numerator) or is_small(denominator - numerator):
        return Metric(WITHHELD, denominator)
    low, high = wilson_interval(numerator, denominator)
    return Metric(
        numerator,
        denominator,
        *(round(value, 1) for value in (100 * numerator / denominator, low, high)),
    )


def build_rows(rows: Sequence[RowCounts], *, captured: bool) -> tuple[ReportRow, ...]:
    """Suppress and measure; `captured` says whether our own store was asked what is verified in the EHR."""
    people = suppress_people({row.key: row.people for row in rows}, TOTAL)
    withheld = {key for key, count in people.items() if isinstance(count, str)}
    shown = {element: _element(rows, element, people, withheld) for element in ELEMENTS}
    together = _together(rows, shown, withheld)
    return tuple(
        ReportRow(
            row.key or None,
            row.name,
            people[row.key],
            tuple(
                _result(row.key, element, shown[element], captured=captured) for element in ELEMENTS
            ),
            {name: build_metric(together[row.key, name], people[row.key]) for name in row.together},
        )
        for row in rows
    )


def _element(
    rows: Sequence[RowCounts], element: str, people: Mapping[str, Count], withheld: set[str]
) -> Shown:
    """All counts of one element as they may be shown, by row and name."""
    exact = {
        (row.key, name): count
        for row in rows
        for name, count in _sums(row.people, row.elements[element]).items()
    }
    keys = tuple(row.key for row in rows)
    told = {key for key in keys if is_small(exact[key, "people"] - exact[key, "direct"])}
    table = Table(exact, keys, TOTAL, _TREE, "people")
    shown: Shown = {**suppress_table(table, {(key, "direct") for key in told}, withheld)}
    shown |= {(key, "people"): count for key, count in people.items()}
    shown |= {(key, "told"): _plus(shown[key, "direct"], shown[key, "declined"]) for key in keys}
    for name in _SPLITS:
        shown |= _split(exact, keys, name, shown)
    return shown


def _split(
    exact: Mapping[CellKey, int], keys: tuple[str, ...], name: str, shown: Shown
) -> Mapping[CellKey, Count]:
    root, parts = _SPLITS[name]
    rest = f"not-{name}"
    values = dict(exact)
    for key in keys:
        values[key, rest] = exact[key, root] - sum(exact[key, part] for part in parts)
    free = {key for key in keys if isinstance(shown[key, root], str)}
    return suppress_table(Table(values, keys, TOTAL, {root: (*parts, rest)}, root), free=free)


def _sums(people: int, counts: ElementCounts) -> dict[str, int]:
    named = (
        dict(zip(STATE_NAMES, counts.states, strict=True)) | dict(counts.parts) | {"people": people}
    )
    named["direct"] = named["self"] + named["proxy"]
    named["known"] = named["direct"] + named["source-unknown"]
    named["gap"] = named["dont-know"] + named["not-asked"] + named["unusable"]
    named["not-known"] = named["declined"] + named["gap"]
    named["told"] = named["direct"] + named["declined"]
    return named


def _together(rows: Sequence[RowCounts], shown: Mapping[str, Shown], withheld: set[str]) -> Shown:
    """The counts of people whose elements are all known, shown only where those of each element are."""
    found: Shown = {}
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
            key for key in keys if any(isinstance(shown[one][key, column], str) for one in elements)
        }
        limits = {(row.key, "in"): _limits(row, column, elements) for row in rows}
        cells = suppress_table(
            Table(values, keys, TOTAL, {"people": ("in", "out")}, "people", limits), free=free
        )
        found |= {(key, name): cells[key, "in"] for key in keys}
    return found


def _limits(row: RowCounts, column: str, elements: tuple[str, ...]) -> tuple[float, float]:
    """What the single elements tell of the people who have them all."""
    singles = [_sums(row.people, row.elements[element])[column] for element in elements]
    missing = sum(row.people - single for single in singles)
    return max(0, row.people - missing), min(singles[:3])


def _result(key: str, element: str, shown: Shown, *, captured: bool) -> ElementResult:
    def of(name: str) -> Count:
        return shown[key, name]

    asked = _plus(_plus(of("direct"), of("declined")), of("dont-know"))
    metrics = {
        "known": build_metric(of("known"), of("people")),
        "direct": build_metric(of("direct"), of("people")),
        "asked": build_metric(asked, of("people")),
        "decline": build_metric(of("declined"), asked),
        "gap": build_metric(of("gap"), of("people")),
        "gap-dont-know": build_metric(of("dont-know"), of("people")),
        "gap-not-asked": build_metric(of("not-asked"), of("people")),
        "gap-unusable": build_metric(of("unusable"), of("people")),
        "declined-as-complete": build_metric(_plus(of("known"), of("declined")), of("people")),
        "declined-as-incomplete": build_metric(of("known"), of("people")),
        "current": build_metric(of("current"), of("known")),
        "stale": build_metric(of("stale"), of("known")),
        "declined-later": build_metric(of("declined-later"), of("known")),
        "reason-unknown": build_metric(of("reason-unknown"), of("dont-know")),
    }
    if element in {"race", "ethnicity"}:
        metrics["detailed"] = build_metric(of("detailed"), of("known"))
    if element == "race":
        metrics["known-1997"] = build_metric(_minus(of("known"), of("hispanic-only")), of("people"))
        metrics["direct-1997"] = build_metric(
            _minus(of("direct"), of("hispanic-only")), of("people")
        )
    if captured:
        metrics["verified"] = build_metric(of("verified"), of("told"))
    return ElementResult(element, {name: of(name) for name in STATE_NAMES}, metrics)


def _plus(one: Count, other: Count) -> Count:
    return WITHHELD if isinstance(one, str) or isinstance(other, str) else one + other


def _minus(one: Count, other: Count) -> Count:
    return WITHHELD if isinstance(one, str) or isinstance(other, str) else one - other


def mask_count(count: int) -> Count:
    """A count that stands in no table, as it may be shown."""
    return SMALL if is_small(count) else count
