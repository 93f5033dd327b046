"""Reads a parsed TOML table into a dataclass key by key, so that every fault is found at once and has its place."""

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")


def read_table(shape: type[T], raw: object, where: str, faults: list[str]) -> T | None:
    """Return `raw` as a `shape`, or None after adding a sentence for each fault to `faults`.

    `where` names the file and the table, such as `intake.toml: times`.
    """
    if not isinstance(raw, dict):
        faults.append(f"{where}: expected a table of keys, found {_kind(raw)}")
        return None
    known = {item.name: item for item in fields(shape)}  # type: ignore[arg-type]  # Callers hand in dataclasses only.
    faults.extend(_unknown(where, key, known) for key in raw if key not in known)
    hints = get_type_hints(shape)
    before = len(faults)
    values = {name: _field(item, hints[name], raw, where, faults) for name, item in known.items()}
    return shape(**values) if len(faults) == before else None


def _unknown(where: str, key: str, known: dict[str, Any]) -> str:
    return f"{where}: unknown key '{key}'; the keys here are {', '.join(known)}"


def _field(item: Field[Any], hint: Any, raw: dict[str, Any], where: str, faults: list[str]) -> Any:
    if item.name in raw:
        return _value(hint, raw[item.name], f"{where}: {item.name}", faults)
    if item.default is not MISSING:
        return item.default
    if item.default_factory is not MISSING:
        return item.default_factory()
    faults.append(f"{where}: the key '{item.name}' is missing")
    return None


def _value(hint: Any, raw: object, where: str, faults: list[str]) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return read_table(hint, raw, where, faults)
    inner = get_args(hint)[0] if get_origin(hint) is tuple else None
    if is_dataclass(inner) and isinstance(inner, type) and isinstance(raw, list):
        return tuple(
            read_table(inner, each, f"{where}[{place}]", faults)
            for place, each in enumerate(raw, start=1)
        )
    try:
        return msgspec.convert(raw, hint)
    except msgspec.ValidationError as error:
        faults.append(f"{where}: {str(error).lower()}")
        return None


def _kind(raw: object) -> str:
    return (
        "a list"
        if isinstance(raw, list)
        else "a text"
        if isinstance(raw, str)
        else type(raw).__name__
    )
