"""Builds a JSON Patch (RFC 6902) that tests each part before replacing it."""

from collections.abc import Iterator
from typing import Any

from fhir_client.model import Json
from fhir_client.quirks import Quirks


def patch_operations(before: Json, after: Json, quirks: Quirks) -> list[Json]:
    """Return the operations that turn `before` into `after`."""
    changed_keys = sorted(
        key
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key) and not _is_of_server(key, quirks)
    )
    operations = [
        operation
        for key in changed_keys
        for operation in _element_operations(key, before.get(key), after.get(key), quirks)
    ]
    return [
        operation for operation in operations if quirks.patch_tests or operation["op"] != "test"
    ]


def _is_of_server(key: str, quirks: Quirks) -> bool:
    # A server that takes only some extensions refuses a path that it writes itself.
    return key == "meta" or (key == "text" and bool(quirks.accepted_extensions))


def _element_operations(key: str, before: Any, after: Any, quirks: Quirks) -> Iterator[Json]:
    path = f"/{key}"
    replaces_list = key == "extension" and quirks.replaces_extensions
    if replaces_list and after is not None:
        # A server that takes a few extensions only refuses the others even from its own chart.
        after = [item for item in after if quirks.accepts_extension(item.get("url", ""))]
    if before is None:
        yield {"op": "add", "path": path, "value": after}
    elif _can_patch_items(before, after) and not replaces_list:
        yield from _item_operations(path, before, after)
    else:
        yield {"op": "test", "path": path, "value": before}
        yield (
            {"op": "remove", "path": path}
            if after is None
            else {"op": "replace", "path": path, "value": after}
        )


def _can_patch_items(before: Any, after: Any) -> bool:
    # Indexes shift in a list that becomes shorter, so such a list is tested and replaced as one.
    return isinstance(before, list) and isinstance(after, list) and len(after) >= len(before)


def _item_operations(path: str, before: list[Json], after: list[Json]) -> Iterator[Json]:
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new:
            yield {"op": "test", "path": f"{path}/{index}", "value": old}
            yield {"op": "replace", "path": f"{path}/{index}", "value": new}
    for item in after[len(before) :]:
        yield {"op": "add", "path": f"{path}/-", "value": item}
