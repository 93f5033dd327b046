"""A Patient's change as a JSON Patch (RFC 6902): each part is tested for what was read before it is replaced."""

from collections.abc import Iterator

from fhir_client.quirks import Quirks
from fhir_client.uscore.parts import Json


def operations(before: Json, after: Json, quirks: Quirks) -> list[Json]:
    """Return what makes `after` of `before`; every other element is not even named."""
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key) and key != "meta")
    return [each for key in keys for each in _element(f"/{key}", before.get(key), after.get(key), quirks)]


def _element(path: str, before: object, after: object, quirks: Quirks) -> Iterator[Json]:
    if before is None:
        yield {"op": "add", "path": path, "value": after}
    elif isinstance(before, list) and isinstance(after, list) and not _as_a_whole(path, before, after, quirks):
        yield from _list(path, before, after)
    else:
        yield {"op": "test", "path": path, "value": before}
        yield {"op": "remove", "path": path} if after is None else {"op": "replace", "path": path, "value": after}


def _as_a_whole(path: str, before: list[Json], after: list[Json], quirks: Quirks) -> bool:
    # Places shift in a list that becomes shorter, so that one test of all of it is the plain way.
    return len(after) < len(before) or (path == "/extension" and quirks.replaces_extensions)


def _list(path: str, before: list[Json], after: list[Json]) -> Iterator[Json]:
    for place, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new:
            yield {"op": "test", "path": f"{path}/{place}", "value": old}
            yield {"op": "replace", "path": f"{path}/{place}", "value": new}
    yield from ({"op": "add", "path": f"{path}/-", "value": each} for each in after[len(before) :])
