"""Finds what a value breaks of a JSON Schema (2020-12).

It knows the keywords that our schemas use; any other keyword is a fault of the schema.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
WORDS = ("$schema", "$id", "$defs", "title", "description", "default")


def schema_faults(
    value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, at: str = "$"
) -> list[str]:
    """Return each breach and its place; `root` is the schema that has the `$defs`."""
    root = root or schema
    faults = [
        f"{at}: {fault}"
        for key, rule in schema.items()
        if key not in CHILDREN
        for fault in _breach(key, value, rule, root)
    ]
    if "$ref" in schema:
        faults += schema_faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if isinstance(value, dict):
        for key, child in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            faults += (
                schema_faults(child, inner, root, f"{at}.{key}")
                if isinstance(inner, dict)
                else [f"{at}: has {key}"]
            )
    if isinstance(value, list):
        faults += [
            fault
            for place, child in enumerate(value)
            for fault in schema_faults(child, schema.get("items", {}), root, f"{at}[{place}]")
        ]
    return faults


CHILDREN = ("$ref", "properties", "additionalProperties", "items", *WORDS)


def _breach(keyword: str, value: Any, rule: Any, root: dict[str, Any]) -> list[str]:
    if keyword in ("oneOf", "anyOf"):
        fitting = sum(not schema_faults(value, alternative, root) for alternative in rule)
        return (
            []
            if fitting == 1 or (fitting and keyword == "anyOf")
            else [f"fits {fitting} of {keyword}"]
        )
    kind, holds = CHECKS[keyword]
    return [] if not isinstance(value, kind) or holds(value, rule) else [f"breaks {keyword} {rule}"]


def _is(value: Any, rule: str | list[str]) -> bool:
    names = [rule] if isinstance(rule, str) else rule
    # Python counts a boolean as an integer; JSON does not.
    return any(
        isinstance(value, TYPES[name]) and (name == "boolean") is isinstance(value, bool)
        for name in names
    )


def _is_moment(value: str, rule: str) -> bool:
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        return False
    return True


CHECKS: dict[str, tuple[type | tuple[type, ...], Callable[[Any, Any], bool]]] = {
    "type": (object, _is),
    "enum": (object, lambda value, rule: value in rule),
    "const": (object, lambda value, rule: bool(value == rule)),
    "required": (dict, lambda value, rule: set(rule) <= set(value)),
    "propertyNames": (dict, lambda value, rule: set(value) <= set(rule["enum"])),
    "minProperties": (dict, lambda value, rule: len(value) >= rule),
    "maxProperties": (dict, lambda value, rule: len(value) <= rule),
    "pattern": (str, lambda value, rule: re.search(rule, value) is not None),
    "format": (str, _is_moment),
    "minLength": (str, lambda value, rule: len(value) >= rule),
    "maxLength": (str, lambda value, rule: len(value) <= rule),
    "minimum": ((int, float), lambda value, rule: value >= rule),
    "maximum": ((int, float), lambda value, rule: value <= rule),
    "minItems": (list, lambda value, rule: len(value) >= rule),
    "maxItems": (list, lambda value, rule: len(value) <= rule),
    "uniqueItems": (list, lambda value, _: len({str(item) for item in value}) == len(value)),
}
