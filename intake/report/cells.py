"""The counts of the edition to share as sums of the people in each state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intake.report.values import ELEMENTS, TOTAL, RowCounts

STATE_NAMES = ("self", "proxy", "source-unknown", "declined", "dont-know", "not-asked", "unusable")
"""The states' names, in the order of the numbers of `values.State`."""

SUMS: Mapping[str, tuple[str, ...]] = {
    "direct": ("self", "proxy"),
    "known": ("self", "proxy", "source-unknown"),
    "answered": ("self", "proxy", "declined"),
    "asked": ("self", "proxy", "declined", "dont-know"),
    "gap": ("dont-know", "not-asked", "unusable"),
    "known-or-declined": ("self", "proxy", "source-unknown", "declined"),
}
"""The sums of states that the metrics need."""

SHARED_PARTS: Mapping[str, str] = {
    "detailed": "known",
    "current": "known",
    "verified": "answered",
}
"""The parts in the edition to share, with the sum that each is a part of."""

PEOPLE = "people"

Cell = tuple[str, str, str]
"""A row's key, an element ("" for the people of the row), and a name."""


@dataclass(frozen=True, slots=True)
class CellTable:
    """Every count of the edition to share, exact; `members` are the leaves that sum to a cell.

    A leaf is a state, or a part, of one clinic. A reader may take the organization's row for the
    sum of the clinics, so its cells have all clinics' leaves.
    """

    values: Mapping[Cell, int]
    members: Mapping[Cell, tuple[Cell, ...]]
    rows: tuple[str, ...]


def build_cells(rows: Sequence[RowCounts]) -> CellTable:
    """Return the cells of all rows."""
    clinics = tuple(row.key for row in rows if row.key != TOTAL)
    values: dict[Cell, int] = {}
    members: dict[Cell, tuple[Cell, ...]] = {}
    for row in rows:
        # Without clinics, the organization's own states are the leaves.
        leaf_rows = clinics if row.key == TOTAL and clinics else (row.key,)
        values[row.key, "", PEOPLE] = row.people
        members[row.key, "", PEOPLE] = _list_leaves(leaf_rows, ELEMENTS[0], STATE_NAMES)
        for element in ELEMENTS:
            states = dict(zip(STATE_NAMES, row.elements[element].states, strict=True))
            sums = {**{name: (name,) for name in STATE_NAMES}, **SUMS}
            for name, parts in sums.items():
                values[row.key, element, name] = sum(states[part] for part in parts)
                members[row.key, element, name] = _list_leaves(leaf_rows, element, parts)
            for name in SHARED_PARTS:
                values[row.key, element, name] = row.elements[element].parts[name]
                members[row.key, element, name] = _list_leaves(leaf_rows, element, (name,))
    return CellTable(values, members, (*clinics, TOTAL))


def _list_leaves(rows: Sequence[str], element: str, names: Sequence[str]) -> tuple[Cell, ...]:
    return tuple((row, element, name) for row in rows for name in names)
