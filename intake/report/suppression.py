"""Hides small counts, and enough others to keep the hidden ones secret.

A table of clinics by states with subtotals and an organization's row is a network: each count flows
from its row's subtotal to its column's total. A hidden count is safe if another table exists in
which it differs and everything shown is the same. Such a table is a cycle through hidden counts,
each with room to move within the bounds of its mark (Gusfield 1988, "A graph theoretic approach to
statistical data security").

The rows are treated as if they summed to the organization. Patients seen at two clinics make that
untrue, but a reader may know that there are none.
"""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from intake.report.values import SMALL, WITHHELD, Count

CellKey = tuple[str, str]
"""A row's key and a column's name."""

Node = tuple[str, str]
"""A row's subtotal, or ("", column) for a column's total."""

Bounds = tuple[float, float]
"""The lowest and the highest value that a count can have."""

LARGEST_SMALL = 10
"""The largest count that is never shown: CMS's rule for small cells."""
_HIDDEN_FOR_OTHERS: Bounds = (LARGEST_SMALL + 1, math.inf)


def is_small(count: int) -> bool:
    """Return whether the count may never be shown."""
    return 1 <= count <= LARGEST_SMALL


@dataclass(frozen=True, slots=True)
class Table:
    """Exact counts by row and column.

    `tree` gives a column's parts, and `root` is the column that another table shows. `total` is the
    row to which the other rows sum at most. `limits` are the bounds that other tables set.
    """

    values: Mapping[CellKey, int]
    rows: tuple[str, ...]
    total: str
    tree: Mapping[str, tuple[str, ...]]
    root: str
    limits: Mapping[CellKey, Bounds] = field(default_factory=dict)

    def columns(self) -> tuple[str, ...]:
        """Return the columns that this table shows: all but the root."""
        return tuple(child for children in self.tree.values() for child in children)

    def parent_column(self, column: str) -> str:
        """Return the column that this one is a part of."""
        return next(parent for parent, children in self.tree.items() if column in children)


class _Network:
    """The hidden counts of a table as a graph, to find the cycles that protect them."""

    def __init__(self, table: Table, hidden: set[CellKey], free: set[str]) -> None:
        self.table = table
        self.hidden = hidden
        self.free = free
        self.ends = {
            (row, column): self._edge_ends(row, column)
            for row in table.rows
            for column in table.columns()
        }
        self.edges_at: dict[Node, list[CellKey]] = {}
        for cell, (tail, head) in self.ends.items():
            self.edges_at.setdefault(tail, []).append(cell)
            self.edges_at.setdefault(head, []).append(cell)

    def _edge_ends(self, row: str, column: str) -> tuple[Node, Node]:
        """Return the nodes that the count flows from and to.

        It flows down the tree and into the column's total; in the total's row the other way.
        """
        above = (row, self.table.parent_column(column))
        below = (row, column) if column in self.table.tree else ("", f"column {column}")
        return (below, above) if row == self.table.total else (above, below)

    def room_to_move(self, cell: CellKey) -> tuple[bool, bool]:
        """Return whether a reader must think one less possible, and one more."""
        value = self.table.values[cell]
        low, high = self.table.limits.get(cell, (0, math.inf))
        if cell[0] not in self.free:
            # The mark itself gives bounds: "<11" is 1 to 10, "withheld" is at least 11.
            marked: Bounds = (1, LARGEST_SMALL) if is_small(value) else _HIDDEN_FOR_OTHERS
            low, high = max(low, marked[0]), min(high, marked[1])
        return value - 1 >= low, value + 1 <= high

    def protecting_cycle(self, edge: CellKey) -> list[CellKey] | None:
        """Return the cheapest cycle that protects the count; hidden counts cost nothing."""
        tail, head = self.ends[edge]
        less, more = self.room_to_move(edge)
        paths = [
            self._cheapest_path(start, goal, edge)
            for possible, start, goal in ((more, head, tail), (less, tail, head))
            if possible
        ]
        closed = [path for path in paths if path is not None]
        return min(closed)[1] if closed else None

    def _cheapest_path(
        self, start: Node, goal: Node, without: CellKey
    ) -> tuple[int, list[CellKey]] | None:
        # Dijkstra's algorithm.
        queue: list[tuple[int, Node, list[CellKey]]] = [(0, start, [])]
        visited: set[Node] = set()
        while queue:
            cost, node, path = heapq.heappop(queue)
            if node == goal:
                return cost, path
            if node in visited:
                continue
            visited.add(node)
            for cell, neighbor in self._steps_from(node):
                if cell != without and neighbor not in visited:
                    step_cost = self._hiding_cost(cell)
                    heapq.heappush(queue, (cost + step_cost, neighbor, [*path, cell]))
        return None

    def _steps_from(self, node: Node) -> Iterator[tuple[CellKey, Node]]:
        """Yield the counts that could change by one away from the node."""
        for cell in self.edges_at.get(node, ()):
            if not self._may_hide(cell):
                continue
            tail, head = self.ends[cell]
            less, more = self.room_to_move(cell)
            if node == tail and more:
                yield cell, head
            if node == head and less:
                yield cell, tail

    def _may_hide(self, cell: CellKey) -> bool:
        return cell in self.hidden or self.table.values[cell] > LARGEST_SMALL

    def _hiding_cost(self, cell: CellKey) -> int:
        """Return what hiding the count costs the reader: subtotals and totals cost most."""
        # A hidden count is hidden already; the base cost prefers short cycles.
        if cell in self.hidden:
            return 0
        weight = (4 if cell[0] == self.table.total else 1) * (
            4 if cell[1] in self.table.tree else 1
        )
        return (1000 + self.table.values[cell]) * weight


