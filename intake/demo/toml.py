"""Formats the few shapes of TOML in a site's configuration; the standard library only reads it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def format_toml(document: Mapping[str, Any]) -> str:
    """Return the document as TOML.

    Values are texts, numbers, booleans, lists of these, and tables in tables.
    """
    return "\n".join(_format_table(document, ())) + "\n"


def _format_table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    # The heading of a table that holds tables alone says nothing.
    if path and not (table and all(isinstance(value, Mapping) for value in table.values())):
        yield f"\n[{'.'.join(map(_format_key, path))}]"
    # A key after a sub-table's heading would belong to that sub-table, so plain values come first.
    yield from (
        f"{_format_key(key)} = {_format_value(value)}"
        for key, value in table.items()
        if not isinstance(value, Mapping)
    )
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _format_table(value, (*path, key))


def _format_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quote_text(key)


def _format_value(value: str | bool | int | Sequence[Any]) -> str:
    if isinstance(value, str):
        return _quote_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f"[{', '.join(map(_format_value, value))}]"


def _quote_text(text: str) -> str:
    # TOML accepts every escape that JSON uses in a string.
    return json.dumps(text, ensure_ascii=False)
