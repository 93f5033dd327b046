"""Hides small counts, and as many others as it takes, so that no hidden one can be worked out from what is shown.

A table of clinics by states with subtotals and an organization's row is a network: each count flows from its row's
subtotal to its column's total. A hidden count is safe when another world exists in which it differs and all that is
shown is the same; that is a cycle through hidden counts, each with room to move within what its mark tells (Gusfield
1988, "A graph theoretic approach to statistical data security"). The rows are treated as if they summed to the
organization, though patients seen at two clinics make that less than certain: who knows that none were must learn
nothing either.
"""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from intake.report.values import SMALL, WITHHELD, Count

CellKey = tuple[str, str]
"""A row's key and a column's name."""
Node = tuple[str, str]
Bounds = tuple[float, float]

LARGEST_SMALL = 10
_HIDDEN_FOR_OTHERS: Bounds = (LARGEST_SMALL + 1, math.inf)


def is_small(count: int) -> bool:
    """Whether the count is one that may never be shown."""
    return 1 <= count <= LARGEST_SMALL


@dataclass(frozen=True, slots=True)
class Table:
    """Exact counts by row and column; `tree` gives a column's parts, `root` is the column shown elsewhere.

    `total` is the row to which the others sum at most. `limits` are what else is known of a count from other tables.
    """

    values: Mapping[CellKey, int]
    rows: tuple[str, ...]
    total: str
    tree: Mapping[str, tuple[str, ...]]
    root: str
    limits: Mapping[CellKey, Bounds] = field(default_factory=dict)

    def columns(self) -> tuple[str, ...]:
        """The columns that this table shows: all but the root."""
        return tuple(child for children in self.tree.values() for child in children)

    def parent(self, column: str) -> str:
        """The column of which this one is a part."""
        return next(parent for parent, children in self.tree.items() if column in children)


class _Network:
    """The hidden counts of a table as a graph, in which protecting cycles are looked for."""

    def __init__(self, table: Table, hidden: set[CellKey], free: set[str]) -> None:
        self.table = table
        self.hidden = hidden
        self.free = free
        self.ends = {
            (row, column): self._ends(row, column)
            for row in table.rows
            for column in table.columns()
        }
        self.at: dict[Node, list[CellKey]] = {}
        for variable, (tail, head) in self.ends.items():
            self.at.setdefault(tail, []).append(variable)
            self.at.setdefault(head, []).append(variable)

    def _ends(self, row: str, column: str) -> tuple[Node, Node]:
        """Where the count flows from and to: down the tree and into the column; in the total's row the other way."""
        above = (row, self.table.parent(column))
        below = (row, column) if column in self.table.tree else ("", f"column {column}")
        return (below, above) if row == self.table.total else (above, below)

    def room(self, variable: CellKey) -> tuple[bool, bool]:
        """Whether the count could be one less, and one more, as far as its mark and the limits tell."""
        value = self.table.values[variable]
        low, high = self.table.limits.get(variable, (0, math.inf))
        if variable[0] not in self.free:
            told = (1, LARGEST_SMALL) if is_small(value) else _HIDDEN_FOR_OTHERS
            low, high = max(low, told[0]), min(high, told[1])
        return value - 1 >= low, value + 1 <= high

    def way(self, edge: CellKey) -> list[CellKey] | None:
        """The cheapest cycle of counts that would protect this one; those already hidden cost nothing."""
        tail, head = self.ends[edge]
        less, more = self.room(edge)
        ways = [
            self._cheapest(start, goal, edge)
            for possible, start, goal in ((more, head, tail), (less, tail, head))
            if possible
        ]
        found = [way for way in ways if way is not None]
        return min(found)[1] if found else None

    def _cheapest(
        self, start: Node, goal: Node, without: CellKey
    ) -> tuple[int, list[CellKey]] | None:
        waiting: list[tuple[int, Node, list[CellKey]]] = [(0, start, [])]
        done: set[Node] = set()
        while waiting:
            cost, node, way = heapq.heappop(waiting)
            if node == goal:
                return cost, way
            if node in done:
                continue
            done.add(node)
            for variable, after in self._steps(node):
                if variable != without and after not in done:
                    heapq.heappush(waiting, (cost + self._cost(variable), after, [*way, variable]))
        return None

    def _steps(self, node: Node) -> Iterator[tuple[CellKey, Node]]:
        """The counts that could change by one in the direction away from the node, and where each leads."""
        for variable in self.at.get(node, ()):
            if not self._may_hide(variable):
                continue
            tail, head = self.ends[variable]
            less, more = self.room(variable)
            if node == tail and more:
                yield variable, head
            if node == head and less:
                yield variable, tail

    def _may_hide(self, variable: CellKey) -> bool:
        return variable in self.hidden or self.table.values[variable] > LARGEST_SMALL

    def _cost(self, variable: CellKey) -> int:
        """Large counts, subtotals and the organization's row are dearer to lose."""
        if variable in self.hidden:
            return 0
        dear = (4 if variable[0] == self.table.total else 1) * (
            4 if variable[1] in self.table.tree else 1
        )
        return (1000 + self.table.values[variable]) * dear


