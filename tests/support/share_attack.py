"""An attack on the edition to share by integer programming: the values a count can have.

A reader knows every rule: the bins, that the states of each element sum to the row's people, that a
part is no larger than its sum, and takes the organization's row for the sum of the clinics.
"""

from collections.abc import Iterator, Mapping

from intake.report.cells import SHARED_PARTS, STATE_NAMES, Cell, CellTable
from intake.report.integer_search import ENDLESS, Bounds, Program, UndecidedError
from intake.report.values import ELEMENTS, SMALL, WITHHELD, Count

Terms = Mapping[Cell, int]


def read_bounds(shown: Count) -> Bounds:
    """Return what a shown count tells by itself."""
    if shown == WITHHELD:
        return 0, ENDLESS
    if shown == SMALL:
        return 1, 10
    return (0, 0) if shown == 0 else (int(shown) - 2, int(shown) + 2)


def build_program(table: CellTable, shown: Mapping[Cell, Count]) -> Program[Cell]:
    """Return everything that one shown report tells."""
    leaves = {leaf for members in table.members.values() for leaf in members}
    bounds = {leaf: read_bounds(shown[leaf]) for leaf in leaves}
    hints = {leaf: table.values[leaf] for leaf in leaves}
    program = Program(bounds, hints=hints, max_branches=2_000)
    for cell, members in table.members.items():
        if members != (cell,) and shown[cell] != WITHHELD:
            program.sums.append((dict.fromkeys(members, 1), read_bounds(shown[cell])))
    rows = {row for row, _, _ in leaves}
    for row in rows:
        for element in ELEMENTS[1:]:
            terms = {(row, ELEMENTS[0], name): 1 for name in STATE_NAMES}
            terms |= {(row, element, name): -1 for name in STATE_NAMES}
            program.sums.append((terms, (0, 0)))
        for element in ELEMENTS:
            for part, whole in SHARED_PARTS.items():
                members = table.members[row, element, whole]
                terms = {**dict.fromkeys(members, 1), (row, element, part): -1}
                program.sums.append((terms, (0, ENDLESS)))
    return program


def find_revealed(table: CellTable, shown: Mapping[Cell, Count]) -> Iterator[Cell]:
    """Yield every count shown as `<11` that has fewer than three possible values."""
    program = build_program(table, shown)
    for cell, count in shown.items():
        terms = dict.fromkeys(table.members[cell], 1)
        if count == SMALL and not has_three_values(program, terms, table.values[cell]):
            yield cell


def has_three_values(program: Program[Cell], terms: Terms, true_value: int) -> bool:
    """Return whether the sum of the terms can have three values from 1 to 10."""
    # The values beside the true one come first, because they are the most likely ones.
    order = sorted(range(1, 11), key=lambda value: abs(value - true_value))
    possible = 0
    for value in order:
        more = [(terms, (value, value))]
        try:
            solution = program.find_solution(more)
        except UndecidedError:
            continue
        if solution is not None:
            # The search is the product's own, so each solution is checked here.
            assert fulfils(program, solution, more)
            possible += 1
        if possible == 3:
            return True
    return False


def fulfils(
    program: Program[Cell], solution: Mapping[Cell, int], more: list[tuple[Terms, Bounds]]
) -> bool:
    """Return whether the numbers keep to every bound and every sum."""
    return all(
        low <= solution[cell] <= high for cell, (low, high) in program.bounds.items()
    ) and all(
        low <= sum(solution[cell] * factor for cell, factor in terms.items()) <= high
        for terms, (low, high) in [*program.sums, *more]
    )
