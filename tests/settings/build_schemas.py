"""Writes the JSON Schemas of the TOML files: `python -m tests.settings.build_schemas`.

An editor completes and checks a site's files with them. Types and defaults come from the shapes
of the loader, meanings from config/README.md, and the values of a key from the rules' own tables.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from fhir_client.model import US_CORE_VERSIONS
from intake.settings.rules import AUTO_STRATEGY
from intake.settings.values import STRATEGY_NAMES
from intake.shipped import CONFIG
from tests.support.config_tables import SECTIONS, read_rows

FILES = {
    "intake": "intake.toml",
    "clinics": "clinics.toml",
    "quirks": "quirks/NAME.toml",
    "questions": "questions/NAME.toml",
}
"""Each schema's name, and the section of config/README.md that it describes."""

VALUES: Mapping[tuple[str, str], dict[str, Any]] = {
    ("intake.toml", "trusted_proxies"): {"minimum": 0},
    ("intake.toml", "asked_first_from_age"): {"minimum": 1, "maximum": 18},
    ("intake.toml", "languages"): {"minItems": 1, "uniqueItems": True},
    ("times", "kiosk_warning_seconds"): {"minimum": 20},
    ("servers.ID", "us_core"): {"enum": list(US_CORE_VERSIONS)},
    ("servers.ID", "strategy"): {"enum": [AUTO_STRATEGY, *STRATEGY_NAMES]},
    ("servers.ID", "algorithm"): {"enum": ["ES384", "RS384"]},
    ("servers.ID", "timeout_seconds"): {"minimum": 1},
    ("servers.ID", "workers"): {"minimum": 1, "maximum": 32},
    ("clinics.toml", "name"): {"pattern": r"\S"},
}
"""What the rules ask of a value beyond its type. A test compares examples with the loader."""

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_SCALARS = {bool: "boolean", int: "integer", str: "string"}


def build_schema(name: str) -> dict[str, Any]:
    """Return the schema of one kind of file."""
    heading = FILES[name]
    table = _table_schema(heading)
    if name == "clinics":
        # The tables of clinics.toml have the clinics' own names.
        table = {"type": "object", "minProperties": 1, "additionalProperties": table}
    if name == "quirks":
        table["properties"]["rungs"] = table["properties"]["write_strategies"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": heading,
        **table,
    }


def _table_schema(heading: str) -> dict[str, Any]:
    shape = SECTIONS[heading]
    hints, meanings = get_type_hints(shape), {row.key: row.meaning for row in read_rows(heading)}
    properties = {
        item.name: {
            "description": _LINK.sub(r"\1", meanings[item.name]),
            **_field_schema(heading, item, hints[item.name]),
        }
        for item in fields(shape)
    }
    required = [item.name for item in fields(shape) if _is_required(item)]
    table = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**table, "required": required} if required else table


def _is_required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _field_schema(heading: str, item: Field[Any], hint: Any) -> dict[str, Any]:
    schema = {**_type_schema(item.name, hint), **VALUES.get((heading, item.name), {})}
    if heading == "times":
        schema.setdefault("minimum", 1)
    if heading == "quirks/NAME.toml" and item.name == "write_strategies":
        schema |= {"items": {"enum": list(STRATEGY_NAMES)}, "minItems": 1}
    if item.default not in (MISSING, None):
        schema["default"] = item.default
    return schema


def _type_schema(key: str, hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return _type_schema(key, arguments[0])
    if origin is tuple:
        return {"type": "array", "items": _type_schema(key, arguments[0])}
    if key == "servers":
        servers = _table_schema("servers.ID")
        return {"type": "object", "minProperties": 1, "additionalProperties": servers}
    if is_dataclass(hint):
        [heading] = (name for name, shape in SECTIONS.items() if shape is hint)
        return _table_schema(heading)
    return _scalar_schema(hint)


def _scalar_schema(hint: Any) -> dict[str, Any]:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"enum": [member.value for member in hint]}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    return {"type": "object", "additionalProperties": {"type": "string"}}


def format_schemas() -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of each schema."""
    for name in FILES:
        text = json.dumps(build_schema(name), indent=1, ensure_ascii=False)
        yield CONFIG / "schemas" / f"{name}.schema.json", f"{text}\n"


if __name__ == "__main__":
    for path, text in format_schemas():
        path.write_text(text, "utf-8")
        print(path)
