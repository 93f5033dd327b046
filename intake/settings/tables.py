"""Reads a parsed TOML table into a dataclass and lists all faults at once."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from intake.settings.faults import missing_value, unknown_key, wrong_value

T = TypeVar("T")
SCALAR_WORDS: Mapping[object, str] = {bool: "true or false", int: "a number", str: "a text"}


def read_table(shape: type[T], raw: object, where: str, faults: list[str]) -> T | None:
    """Return `raw` as a `shape`, or None after adding each fault to `faults`.

    `where` names the file and the table, such as `intake.toml: times`.
    """
    if not isinstance(raw, dict):
        faults.append(wrong_value(where, raw, "a table of keys"))
        return None
    known_fields = {field.name: field for field in fields(shape)}  # type: ignore[arg-type]  # Callers hand in dataclasses only.
    faults.extend(unknown_key(where, key, known_fields) for key in raw if key not in known_fields)
    hints = get_type_hints(shape)
    faults_before = len(faults)
    values = {
        name: _read_field(field, hints[name], raw, where, faults)
        for name, field in known_fields.items()
    }
    # A table with a fault has None among its values, so it must not become a value of the shape.
    return shape(**values) if len(faults) == faults_before else None


def _read_field(
    field: Field[Any], hint: Any, raw: dict[str, Any], where: str, faults: list[str]
) -> Any:
    place = f"{where}: {field.name}"
    if field.name in raw:
        return _read_value(hint, raw[field.name], place, faults)
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    allowed = allowed_values(hint)
    faults.append(missing_value(place, allowed if isinstance(allowed, str) else ", ".join(allowed)))
    return None


def _read_value(hint: Any, raw: object, where: str, faults: list[str]) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return read_table(hint, raw, where, faults)
    # msgspec stops at the first fault, so that the items of a list are read here one by one.
    if get_origin(hint) is tuple and isinstance(raw, list):
        inner = get_args(hint)[0]
        return tuple(
            _read_value(inner, item, f"{where}[{position}]", faults)
            for position, item in enumerate(raw, start=1)
        )
    try:
        return msgspec.convert(raw, hint)
    except msgspec.ValidationError:
        faults.append(wrong_value(where, raw, allowed_values(hint)))
        return None


def allowed_values(hint: Any) -> str | tuple[str, ...]:
    """Return the values of an enumeration, or the description of another type of a field."""
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return tuple(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return allowed_values(arguments[0])
    if origin is tuple:
        return "a list of tables" if is_dataclass(arguments[0]) else "a list of texts"
    return SCALAR_WORDS.get(hint, "a table of keys")
