"""Ids of elements: each is unique in its resource, so that a Provenance can point at it."""

from collections.abc import Container
from itertools import count

from fhir_client.model import Json

_CONTAINERS = (dict, list)


class ElementIds:
    """The ids in use in one resource; a merge takes free ones from here."""

    def __init__(self, resource: Json) -> None:
        """Collect the ids of the whole resource."""
        self._used = used_ids(resource)

    def take_id(self, name: str) -> str:
        """Return `name`, or `name` with the first number that makes it unique, and mark it used."""
        identity = free_id(self._used, name)
        self._used.add(identity)
        return identity


def free_id(used: Container[str], name: str) -> str:
    """Return `name`, or `name` with the first number that makes it unique."""
    names = (candidate for number in count(2) for candidate in (name, f"{name}-{number}"))
    return next(candidate for candidate in names if candidate not in used)


def used_ids(resource: Json) -> set[str]:
    """Return the ids of a resource and of all its elements."""
    ids: set[str] = set()
    # A list of what is left to visit, because a hostile chart may be nested deeply.
    unvisited: list[Json | list[object]] = [resource]
    while unvisited:
        node = unvisited.pop()
        if isinstance(node, dict):
            if isinstance(node.get("id"), str):
                ids.add(node["id"])
            children = list(node.values())
        else:
            children = node
        unvisited += [child for child in children if isinstance(child, _CONTAINERS)]
    return ids
