"""An attack on a report: what a reader who knows every rule can work out."""

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from intake.report.metrics import STATE_NAMES
from intake.report.values import (
    ELEMENTS,
    SMALL,
    TOTAL,
    WITHHELD,
    Count,
    ReportRow,
)

Bounds = tuple[float, float]


Equation = tuple[dict[tuple[str, str], int], int]
"""Coefficients by unknown, and the constant: their sum is zero."""


def read_bounds(count: Count, beside: Iterable[Count]) -> Bounds:
    """Return the bounds that a mark gives a reader who knows the rules.

    A count withheld for another is at least 11. If all counts of a row are withheld, the mark says
    nothing.
    """
    if isinstance(count, int):
        return count, count
    if count == SMALL:
        return 1, 10
    return (0 if all(second == WITHHELD for second in beside) else 11), math.inf


def narrow_bounds(
    bounds: dict[tuple[str, str], Bounds], equations: list[Equation]
) -> dict[tuple[str, str], Bounds]:
    """Narrow the bounds by the equations until nothing changes."""
    narrowest = dict(bounds)
    changed = True
    while changed:
        changed = False
        for terms, constant in equations:
            for unknown in terms:
                tighter = _tighter(narrowest, terms, constant, unknown)
                if tighter != narrowest[unknown]:
                    narrowest[unknown] = tighter
                    changed = True
    return narrowest


def _tighter(
    narrowest: Mapping[tuple[str, str], Bounds],
    terms: dict[tuple[str, str], int],
    constant: int,
    unknown: tuple[str, str],
) -> Bounds:
    low, high = float(constant), float(constant)
    for second, factor in terms.items():
        if second != unknown:
            ends = sorted(factor * end for end in narrowest[second])
            low, high = low + ends[0], high + ends[1]
    ends = sorted((-low / terms[unknown], -high / terms[unknown]))
    return max(narrowest[unknown][0], ends[0]), min(narrowest[unknown][1], ends[1])


def rank_fixed(unknowns: list[tuple[str, str]], equations: list[Equation]) -> set[tuple[str, str]]:
    """Return the unknowns that the equations alone determine (Gauss-Jordan elimination)."""
    rows = [[Fraction(terms.get(unknown, 0)) for unknown in unknowns] for terms, _ in equations]
    reduced: list[list[Fraction]] = []
    for given_row in rows:
        row = given_row
        for done in reduced:
            row = _less(row, done)
        if any(row):
            lead = next(value for value in row if value)
            row = [value / lead for value in row]
            reduced = [*(_less(second, row) for second in reduced), row]
    return {
        unknowns[next(i for i, v in enumerate(row) if v)]
        for row in reduced
        if sum(1 for value in row if value) == 1
    }


def _less(row: list[Fraction], done: list[Fraction]) -> list[Fraction]:
    """Return the row without the other row's leading unknown."""
    lead = next(i for i, value in enumerate(done) if value)
    return [a - row[lead] * b for a, b in zip(row, done, strict=True)]


def attack(rows: tuple[ReportRow, ...]) -> Iterator[str]:
    """Yield every hidden count that an attacker can determine from the whole report."""
    for number, element in enumerate(ELEMENTS):
        bounds, equations = system(rows, number)
        hidden = [unknown for unknown, (low, high) in bounds.items() if low != high]
        fixed = rank_fixed(
            hidden,
            [({u: f for u, f in terms.items() if u in set(hidden)}, 0) for terms, _ in equations],
        )
        narrowest = narrow_bounds(bounds, equations)
        yield from (
            f"{element} {unknown}"
            for unknown in hidden
            if unknown in fixed or narrowest[unknown][0] == narrowest[unknown][1]
        )


SUMS = {
    "known": ("self", "proxy", "source-unknown"),
    "direct": ("self", "proxy"),
    "asked": ("self", "proxy", "declined", "dont-know"),
    "gap": ("dont-know", "not-asked", "unusable"),
    "gap-dont-know": ("dont-know",),
    "gap-not-asked": ("not-asked",),
    "gap-unusable": ("unusable",),
    "declined-as-complete": ("self", "proxy", "source-unknown", "declined"),
    "declined-as-incomplete": ("self", "proxy", "source-unknown"),
    "decline": ("declined",),
}


def system(
    rows: tuple[ReportRow, ...], number: int
) -> tuple[dict[tuple[str, str], Bounds], list[Equation]]:
    """Return an element's unknowns with their bounds, and the equations between them."""
    bounds: dict[tuple[str, str], Bounds] = {}
    equations: list[Equation] = []
    for row in rows:
        key, result = row.clinic or TOTAL, row.elements[number]
        bounds[key, "people"] = read_bounds(row.people, (one.people for one in rows))
        bounds |= {
            (key, state): read_bounds(result.states[state], result.states.values())
            for state in STATE_NAMES
        }
        equations.append(({(key, "people"): -1} | {(key, state): 1 for state in STATE_NAMES}, 0))
        for name, parts in SUMS.items():
            numerator = result.metrics[name].numerator
            if isinstance(numerator, int):
                equations.append(({(key, part): 1 for part in parts}, -numerator))
        denominator = result.metrics["decline"].denominator
        if isinstance(denominator, int):
            equations.append(({(key, part): 1 for part in SUMS["asked"]}, -denominator))
    for column in ("people", *STATE_NAMES):
        terms = {(row.clinic or TOTAL, column): 1 if row.clinic else -1 for row in rows}
        equations.append((terms, 0))
    return bounds, equations
