"""Long lists page by page, with the number of the page in the address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

T = TypeVar("T")
LAST = 10_000
"""Pages beyond are not asked for; the database's offset would not hold every number that an address can."""


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page of a list; `more` says whether another follows."""

    rows: Sequence[T]
    number: int
    more: bool


def fetch_page(fetch: Callable[[int, int], Sequence[T]], size: int) -> ListPage[T]:
    """Return the page that the address asks for; `fetch` takes a limit and an offset."""
    number = min(max(request.args.get("page", 1, type=int), 1), LAST)
    # One row more than is shown tells whether there is another page, without counting them all.
    found = fetch(size + 1, (number - 1) * size)
    return ListPage(found[:size], number, len(found) > size)
