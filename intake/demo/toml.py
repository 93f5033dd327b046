"""Writes the few shapes of TOML that a site's configuration is made of; the standard library only reads it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def format_toml(document: Mapping[str, Any]) -> str:
    """Return the document as TOML: keys with texts, numbers, booleans and lists of these, and tables in tables."""
    return "\n".join(_lines(document, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    if path:
        yield f"\n[{'.'.join(map(_key, path))}]"
    yield from (
        f"{_key(key)} = {_value(value)}"
        for key, value in table.items()
        if not isinstance(value, Mapping)
    )
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(value, (*path, key))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _value(value: str | bool | int | Sequence[Any]) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f"[{', '.join(map(_value, value))}]"


def _text(text: str) -> str:
    # What JSON escapes in a string, TOML escapes alike.
    return json.dumps(text, ensure_ascii=False)
