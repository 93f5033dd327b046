"""Ids of elements: each is unique in its resource, so that a Provenance can point at it."""

from itertools import count

from fhir_client.model import Json

_CONTAINERS = (dict, list)


def free_id(resource: Json, name: str) -> str:
    """Return `name`, or `name` with the first number that makes it unique in the resource."""
    used = _used_ids(resource)
    names = (candidate for number in count(2) for candidate in (name, f"{name}-{number}"))
    return next(candidate for candidate in names if candidate not in used)


def _used_ids(resource: Json) -> set[str]:
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
