"""A Patient's change as a JSON Patch (RFC 6902): each part is tested for what was read before it is replaced."""

from collections.abc import Iterator
from typing import Any

from fhir_client.model import Json
from fhir_client.quirks import Quirks


def patch_operations(before: Json, after: Json, quirks: Quirks) -> list[Json]:
    """Return what makes `after` of `before`; every other element is not even named."""
    keys = sorted(
        key
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key) and key != "meta"
    )
    made = [each for key in keys for each in _element(key, before.get(key), after.get(key), quirks)]
    return [each for each in made if quirks.patch_tests or each["op"] != "test"]


def _element(key: str, before: Any, after: Any, quirks: Quirks) -> Iterator[Json]:
    path = f"/{key}"
    whole = key == "extension" and quirks.replaces_extensions
    if whole and after is not None:
        # A server that takes so few takes no other one back, not even from its own chart.
        after = [each for each in after if quirks.accepts_extension(each.get("url", ""))]
    if before is None:
        yield {"op": "add", "path": path, "value": after}
    elif _is_list(before, after) and not whole:
        yield from _list(path, before, after)
    else:
        yield {"op": "test", "path": path, "value": before}
        yield (
            {"op": "remove", "path": path}
            if after is None
            else {"op": "replace", "path": path, "value": after}
        )


def _is_list(before: Any, after: Any) -> bool:
    # Places shift in a list that becomes shorter, so that one test of all of it is the plain way.
    return isinstance(before, list) and isinstance(after, list) and len(after) >= len(before)


def _list(path: str, before: list[Json], after: list[Json]) -> Iterator[Json]:
    for place, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new:
            yield {"op": "test", "path": f"{path}/{place}", "value": old}
            yield {"op": "replace", "path": f"{path}/{place}", "value": new}
    yield from ({"op": "add", "path": f"{path}/-", "value": each} for each in after[len(before) :])