def suppress_table(
    table: Table, hidden: set[CellKey] | None = None, free: set[str] | None = None
) -> Mapping[CellKey, Count]:
    """Return every count of the table as it may be shown.

    `hidden` are counts to hide besides the small ones. Rows in `free` are withheld whole, with
    their zeros and marks.
    """
    table_rows = sorted(
        table.rows, key=lambda row: (row == table.total, table.values[row, table.root])
    )
    freed = set(free or ())
    concealed = {cell for cell in _list_cells(table) if is_small(table.values[cell])}
    concealed = {cell for cell in concealed | set(hidden or ()) if table.values[cell] > 0}
    for row in freed:
        concealed |= {(row, column) for column in table.columns()}
    network = _Network(table, concealed, freed)
    unchecked = sorted(concealed)
    while unchecked:
        edge = unchecked.pop()
        cycle = network.protecting_cycle(edge)
        if cycle is not None:
            added = [cell for cell in cycle if cell not in concealed]
        else:
            # No cycle protects the count: without a row's marks there is more room to move.
            added = _free_another(network, edge, table_rows)
            unchecked += [edge] if added else []
        concealed.update(added)
        # A count that was hidden for another needs its own protection.
        unchecked += added
    return {cell: _mark_cell(network, cell) for cell in _list_cells(table)}


def _list_cells(table: Table) -> list[CellKey]:
    return [(row, column) for row in table.rows for column in table.columns()]


def _free_another(network: _Network, edge: CellKey, rows: Sequence[str]) -> list[CellKey]:
    """Withhold one more row whole, and return its counts."""
    # The count's own row helps most; the smallest row costs the reader least.
    values, root = network.table.values, network.table.root
    candidates = [
        row for row in (edge[0], *rows) if row not in network.free and values[row, root] > 0
    ]
    if not candidates:
        return []
    network.free.add(candidates[0])
    return [(candidates[0], column) for column in network.table.columns()]


def _mark_cell(network: _Network, cell: CellKey) -> Count:
    value = network.table.values[cell]
    if cell not in network.hidden:
        return value
    return SMALL if is_small(value) and cell[0] not in network.free else WITHHELD


def suppress_people(people: Mapping[str, int], total: str) -> Mapping[str, Count]:
    """Return the rows' numbers of people as they may be shown.

    A small clinic takes another row with it, or the total would give its number away.
    """
    hidden = {row for row, count in people.items() if is_small(count)}
    candidates = sorted(
        (row for row in people if people[row] > LARGEST_SMALL),
        key=lambda row: (row == total, people[row]),
    )
    while hidden and not all(_has_partner(people, row, hidden, total) for row in hidden):
        if not candidates:
            return dict.fromkeys(people, WITHHELD)
        hidden.add(candidates.pop(0))
    return {row: _mark_count(count) if row in hidden else count for row, count in people.items()}


def _mark_count(count: int) -> Count:
    return SMALL if is_small(count) else WITHHELD


def _has_partner(people: Mapping[str, int], row: str, hidden: set[str], total: str) -> bool:
    """Return whether another hidden row leaves the row's number open.

    One person may have moved between two clinics, or count more or less in a clinic and the total.
    """

    def room_of(key: str) -> tuple[bool, bool]:
        number = people[key]
        if is_small(number):
            return number > 1, number < LARGEST_SMALL
        return number > LARGEST_SMALL + 1, True

    return any(
        (_same_direction if total in {row, partner} else _opposite_direction)(
            room_of(row), room_of(partner)
        )
        for partner in hidden
        if partner != row
    )


def _same_direction(first: tuple[bool, bool], second: tuple[bool, bool]) -> bool:
    return (first[0] and second[0]) or (first[1] and second[1])


def _opposite_direction(first: tuple[bool, bool], second: tuple[bool, bool]) -> bool:
    return (first[0] and second[1]) or (first[1] and second[0])
