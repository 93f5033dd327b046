"""Reads JSON that another system wrote: within limits, and without values that no FHIR has.

Real servers send `null` elements, `null` list items and half of a character. FHIR allows none of
them, except for a `null` that keeps the place of a primitive value whose extensions stand in a
parallel list (R4, json.html#null). A reader after this one meets only values that FHIR allows.
"""

import re
from typing import Any

from fhir_client.transport import exact_json

MAX_DEPTH = 128
"""Levels of nesting, far more than a FHIR resource needs."""

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Only a text with one of these can hold a value that FHIR forbids. Most texts have none, and
# walking through every value of a chart costs more than parsing it. A zero byte means UTF-16.
_SUSPICIOUS = re.compile(rb"null|\\u[dD][89a-fA-F]|\x00")


def parse_foreign_json(raw: bytes) -> Any:
    """Return the cleaned JSON value; raises ValueError for other input or too deep nesting."""
    # A byte-order mark is no JSON (RFC 8259, section 8.1), but some servers and editors add it.
    text = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        value = exact_json.parse_json(text)
        # Only a text with many brackets can be too deep, so most texts need no second look.
        if text.count(b"[") + text.count(b"{") > MAX_DEPTH:
            _require_depth(value, MAX_DEPTH)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return clean_value(value) if _SUSPICIOUS.search(text) else value


def _require_depth(value: Any, left: int) -> None:
    if left == 0:
        raise ValueError(f"nested more than {MAX_DEPTH} levels")
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        if isinstance(item, dict | list):
            _require_depth(item, left - 1)


def clean_value(value: Any) -> Any:
    """Return the value without the nulls and half characters that FHIR forbids."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub(_REPLACEMENT, value)
    if isinstance(value, list):
        return [clean_value(item) for item in value if item is not None]
    if isinstance(value, dict):
        return _clean_object(value)
    return value


def list_objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; a value of another shape has none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def object_member(value: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the member if it is an object, else {}."""
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def _clean_object(value: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for name, member in value.items():
        key = clean_value(name)
        if isinstance(member, list) and _keeps_places(value, name):
            cleaned[key] = [clean_value(item) for item in member]
        elif member is not None:
            result = clean_value(member)
            # A list of nulls says nothing. A list that came empty does: it names no search
            # parameter of a server, or no file of an export.
            if result != [] or member == []:
                cleaned[key] = result
    return cleaned


def _keeps_places(value: dict[str, Any], name: str) -> bool:
    """Return whether the nulls of a list keep the places of a parallel list."""
    parallel = name.removeprefix("_") if name.startswith("_") else f"_{name}"
    return isinstance(value.get(parallel), list)
