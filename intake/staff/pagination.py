"""Shows long lists page by page, with the number of the page in the address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

T = TypeVar("T")
LAST_PAGE = 10_000
"""The database's OFFSET cannot hold every number that an address can."""


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page of a list; `more` says whether another follows."""

    rows: Sequence[T]
    number: int
    more: bool


def fetch_page(fetch: Callable[[int, int], Sequence[T]], size: int) -> ListPage[T]:
    """Return the page that the address names; `fetch` takes a limit and an offset."""
    number = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    # One row more than the page shows tells whether another page follows, without a count.
    rows = fetch(size + 1, (number - 1) * size)
    return ListPage(rows[:size], number, len(rows) > size)
