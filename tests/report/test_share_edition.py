"""The edition to share: rounded counts, and no hidden count that can be worked out."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.report.build import build_report
from intake.report.cells import PEOPLE, Cell, build_cells
from intake.report.counts import PARTS
from intake.report.integer_search import ENDLESS, Program
from intake.report.metrics import build_rows
from intake.report.outputs import to_csv, to_html, to_text
from intake.report.periods import NotClosedError
from intake.report.rounding import bounds_of, round_count
from intake.report.share import share_counts
from intake.report.values import (
    ELEMENTS,
    SMALL,
    TOTAL,
    WITHHELD,
    Count,
    Edition,
    ElementCounts,
    RowCounts,
)
from tests.support.report_export import ExportFolder, report_request
from tests.support.share_attack import find_revealed, has_three_values, read_bounds

NO_TOGETHER = dict.fromkeys(("known", "direct", "known-with-interpreter"), 0)
States = tuple[int, ...]


def build_world(*clinics: Mapping[str, States], part: int = 0) -> tuple[RowCounts, ...]:
    """Return clinics that share no patient, a reader's best case, and the organization.

    Everybody answered an element that is not given.
    """
    rows = []
    for number, given_states in enumerate(clinics):
        people = sum(given_states["race"])
        elements = {
            element: _element_counts(given_states.get(element, (people, *[0] * 6)), part)
            for element in ELEMENTS
        }
        rows.append(RowCounts(f"c{number}", f"Clinic {number}", people, elements, NO_TOGETHER))
    return (*rows, _sum_rows(rows))


def _element_counts(states: States, part: int) -> ElementCounts:
    parts = dict.fromkeys(PARTS, 0)
    parts["detailed"] = min(part, sum(states[:3]))
    return ElementCounts(states, parts)


def _sum_rows(rows: Sequence[RowCounts]) -> RowCounts:
    elements = {
        element: ElementCounts(
            tuple(map(sum, zip(*(row.elements[element].states for row in rows), strict=True))),
            {name: sum(row.elements[element].parts[name] for row in rows) for name in PARTS},
        )
        for element in ELEMENTS
    }
    return RowCounts(TOTAL, "", sum(row.people for row in rows), elements, NO_TOGETHER)


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, 0), (1, SMALL), (10, SMALL), (11, 13), (15, 13), (16, 18), (20, 18), (1000, 998)],
)
def test_a_count_is_rounded_to_the_middle_of_its_bin(count: int, shown: Count) -> None:
    assert round_count(count) == shown
    lowest, highest = bounds_of(count)
    assert {round_count(value) for value in range(lowest, highest + 1)} == {shown}
    assert round_count(highest + 1) != shown


LEAKS: Mapping[str, tuple[Mapping[str, States], ...]] = {
    "states at the lower ends of their bins": ({"race": (1, 11, 11, 11, 11, 0, 0)},),
    "one more person": ({"race": (2, 11, 11, 11, 11, 0, 0)},),
    "another element gives the people": (
        {"race": (45, 0, 0, 0, 0, 0, 0), "ethnicity": (11, 11, 11, 11, 1, 0, 0)},
    ),
    "fifteen clinics with one": tuple({"race": (40, 0, 0, 1, 0, 0, 0)} for _ in range(15)),
    "ten clinics whose total is ten": tuple({"race": (40, 0, 0, 1, 0, 0, 0)} for _ in range(10)),
    "four clinics of eleven and one of one": (
        *({"race": (11, 0, 0, 0, 0, 0, 0)} for _ in range(4)),
        {"race": (1, 0, 0, 0, 0, 0, 0)},
    ),
}
"""Exact counts in which rounding alone reveals a small one."""


@pytest.mark.parametrize("name", LEAKS)
def test_rounding_alone_would_reveal_a_small_count(name: str) -> None:
    table = build_cells(build_world(*LEAKS[name]))
    shown = {cell: round_count(value) for cell, value in table.values.items()}
    assert next(find_revealed(table, shown), None) is not None


@pytest.mark.parametrize("name", LEAKS)
def test_a_known_leak_is_closed(name: str) -> None:
    world = build_world(*LEAKS[name])
    shown = share_counts(world)
    assert list(find_revealed(build_cells(world), shown)) == []
    assert SMALL in shown.values() or WITHHELD in shown.values()


counts = st.one_of(
    st.just(0), st.integers(1, 3), st.sampled_from([1, 10, 11, 15, 16, 21]), st.integers(0, 60)
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[RowCounts, ...]:
    """Draw up to three clinics, in which the elements share their counts in another order."""
    clinics = []
    for _ in range(draw(st.integers(1, 2))):
        states = tuple(draw(st.lists(counts, min_size=7, max_size=7)))
        second = tuple(draw(st.permutations(states)))
        clinics.append({"race": states, "ethnicity": second})
    return build_world(*clinics, part=draw(st.integers(0, 12)))


@settings(max_examples=4, deadline=None)
@given(worlds())
def test_no_hidden_count_can_be_worked_out(world: tuple[RowCounts, ...]) -> None:
    assert list(find_revealed(build_cells(world), share_counts(world))) == []


@settings(max_examples=4, deadline=None)
@given(worlds())
def test_every_shown_count_is_the_rounded_one(world: tuple[RowCounts, ...]) -> None:
    values = build_cells(world).values
    for cell, shown in share_counts(world).items():
        assert shown in {round_count(values[cell]), WITHHELD}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=12, max_size=12), st.data())
def test_a_small_month_stays_open_beside_its_quarter_and_year(
    months: list[int], data: st.DataObject
) -> None:
    """A patient counts once a period: a quarter has the largest month at least, the sum at most."""
    quarters = [
        data.draw(st.integers(max(months[at : at + 3]), sum(months[at : at + 3])))
        for at in range(0, 12, 3)
    ]
    year = data.draw(st.integers(max(quarters), sum(quarters)))
    program, exact = _periods_program(months, quarters, year)
    for cell, value in exact.items():
        if round_count(value) == SMALL:
            assert has_three_values(program, {cell: 1}, value)


def _periods_program(
    months: list[int], quarters: list[int], year: int
) -> tuple[Program[Cell], dict[Cell, int]]:
    """Return what the shown people of twelve months, four quarters and the year tell together."""
    exact: dict[Cell, int] = {("m", str(n), PEOPLE): count for n, count in enumerate(months)}
    exact |= {("q", str(n), PEOPLE): count for n, count in enumerate(quarters)}
    exact["y", "0", PEOPLE] = year
    program = Program({cell: read_bounds(round_count(count)) for cell, count in exact.items()})
    wholes = [
        (("q", str(n), PEOPLE), [("m", str(3 * n + i), PEOPLE) for i in range(3)]) for n in range(4)
    ]
    wholes.append((("y", "0", PEOPLE), [("q", str(n), PEOPLE) for n in range(4)]))
    for whole, parts in wholes:
        program.sums.append(({whole: -1, **dict.fromkeys(parts, 1)}, (0, ENDLESS)))
        program.sums += [({whole: 1, part: -1}, (0, ENDLESS)) for part in parts]
    return program, exact


def test_percentages_come_from_the_shown_counts() -> None:
    world = build_world({"race": (41, 0, 0, 11, 0, 7, 0)})
    rows = build_rows(world, Edition.SHARE, with_local_facts=True)
    metrics = rows[0].elements[0].metrics
    assert (metrics["direct"].numerator, metrics["direct"].denominator) == (43, 58)
    assert metrics["direct"].percent == 74.1
    assert metrics["gap"].percent is None
    exact = build_rows(world, Edition.INTERNAL, with_local_facts=True)
    assert exact[0].elements[0].metrics["gap"].percent == 11.9


def test_percentages_of_few_people_are_withheld() -> None:
    rows = build_rows(
        build_world({"race": (23, 0, 0, 0, 0, 0, 0)}), Edition.SHARE, with_local_facts=True
    )
    assert rows[0].elements[0].metrics["direct"].percent is None


def test_every_output_shares_the_rounded_counts(export_folder: ExportFolder) -> None:
    for number in range(60):
        export_folder.add_patient(f"p{number}")
        if number < 47:
            export_folder.add_observation("race", "2028-9", patient=f"p{number}")
    export_folder.add_encounter("p0", status="planned")
    built = build_report(
        export_folder.write_files(), report_request("2026-Q3"), edition=Edition.SHARE
    ).report
    for text in (to_text(built), to_html(built), to_csv(built)):
        assert "48" in text
        assert "47" not in text
        assert "need not sum" in text or "share" in text
    assert {exclusion.count for exclusion in built.excluded} == {0, WITHHELD}
    assert built.placeholders == ()


@pytest.mark.parametrize("period", ["2026-11", "2026-Q4", "2026", "rolling-12"])
def test_only_a_period_that_has_ended_is_shared(export_folder: ExportFolder, period: str) -> None:
    folder = export_folder.write_files()
    with pytest.raises(NotClosedError, match="--edition internal"):
        build_report(folder, report_request(period), edition=Edition.SHARE)
