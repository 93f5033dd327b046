"""JSON in which a decimal keeps every digit that it came with, for in FHIR 1.50 is not 1.5: whole charts pass through here."""

import json
import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

# No text that anybody could send begins with this, so only our own marks lose their quotes again.
_MARK = f"decimal {uuid4()} "
_MARKED = re.compile(rf'"{_MARK}([-+.0-9Ee]+)"')


def parse_json(raw: bytes | str) -> Any:
    """Return what JSON says, with each decimal as a Decimal; raises ValueError where it is no JSON."""
    return json.loads(raw, parse_float=Decimal, parse_constant=_refuse)


def format_json(value: Any, *, indent: int | None = None) -> str:
    """Return the value as JSON, with each Decimal as it was written; with `indent`, for people to read."""
    if indent is None:
        text = json.dumps(value, default=_marked, allow_nan=False, separators=(",", ":"))
    else:
        text = json.dumps(
            value, default=_marked, allow_nan=False, ensure_ascii=False, indent=indent
        )
    return _MARKED.sub(r"\1", text) if _MARK in text else text


def _marked(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in JSON")
    return f"{_MARK}{value}"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