def suppress_table(
    table: Table, hidden: set[CellKey] | None = None, free: set[str] | None = None
) -> Mapping[CellKey, Count]:
    """Every count of the table as it may be shown.

    `hidden` are counts to hide besides the small ones; rows in `free` are withheld whole, zeros and marks too.
    """
    table_rows = sorted(
        table.rows, key=lambda row: (row == table.total, table.values[row, table.root])
    )
    freed = set(free or ())
    concealed = {v for v in _variables(table) if is_small(table.values[v])} | set(hidden or ())
    concealed = {v for v in concealed if table.values[v] > 0}
    for row in freed:
        concealed |= {(row, column) for column in table.columns()}
    network = _Network(table, concealed, freed)
    waiting = sorted(concealed)
    while waiting:
        edge = waiting.pop()
        way = network.way(edge)
        if way is not None:
            fresh = [variable for variable in way if variable not in concealed]
        else:
            fresh = _free_another(network, edge, table_rows)
            waiting += [edge] if fresh else []
        concealed.update(fresh)
        waiting += fresh
    return {variable: _shown(network, variable) for variable in _variables(table)}


def _variables(table: Table) -> list[CellKey]:
    return [(row, column) for row in table.rows for column in table.columns()]


def _free_another(network: _Network, edge: CellKey, rows: Sequence[str]) -> list[CellKey]:
    """Withhold one more row whole: the count's own, else the smallest that is not yet."""
    values, root = network.table.values, network.table.root
    left = [row for row in (edge[0], *rows) if row not in network.free and values[row, root] > 0]
    if not left:
        return []
    network.free.add(left[0])
    return [(left[0], column) for column in network.table.columns()]


def _shown(network: _Network, variable: CellKey) -> Count:
    value = network.table.values[variable]
    if variable not in network.hidden:
        return value
    return SMALL if is_small(value) and variable[0] not in network.free else WITHHELD


def suppress_people(people: Mapping[str, int], total: str) -> Mapping[str, Count]:
    """The rows' numbers of people as they may be shown: a small clinic takes another row with it."""
    hidden = {row for row, count in people.items() if is_small(count)}
    others = sorted(
        (row for row in people if people[row] > LARGEST_SMALL),
        key=lambda row: (row == total, people[row]),
    )
    while hidden and not all(_has_partner(people, row, hidden, total) for row in hidden):
        if not others:
            return dict.fromkeys(people, WITHHELD)
        hidden.add(others.pop(0))
    return {row: _mark(count) if row in hidden else count for row, count in people.items()}


def _mark(count: int) -> Count:
    return SMALL if is_small(count) else WITHHELD


def _has_partner(people: Mapping[str, int], row: str, hidden: set[str], total: str) -> bool:
    """Whether a person could be moved to or from another hidden row, or be more or less here and in the total."""

    def room(one: str) -> tuple[bool, bool]:
        small = is_small(people[one])
        return people[one] > (1 if small else LARGEST_SMALL + 1), not small or people[
            one
        ] < LARGEST_SMALL

    return any(
        (_same if total in {row, other} else _opposite)(room(row), room(other))
        for other in hidden
        if other != row
    )


def _same(one: tuple[bool, bool], other: tuple[bool, bool]) -> bool:
    return (one[0] and other[0]) or (one[1] and other[1])


def _opposite(one: tuple[bool, bool], other: tuple[bool, bool]) -> bool:
    return (one[0] and other[1]) or (one[1] and other[0])
