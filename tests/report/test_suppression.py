"""No hidden count can be worked out, even by a reader who knows every rule."""

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.report.metrics import STATE_NAMES, build_rows
from intake.report.suppression import Table, suppress_people, suppress_table
from intake.report.values import (
    ELEMENTS,
    SMALL,
    TOTAL,
    WITHHELD,
    Count,
    ElementCounts,
    RowCounts,
)
from tests.support.suppression_attack import attack, narrow_bounds, read_bounds

counts = st.one_of(st.integers(0, 3), st.integers(0, 14), st.integers(9, 12), st.integers(0, 90))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[RowCounts, ...]:
    """Draw clinics that share no patient: their rows sum to the total, the attacker's best case."""
    clinics = []
    for key in range(draw(st.integers(1, 5))):
        shared = draw(st.lists(counts, min_size=7, max_size=7))
        elements = {}
        for element in ELEMENTS:
            states = draw(st.permutations(shared))
            narrowest = sum(states[:3])
            direct = sum(states[:2])
            parts = {
                "detailed": draw(st.integers(0, narrowest)),
                "current": (current := draw(st.integers(0, narrowest))),
                "stale": draw(st.integers(0, narrowest - current)),
                "declined-later": draw(st.integers(0, narrowest)),
                "reason-unknown": draw(st.integers(0, states[4])),
                "hispanic-only": draw(st.integers(0, direct)),
                "verified": draw(st.integers(0, direct + states[3])),
            }
            elements[element] = ElementCounts(tuple(states), parts)
        together = dict.fromkeys(("known", "direct", "known-with-interpreter"), 0)
        clinics.append(RowCounts(f"c{key}", f"Clinic {key}", sum(shared), elements, together))
    return (*clinics, summed(clinics))


def summed(clinics: list[RowCounts]) -> RowCounts:
    elements = {}
    for element in ELEMENTS:
        results = [clinic.elements[element] for clinic in clinics]
        states = tuple(sum(column) for column in zip(*(one.states for one in results), strict=True))
        parts = {name: sum(one.parts[name] for one in results) for name in results[0].parts}
        elements[element] = ElementCounts(states, parts)
    return RowCounts(
        TOTAL, "", sum(clinic.people for clinic in clinics), elements, dict(clinics[0].together)
    )


@settings(max_examples=120, deadline=None)
@given(worlds())
def test_no_hidden_count_can_be_worked_out(exact: tuple[RowCounts, ...]) -> None:
    assert list(attack(build_rows(exact, with_local_facts=True))) == []


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_no_small_count_is_shown_and_shown_counts_are_exact(exact: tuple[RowCounts, ...]) -> None:
    for row, truth in zip(build_rows(exact, with_local_facts=True), exact, strict=True):
        assert row.people in {truth.people, SMALL, WITHHELD}
        for result in row.elements:
            states = truth.elements[result.element].states
            for name, value in zip(STATE_NAMES, states, strict=True):
                assert result.states[name] in (
                    {SMALL, WITHHELD} if 1 <= value <= 10 else {value, WITHHELD}
                )
            for metric in result.metrics.values():
                assert not (isinstance(metric.numerator, int) and 1 <= metric.numerator <= 10)
                assert metric.percent is None or (
                    isinstance(metric.denominator, int) and metric.denominator >= 30
                )


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((100, 0, 0, 0, 0, 50, 0), (100, 0, 0, 0, 0, 50, 0)),
        ((100, 0, 0, 5, 0, 50, 0), (WITHHELD, 0, 0, SMALL, 0, WITHHELD, 0)),
    ],
)
def test_one_row_hides_its_small_counts(
    states: tuple[int, ...], expected: tuple[Count, ...]
) -> None:
    elements = {element: ElementCounts(states, dict.fromkeys(PARTS, 0)) for element in ELEMENTS}
    together = dict.fromkeys(("known", "direct", "known-with-interpreter"), 0)
    rows = (
        RowCounts("a", "A", sum(states), elements, together),
        RowCounts(TOTAL, "", sum(states), elements, together),
    )
    shown = build_rows(rows, with_local_facts=False)[0].elements[0]
    hidden = [name for name in STATE_NAMES if isinstance(shown.states[name], str)]
    if all(isinstance(value, int) for value in expected):
        assert tuple(shown.states.values()) == expected
    else:
        assert shown.states["declined"] == SMALL
        assert len(hidden) == 2


PARTS = (
    "detailed",
    "current",
    "stale",
    "declined-later",
    "reason-unknown",
    "hispanic-only",
    "verified",
)


def brute_force(table: Table, shown: Mapping[tuple[str, str], Count]) -> set[tuple[str, str]]:
    """Return the hidden cells that have one value in all possible tables, by trying them all."""
    rows = [row for row in table.rows if row != table.total]
    cells = [(row, *pair) for row in table.rows for pair in (("in", "out"), ("out", "in"))]
    worlds_found: list[dict[tuple[str, str], int]] = []
    for chosen in product(*(range(table.values[row, "people"] + 1) for row in rows)):
        export_folder = {(row, "in"): value for row, value in zip(rows, chosen, strict=True)}
        export_folder |= {
            (row, "out"): table.values[row, "people"] - value
            for row, value in zip(rows, chosen, strict=True)
        }
        export_folder |= {
            (table.total, column): sum(export_folder[row, column] for row in rows)
            for column in ("in", "out")
        }
        if all(
            _fits(export_folder[row, column], shown[row, column], shown[row, second])
            for row, column, second in cells
        ):
            worlds_found.append(export_folder)
    hidden = [cell for cell in shown if isinstance(shown[cell], str)]
    return {
        cell for cell in hidden if len({export_folder[cell] for export_folder in worlds_found}) < 2
    }


def _fits(value: int, mark: Count, beside: Count) -> bool:
    low, high = read_bounds(mark, (mark, beside))
    return low <= value <= high


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 16), st.integers(0, 16)).filter(
            lambda c: sum(c) not in range(1, 11)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_brute_force_attack_finds_no_hidden_count(cells: list[tuple[int, int]]) -> None:
    values: dict[tuple[str, str], int] = {}
    for number, (inside, outside) in enumerate(
        [*cells, (sum(a for a, _ in cells), sum(b for _, b in cells))]
    ):
        key = TOTAL if number == len(cells) else f"c{number}"
        values |= {(key, "in"): inside, (key, "out"): outside, (key, "people"): inside + outside}
    rows = (*(f"c{number}" for number in range(len(cells))), TOTAL)
    table = Table(values, rows, TOTAL, {"people": ("in", "out")}, "people")
    assert brute_force(table, suppress_table(table)) == set()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 25), min_size=1, max_size=5))
def test_no_number_of_people_can_be_worked_out(people: list[int]) -> None:
    exact = {f"c{number}": count for number, count in enumerate(people)} | {TOTAL: sum(people)}
    shown = suppress_people(exact, TOTAL)
    bounds = {(key, "people"): read_bounds(count, shown.values()) for key, count in shown.items()}
    terms = {(key, "people"): -1 if key == TOTAL else 1 for key in shown}
    narrowest = narrow_bounds(bounds, [(terms, 0)])
    assert all(
        low < high
        for unknown, (low, high) in narrowest.items()
        if isinstance(shown[unknown[0]], str)
    )
    assert all(
        shown[key] == count or not isinstance(shown[key], int) for key, count in exact.items()
    )
    assert all(isinstance(shown[key], str) for key, count in exact.items() if 1 <= count <= 10)
