"""What scopes permit: SMART's first syntax (`system/Patient.read`) and its second (`system/Patient.rs?…`)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

# Only what is granted to a system counts: nobody is signed in when we write.
_SCOPE = re.compile(
    r"system/(?P<kind>\*|[A-Z][A-Za-z]+)\.(?P<may>\*|read|write|c?r?u?d?s?)(?P<limit>\?.+)?"
)
_FIRST = {"read": "rs", "write": "cud", "*": "cruds"}


class Action(StrEnum):
    """What is done to a kind of resource, by the letter of SMART's second syntax."""

    CREATE = "c"
    READ = "r"
    UPDATE = "u"
    SEARCH = "s"


@dataclass(frozen=True, slots=True, order=True)
class ScopeNeed:
    """One thing that has to be permitted, such as to create an Observation."""

    kind: str
    action: Action

    def __str__(self) -> str:
        """Say it in a word each."""
        return f"{self.action.name.lower()} {self.kind}"


@dataclass(frozen=True, slots=True)
class _Permission:
    kind: str
    letters: str
    limited: bool

    def covers(self, need: ScopeNeed) -> bool:
        return self.kind in ("*", need.kind) and need.action in self.letters


def missing_needs(scopes: Iterable[str], needs: Iterable[ScopeNeed]) -> tuple[ScopeNeed, ...]:
    """Return the needs that no scope permits."""
    held = tuple(_permissions(scopes))
    return tuple(need for need in needs if not any(each.covers(need) for each in held))


def limited_needs(scopes: Iterable[str], needs: Iterable[ScopeNeed]) -> tuple[ScopeNeed, ...]:
    """Return the needs that are permitted for some resources of the kind only, such as one category of Observation."""
    held = tuple(_permissions(scopes))
    covering = {need: [each.limited for each in held if each.covers(need)] for need in needs}
    return tuple(need for need, limits in covering.items() if limits and all(limits))


def _permissions(scopes: Iterable[str]) -> Iterator[_Permission]:
    for scope in scopes:
        if found := _SCOPE.fullmatch(scope):
            may = found["may"]
            yield _Permission(found["kind"], _FIRST.get(may, may), found["limit"] is not None)
