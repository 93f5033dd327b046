"""Decides which counts of the edition to share are withheld beside the rounding.

Rounding alone leaves a gap. Where every count of a row stands at the lower end of its bin and their
sum at the upper end of its own, a reader can work all of them out: 1, 11, 11, 11 and 11 sum to 45.
So each hidden count must have at least three possible values. A value is possible if another table
exists in which the count has it and everything shown is the same. This module looks for such
tables, and withholds sums until they exist.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from intake.report.cells import (
    PEOPLE,
    SHARED_PARTS,
    STATE_NAMES,
    SUMS,
    Cell,
    CellTable,
    build_cells,
)
from intake.report.integer_search import ENDLESS, Program, UndecidedError
from intake.report.rounding import LARGEST_SMALL, bounds_of, is_small, round_count
from intake.report.values import ELEMENTS, TOTAL, WITHHELD, Count, RowCounts

MIN_POSSIBLE_VALUES = 3
UNSHARED_SUMS = frozenset({"answered", "asked", "gap", "known-or-declined"})
"""Sums that are never shared: with each of them, more states would have to be withheld."""
COMPANION_ROWS = (0, 2)
"""How many other clinics' counts a search may change; the rest keep their true counts."""


def share_counts(rows: Sequence[RowCounts]) -> Mapping[Cell, Count]:
    """Return every count of the edition to share as it is shown."""
    table = build_cells(rows)
    guard = _Guard(table)
    for cell in sorted(table.values):
        # Each step withholds more; after the last one nothing restricts the count.
        for withhold in (
            guard.withhold_total,
            guard.withhold_totals,
            guard.withhold_sums,
            guard.withhold_row,
        ):
            if guard.is_safe(cell):
                break
            withhold(cell)
    return {
        cell: WITHHELD if cell in guard.withheld else round_count(value)
        for cell, value in table.values.items()
    }


class _Guard:
    """Keeps which cells are withheld, and looks for other tables that show the same."""

    def __init__(self, table: CellTable) -> None:
        self.table = table
        self.withheld = {cell for cell in table.values if cell[2] in UNSHARED_SUMS}
        self._cells_of_row: dict[str, list[Cell]] = defaultdict(list)
        for cell, leaves in table.members.items():
            for row in {leaf[0] for leaf in leaves}:
                self._cells_of_row[row].append(cell)

    def withhold_total(self, cell: Cell) -> None:
        """Withhold the organization's count of the same name."""
        self._withhold(lambda key: key == (TOTAL, *cell[1:]))

    def withhold_totals(self, cell: Cell) -> None:
        """Withhold the organization's counts of the cell's element."""
        self._withhold(lambda key: key[:2] == (TOTAL, cell[1]))

    def withhold_sums(self, cell: Cell) -> None:
        """Withhold the sums of the cell's row, and the number of people."""
        self._withhold(
            lambda key: key[0] in (cell[0], TOTAL) and (key[2] == PEOPLE or key[2] in SUMS)
        )

    def withhold_row(self, cell: Cell) -> None:
        """Withhold the cell's whole row, and every count of the organization."""
        self._withhold(lambda key: key[0] in (cell[0], TOTAL))

    def _withhold(self, is_chosen: Callable[[Cell], bool]) -> None:
        self.withheld |= set(filter(is_chosen, self.table.values))

    def is_safe(self, cell: Cell) -> bool:
        """Return whether the cell shows no small count, or leaves three values possible."""
        if cell in self.withheld or not is_small(self.table.values[cell]):
            return True
        return any(self._has_room(cell, companions) for companions in COMPANION_ROWS)

    def _has_room(self, cell: Cell, companions: int) -> bool:
        """Return whether the search finds three values for a small count."""
        true_value = self.table.values[cell]
        program = self._build_program(cell, companions)
        terms = {leaf: 1 for leaf in self.table.members[cell] if leaf in program.bounds}
        rest = true_value - sum(self.table.values[leaf] for leaf in terms)
        possible = 0
        # The values beside the true one come first, because they are the most likely ones.
        order = sorted(range(1, LARGEST_SMALL + 1), key=lambda number: abs(number - true_value))
        for value in order:
            possible += _is_possible(program, terms, value - rest)
            if possible == MIN_POSSIBLE_VALUES:
                return True
        return False

    def _build_program(self, cell: Cell, companions: int) -> Program[Cell]:
        """Return what a reader knows of the cell's row and its companions."""
        values = self.table.values
        rows = self._choose_rows(cell, companions)
        names = (*STATE_NAMES, *SHARED_PARTS)
        leaves = [(row, element, name) for row in rows for element in ELEMENTS for name in names]
        bounds = {leaf: self._bounds_of(leaf) for leaf in leaves}
        program = Program(bounds, hints={leaf: values[leaf] for leaf in leaves})
        for shown in {key for row in rows for key in self._cells_of_row[row]} - self.withheld:
            members = [leaf for leaf in self.table.members[shown] if leaf in bounds]
            rest = values[shown] - sum(values[leaf] for leaf in members)
            low, high = bounds_of(values[shown])
            program.sums.append((dict.fromkeys(members, 1), (low - rest, high - rest)))
        for row in rows:
            _add_rules(program, row)
        return program

    def _choose_rows(self, cell: Cell, companions: int) -> list[str]:
        """Return the clinics whose counts may change, those with the most people first."""
        clinics = list(dict.fromkeys(leaf[0] for leaf in self.table.members[cell]))
        others = [row for row in self.table.rows if row != TOTAL and row not in clinics]
        by_people = sorted(
            clinics if cell[0] == TOTAL else others,
            key=lambda row: -self.table.values[row, "", PEOPLE],
        )
        if cell[0] == TOTAL:
            return by_people[: companions + 1]
        return [*clinics, *by_people[:companions]]

    def _bounds_of(self, leaf: Cell) -> tuple[int, int]:
        return (0, ENDLESS) if leaf in self.withheld else bounds_of(self.table.values[leaf])


def _add_rules(program: Program[Cell], row: str) -> None:
    """Add what holds in every table: equal people in each element, parts within their sums."""
    for element in ELEMENTS[1:]:
        terms = {(row, ELEMENTS[0], name): 1 for name in STATE_NAMES}
        terms |= {(row, element, name): -1 for name in STATE_NAMES}
        program.sums.append((terms, (0, 0)))
    for element in ELEMENTS:
        for part, whole in SHARED_PARTS.items():
            terms = {(row, element, name): 1 for name in SUMS[whole]}
            program.sums.append(({**terms, (row, element, part): -1}, (0, ENDLESS)))


def _is_possible(program: Program[Cell], terms: Mapping[Cell, int], value: int) -> bool:
    try:
        return program.find_solution([(terms, (value, value))]) is not None
    except UndecidedError:
        # What was not found may not exist: withholding more is the safe side.
        return False
