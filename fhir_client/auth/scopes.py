"""Tells what scopes permit, in both of SMART's syntaxes.

The first one is `system/Patient.read`, the second `system/Patient.rs?...`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

# Only scopes of a system count, because no user is signed in while the worker writes.
_SCOPE = re.compile(
    r"system/(?P<type>\*|[A-Z][A-Za-z]+)\.(?P<actions>\*|read|write|c?r?u?d?s?)(?P<query>\?.+)?"
)
_FIRST_SYNTAX = {"read": "rs", "write": "cud", "*": "cruds"}


class Action(StrEnum):
    """An action on a resource type, by its letter in SMART's second syntax."""

    CREATE = "c"
    READ = "r"
    UPDATE = "u"
    SEARCH = "s"


@dataclass(frozen=True, slots=True, order=True)
class ScopeNeed:
    """One action that scopes must permit, such as to create an Observation.

    `kind` is the resource type.
    """

    kind: str
    action: Action

    def __str__(self) -> str:
        """Return the action and the resource type, such as `create Observation`."""
        return f"{self.action.name.lower()} {self.kind}"


@dataclass(frozen=True, slots=True)
class _Permission:
    resource_type: str
    letters: str
    is_limited: bool

    def covers(self, need: ScopeNeed) -> bool:
        return self.resource_type in ("*", need.kind) and need.action in self.letters


def missing_needs(scopes: Iterable[str], needs: Iterable[ScopeNeed]) -> tuple[ScopeNeed, ...]:
    """Return the needs that no scope permits."""
    permissions = tuple(_permissions(scopes))
    return tuple(
        need for need in needs if not any(permission.covers(need) for permission in permissions)
    )


def limited_needs(scopes: Iterable[str], needs: Iterable[ScopeNeed]) -> tuple[ScopeNeed, ...]:
    """Return the needs that are permitted for some resources only.

    A scope may be limited to one category of Observation.
    """
    permissions = tuple(_permissions(scopes))
    limits = {
        need: [permission.is_limited for permission in permissions if permission.covers(need)]
        for need in needs
    }
    return tuple(need for need, limited in limits.items() if limited and all(limited))


def _permissions(scopes: Iterable[str]) -> Iterator[_Permission]:
    for scope in scopes:
        if match := _SCOPE.fullmatch(scope):
            actions = match["actions"]
            letters = _FIRST_SYNTAX.get(actions, actions)
            yield _Permission(match["type"], letters, match["query"] is not None)
