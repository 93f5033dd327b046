"""A search for whole numbers within bounds: which values a hidden count can have."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Bounds = tuple[int, int]
ENDLESS = 1_000_000_000
"""More people than any health system has: the upper bound of a count without one."""
MAX_BRANCHES = 300
"""A search that needs more ends undecided. Most end after one branch per unknown."""


class UndecidedError(Exception):
    """The search neither found a solution nor proved that there is none."""


@dataclass
class Program(Generic[Key]):
    """Unknown whole numbers with bounds, and sums of them with bounds.

    `sums` are factors by unknown. `hints` are likely values, to find a solution fast; they exclude
    none.
    """

    bounds: dict[Key, Bounds]
    sums: list[tuple[Mapping[Key, int], Bounds]] = field(default_factory=list)
    hints: Mapping[Key, int] = field(default_factory=dict)
    max_branches: int = MAX_BRANCHES

    def find_solution(
        self, more: Iterable[tuple[Mapping[Key, int], Bounds]] = ()
    ) -> Mapping[Key, int] | None:
        """Return numbers that fulfil everything, None if there are none; raises UndecidedError."""
        search = _Search([*self.sums, *more], self.hints, self.max_branches)
        return search.solve(dict(self.bounds))


class _Search(Generic[Key]):
    """Branch and bound: each branch narrows the bounds by the sums."""

    def __init__(
        self, sums: list[tuple[Mapping[Key, int], Bounds]], hints: Mapping[Key, int], branches: int
    ) -> None:
        self.sums, self.hints, self.branches_left = sums, hints, branches
        self.sums_of: dict[Key, list[int]] = {}
        for number, (terms, _) in enumerate(sums):
            for key in terms:
                self.sums_of.setdefault(key, []).append(number)

    def solve(
        self, bounds: dict[Key, Bounds], changed: Key | None = None
    ) -> Mapping[Key, int] | None:
        """Return a solution within the bounds; `changed` is the unknown of this branch."""
        self.branches_left -= 1
        if self.branches_left < 0:
            raise UndecidedError
        waiting = range(len(self.sums)) if changed is None else self.sums_of.get(changed, ())
        if not self._narrow(bounds, set(waiting)):
            return None
        open_keys = [key for key, (low, high) in bounds.items() if low < high]
        if not open_keys:
            return {key: low for key, (low, _) in bounds.items()}
        key = min(open_keys, key=lambda open_key: bounds[open_key][1] - bounds[open_key][0])
        low, high = bounds[key]
        hint = min(max(self.hints.get(key, 0), low), high)
        # The likely value first, then the values on both sides of it: together, all of them.
        for branch in ((hint, hint), (low, hint - 1), (hint + 1, high)):
            if branch[0] <= branch[1]:
                solution = self.solve({**bounds, key: branch}, key)
                if solution is not None:
                    return solution
        return None

    def _narrow(self, bounds: dict[Key, Bounds], waiting: set[int]) -> bool:
        """Narrow the bounds by the sums until nothing changes; False if nothing fits."""
        while waiting:
            terms, allowed = self.sums[waiting.pop()]
            ends = {key: _scaled(bounds[key], factor) for key, factor in terms.items()}
            whole = sum(end[0] for end in ends.values()), sum(end[1] for end in ends.values())
            if whole[0] >= allowed[0] and whole[1] <= allowed[1]:
                continue
            for key, factor in terms.items():
                tighter = _tighten(bounds[key], factor, ends[key], whole, allowed)
                if tighter[0] > tighter[1]:
                    return False
                if tighter != bounds[key]:
                    bounds[key] = tighter
                    waiting.update(self.sums_of[key])
        return True


def _scaled(bounds: Bounds, factor: int) -> Bounds:
    low, high = bounds[0] * factor, bounds[1] * factor
    return (low, high) if factor > 0 else (high, low)


def _tighten(bounds: Bounds, factor: int, own: Bounds, whole: Bounds, allowed: Bounds) -> Bounds:
    """Return the bounds of one number that the others of its sum leave."""
    least = allowed[0] - (whole[1] - own[1])
    most = allowed[1] - (whole[0] - own[0])
    if factor < 0:
        least, most = -most, -least
    return max(bounds[0], least), min(bounds[1], most)
