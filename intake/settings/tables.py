"""Reads a parsed TOML table into a dataclass and lists all faults at once."""

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")


def read_table(shape: type[T], raw: object, where: str, faults: list[str]) -> T | None:
    """Return `raw` as a `shape`, or None after adding each fault to `faults`.

    `where` names the file and the table, such as `intake.toml: times`.
    """
    if not isinstance(raw, dict):
        faults.append(f"{where}: expected a table of keys, found {_name_type(raw)}")
        return None
    known_fields = {field.name: field for field in fields(shape)}  # type: ignore[arg-type]  # Callers hand in dataclasses only.
    faults.extend(_unknown_key(where, key, known_fields) for key in raw if key not in known_fields)
    hints = get_type_hints(shape)
    faults_before = len(faults)
    values = {
        name: _read_field(field, hints[name], raw, where, faults)
        for name, field in known_fields.items()
    }
    # A table with a fault has None among its values, so it must not become a value of the shape.
    return shape(**values) if len(faults) == faults_before else None


def _unknown_key(where: str, key: str, known_fields: dict[str, Any]) -> str:
    return f"{where}: unknown key '{key}'; the keys here are {', '.join(known_fields)}"


def _read_field(
    field: Field[Any], hint: Any, raw: dict[str, Any], where: str, faults: list[str]
) -> Any:
    if field.name in raw:
        return _read_value(hint, raw[field.name], f"{where}: {field.name}", faults)
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    faults.append(f"{where}: the key '{field.name}' is missing")
    return None


def _read_value(hint: Any, raw: object, where: str, faults: list[str]) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return read_table(hint, raw, where, faults)
    # msgspec stops at the first fault, so that tables in lists are read here one by one.
    inner = get_args(hint)[0] if get_origin(hint) is tuple else None
    if is_dataclass(inner) and isinstance(inner, type) and isinstance(raw, list):
        return tuple(
            read_table(inner, item, f"{where}[{position}]", faults)
            for position, item in enumerate(raw, start=1)
        )
    try:
        return msgspec.convert(raw, hint)
    except msgspec.ValidationError as error:
        faults.append(f"{where}: {str(error).lower()}")
        return None


def _name_type(raw: object) -> str:
    """Return the type of a TOML value in words for an administrator."""
    if isinstance(raw, list):
        return "a list"
    return "a text" if isinstance(raw, str) else type(raw).__name__
